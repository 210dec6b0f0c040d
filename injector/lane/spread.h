/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_SPREAD_H
#define BACKBURN_LANE_SPREAD_H

#include <stdint.h>

#include "injector/lane/lane.h"
#include "injector/lane/random.h"

/* How long packets of one direction of a lane wait, one after the other. */
struct spread {
	struct lane_random random;
	uint64_t packets; /* drawn so far */
};

void spread_start(struct spread *spread, const struct lane_spec *spec, int direction);

/* The next packet's delay, 0..2 · LANE_DELAY_MAX_NS. `spec` has passed spec_check(). */
int64_t spread_next(struct spread *spread, const struct lane_spec *spec);

/* What a random number 0 ≤ x < 1 stands for; SPREAD_REPLAY takes it as a place in the trace. */
int64_t spread_at(const struct lane_spec *spec, double random);

#endif
