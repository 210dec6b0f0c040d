/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_TABLES_H
#define BACKBURN_LANE_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "injector/lane/lane.h"

/*
 * Tables of a lane_spec. Entry i of n is the value at quantile (i + ½) / n, in units of
 * 1 / LANE_TABLE_SCALE jitter, so that a uniform random number chooses an entry.
 *
 * The named ones are those of iproute2's netem (netem/normal.c, pareto.c, paretonormal.c, from
 * NIST Net), within its range of ±4 jitters, so that a delay is the same in a lane of either kind:
 *
 *   normal        Φ⁻¹(q): mean 0, deviation 1
 *   pareto        4/3 · ((1 − q)^(−1/3) − 3/2): shape 3, minimum 1, less its mean. The factor
 *                 makes up for the cut at 4: mean −0.03, deviation 0.82
 *   paretonormal  ¼ normal + ¾ pareto: mean −0.03, deviation 0.83
 */
enum table_kind {
	TABLE_NORMAL,
	TABLE_PARETO,
	TABLE_PARETONORMAL
};
void table_fill(int32_t table[LANE_TABLE_MAX], enum table_kind kind);

/* A point of a distribution: the share `quantile` of all packets is delayed by at most that. */
struct table_point {
	double quantile;  /* 0..1 */
	int64_t delay_ns; /* 0..LANE_DELAY_MAX_NS */
};
enum {
	TABLE_POINTS_MAX = 1000
};

/*
 * Sets spread, delay, jitter and table of `spec` to the distribution through these points: linear
 * between them, flat before the first and behind the last. Quantiles must rise, delays must not
 * fall; FAIL_USAGE says which point does not. Delays are exact to 1 / 2²³ of the largest.
 */
int table_from_points(
	struct lane_spec *spec, const struct table_point *points, size_t count, struct fail *fail);

/*
 * Sets spread and table of `spec` to a recorded sequence, which is replayed in order: to the
 * microsecond. At most LANE_TABLE_MAX delays of at most LANE_DELAY_MAX_NS.
 */
int table_from_trace(
	struct lane_spec *spec, const int64_t *delays_ns, size_t count, struct fail *fail);

#endif
