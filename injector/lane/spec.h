/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_SPEC_H
#define BACKBURN_LANE_SPEC_H

#include <stddef.h>

#include "contract/fail.h"
#include "injector/lane/lane.h"

/* Whether an order is within its bounds; FAIL_INTERNAL names the number that is not. */
int spec_check(const struct lane_spec *spec, struct fail *fail);

/* Why a lane of the kernel's netem and tbf can't do this, for people; NULL when it can. */
const char *spec_beyond_netem(const struct lane_spec *spec);

/*
 * The delays that these shares (0..1) of one direction's packets get at most, when neither order
 * nor rate makes them wait longer. With a correlation they are found by drawing from the spec's own
 * seed. `spec` has passed spec_check(), and its table rises.
 */
struct delay_quantile {
	double quantile;
	int64_t delay_ns; /* the answer */
};
void spec_delay_quantiles(const struct lane_spec *spec, int direction,
	struct delay_quantile *quantiles, size_t count);

#endif
