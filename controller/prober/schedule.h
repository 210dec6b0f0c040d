/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_SCHEDULE_H
#define BACKBURN_PROBER_SCHEDULE_H

#include <stdint.h>

#include "controller/prober/arrivals.h"

/*
 * The plan of an open loop: event i is due at start + i/rate, computed from i, so that neither
 * slow answers nor late timers shift what comes after (coordinated omission; G. Tene, wrk2). With
 * arrivals it is due where they say.
 */
struct schedule {
	int64_t start_ns;
	double rate;          /* events a second, > 0; not looked at when there are arrivals */
	struct list arrivals; /* of struct arrival, borrowed; empty: a constant rate */
};

/* The intended instant of event `index` ≥ 0; grows with index. */
int64_t schedule_due_ns(const struct schedule *schedule, int64_t index);

/* The first event that is due at or after `at_ns`; 0 for instants before the start. */
int64_t schedule_first_at(const struct schedule *schedule, int64_t at_ns);

#endif
