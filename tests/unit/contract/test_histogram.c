/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "contract/histogram.h"
#include "contract/json.h"

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 1;
}

/* Values spread evenly over the logarithm, so that every power of two gets its share. */
static int64_t random_latency(uint64_t *state)
{
	int bits = (int)(next_random(state) % 40);
	int64_t value = (int64_t)(next_random(state) & ((UINT64_C(2) << bits) - 1));

	return value > HISTOGRAM_LIMIT_NS ? HISTOGRAM_LIMIT_NS : value;
}

static void buckets_tile_the_range(void **state)
{
	(void)state;
	int64_t expected_ns = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		struct histogram_edges edges = histogram_edges_of(i);

		assert_int_equal(edges.lower_ns, expected_ns);
		assert_true(edges.upper_ns >= edges.lower_ns);
		assert_int_equal(histogram_index(edges.lower_ns), i);
		if (edges.upper_ns <= HISTOGRAM_LIMIT_NS)
			assert_int_equal(histogram_index(edges.upper_ns), i);
		expected_ns = edges.upper_ns + 1;
	}
	assert_true(expected_ns > HISTOGRAM_LIMIT_NS);
}

static void bucket_width_is_below_one_percent(void **state)
{
	(void)state;
	uint64_t seed = 1;

	for (int i = 0; i < 200000; i++) {
		int64_t value = random_latency(&seed);
		struct histogram_edges edges = histogram_edges_of(histogram_index(value));

		assert_in_range(value, edges.lower_ns, edges.upper_ns);
		assert_true((edges.upper_ns - edges.lower_ns) * 100 <= value);
	}
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void quantiles_enclose_the_exact_ones(void **state)
{
	(void)state;
	enum {
		COUNT = 5000
	};
	static int64_t values[COUNT];
	static const struct {
		double q;
		int rank;
	} cases[] = {{0, 1}, {0.5, 2500}, {0.07, 350}, {0.9, 4500}, {0.99, 4950}, {0.999, 4995},
		{1, 5000}};
	struct histogram *histogram = histogram_new();
	uint64_t seed = 2;

	for (int i = 0; i < COUNT; i++) {
		values[i] = random_latency(&seed);
		histogram_record(histogram, values[i]);
	}
	qsort(values, COUNT, sizeof(values[0]), ascending);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct histogram_edges edges;

		assert_int_equal(histogram_quantile(histogram, cases[i].q, &edges), 0);
		assert_in_range(values[cases[i].rank - 1], edges.lower_ns, edges.upper_ns);
	}
	assert_int_equal(histogram->max_ns, values[COUNT - 1]);
	histogram_free(histogram);
}

static void empty_has_no_quantile(void **state)
{
	(void)state;
	struct histogram *histogram = histogram_new();
	struct histogram_edges edges;

	assert_int_equal(histogram_quantile(histogram, 0.5, &edges), -1);
	histogram_record(histogram, 7);
	assert_int_equal(histogram_quantile(histogram, 0.5, &edges), 0);
	assert_int_equal(histogram_rank(histogram, 2, &edges), -1);
	assert_int_equal(histogram_rank(histogram, 0, &edges), -1);
	histogram_free(histogram);
}

static void extremes_are_clamped_but_the_maximum_is_kept(void **state)
{
	(void)state;
	struct histogram *histogram = histogram_new();
	struct histogram_edges edges;

	histogram_record(histogram, -5);
	histogram_record(histogram, 3 * HISTOGRAM_LIMIT_NS);
	assert_int_equal(histogram->counts[0], 1);
	assert_int_equal(histogram->counts[HISTOGRAM_BUCKETS - 1], 1);
	assert_int_equal(histogram_quantile(histogram, 1, &edges), 0);
	assert_int_equal(edges.upper_ns, 3 * HISTOGRAM_LIMIT_NS);
	histogram_free(histogram);
}

static void merging_equals_recording_together(void **state)
{
	(void)state;
	struct histogram *one = histogram_new(), *two = histogram_new(), *both = histogram_new();
	uint64_t seed = 3;

	for (int i = 0; i < 1000; i++) {
		int64_t value = random_latency(&seed);

		histogram_record(i % 3 ? one : two, value);
		histogram_record(both, value);
	}
	histogram_merge(one, two);
	assert_memory_equal(one, both, sizeof(*one));
	histogram_free(one);
	histogram_free(two);
	histogram_free(both);
}

static void encoding_goes_round(void **state)
{
	(void)state;
	struct histogram *from = histogram_new(), *to = histogram_new();
	struct fail fail = FAIL_INIT;
	uint64_t seed = 4;

	for (int i = 0; i < 1000; i++)
		histogram_record(from, random_latency(&seed));

	struct list buckets = histogram_encode(from);

	assert_int_equal(histogram_decode(to, &buckets, &fail), 0);
	assert_memory_equal(from->counts, to->counts, sizeof(from->counts));
	assert_int_equal(from->count, to->count);
	assert_true(to->max_ns >= from->max_ns);
	free(buckets.items);

	histogram_free(from);
	from = histogram_new();
	buckets = histogram_encode(from);
	assert_int_equal(buckets.count, 0);
	free(buckets.items);
	histogram_free(from);
	histogram_free(to);
}

static void bad_buckets_are_refused_whole(void **state)
{
	(void)state;
	static const struct histogram_bucket wrong[] = {
		{.index = HISTOGRAM_BUCKETS, .count = 1},
		{.index = -1, .count = 1},
		{.index = 3, .count = 0},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct histogram_bucket items[] = {{.index = 5, .count = 2}, wrong[i]};
		struct list buckets = {.items = items, .count = 2};
		struct histogram *histogram = histogram_new();
		struct fail fail = FAIL_INIT;

		assert_int_equal(histogram_decode(histogram, &buckets, &fail), -1);
		assert_int_equal(fail.kind, FAIL_PEER);
		assert_int_equal(histogram->count, 0);
		histogram_free(histogram);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_tile_the_range),
		cmocka_unit_test(bucket_width_is_below_one_percent),
		cmocka_unit_test(quantiles_enclose_the_exact_ones),
		cmocka_unit_test(empty_has_no_quantile),
		cmocka_unit_test(extremes_are_clamped_but_the_maximum_is_kept),
		cmocka_unit_test(merging_equals_recording_together),
		cmocka_unit_test(encoding_goes_round),
		cmocka_unit_test(bad_buckets_are_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
