/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lifecycle.h"

#include <assert.h>
#include <stdlib.h>

static const struct {
	const char *word;
	bool needs_healing;
	unsigned int next; /* bit per state that may follow */
} states[] = {
	[FAULT_PLANNED] = {"planned", false, 1u << FAULT_ARMED | 1u << FAULT_FAILED},
	[FAULT_ARMED] = {"armed", true, 1u << FAULT_ACTIVE | 1u << FAULT_HEALING},
	[FAULT_ACTIVE] = {"active", true, 1u << FAULT_HEALING},
	[FAULT_HEALING] = {"healing", true, 1u << FAULT_HEALED | 1u << FAULT_FAILED},
	[FAULT_HEALED] = {"healed", false, 0},
	[FAULT_FAILED] = {"failed", true, 1u << FAULT_HEALING},
};
static_assert(sizeof(states) / sizeof(states[0]) == FAULT_STATES, "a row for each state");

bool fault_state_may(enum fault_state from, enum fault_state to)
{
	return states[from].next & 1u << to;
}

void fault_state_go(enum fault_state *state, enum fault_state to)
{
	if (!fault_state_may(*state, to))
		abort();
	*state = to;
}

const char *fault_state_word(enum fault_state state)
{
	return states[state].word;
}

bool fault_state_needs_healing(enum fault_state state)
{
	return states[state].needs_healing;
}
