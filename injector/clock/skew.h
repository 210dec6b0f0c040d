/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_SKEW_H
#define BACKBURN_INJECTOR_CLOCK_SKEW_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/clock/page.h"

/* How a clock is to go wrong, and the writing of it into a control page. Pure. */
struct clock_skew {
	int64_t offset_ns;
	double drift;      /* seconds that pass for each true one; 1: as it is */
	bool freeze;       /* it stands */
	int64_t other_ns;  /* the offset in every second half of `strobe_ns` */
	int64_t strobe_ns; /* 0: no strobe */
	bool steady;       /* CLOCK_MONOTONIC and its like go by the drift as well */
};

/* What the clocks say at one instant. */
struct clock_moment {
	int64_t at_ns[LINES];
};

/* A rate as it stands in a slot. */
uint64_t skew_rate(const struct clock_skew *skew);

/*
 * Goes over to `skew` from `now` on. What the drift has added up to so far stays, on top of the new
 * offset. The first time it also begins.
 */
void skew_write(struct clock_control *control, const struct clock_skew *skew,
	const struct clock_moment *now);

/* It ends at `until_ns` of CLOCK_MONOTONIC, said in the time of each clock. */
void skew_until(struct clock_control *control, int64_t until_ns, const struct clock_moment *now);

/* How far the wall clock is off, at a moment before its end. */
int64_t skew_wall_ns(const struct clock_control *control, const struct clock_moment *now);

#endif
