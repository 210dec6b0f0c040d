/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_NOTED_H
#define BACKBURN_INJECTOR_NOTED_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "injector/undo.h"

struct ledger;

/* An undo record of a mechanism's, from its note in the ledger to the end of what it undoes. */
struct noted {
	struct undo undo;
	int64_t record; /* in the ledger */
	bool stands;    /* it is in the ledger, and has still to be undone */
};

/* Takes over `undo`, whether it succeeds or not; only then may its effect begin. */
int noted_write(
	struct noted *noted, struct ledger *ledger, const struct undo *undo, struct fail *fail);
/* Safe for one that does not stand. */
int noted_undo(struct noted *noted, struct ledger *ledger, struct fail *fail);
/* Frees memory only. */
void noted_deinit(struct noted *noted);

#endif
