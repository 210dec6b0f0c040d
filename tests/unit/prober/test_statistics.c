/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/measure/statistics.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define assert_near(value, expected, tolerance)                                                    \
	do {                                                                                       \
		double value_ = (value), expected_ = (expected);                                   \
		if (!(fabs(value_ - expected_) <= (tolerance)))                                    \
			fail_msg("%s is %.12g, expected %.12g", #value, value_, expected_);        \
	} while (0)

static void samples_needed(void **state)
{
	(void)state;
	static const struct {
		double objective;
		int64_t at_90, at_95, at_99;
	} cases[] = {
		{0.50, 4, 5, 7},
		{0.90, 22, 29, 44},
		{0.95, 45, 59, 90},
		{0.99, 230, 299, 459},
		{0.999, 2302, 2995, 4603},
		{0.9999, 23025, 29956, 46050},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
			statistics_samples_needed(cases[i].objective, 0.10), cases[i].at_90);
		assert_int_equal(
			statistics_samples_needed(cases[i].objective, 0.05), cases[i].at_95);
		assert_int_equal(
			statistics_samples_needed(cases[i].objective, 0.01), cases[i].at_99);
	}
	assert_true(statistics_samples_needed(1, 0.05) == INT64_MAX);
}

static void verdict_zones(void **state)
{
	(void)state;
	static const double objectives[] = {0.90, 0.95, 0.99, 0.999};
	static const struct {
		int64_t n;
		struct {
			int64_t held, violated;
		} zones[4];
	} rows[] = {
		{100, {{4, 16}, {1, 10}, {-1, 4}, {-1, 2}}},
		{300, {{21, 40}, {8, 22}, {0, 7}, {-1, 2}}},
		{1000, {{84, 117}, {38, 63}, {4, 16}, {-1, 4}}},
		{3000, {{272, 328}, {130, 171}, {20, 40}, {0, 7}}},
		{10000, {{950, 1051}, {463, 537}, {83, 118}, {4, 16}}},
		{30000, {{2914, 3087}, {1437, 1563}, {271, 330}, {20, 40}}},
	};

	for (size_t r = 0; r < COUNT_OF(rows); r++) {
		for (size_t o = 0; o < COUNT_OF(objectives); o++) {
			int64_t n = rows[r].n;
			int64_t held = statistics_tolerated(n, objectives[o], 0.05);
			int64_t violated = statistics_violating(n, objectives[o], 0.05);

			assert_int_equal(held, rows[r].zones[o].held);
			assert_int_equal(violated, rows[r].zones[o].violated);
			if (held >= 0)
				assert_int_equal(statistics_judge(held, n, objectives[o], 0.05),
					STATISTICS_HELD);
			assert_int_equal(statistics_judge(held + 1, n, objectives[o], 0.05),
				STATISTICS_INCONCLUSIVE);
			assert_int_equal(statistics_judge(violated - 1, n, objectives[o], 0.05),
				STATISTICS_INCONCLUSIVE);
			assert_int_equal(statistics_judge(violated, n, objectives[o], 0.05),
				STATISTICS_VIOLATED);
		}
	}
}

static void edges_of_the_test(void **state)
{
	(void)state;
	assert_int_equal(statistics_judge(0, 0, 0.99, 0.05), STATISTICS_INCONCLUSIVE);
	assert_int_equal(statistics_judge(0, 1000000, 1, 0.05), STATISTICS_INCONCLUSIVE);
	assert_int_equal(statistics_judge(1, 1000000, 1, 0.05), STATISTICS_VIOLATED);
	assert_int_equal(statistics_judge(9, 10, 0, 0.05), STATISTICS_HELD);
	/* One event can't be proof against an even chance. */
	assert_int_equal(statistics_violating(1, 0.5, 0.05), 2);
	assert_int_equal(statistics_tolerated(1, 0.5, 0.05), -1);
}

static void intervals(void **state)
{
	(void)state;
	static const struct {
		int64_t x, n;
		double wilson[2], exact[2], one_sided;
	} rows[] = {
		{100, 100, {0.963007, 1}, {0.963783, 1}, 0.970487},
		{99, 100, {0.945514, 0.998233}, {0.945541, 0.999747}, 0.953440},
		{995, 1000, {0.988349, 0.997862}, {0.988371, 0.998375}, 0.989516},
		{999, 1000, {0.994357, 0.999823}, {0.994441, 0.999975}, 0.995265},
		{2990, 3000, {0.993875, 0.998188}, {0.993878, 0.998400}, 0.994352},
		{9990, 10000, {0.998160, 0.999457}, {0.998162, 0.999520}, 0.998304},
		{0, 50, {0, 0.071348}, {0, 0.071122}, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct statistics_interval wilson = statistics_wilson(rows[i].x, rows[i].n, 0.05);
		struct statistics_interval exact =
			statistics_clopper_pearson(rows[i].x, rows[i].n, 0.05);

		assert_near(wilson.lower, rows[i].wilson[0], 6e-7);
		assert_near(wilson.upper, rows[i].wilson[1], 6e-7);
		assert_near(exact.lower, rows[i].exact[0], 6e-7);
		assert_near(exact.upper, rows[i].exact[1], 6e-7);
		assert_near(statistics_clopper_pearson(rows[i].x, rows[i].n, 0.10).lower,
			rows[i].one_sided, 6e-7);
	}
	/* Why the gate is the exact test: Wilson's one-sided bound at 100/100 is too good. */
	assert_near(statistics_wilson(100, 100, 0.10).lower, 0.97366, 6e-6);
}

static void normal_quantiles(void **state)
{
	(void)state;
	assert_near(normal_quantile(0.975), 1.959963984540054, 1e-12);
	assert_near(normal_quantile(0.95), 1.644853626951473, 1e-12);
	assert_near(normal_quantile(0.5), 0, 1e-15);
	assert_near(normal_quantile(0.001), -3.090232306167814, 1e-12);
	assert_near(normal_quantile(1e-10), -6.361340902404056, 1e-11);
}

static void quantile_ranks(void **state)
{
	(void)state;
	static const struct {
		double q;
		int64_t n, upper, lower;
	} rows[] = {
		{0.95, 100, 99, 91},
		{0.95, 1000, 962, 938},
		{0.99, 300, 300, 294},
		{0.99, 1000, 996, 985},
		{0.99, 3000, 2980, 2961},
		{0.999, 3000, 3000, 2994},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct statistics_ranks ranks =
			statistics_quantile_ranks(rows[i].n, rows[i].q, 0.05);

		assert_int_equal(ranks.upper, rows[i].upper);
		assert_int_equal(ranks.lower, rows[i].lower);
	}
	/* p99.9 of 1000 values has no upper bound. */
	assert_int_equal(statistics_quantile_ranks(1000, 0.999, 0.05).upper, 0);
}

/* Small binomials by the recurrence of Pascal's triangle, which shares no formula with ours. */
static void small_binomials_are_exact(void **state)
{
	(void)state;
	static const double chances[] = {0.001, 0.1, 0.5, 0.73, 0.999};

	for (size_t c = 0; c < COUNT_OF(chances); c++) {
		double p = chances[c], row[62] = {1};

		for (int n = 1; n <= 60; n++) {
			double at_most = 0;

			for (int k = n; k >= 0; k--)
				row[k] = row[k] * (1 - p) + (k ? row[k - 1] * p : 0);
			for (int k = 0; k <= n; k++) {
				at_most += row[k];
				assert_near(binomial_probability(k, n, p), row[k],
					1e-12 * row[k] + 1e-300);
				assert_near(binomial_at_most(k, n, p), at_most, 1e-12);
				assert_near(binomial_at_least(k + 1, n, p), 1 - at_most, 1e-12);
			}
		}
	}
}

static void tails_are_consistent_for_large_samples(void **state)
{
	(void)state;
	static const int64_t sizes[] = {1000, 100000, 10000000};
	static const double chances[] = {1e-5, 0.001, 0.01, 0.5};

	for (size_t s = 0; s < COUNT_OF(sizes); s++) {
		for (size_t c = 0; c < COUNT_OF(chances); c++) {
			int64_t n = sizes[s];
			double mean = (double)n * chances[c];
			double deviation = sqrt(mean * (1 - chances[c]));

			for (int step = -3; step <= 3; step++) {
				int64_t k = (int64_t)(mean + step * deviation);
				double below = binomial_at_most(k, n, chances[c]);
				double above = binomial_at_least(k + 1, n, chances[c]);

				assert_near(below + above, 1, 1e-9);
				assert_near(below - binomial_at_most(k - 1, n, chances[c]),
					binomial_probability(k, n, chances[c]), 1e-9);
			}
		}
	}
	/* The normal limit, where it is good: P(X ≤ np + sd) with half a count of correction. */
	assert_near(binomial_at_most(5001581, 10000000, 0.5), 0.841361, 5e-5);
}

static void verdicts_stay_ordered_for_large_samples(void **state)
{
	(void)state;
	static const double objectives[] = {0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999};

	for (int64_t n = 10; n <= 10000000; n *= 10) {
		for (size_t o = 0; o < COUNT_OF(objectives); o++) {
			int64_t held = statistics_tolerated(n, objectives[o], 0.05);
			int64_t violated = statistics_violating(n, objectives[o], 0.05);
			double expected = (double)n * (1 - objectives[o]);

			assert_true((double)held < expected);
			assert_true((double)violated > expected);
			assert_int_equal(
				held >= 0, n >= statistics_samples_needed(objectives[o], 0.05));
		}
	}
}

static void chances_before_a_run(void **state)
{
	(void)state;
	/* 300 events, 0.99: only 0 bad is HELD, so any background error spoils it. */
	assert_near(statistics_chance_not_held(300, 0.99, 0.05, 0.001), 1 - pow(0.999, 300), 1e-12);
	assert_near(statistics_chance_not_held(300, 0.99, 0.05, 0), 0, 0);
	assert_near(statistics_chance_not_held(100, 0.99, 0.05, 0), 1, 0);
	assert_near(statistics_chance_inconclusive(100, 0.99, 0.05, 0), 1, 0);
	/* n = 1000: INCONCLUSIVE is 5..15 bad. */
	assert_near(statistics_chance_inconclusive(1000, 0.99, 0.05, 0.01),
		binomial_at_most(15, 1000, 0.01) - binomial_at_most(4, 1000, 0.01), 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_needed),
		cmocka_unit_test(verdict_zones),
		cmocka_unit_test(edges_of_the_test),
		cmocka_unit_test(intervals),
		cmocka_unit_test(normal_quantiles),
		cmocka_unit_test(quantile_ranks),
		cmocka_unit_test(small_binomials_are_exact),
		cmocka_unit_test(tails_are_consistent_for_large_samples),
		cmocka_unit_test(verdicts_stay_ordered_for_large_samples),
		cmocka_unit_test(chances_before_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
