/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/skew.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "contract/units.h"

/*
 * A steady clock may not step: it is let go wrong only from an instant on by which the index has
 * surely gone over, so that who read it before finds the same line.
 */
#define STEADY_AHEAD_NS (20 * NS_PER_MS)

uint64_t skew_rate(const struct clock_skew *skew)
{
	return skew->freeze ? 0 : (uint64_t)llround(skew->drift * (double)CLOCK_RATE_ONE);
}

/* What drift, and clocks that stood, have added up to beside the shift. */
static int64_t carried_ns(const struct clock_slot *slot, int64_t true_ns)
{
	int64_t since_ns = true_ns - slot->base_ns[LINE_REAL];
	int64_t shift_ns =
		slot->half_ns && since_ns / slot->half_ns & 1 ? slot->other_ns : slot->shift_ns;

	return clock_skewed_ns(slot, LINE_REAL, true_ns) - true_ns - shift_ns;
}

void skew_write(struct clock_control *control, const struct clock_skew *skew,
	const struct clock_moment *now)
{
	uint32_t used = control->slot & 1, spare = control->on ? used ^ 1 : used;
	struct clock_slot *slot = &control->slots[spare];
	int64_t carried = 0;

	/* A clock that stood, or stands now, owes nothing. */
	if (control->on && !skew->freeze && control->slots[used].rate)
		carried = carried_ns(&control->slots[used], now->at_ns[LINE_REAL]);
	*slot = (struct clock_slot){
		.shift_ns = skew->offset_ns + carried,
		.other_ns = skew->other_ns + carried,
		.half_ns = skew->strobe_ns / 2,
		.rate = skew_rate(skew),
		.lines = CLOCK_WALL_LINES | (skew->steady ? CLOCK_STEADY_LINES : 0),
	};
	memcpy(slot->base_ns, now->at_ns, sizeof(slot->base_ns));
	for (unsigned int line = 0; line < LINES; line++)
		if (1u << line & CLOCK_STEADY_LINES)
			slot->base_ns[line] += STEADY_AHEAD_NS;
	__atomic_store_n(&control->slot, spare, __ATOMIC_RELEASE);
	__atomic_store_n(&control->on, 1, __ATOMIC_RELEASE);
}

void skew_until(struct clock_control *control, int64_t until_ns, const struct clock_moment *now)
{
	int64_t left_ns = until_ns - now->at_ns[LINE_MONOTONIC];

	for (unsigned int line = 0; line < LINES; line++)
		__atomic_store_n(&control->until_ns[line],
			left_ns > DURATION_MAX_NS ? now->at_ns[line] + DURATION_MAX_NS
						  : now->at_ns[line] + left_ns,
			__ATOMIC_RELEASE);
}

int64_t skew_wall_ns(const struct clock_control *control, const struct clock_moment *now)
{
	int64_t true_ns = now->at_ns[LINE_REAL];

	return clock_skewed_ns(&control->slots[control->slot & 1], LINE_REAL, true_ns) - true_ns;
}
