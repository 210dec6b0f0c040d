/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_SCHEDULE_H
#define BACKBURN_INJECTOR_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/guard/guard.h"

/* When an order is to be held. Pure; all instants in nanoseconds of CLOCK_MONOTONIC. */

/* Whether its times make sense: 0 <= start < deadline, 0 < on < period or no period. */
bool schedule_makes_sense(const struct guard_order *order);

/* `until_ns`: the lease. */
bool schedule_holds(const struct guard_order *order, int64_t now_ns, int64_t until_ns);

/* The next instant after `now_ns` at which that may be otherwise; INT64_MAX: never any more. */
int64_t schedule_next_ns(const struct guard_order *order, int64_t now_ns, int64_t until_ns);

/* How long it is to be held in all. */
int64_t schedule_sum_ns(const struct guard_order *order, int64_t until_ns);

#endif
