/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_TORTURE_H
#define BACKBURN_TESTS_TORTURE_H

#include <stdbool.h>
#include <stdint.h>

struct session;

/*
 * A play: a session on the fake host in which faults are armed and healed in a seeded order,
 * beside a model of what must be in force. What is done depends on the seed alone, so that a
 * host call that fails in one play can be named by its number in another.
 */
enum play_ending {
	ENDING_HEAL,     /* everything is healed by the verb, then stdin ends */
	ENDING_DEADLINE, /* nobody heals, time passes */
	ENDING_LEASE,    /* the lease is not renewed */
	ENDING_EOF,      /* stdin ends in the middle */
	ENDING_DEATH,    /* the process is killed */
	ENDINGS
};

enum {
	PLAY_FAULTS_MAX = 8
};

struct play_fault {
	char id[8];
	bool kill, clock; /* otherwise a fault on packets */
	bool in_force;    /* armed, and nobody has tried to heal it */
	bool by_set;      /* its peers are those of the play's set, and maybe others */
	int64_t start_ns, deadline_ns;
	unsigned int covers; /* bit per address of the model */
	int kind;            /* of those on packets */
	int value;           /* of what can be changed of it */
	int64_t packets;     /* the most that was ever told */
};

struct play {
	uint32_t seed;
	int depth; /* how many faults are armed; at most PLAY_FAULTS_MAX */
	bool clsact;
	enum play_ending ending;
	const char *scene; /* borrowed: what fails in it, for messages */

	/* The state of one performance. */
	uint32_t random;
	bool has_policy, may_signal;
	struct session *session; /* NULL: nobody could say hello */
	struct play_fault faults[PLAY_FAULTS_MAX];
	unsigned int set; /* what the set "s" covers, a bit per address; 0: there is none */
	int tried;
};

/* The machine as every play finds it: another tool's programs, processes, files. */
void play_set(const struct play *play);
/* Everything up to the ending. Fails the test where the model and the kernel's tables differ. */
void play_perform(struct play *play);
/* The ending; 0 when the session said that nothing is left. Not for ENDING_DEATH. */
int play_end(struct play *play);

#endif
