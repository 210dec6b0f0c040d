/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/tables.h"

#include <math.h>

#include "contract/units.h"

enum {
	/* Entries beside the scale in a table of points, so that small delays keep their digits. */
	POINT_FACTOR = 1024,
	NORMAL_STEPS = 60 /* halvings of −8..8: below the last digit of a double */
};

static double quantile_of(int entry)
{
	return (entry + 0.5) / LANE_TABLE_MAX;
}

/* The inverse of Φ(x) = erfc(−x / √2) / 2. */
static double normal(double quantile)
{
	double low = -8, high = 8;

	for (int i = 0; i < NORMAL_STEPS; i++) {
		double middle = (low + high) / 2;

		if (erfc(-middle * M_SQRT1_2) / 2 < quantile)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

static double pareto(double quantile)
{
	double value = (pow(1 - quantile, -1.0 / 3) - 1.5) * 4 / 3;

	return value > 4 ? 4 : value;
}

static double paretonormal(double quantile)
{
	return (normal(quantile) + 3 * pareto(quantile)) / 4;
}

void table_fill(int32_t table[LANE_TABLE_MAX], enum table_kind kind)
{
	static double (*const inverses[])(double) = {
		[TABLE_NORMAL] = normal,
		[TABLE_PARETO] = pareto,
		[TABLE_PARETONORMAL] = paretonormal,
	};

	for (int i = 0; i < LANE_TABLE_MAX; i++) {
		long value = lrint(inverses[kind](quantile_of(i)) * LANE_TABLE_SCALE);

		/* The kernel's tables have 16 bits. */
		table[i] = (int32_t)(value > INT16_MAX ? INT16_MAX
				: value < INT16_MIN    ? INT16_MIN
						       : value);
	}
}

static int check_points(const struct table_point *points, size_t count, struct fail *fail)
{
	if (count < 2 || count > TABLE_POINTS_MAX)
		return fail_set(fail, FAIL_USAGE,
			"a table has from 2 to %d points, not %zu; one delay for all packets is "
			"\"delay\"",
			TABLE_POINTS_MAX, count);
	for (size_t i = 0; i < count; i++) {
		const struct table_point *point = &points[i];

		if (!(point->quantile >= 0 && point->quantile <= 1))
			return fail_set(
				fail, FAIL_USAGE, "table[%zu]: a quantile is from 0 to 1", i);
		if (point->delay_ns < 0 || point->delay_ns > LANE_DELAY_MAX_NS)
			return fail_set(
				fail, FAIL_USAGE, "table[%zu]: a delay is from 0 to 60s", i);
		if (i && point->quantile <= points[i - 1].quantile)
			return fail_set(fail, FAIL_USAGE,
				"table[%zu]: quantiles must rise from point to point", i);
		if (i && point->delay_ns < points[i - 1].delay_ns)
			return fail_set(fail, FAIL_USAGE,
				"table[%zu]: the delay is below that of a lower quantile", i);
	}
	return 0;
}

static double between(const struct table_point *points, size_t count, double quantile)
{
	size_t next = 0;
	double share;

	while (next < count && points[next].quantile < quantile)
		next++;
	if (next == 0)
		return (double)points[0].delay_ns;
	if (next == count)
		return (double)points[count - 1].delay_ns;
	share = (quantile - points[next - 1].quantile) /
		(points[next].quantile - points[next - 1].quantile);
	return (double)points[next - 1].delay_ns +
		share * (double)(points[next].delay_ns - points[next - 1].delay_ns);
}

int table_from_points(
	struct lane_spec *spec, const struct table_point *points, size_t count, struct fail *fail)
{
	int64_t largest_ns;

	if (check_points(points, count, fail) < 0)
		return -1;
	largest_ns = points[count - 1].delay_ns;
	if (largest_ns == 0)
		return fail_set(fail, FAIL_USAGE, "table: no point has a delay");
	spec->spread = SPREAD_TABLE;
	spec->delay_ns = 0;
	spec->jitter_ns = (largest_ns + POINT_FACTOR - 1) / POINT_FACTOR;
	spec->table_count = LANE_TABLE_MAX;
	for (int i = 0; i < LANE_TABLE_MAX; i++)
		spec->table[i] = (int32_t)lrint(between(points, count, quantile_of(i)) *
			LANE_TABLE_SCALE / (double)spec->jitter_ns);
	return 0;
}

int table_from_trace(
	struct lane_spec *spec, const int64_t *delays_ns, size_t count, struct fail *fail)
{
	if (count < 1 || count > LANE_TABLE_MAX)
		return fail_set(fail, FAIL_USAGE, "a trace has from 1 to %d delays, not %zu",
			LANE_TABLE_MAX, count);
	for (size_t i = 0; i < count; i++)
		if (delays_ns[i] < 0 || delays_ns[i] > LANE_DELAY_MAX_NS)
			return fail_set(
				fail, FAIL_USAGE, "trace[%zu]: a delay is from 0 to 60s", i);
	spec->spread = SPREAD_REPLAY;
	spec->delay_ns = 0;
	spec->jitter_ns = 0;
	spec->table_count = (int32_t)count;
	for (size_t i = 0; i < count; i++)
		spec->table[i] = (int32_t)((delays_ns[i] + NS_PER_US / 2) / NS_PER_US);
	return 0;
}
