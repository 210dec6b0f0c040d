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
#include "injector/lane/measures.h"
#include "injector/lane/spread.h"
#include "injector/lane/tables.h"

/* What was asked beside what was done. */

struct bench {
	struct lane_spec spec;
	struct lane_counts counts;
	struct list measures;
};

static int set_up(void **state)
{
	*state = must_alloc(sizeof(struct bench));
	return 0;
}

static void forget(struct bench *bench)
{
	LIST_EACH(bench->measures, struct measure, measure)
		shape_free(&measure_shape, measure);
	free(bench->measures.items);
	bench->measures = (struct list){0};
}

static int tear_down(void **state)
{
	forget(*state);
	free(*state);
	return 0;
}

static const struct measure *find(struct bench *bench, const char *name)
{
	forget(bench);
	lane_measures(&bench->spec, &bench->counts, BB_EGRESS, &bench->measures);
	LIST_EACH(bench->measures, const struct measure, measure) {
		assert_int_equal(measure->direction, BB_EGRESS);
		if (strcmp(measure->name, name) == 0)
			return measure;
	}
	return NULL;
}

/* A run in which each packet is late by so much. */
static void run(struct bench *bench, int packets, int64_t late_ns)
{
	struct spread spread;

	memset(&bench->counts, 0, sizeof(bench->counts));
	spread_start(&spread, &bench->spec, BB_EGRESS);
	for (int i = 0; i < packets; i++) {
		histogram_record(
			&bench->counts.delay, spread_next(&spread, &bench->spec) + late_ns);
		histogram_record(&bench->counts.late, late_ns);
	}
	bench->counts.came = bench->counts.left = (uint64_t)packets;
}

static bool holds(const struct measure *measure)
{
	double above = measure->achieved - measure->asked;

	switch ((enum measure_bound)measure->bound) {
	case BOUND_ABOUT:
		return fabs(above) <= measure->tolerance;
	case BOUND_AT_MOST:
		return above <= measure->tolerance;
	case BOUND_NONE:
		break;
	}
	return true;
}

static bool all_hold(struct bench *bench)
{
	bool all = true;

	find(bench, "");
	LIST_EACH(bench->measures, const struct measure, measure)
		all = all && holds(measure);
	return all;
}

static void nothing_is_said_of_nothing(void **state)
{
	struct bench *bench = *state;

	bench->spec.delay_ns = NS_PER_MS;
	assert_null(find(bench, "lost to a full lane"));
	assert_int_equal(bench->measures.count, 0);
}

static void a_constant_delay_is_asked_exactly(void **state)
{
	struct bench *bench = *state;
	const struct measure *measure;

	bench->spec.delay_ns = 10 * NS_PER_MS;
	bench->spec.keep_order = 1;
	run(bench, 1000, 50 * NS_PER_US);
	measure = find(bench, "delay p50");
	assert_non_null(measure);
	assert_int_equal(measure->unit, MEASURE_DURATION);
	assert_int_equal(measure->bound, BOUND_ABOUT);
	assert_true(measure->asked == 10e6);
	assert_true(fabs(measure->achieved - 10.05e6) < 0.01 * 10e6);
	assert_true(fabs(measure->tolerance - 0.7e6) < 1); /* 5 % and 0.2 ms; nothing by chance */
	assert_int_equal(measure->count, 1000);
	assert_true(all_hold(bench));
	run(bench, 1000, NS_PER_MS);
	assert_false(holds(find(bench, "delay p50")));
	assert_true(holds(find(bench, "delay p99")));
	assert_false(holds(find(bench, "late p50")));
}

/* True runs of any length hold, but the wrong distribution does not. */
static void quantiles_hold_whatever_the_chance(void **state)
{
	static const double correlations[] = {0, 0.5, 0.9};
	struct bench *bench = *state;
	int failed = 0, runs = 0;

	for (int kind = -1; kind <= TABLE_PARETONORMAL; kind++)
		for (size_t c = 0; c < 3; c++)
			for (int packets = 5; packets < 20000; packets *= 7) {
				bench->spec = (struct lane_spec){.seed = (uint64_t)packets + c,
					.delay_ns = 100 * NS_PER_MS,
					.jitter_ns = 90 * NS_PER_MS,
					.correlation = correlations[c],
					.spread = kind < 0 ? SPREAD_UNIFORM : SPREAD_TABLE,
					.table_count = LANE_TABLE_MAX};
				if (kind >= 0)
					table_fill(bench->spec.table, (enum table_kind)kind);
				run(bench, packets, 20 * NS_PER_US);
				failed += !all_hold(bench);
				runs++;
			}
	assert_true(runs == 60);
	assert_int_equal(failed, 0);
	/* The last spec was paretonormal; this run was not. */
	bench->spec.correlation = 0;
	run(bench, 5000, 0);
	assert_true(all_hold(bench));
	table_fill(bench->spec.table, TABLE_NORMAL);
	assert_false(all_hold(bench));
}

static void what_order_adds_is_told_only(void **state)
{
	struct bench *bench = *state;

	bench->spec = (struct lane_spec){.spread = SPREAD_UNIFORM,
		.delay_ns = NS_PER_MS,
		.jitter_ns = NS_PER_MS,
		.keep_order = 1};
	run(bench, 100, 0);
	assert_int_equal(find(bench, "delay p90")->bound, BOUND_NONE);
	assert_int_equal(find(bench, "late p50")->bound, BOUND_AT_MOST);
	bench->spec.keep_order = 0;
	assert_int_equal(find(bench, "delay p90")->bound, BOUND_ABOUT);
}

static void a_rate_may_not_be_exceeded(void **state)
{
	struct bench *bench = *state;
	const struct measure *measure;

	bench->spec.rate_bytes = 1000000;
	bench->spec.burst_bytes = 500000;
	bench->counts.came = bench->counts.left = 1000;
	bench->counts.first_ns = 5 * NS_PER_SEC;
	assert_null(find(bench, "rate")); /* none has left yet */
	bench->counts.last_ns = 15 * NS_PER_SEC;
	bench->counts.left_bytes = 10500000;
	measure = find(bench, "rate");
	assert_int_equal(measure->unit, MEASURE_RATE);
	assert_true(measure->asked == 8e6);
	assert_true(fabs(measure->achieved - 8.4e6) < 1);
	assert_true(holds(measure));
	bench->counts.left_bytes = 10700000;
	assert_false(holds(find(bench, "rate")));
	bench->counts.left_bytes = 1000; /* little was sent */
	assert_true(holds(find(bench, "rate")));
	/* A full queue is what a slow link has. */
	bench->counts.lost = 5;
	assert_int_equal(find(bench, "lost to a full lane")->bound, BOUND_NONE);
}

static void shares_that_were_reordered(void **state)
{
	struct bench *bench = *state;
	const struct measure *measure;

	bench->spec.reorder = 0.25;
	bench->spec.delay_ns = 10 * NS_PER_MS;
	bench->counts.came = 1010;
	bench->counts.lost = 10;
	bench->counts.ahead = 240;
	bench->counts.overtook = 200;
	measure = find(bench, "reordered");
	assert_int_equal(measure->unit, MEASURE_RATIO);
	assert_int_equal(measure->count, 1000);
	assert_int_equal(measure->hits, 240);
	assert_true(measure->asked == 0.25 && measure->tolerance == 0);
	assert_int_equal(find(bench, "overtook")->hits, 200);
	assert_false(holds(find(bench, "lost to a full lane")));
	assert_true(find(bench, "lost to a full lane")->achieved == 10);
	bench->spec.reorder_correlation = 0.8;
	/* With 1000 worth 111: 3.3 deviations are 0.136, where they were 0.045. */
	assert_true(fabs(find(bench, "reordered")->tolerance - 0.0904) < 0.001);
	bench->spec.reorder_gap = 4;
	assert_true(find(bench, "reordered")->asked == 0.25);
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_BENCH(nothing_is_said_of_nothing),
		WITH_BENCH(a_constant_delay_is_asked_exactly),
		WITH_BENCH(quantiles_hold_whatever_the_chance),
		WITH_BENCH(what_order_adds_is_told_only),
		WITH_BENCH(a_rate_may_not_be_exceeded),
		WITH_BENCH(shares_that_were_reordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
