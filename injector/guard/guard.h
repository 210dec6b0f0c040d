/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_GUARD_H
#define BACKBURN_INJECTOR_GUARD_H

#include <stdint.h>

#include "injector/clock/step.h"

/*
 * What the injector and its guardian share. The guardian is a small process that holds processes
 * still, and the machine's clock where it was stepped to, and lets them go again on time: at the
 * end of their order, at the end of the lease, and at once when the injector is dead. So what the
 * kernel can't end by itself ends with the injector killed or stopped.
 *
 * The memory is mapped before the guardian is forked. The injector writes orders, the guardian what
 * became of them.
 */
enum {
	GUARD_POSTS = 512, /* processes and cgroups at once */
	GUARD_PATH_MAX = 1024
};

/* How something is held. */
enum grip_kind {
	GRIP_TRACE,  /* by ptrace: the kernel lets go when the guardian dies */
	GRIP_STOP,   /* SIGSTOP and SIGCONT: parent and shell see it */
	GRIP_FREEZE, /* the freezer of a cgroup: all in it, and what they start */
	GRIP_GATE,   /* it holds nobody; at the end it lets go who was stopped at a gate */
	GRIP_STEP    /* the machine's clock, which is stepped; let go it is set right */
};

struct guard_order {
	int32_t kind; /* enum grip_kind */
	int32_t unused;
	int64_t pid, start_ticks;      /* GRIP_TRACE, GRIP_STOP: together one process for good */
	uint64_t cgroup;               /* the kernel's number of what is at `path` */
	int64_t start_ns, deadline_ns; /* CLOCK_MONOTONIC; held while start <= now < deadline */
	int64_t on_ns, period_ns;      /* in the first part of each period; period 0: always */
	char path[GUARD_PATH_MAX];     /* GRIP_FREEZE: the directory; GRIP_GATE: the cgroup */
	struct clock_step step;        /* GRIP_STEP */
};

enum guard_state {
	GUARD_FREE,    /* nothing is held for this post's last order, and never will be again */
	GUARD_ASKED,   /* not looked at yet */
	GUARD_READY,   /* it will be held, is, or was */
	GUARD_REFUSED, /* it can't be: `error` */
};

/* The guardian's words; each number is right by itself, not all at one instant. */
struct guard_told {
	uint32_t state; /* enum guard_state */
	int32_t error;  /* errno of what failed first; 0: nothing did */
	uint32_t times; /* how often it was held */
	uint32_t loose; /* threads that did not stop within GRIP_WAIT_NS, last time */
	uint32_t gone;  /* 1: it ended meanwhile */
	uint32_t unused;
	int64_t held_ns;           /* in sum, of the times that are over */
	int64_t since_ns;          /* held since, now; 0: it is not */
	int64_t first_ns, last_ns; /* first held, last let go; 0: never */
	struct step_told step;     /* GRIP_STEP */
};

struct guard_post {
	uint32_t active; /* the injector's, written last: the order stands; 0: let go for good */
	uint32_t unused;
	struct guard_order order;
	struct guard_told told;
};

struct guard_memory {
	int64_t until_ns; /* the lease: at it all is let go; the injector moves it on */
	uint32_t leave;   /* the injector's: its end is in order, and nothing is to be undone */
	uint32_t unused;
	struct guard_post posts[GUARD_POSTS];
};

#endif
