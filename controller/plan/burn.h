/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PLAN_BURN_H
#define BACKBURN_PLAN_BURN_H

#include "controller/files/scenario.h"

/*
 * Burn rates (Google, The Site Reliability Workbook, chapter 5): with B = 1 − objective the budget
 * burns bad/total/B times as fast as it may. A pair fires when both of its windows are full, each
 * burns at `rate` at least, and min_bad events of the long one are bad. Pure.
 */

/* The chance of min_bad bad events in a long window when exactly B of all events are bad. */
#define BURN_ALPHA 1e-6
/* One lost packet never tells anybody of anything. */
#define BURN_MIN_BAD 5

/* `short`, or a twelfth of `long` but 2 s at least (and no longer than `long`). */
int64_t burn_short_ns(const struct burn_spec *burn);

/*
 * `min_bad`, or the least number that `events` reach with a chance of BURN_ALPHA; never below
 * BURN_MIN_BAD. A long window is looked at anew with each report; that chance leaves, for looks
 * over five minutes, less than 1 % for a pair to fire on a system that just meets its objective.
 */
int64_t burn_min_bad(const struct burn_spec *burn, double objective, int64_t events);

/*
 * How long after the first of nothing but bad events the pair fires, of windows that were full of
 * good ones; `rate` in events a second.
 */
int64_t burn_fires_ns(const struct burn_spec *burn, double objective, double rate);

#endif
