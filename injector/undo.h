/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_UNDO_H
#define BACKBURN_INJECTOR_UNDO_H

#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct clock_step;

/*
 * How one effect is undone, as data: written to the ledger before the effect, and carried out
 * by the session that made it or, when that died, by whoever comes next. Both go through
 * undo_run(), so that there is one way to undo a thing.
 */
enum undo_kind {
	UNDO_TCX,    /* a link that ends with the process that made it */
	UNDO_FILTER, /* one of our cls_bpf filters */
	UNDO_QDISC,  /* a clsact qdisc that we added */
	UNDO_LANE,   /* a link of our own, with what hangs on it */
	UNDO_STOP,   /* a process that is stopped by a signal */
	UNDO_FREEZE, /* a cgroup that is frozen */
	UNDO_GROUP,  /* a cgroup of our own: the guardian's */
	UNDO_CLOCK,  /* a process whose clock goes through a stub of ours */
	UNDO_GATE, /* programs that are stopped as they are started in a cgroup, and their clocks */
	UNDO_STEP, /* the machine's clock, which was stepped */
	UNDO_KINDS
};

struct undo {
	int kind; /* enum undo_kind */
	int64_t ifindex;
	/*
	 * Owned. For people, since the number is what counts; but for UNDO_LANE the link, for
	 * UNDO_FREEZE and UNDO_GATE the cgroup, for UNDO_GROUP its directory, for UNDO_STEP the
	 * note that outlives a boot.
	 */
	char *interface;
	int direction;            /* enum bb_direction; UNDO_TCX, UNDO_FILTER */
	int64_t pref;             /* UNDO_FILTER */
	char *name, *tag;         /* owned; program that we attached: both must still match */
	int64_t pid, start_ticks; /* UNDO_STOP, UNDO_CLOCK */
	int64_t cgroup;           /* UNDO_FREEZE, UNDO_GATE: the kernel's number of it */
	int64_t key;              /* UNDO_CLOCK, UNDO_GATE: of the attachment */
	struct clock_step *step;  /* owned; UNDO_STEP */
};
extern const struct shape undo_shape;

enum {
	UNDO_TEXT_MAX = 256
};

/* What will be undone: "remove filter bb_egress (pref 1) from eth0 egress". Returns `text`. */
const char *undo_describe(const struct undo *undo, char text[static UNDO_TEXT_MAX]);

/*
 * Undoes it, if it is there and still ours; what is gone, or has been replaced by somebody else,
 * counts as undone. `text` says what was done or found. Safe to repeat.
 */
int undo_run(const struct undo *undo, char text[static UNDO_TEXT_MAX], struct fail *fail);

#endif
