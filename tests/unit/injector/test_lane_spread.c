/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "injector/lane/random.h"
#include "injector/lane/spec.h"
#include "injector/lane/spread.h"
#include "injector/lane/tables.h"

/* Random numbers, the tables made of them, and the delays made of those. */

enum {
	DRAWS = 200000
};

static const struct path_share egress = {.direction = BB_EGRESS};

static int ascending(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* DRAWS delays of the spec, sorted; the caller frees. */
static int64_t *draw_sorted(const struct lane_spec *spec)
{
	int64_t *delays = must_alloc(DRAWS * sizeof(*delays));
	struct spread spread;

	spread_start(&spread, spec, BB_EGRESS);
	for (int i = 0; i < DRAWS; i++)
		delays[i] = spread_next(&spread, spec);
	qsort(delays, DRAWS, sizeof(*delays), ascending);
	return delays;
}

static void numbers_fill_the_unit_evenly(void **state)
{
	struct lane_random random;
	int counts[100] = {0};
	double chi_squared = 0;

	(void)state;
	lane_random_start(&random, 42, STREAM_SPREAD, BB_INGRESS);
	for (int i = 0; i < DRAWS; i++) {
		double x = lane_random_next(&random, 0);

		assert_true(x >= 0 && x < 1);
		counts[(int)(x * 100)]++;
	}
	for (int i = 0; i < 100; i++)
		chi_squared += pow(counts[i] - DRAWS / 100.0, 2) / (DRAWS / 100.0);
	/* 99 degrees of freedom: 60 and 150 leave out 0.1 % on either side. */
	assert_true(chi_squared > 60 && chi_squared < 150);
}

static void streams_are_their_own_and_repeat(void **state)
{
	struct lane_random a, again, direction, stream, seed;

	(void)state;
	lane_random_start(&a, 1, STREAM_SPREAD, BB_INGRESS);
	lane_random_start(&again, 1, STREAM_SPREAD, BB_INGRESS);
	lane_random_start(&direction, 1, STREAM_SPREAD, BB_EGRESS);
	lane_random_start(&stream, 1, STREAM_REORDER, BB_INGRESS);
	lane_random_start(&seed, 2, STREAM_SPREAD, BB_INGRESS);
	for (int i = 0; i < 1000; i++) {
		double x = lane_random_next(&a, 0.3);

		assert_true(x == lane_random_next(&again, 0.3));
		assert_true(x != lane_random_next(&direction, 0.3));
		assert_true(x != lane_random_next(&stream, 0.3));
		assert_true(x != lane_random_next(&seed, 0.3));
	}
}

/* Of blended numbers: the lag-1 correlation is c, the variance (1 − c) / (1 + c) / 12. */
static void correlation_is_what_it_says(void **state)
{
	static const double asked[] = {0, 0.25, 0.9};

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		double c = asked[i], last = 0.5, sum = 0, products = 0, variance;
		struct lane_random random;

		lane_random_start(&random, 3, STREAM_SPREAD, BB_INGRESS);
		for (int j = 0; j < DRAWS; j++) {
			double x = lane_random_next(&random, c) - 0.5;

			sum += x * x;
			products += j ? x * last : 0;
			last = x;
		}
		variance = sum / DRAWS;
		assert_true(fabs(products / sum - c) < 0.02);
		assert_true(fabs(variance * 12 * (1 + c) / (1 - c) - 1) < 0.1);
	}
}

static double mean_of(const int32_t *table)
{
	double sum = 0;

	for (int i = 0; i < LANE_TABLE_MAX; i++)
		sum += table[i];
	return sum / LANE_TABLE_MAX / LANE_TABLE_SCALE;
}

static double deviation_of(const int32_t *table)
{
	double mean = mean_of(table), sum = 0;

	for (int i = 0; i < LANE_TABLE_MAX; i++)
		sum += pow((double)table[i] / LANE_TABLE_SCALE - mean, 2);
	return sqrt(sum / LANE_TABLE_MAX);
}

/* Figures of the tables that iproute2 6.1 ships, computed from its .dist files. */
static void named_tables_are_those_of_netem(void **state)
{
	static const struct {
		enum table_kind kind;
		double mean, deviation, first_quarter, median, p90;
	} known[] = {
		{TABLE_NORMAL, -0.0008, 1.0001, -0.674, 0.000, 1.282},
		{TABLE_PARETO, -0.0335, 0.8197, -0.533, -0.320, 0.873},
		{TABLE_PARETONORMAL, -0.0253, 0.8339, -0.568, -0.240, 0.975},
	};
	int32_t table[LANE_TABLE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		table_fill(table, known[i].kind);
		assert_true(fabs(mean_of(table) - known[i].mean) < 0.002);
		assert_true(fabs(deviation_of(table) - known[i].deviation) < 0.002);
		for (int j = 1; j < LANE_TABLE_MAX; j++)
			assert_true(table[j] >= table[j - 1]);
		assert_true(fabs((double)table[1024] / LANE_TABLE_SCALE - known[i].first_quarter) <
			0.002);
		assert_true(fabs((double)table[2048] / LANE_TABLE_SCALE - known[i].median) < 0.002);
		assert_true(fabs((double)table[3686] / LANE_TABLE_SCALE - known[i].p90) < 0.002);
	}
}

static void quantiles_of_draws_match_the_table(void **state)
{
	static const double quantiles[] = {0.05, 0.25, 0.5, 0.9, 0.99};
	struct lane_spec *spec = must_alloc(sizeof(*spec));

	(void)state;
	*spec = (struct lane_spec){.seed = 5,
		.delay_ns = 50 * NS_PER_MS,
		.jitter_ns = 10 * NS_PER_MS,
		.table_count = LANE_TABLE_MAX};
	for (int kind = -1; kind <= TABLE_PARETONORMAL; kind++) {
		int64_t *delays;

		spec->spread = kind < 0 ? SPREAD_UNIFORM : SPREAD_TABLE;
		if (kind >= 0)
			table_fill(spec->table, (enum table_kind)kind);
		delays = draw_sorted(spec);
		for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
			struct delay_quantile asked = {.quantile = quantiles[i]};

			spec_delay_quantiles(spec, egress, &asked, 1);
			assert_true(fabs((double)delays[(int)(quantiles[i] * DRAWS)] /
						    (double)asked.delay_ns -
					    1) < 0.01);
		}
		assert_true(kind >= 0 ||
			(delays[0] >= 40 * NS_PER_MS && delays[DRAWS - 1] < 60 * NS_PER_MS));
		free(delays);
	}
	free(spec);
}

/* With a correlation the quantiles are narrower, and found so. */
static void quantiles_of_correlated_draws_are_found(void **state)
{
	struct lane_spec *spec = must_alloc(sizeof(*spec));
	struct delay_quantile asked[] = {{.quantile = 0.1}, {.quantile = 0.5}, {.quantile = 0.9}};
	int64_t *delays;

	(void)state;
	*spec = (struct lane_spec){.spread = SPREAD_UNIFORM,
		.delay_ns = 50 * NS_PER_MS,
		.jitter_ns = 50 * NS_PER_MS,
		.correlation = 0.5};
	delays = draw_sorted(spec);
	spec_delay_quantiles(spec, egress, asked, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(llabs(delays[(int)(asked[i].quantile * DRAWS)] - asked[i].delay_ns) <
			2 * NS_PER_MS);
	assert_true(asked[0].delay_ns > 15 * NS_PER_MS); /* without: 10 ms */
	free(delays);
	free(spec);
}

static void a_delay_is_never_negative(void **state)
{
	struct lane_spec *spec = must_alloc(sizeof(*spec));
	int64_t *delays;

	(void)state;
	*spec = (struct lane_spec){.spread = SPREAD_TABLE,
		.delay_ns = NS_PER_MS,
		.jitter_ns = 10 * NS_PER_MS,
		.table_count = LANE_TABLE_MAX};
	table_fill(spec->table, TABLE_NORMAL);
	delays = draw_sorted(spec);
	assert_int_equal(delays[0], 0);
	assert_true(delays[DRAWS - 1] > 30 * NS_PER_MS);
	free(delays);
	free(spec);
}

static void points_are_joined_by_lines(void **state)
{
	static const struct table_point points[] = {
		{0.5, 10 * NS_PER_MS},
		{0.9, 30 * NS_PER_MS},
		{0.99, 120 * NS_PER_MS},
	};
	struct lane_spec *spec = must_alloc(sizeof(*spec));
	struct delay_quantile asked[] = {
		{0.1, 0}, {0.5, 0}, {0.7, 0}, {0.9, 0}, {0.945, 0}, {0.995, 0}};
	static const double expected_ms[] = {10, 10, 20, 30, 75, 120};
	struct fail fail = FAIL_INIT;

	(void)state;
	spec->limit_bytes = 1;
	assert_int_equal(table_from_points(spec, points, 3, &fail), 0);
	assert_int_equal(spec_check(spec, &fail), 0);
	spec_delay_quantiles(spec, egress, asked, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(fabs((double)asked[i].delay_ns / 1e6 / expected_ms[i] - 1) < 0.005);
	free(spec);
}

static void points_that_make_no_table_are_refused(void **state)
{
	static const struct {
		struct table_point points[2];
		size_t count;
		const char *says;
	} wrong[] = {
		{{{0.5, 1}}, 1, "from 2 to 1000 points, not 1"},
		{{{0.5, 1}, {0.5, 2}}, 2, "table[1]: quantiles must rise"},
		{{{0.5, 2}, {0.6, 1}}, 2, "table[1]: the delay is below"},
		{{{0.5, 2}, {1.1, 3}}, 2, "table[1]: a quantile is from 0 to 1"},
		{{{NAN, 2}, {1, 3}}, 2, "table[0]: a quantile is from 0 to 1"},
		{{{0, 2}, {1, 61 * NS_PER_SEC}}, 2, "table[1]: a delay is from 0 to 60s"},
		{{{0, 0}, {1, 0}}, 2, "no point has a delay"},
	};
	struct lane_spec *spec = must_alloc(sizeof(*spec));

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fail fail = FAIL_INIT;

		assert_int_equal(
			table_from_points(spec, wrong[i].points, wrong[i].count, &fail), -1);
		assert_int_equal(fail.kind, FAIL_USAGE);
		assert_non_null(strstr(fail.text, wrong[i].says));
	}
	free(spec);
}

static void a_trace_is_replayed_in_order(void **state)
{
	static const int64_t trace[] = {3 * NS_PER_MS, 0, 1500 * NS_PER_US, 60 * NS_PER_SEC};
	struct lane_spec *spec = must_alloc(sizeof(*spec));
	struct fail fail = FAIL_INIT;
	struct spread spread;
	static int64_t too_many[LANE_TABLE_MAX + 1];

	(void)state;
	spec->limit_bytes = 1;
	assert_int_equal(table_from_trace(spec, trace, 4, &fail), 0);
	assert_int_equal(spec_check(spec, &fail), 0);
	spread_start(&spread, spec, BB_INGRESS);
	for (int i = 0; i < 10; i++)
		assert_int_equal(spread_next(&spread, spec), trace[i % 4]);
	assert_int_equal(table_from_trace(spec, too_many, LANE_TABLE_MAX + 1, &fail), -1);
	assert_non_null(strstr(fail.text, "from 1 to 4096 delays, not 4097"));
	too_many[1] = 60 * NS_PER_SEC + 1;
	fail = FAIL_INIT;
	assert_int_equal(table_from_trace(spec, too_many, 2, &fail), -1);
	assert_non_null(strstr(fail.text, "trace[1]"));
	free(spec);
}

static void specs_out_of_bounds_are_found(void **state)
{
	struct lane_spec *good = must_alloc(sizeof(*good)), *bad = must_alloc(sizeof(*bad));
	struct fail fail = FAIL_INIT;

	(void)state;
	*good = (struct lane_spec){.spread = SPREAD_UNIFORM, .delay_ns = 5, .limit_bytes = 1};
	assert_int_equal(spec_check(good, &fail), 0);
#define REFUSES(member, value, word)                                                               \
	do {                                                                                       \
		*bad = *good;                                                                      \
		bad->member = (value);                                                             \
		fail = FAIL_INIT;                                                                  \
		assert_int_equal(spec_check(bad, &fail), -1);                                      \
		assert_non_null(strstr(fail.text, "lane's " word " is"));                          \
	} while (0)
	REFUSES(spread, -1, "spread");
	REFUSES(spread, SPREAD_REPLAY + 1, "spread");
	REFUSES(spread, SPREAD_TABLE, "table");
	REFUSES(table_count, LANE_TABLE_MAX + 1, "table");
	REFUSES(table_count, -1, "table");
	REFUSES(delay_ns, -1, "delay");
	REFUSES(delay_ns, LANE_DELAY_MAX_NS + 1, "delay");
	REFUSES(jitter_ns, 6, "jitter");
	REFUSES(jitter_ns, -1, "jitter");
	REFUSES(correlation, NAN, "correlation");
	REFUSES(correlation, 1.01, "correlation");
	REFUSES(reorder, -0.1, "reorder");
	REFUSES(reorder_correlation, INFINITY, "reorder correlation");
	REFUSES(reorder_gap, -1, "gap");
	REFUSES(rate_bytes, LANE_RATE_MIN - 1, "rate");
	REFUSES(rate_bytes, LANE_RATE_MAX + 1, "rate");
	REFUSES(burst_bytes, LANE_BYTES_MAX + 1, "burst");
	REFUSES(overhead_bytes, LANE_OVERHEAD_MAX + 1, "overhead");
	REFUSES(overhead_bytes, INT32_MIN, "overhead");
	REFUSES(limit_bytes, 0, "limit");
	REFUSES(limit_bytes, LANE_BYTES_MAX + 1, "limit");
#undef REFUSES
	free(good);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_fill_the_unit_evenly),
		cmocka_unit_test(streams_are_their_own_and_repeat),
		cmocka_unit_test(correlation_is_what_it_says),
		cmocka_unit_test(named_tables_are_those_of_netem),
		cmocka_unit_test(quantiles_of_draws_match_the_table),
		cmocka_unit_test(quantiles_of_correlated_draws_are_found),
		cmocka_unit_test(a_delay_is_never_negative),
		cmocka_unit_test(points_are_joined_by_lines),
		cmocka_unit_test(points_that_make_no_table_are_refused),
		cmocka_unit_test(a_trace_is_replayed_in_order),
		cmocka_unit_test(specs_out_of_bounds_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
