/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_CHILD_H
#define BACKBURN_CHAOS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Programs that are started, and the conditions they run under. */

int64_t now_ns(void);
void pause_ms(int ms);

struct conditions {
	const char *failpoint; /* NULL: none */
	const char *failpoint_log;
	int mounts;      /* a mount namespace, -1: ours */
	int input;       /* standard input, 0: /dev/null */
	int reply;       /* standard output, 0: with the rest */
	int descriptors; /* RLIMIT_NOFILE, 0: as it is */
};

struct child {
	pid_t pid; /* 0: none, or reaped */
	int code;  /* after the end: exit code, or 128 + signal */
	bool ended;
};

enum {
	CHILD_ARGS_MAX = 24
};

/*
 * Starts a program (NULL-terminated argument vector); standard output and error go to `output`, a
 * file that is made for it. -1: it could not be started.
 */
int child_start(const char *const *argv, const char *output, const struct conditions *conditions,
	struct child *out);
/* True when it has ended; `code` tells how. */
bool child_has_ended(struct child *child);
/* Waits; kills it after `within_ms`, and then returns -1. Else its code. */
int child_wait(struct child *child, int within_ms);

#endif
