/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_STEP_H
#define BACKBURN_INJECTOR_CLOCK_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "injector/clock/skew.h"

/*
 * The clock of the whole machine, stepped and set right again.
 *
 * CLOCK_REALTIME is the kernel's CLOCK_BOOTTIME plus a number that changes only when somebody steps
 * the clock: time services that slew it change the rate of both, and a sleep of the machine moves
 * both on. So what the clock would say without us is known at any time from the two as they were
 * before, and setting it right is as exact as reading two clocks at once; no waking up late spoils
 * it.
 */

/* Clocks of the machine at one instant, and what steers them, as adjtimex(2) has it. */
struct machine_clock {
	struct clock_moment at;
	int64_t freq, tick, status; /* status: STA_… */
	int64_t maxerror_us, esterror_us;
};

struct clock_step {
	int64_t offset_ns;
	struct machine_clock before;
};
extern const struct shape clock_step_shape;

/* What came of it: how far the clock was from what it would have said without us. */
struct step_told {
	int64_t first_ns; /* right after it was stepped */
	int64_t last_ns;  /* right before it was set right; what others did is in it */
	int64_t error_ns; /* right after that */
	bool made, undone;
};

/* ---- pure ---- */

/*
 * What the wall clock would say at `now` without us. By CLOCK_BOOTTIME; but by the raw clock, at
 * the rate that it had before, when somebody has slewed the clock by more than 50 millionths: that
 * is how far coarse clock sources may part from the raw clock by themselves.
 */
int64_t step_true_ns(const struct machine_clock *before, const struct machine_clock *now);
/* How far it is ahead of that. */
int64_t step_off_ns(const struct machine_clock *before, const struct machine_clock *now);
/* So little, measured by the step, that it is not ours: it was undone, or another has set it right.
 */
bool step_is_undone(const struct clock_step *step, const struct machine_clock *now);
/* FAIL_REFUSED when the kernel would not take the clock there. */
int step_check(int64_t offset_ns, const struct machine_clock *now, struct fail *fail);

/* ---- on this machine, through the seam ---- */

/* `error` ESTALE inside `fail` when it was set by somebody since `before`: it is left alone then.
 */
int step_make(const struct clock_step *step, struct step_told *told, struct fail *fail);
/* One that was never made, is undone already, or set right by another, is success. */
int step_undo(const struct clock_step *step, struct step_told *told, struct fail *fail);

#endif
