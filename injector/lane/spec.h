/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_SPEC_H
#define BACKBURN_LANE_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/fail.h"
#include "injector/lane/lane.h"

/* Whether an order is within its bounds; FAIL_INTERNAL names the number that is not. */
int spec_check(const struct lane_spec *spec, struct fail *fail);

/* Whether packets of it are delayed by different times. */
bool spec_varies(const struct lane_spec *spec);

/* Which kind of lane carries an order. */
enum lane_choice {
	LANE_AUTO,
	LANE_TAP,
	LANE_NETEM
};
extern const char *const lane_words[];

/* FAIL_USAGE when this kind of lane can't do that. */
int spec_check_choice(const struct lane_spec *spec, enum lane_choice choice, struct fail *fail);

/*
 * Bytes that may wait where packets stay so long: what 10 Gbit/s bring in that time, within bounds
 * that leave room in the keeper's memory for other lanes.
 */
uint64_t spec_limit(int64_t stay_ns);

/* Why a lane of the kernel's netem and tbf can't do this, for people; NULL when it can. */
const char *spec_beyond_netem(const struct lane_spec *spec);

/*
 * The delays that these shares (0..1) of one direction's packets get at most, when neither order
 * nor rate makes them wait longer. With a correlation they are those of the very numbers that the
 * first `packets` packets draw, or as many as tell enough of all; with a trace, of the whole trace.
 * `spec` has passed spec_check(), and its table rises.
 */
struct delay_quantile {
	double quantile;
	int64_t delay_ns; /* the answer */
};
struct path_share {
	int direction;
	int64_t packets; /* 0: as many as tell enough */
};
void spec_delay_quantiles(const struct lane_spec *spec, struct path_share share,
	struct delay_quantile *quantiles, size_t count);

#endif
