/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_GRIP_H
#define BACKBURN_INJECTOR_GRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "contract/shape.h"
#include "injector/guard/guard.h"

/*
 * One process or cgroup that is held still and let go again, or the machine's clock. For the
 * guardian only: who traces a process must be the one who waits for it. Errors are negative errno
 * values.
 */
struct grip_thread {
	pid_t id;
	bool stopped;
	int signal; /* that it was about to get when it stopped; it gets it when let go */
};

struct grip {
	struct guard_order order;
	int file;                 /* a pidfd, or the cgroup's directory; -1: none is needed */
	bool held, leaving, gone; /* leaving: let go, but for threads that have yet to stop */
	struct list threads;      /* of struct grip_thread: GRIP_TRACE, while held */
	struct step_told step;    /* GRIP_STEP */
};

/* So long is waited for what was told to stop. */
#define GRIP_WAIT_NS INT64_C(1000000000)

/*
 * Looks whether it could be held, and keeps hold of its identity; nothing happens to it yet. ESRCH
 * or ENOENT: it is gone; EBUSY: another traces it; EALREADY: it stands still already.
 */
int grip_take(struct grip *grip, const struct guard_order *order);

/*
 * Holds it. Returns how many threads did not stop in time, since they are inside of a call that
 * can't be interrupted; they stop when that ends.
 */
int grip_hold(struct grip *grip);
/* Lets it go; what it was doing goes on. Safe when it is not held. */
int grip_let_go(struct grip *grip);
/* After SIGCHLD: what was traced has ended, or a thread has stopped after all. */
void grip_settle(struct grip *grip);
/* Lets go and forgets it. */
void grip_drop(struct grip *grip);

#endif
