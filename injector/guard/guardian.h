/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_GUARDIAN_H
#define BACKBURN_INJECTOR_GUARDIAN_H

#include <stdbool.h>

#include "injector/guard/guard.h"

enum guardian_end {
	GUARDIAN_DISMISSED, /* the injector's end was in order */
	GUARDIAN_ORPHANED   /* it was not: its ledger is to be replayed */
};

/*
 * Holds and lets go as the orders say, until the injector ends; then lets all go. Signals that
 * would end it are put off: who is held is let go first. A byte in the pipe, which must not block,
 * says that something changed; its end, that the injector is dead.
 */
enum guardian_end guardian_run(struct guard_memory *memory, int pipe);

#endif
