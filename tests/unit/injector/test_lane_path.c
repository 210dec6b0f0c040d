/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "injector/lane/bucket.h"
#include "injector/lane/path.h"

/* When a packet may leave: rate, order, reordering, the limit. */

enum {
	FRAME = 1000,
	PACKETS = 50000
};

static struct lane_spec *spec_new(void)
{
	struct lane_spec *spec = must_alloc(sizeof(*spec));

	spec->seed = 11;
	spec->limit_bytes = LANE_BYTES_MAX;
	return spec;
}

static struct decision next(struct path *path, const struct lane_spec *spec, int64_t now_ns)
{
	return path_decide(path, spec, now_ns, FRAME, FRAME);
}

/* 1,000,000 bytes a second: a millisecond each. */
static void without_burst_each_packet_takes_its_time(void **state)
{
	struct lane_spec spec = {.rate_bytes = 1000000};
	struct bucket bucket = {0};

	(void)state;
	assert_int_equal(bucket_pass(&bucket, &spec, NS_PER_SEC, FRAME), NS_PER_SEC + NS_PER_MS);
	assert_int_equal(
		bucket_pass(&bucket, &spec, NS_PER_SEC, FRAME), NS_PER_SEC + 2 * NS_PER_MS);
	/* The next one comes while the second is being sent. */
	assert_int_equal(bucket_pass(&bucket, &spec, NS_PER_SEC + 1500 * NS_PER_US, FRAME),
		NS_PER_SEC + 3 * NS_PER_MS);
	/* Idle time is not saved up. */
	assert_int_equal(
		bucket_pass(&bucket, &spec, 2 * NS_PER_SEC, FRAME), 2 * NS_PER_SEC + NS_PER_MS);
}

static void a_burst_passes_at_once_after_a_pause(void **state)
{
	struct lane_spec spec = {.rate_bytes = 1000000, .burst_bytes = 3 * FRAME};
	int64_t now_ns = 5 * NS_PER_SEC;
	struct bucket bucket = {0};

	(void)state;
	for (int round = 0; round < 3; round++, now_ns += 10 * NS_PER_MS) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(bucket_pass(&bucket, &spec, now_ns, FRAME), now_ns);
		assert_int_equal(bucket_pass(&bucket, &spec, now_ns, FRAME), now_ns + NS_PER_MS);
	}
	/* Half a pause earns half a burst. */
	now_ns = 6 * NS_PER_SEC;
	for (int i = 0; i < 3; i++)
		bucket_pass(&bucket, &spec, now_ns, FRAME);
	assert_int_equal(
		bucket_pass(&bucket, &spec, now_ns + NS_PER_MS, FRAME), now_ns + NS_PER_MS);
	assert_int_equal(
		bucket_pass(&bucket, &spec, now_ns + NS_PER_MS, FRAME), now_ns + 2 * NS_PER_MS);
}

/* 10 Gbit/s and 64 bytes: 51.2 ns each; rounding must not add up. */
static void fractions_of_nanoseconds_are_kept(void **state)
{
	struct lane_spec spec = {.rate_bytes = 1250000000};
	struct bucket bucket = {0};
	int64_t due_ns = 0;

	(void)state;
	for (int i = 0; i < 1000000; i++)
		due_ns = bucket_pass(&bucket, &spec, NS_PER_SEC, 64);
	assert_int_equal(due_ns, NS_PER_SEC + 51200000);
}

/* No burst that is allowed, at no rate, overflows. */
static void extremes_stay_in_order(void **state)
{
	static const uint64_t rates[] = {LANE_RATE_MIN, 12500000, LANE_RATE_MAX};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct lane_spec spec = {.rate_bytes = rates[i], .burst_bytes = LANE_BYTES_MAX};
		int64_t now_ns = INT64_C(3600) * 24 * 365 * NS_PER_SEC, last_ns = now_ns;
		struct bucket bucket = {0};

		for (int j = 0; j < 100000; j++) {
			int64_t due_ns = bucket_pass(&bucket, &spec, now_ns, 70000);

			assert_true(due_ns >= last_ns);
			last_ns = due_ns;
		}
		assert_true(fabs((double)(last_ns - now_ns) -
				    (7e9 - (double)LANE_BYTES_MAX) / (double)rates[i] * 1e9) < 10);
	}
}

static void a_delay_comes_after_the_rate(void **state)
{
	struct lane_spec *spec = spec_new();
	struct path path;

	(void)state;
	spec->rate_bytes = 1000000;
	spec->delay_ns = 20 * NS_PER_MS;
	path_start(&path, spec, BB_INGRESS);
	assert_int_equal(next(&path, spec, NS_PER_SEC).due_ns, NS_PER_SEC + 21 * NS_PER_MS);
	assert_int_equal(next(&path, spec, NS_PER_SEC).due_ns, NS_PER_SEC + 22 * NS_PER_MS);
	free(spec);
}

/* Overtakings among packets that come a millisecond apart. */
static int overtakings(const struct lane_spec *spec)
{
	int64_t last_ns = 0;
	struct path path;
	int count = 0;

	path_start(&path, spec, BB_INGRESS);
	for (int i = 0; i < PACKETS; i++) {
		int64_t now_ns = NS_PER_SEC + i * NS_PER_MS;
		struct decision decision = next(&path, spec, now_ns);

		assert_true(decision.due_ns >= now_ns + spec->delay_ns - spec->jitter_ns);
		count += decision.due_ns < last_ns;
		last_ns = decision.due_ns;
	}
	return count;
}

static void order_is_kept_when_asked(void **state)
{
	struct lane_spec *spec = spec_new();

	(void)state;
	spec->spread = SPREAD_UNIFORM;
	spec->delay_ns = 20 * NS_PER_MS;
	spec->jitter_ns = 10 * NS_PER_MS;
	assert_true(overtakings(spec) > PACKETS / 4);
	spec->keep_order = 1;
	assert_int_equal(overtakings(spec), 0);
	free(spec);
}

static int count_ahead(const struct lane_spec *spec)
{
	struct path path;
	int count = 0;

	path_start(&path, spec, BB_INGRESS);
	for (int i = 0; i < PACKETS; i++) {
		struct decision decision = next(&path, spec, NS_PER_SEC);

		assert_int_equal(decision.due_ns, NS_PER_SEC + (decision.ahead ? 0 : 5));
		count += decision.ahead;
	}
	return count;
}

static void the_share_that_skips_the_delay(void **state)
{
	struct lane_spec *spec = spec_new();

	(void)state;
	spec->delay_ns = 5;
	assert_int_equal(count_ahead(spec), 0);
	spec->reorder = 1;
	assert_int_equal(count_ahead(spec), PACKETS);
	spec->reorder = 0.25;
	assert_true(fabs(count_ahead(spec) - PACKETS / 4.0) < 5 * sqrt(PACKETS * 0.25 * 0.75));
	free(spec);
}

static void every_nth_packet_skips_the_delay(void **state)
{
	struct lane_spec *spec = spec_new();
	struct path path;

	(void)state;
	spec->delay_ns = 5;
	spec->reorder_gap = 4;
	path_start(&path, spec, BB_INGRESS);
	for (int i = 1; i <= 20; i++)
		assert_int_equal(next(&path, spec, NS_PER_SEC).ahead, i % 4 == 0);
	spec->reorder_gap = 1;
	assert_int_equal(count_ahead(spec), PACKETS);
	free(spec);
}

/* Correlated: packets come ahead in groups, but as many of them as asked. */
static void correlation_keeps_the_share(void **state)
{
	struct lane_spec *spec = spec_new();
	int ahead = 0, repeated = 0;
	bool last = false;
	struct path path;

	(void)state;
	spec->reorder = 0.25;
	spec->reorder_correlation = 0.8;
	path_start(&path, spec, BB_INGRESS);
	for (int i = 0; i < PACKETS; i++) {
		bool now = next(&path, spec, NS_PER_SEC).ahead;

		ahead += now;
		repeated += i > 0 && now == last;
		last = now;
	}
	/* Worth a ninth of independent ones: five deviations are three times as wide. */
	assert_true(fabs(ahead - PACKETS / 4.0) < 15 * sqrt(PACKETS * 0.25 * 0.75));
	/* Again, or by chance the same. */
	assert_true(fabs((double)repeated / PACKETS - (0.8 + 0.2 * (0.0625 + 0.5625))) < 0.01);
	free(spec);
}

static void overtaking_needs_somebody_who_waits(void **state)
{
	struct lane_spec *spec = spec_new();
	struct path path;

	(void)state;
	spec->reorder_gap = 3;
	spec->delay_ns = 10;
	path_start(&path, spec, BB_INGRESS);
	for (int i = 1; i <= 12; i++)
		assert_int_equal(next(&path, spec, NS_PER_SEC).overtakes, i % 3 == 0);
	path_start(&path, spec, BB_INGRESS);
	for (int i = 1; i <= 12; i++) {
		assert_false(next(&path, spec, NS_PER_SEC).overtakes);
		path_leave(&path, FRAME);
	}
	free(spec);
}

static void what_is_above_the_limit_is_lost(void **state)
{
	struct lane_spec *spec = spec_new();
	struct path path;

	(void)state;
	spec->delay_ns = NS_PER_SEC;
	spec->limit_bytes = 3 * FRAME;
	path_start(&path, spec, BB_INGRESS);
	for (int i = 0; i < 3; i++)
		assert_false(next(&path, spec, NS_PER_SEC).lost);
	assert_true(next(&path, spec, NS_PER_SEC).lost);
	path_leave(&path, FRAME);
	assert_false(next(&path, spec, NS_PER_SEC).lost);
	assert_true(next(&path, spec, NS_PER_SEC).lost);
	/* A packet that alone is above the limit must not be kept out for ever. */
	path_start(&path, spec, BB_INGRESS);
	assert_false(path_decide(&path, spec, NS_PER_SEC, 4 * FRAME, 4 * FRAME).lost);
	assert_true(next(&path, spec, NS_PER_SEC).lost);
	free(spec);
}

/* What was lost on the way, and when packets came, changes nothing for those after it. */
static void the_nth_packet_meets_the_same_fate(void **state)
{
	struct lane_spec *spec = spec_new();
	struct path calm, busy;

	(void)state;
	spec->spread = SPREAD_UNIFORM;
	spec->delay_ns = 20 * NS_PER_MS;
	spec->jitter_ns = 10 * NS_PER_MS;
	spec->correlation = 0.5;
	spec->reorder = 0.3;
	spec->limit_bytes = 10 * FRAME;
	path_start(&calm, spec, BB_EGRESS);
	path_start(&busy, spec, BB_EGRESS);
	for (int i = 0; i < 5000; i++) {
		int64_t calm_ns = i * NS_PER_SEC, busy_ns = i * NS_PER_US;
		struct decision in_calm = next(&calm, spec, calm_ns);
		struct decision in_haste = next(&busy, spec, busy_ns);

		path_leave(&calm, FRAME);
		if (i % 7 == 0)
			path_leave(&busy, FRAME);
		assert_int_equal(in_calm.lost, false);
		assert_int_equal(in_calm.ahead, in_haste.ahead);
		if (!in_haste.lost)
			assert_int_equal(in_calm.due_ns - calm_ns, in_haste.due_ns - busy_ns);
	}
	free(spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_burst_each_packet_takes_its_time),
		cmocka_unit_test(a_burst_passes_at_once_after_a_pause),
		cmocka_unit_test(fractions_of_nanoseconds_are_kept),
		cmocka_unit_test(extremes_stay_in_order),
		cmocka_unit_test(a_delay_comes_after_the_rate),
		cmocka_unit_test(order_is_kept_when_asked),
		cmocka_unit_test(the_share_that_skips_the_delay),
		cmocka_unit_test(every_nth_packet_skips_the_delay),
		cmocka_unit_test(correlation_keeps_the_share),
		cmocka_unit_test(overtaking_needs_somebody_who_waits),
		cmocka_unit_test(what_is_above_the_limit_is_lost),
		cmocka_unit_test(the_nth_packet_meets_the_same_fate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
