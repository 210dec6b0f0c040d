/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LIFECYCLE_H
#define BACKBURN_INJECTOR_LIFECYCLE_H

#include <stdbool.h>

/*
 * The life of one fault on this node.
 *
 * PLANNED  decoded, allowed and planned; nothing is touched. May be armed, or forgotten.
 * ARMED    everything is in place, `start` lies ahead. May be healed. Counters stand at zero.
 * ACTIVE   `start` has passed: the kernel acts on it. May be healed; counters rise.
 * HEALING  the undo is under way. Nothing may be asked but to go on with it.
 * HEALED   undone; counters keep their last values. Only evidence may be asked for.
 * FAILED   arming or undoing did not succeed. If something is left it is in the ledger, and
 *          healing may be tried again. Evidence may be asked for.
 */
enum fault_state {
	FAULT_PLANNED,
	FAULT_ARMED,
	FAULT_ACTIVE,
	FAULT_HEALING,
	FAULT_HEALED,
	FAULT_FAILED,
	FAULT_STATES
};

bool fault_state_may(enum fault_state from, enum fault_state to);

/* Asserts that the step is legal: an illegal one is a defect of ours. */
void fault_state_go(enum fault_state *state, enum fault_state to);

const char *fault_state_word(enum fault_state state);

/* Something of it may be in force: heal it before leaving. */
bool fault_state_needs_healing(enum fault_state state);

#endif
