/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_ACTORS_H
#define BACKBURN_TESTS_ACTORS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * An actor is a child of the test that makes calls of one kind, one after the other, when it is
 * told to. What had taken effect by the time of its death is counted in files. Everything asserts.
 */
enum {
	ACTOR_ACTS = 40, /* of each of its threads */
	ACTOR_THREADS = 4,
	ACTOR_PORT = 7399, /* calls to it count */
	ACTOR_OTHER_PORT = 7398
};

struct stage {
	char dir[96];
	char upper[104], work[104]; /* of an overlay that only the actor sees; "" without one */
	volatile struct actor_flags {
		int go, ready, done;
	} * shared;
	pid_t actor; /* 0: none */
};

/* In a directory of its own below `above`. */
void stage_open(struct stage *stage, const char *above);
/*
 * Actors that are started after this see an overlay in the place of the directory, as in a
 * container: what they write lies in its upper layer. False where this kernel has none.
 */
bool stage_overlay(struct stage *stage);
/* Ends the actor, and removes everything. */
void stage_close(struct stage *stage);

/*
 * `call` is one of those of the fault. Returns when it waits for its word. With "connect" and
 * "send" each act calls the other port first, and leaves a record when both calls are over.
 */
void actor_start(struct stage *stage, const char *call, int threads);
void actor_go(struct stage *stage);
/* Returns when it has made all of its calls; it lives on. */
void actor_await_end(const struct stage *stage);
void actor_end(struct stage *stage);
/* How many have taken effect. */
int actor_acts(const struct stage *stage, const char *call);

#endif
