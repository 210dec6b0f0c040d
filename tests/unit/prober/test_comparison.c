/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/seed.h"
#include "controller/measure/comparison.h"

/* Two samples side by side, against reference values and against counting everything. */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define assert_near(value, expected, tolerance)                                                    \
	do {                                                                                       \
		double value_ = (value), expected_ = (expected);                                   \
		if (!(fabs(value_ - expected_) <= (tolerance)))                                    \
			fail_msg("%s is %.12g, expected %.12g", #value, value_, expected_);        \
	} while (0)

enum {
	MOST = 64,
	SMALL = 8
};

/* --- shares ------------------------------------------------------------------------------- */

static void differences_of_shares(void **state)
{
	(void)state;
	struct statistics_interval d =
		statistics_newcombe((struct proportion){56, 70}, (struct proportion){48, 80}, 0.05);

	assert_near(d.lower, 0.0524, 6e-5);
	assert_near(d.upper, 0.3339, 6e-5);
	d = statistics_newcombe(
		(struct proportion){990, 1000}, (struct proportion){999, 1000}, 0.05);
	assert_near(d.lower, -0.01735, 6e-6);
	assert_near(d.upper, -0.00249, 6e-6);
}

/* Wilson's limits once more, as what they are: where a score test with that p is just passed. */
static double score_limit(struct proportion sample, double z, double beyond)
{
	double share = (double)sample.x / (double)sample.n, inside = share, outside = beyond;

	for (int step = 0; step < 200; step++) {
		double p = (inside + outside) / 2;

		if (fabs(share - p) <= z * sqrt(p * (1 - p) / (double)sample.n))
			inside = p;
		else
			outside = p;
	}
	return inside;
}

static void newcombe_agrees_with_score_tests(void **state)
{
	(void)state;
	const double z = normal_quantile(0.975);

	for (int64_t x = 0; x <= 12; x++)
		for (int64_t y = 0; y <= 17; y++) {
			struct proportion one = {x, 12}, two = {y, 17};
			struct statistics_interval d = statistics_newcombe(one, two, 0.05);
			double p1 = (double)x / 12, p2 = (double)y / 17;
			double lower = p1 - p2 -
				sqrt(pow(p1 - score_limit(one, z, 0), 2) +
					pow(score_limit(two, z, 1) - p2, 2));
			double upper = p1 - p2 +
				sqrt(pow(score_limit(one, z, 1) - p1, 2) +
					pow(p2 - score_limit(two, z, 0), 2));

			assert_near(d.lower, lower, 1e-9);
			assert_near(d.upper, upper, 1e-9);
			assert_true(d.lower >= -1 && d.upper <= 1);
		}
}

/* How often the true difference lies inside, over every outcome that there can be. */
static double coverage(double p1, double p2)
{
	const int64_t n1 = 30, n2 = 40;
	double covered = 0;

	for (int64_t x = 0; x <= n1; x++)
		for (int64_t y = 0; y <= n2; y++) {
			struct statistics_interval d = statistics_newcombe(
				(struct proportion){x, n1}, (struct proportion){y, n2}, 0.05);

			if (d.lower <= p1 - p2 && p1 - p2 <= d.upper)
				covered += binomial_probability(x, n1, p1) *
					binomial_probability(y, n2, p2);
		}
	return covered;
}

static void newcombe_covers_what_it_says(void **state)
{
	(void)state;
	static const double shares[] = {0.05, 0.2, 0.5, 0.9, 0.98};
	const size_t count = COUNT_OF(shares);
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			double own = coverage(shares[i], shares[j]);

			/* Newcombe 1998, table II: mean 0.956, least 0.876. */
			assert_true(own > 0.87);
			sum += own;
		}
	sum /= (double)(count * count);
	assert_true(sum > 0.945 && sum < 0.975);
}

/*
 * A claim of 0.8 · p2 that is just met: over every outcome that there can be, either verdict comes
 * up in about one of twenty at most. Wilson's limits are approximate, so is this.
 */
static void verdicts_on_contrasts_err_as_rarely_as_they_say(void **state)
{
	(void)state;
	static const struct contrast kept = {.first_weight = 1, .second_weight = 0.8};
	static const double shares[] = {0.3, 0.6, 0.9, 0.97};
	const int64_t n1 = 60, n2 = 90;

	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		double chance[3] = {0};

		for (int64_t x = 0; x <= n1; x++)
			for (int64_t y = 0; y <= n2; y++)
				chance[statistics_judge_contrast((struct proportion){x, n1},
					(struct proportion){y, n2}, &kept, 0.05)] +=
					binomial_probability(x, n1, 0.8 * shares[i]) *
					binomial_probability(y, n2, shares[i]);
		assert_true(chance[STATISTICS_HELD] > 0.03 && chance[STATISTICS_HELD] < 0.062);
		assert_true(
			chance[STATISTICS_VIOLATED] > 0.03 && chance[STATISTICS_VIOLATED] < 0.062);
	}
}

/* --- ranks -------------------------------------------------------------------------------- */

static struct rank_comparison compare(
	const double *first, size_t n1, const double *second, size_t n2)
{
	double one[MOST], two[MOST];

	memcpy(one, first, n1 * sizeof(double));
	memcpy(two, second, n2 * sizeof(double));
	return statistics_mann_whitney(
		(struct value_sample){one, n1}, (struct value_sample){two, n2});
}

static const double slow[] = {14, 19, 22, 24, 28, 30, 35, 41, 55, 120};
static const double fast[] = {12, 14, 15, 15, 16, 18, 20, 22, 25, 30};

static void reference_values(void **state)
{
	(void)state;
	struct rank_comparison own = compare(slow, 10, fast, 10);

	assert_near(own.u, 81.5, 0);
	assert_near(own.z, 2.346912, 6e-7);
	assert_near(own.either, 0.018930, 6e-7);
	assert_near(own.larger, 0.018930 / 2, 6e-7);
	assert_near(own.chance, 0.815, 1e-12);
	assert_near(own.shift, 10.5, 1e-12);
	own = compare(fast, 10, slow, 10);
	assert_near(own.u, 18.5, 0);
	assert_near(own.z, -2.346912, 6e-7);
	assert_near(own.either, 0.018930, 6e-7);
	assert_near(own.shift, -10.5, 1e-12);
	assert_true(own.larger > 0.98);
}

static double pairs_larger(const double *first, size_t n1, const double *second, size_t n2)
{
	double u = 0;

	for (size_t i = 0; i < n1; i++)
		for (size_t j = 0; j < n2; j++)
			u += first[i] > second[j] ? 1 : first[i] == second[j] ? 0.5 : 0;
	return u;
}

/* All differences, in order, by inserting each. */
static double brute_shift(const double *first, size_t n1, const double *second, size_t n2)
{
	double all[MOST * MOST];
	size_t count = 0;

	for (size_t i = 0; i < n1; i++)
		for (size_t j = 0; j < n2; j++) {
			double own = first[i] - second[j];
			size_t place = count++;

			for (; place > 0 && all[place - 1] > own; place--)
				all[place] = all[place - 1];
			all[place] = own;
		}
	return (all[(count - 1) / 2] + all[count / 2]) / 2;
}

static void ranks_agree_with_all_pairs(void **state)
{
	(void)state;
	uint64_t seed = 1;

	for (int round = 0; round < 500; round++) {
		size_t n1 = 1 + seed_next(&seed) % (MOST - 1), n2 = 1 + seed_next(&seed) % 40;
		uint64_t different = 1 + seed_next(&seed) % 200;
		double first[MOST], second[MOST], u;
		struct rank_comparison own;

		for (size_t i = 0; i < n1; i++)
			first[i] = (double)(seed_next(&seed) % different) * 0.37 - 20;
		for (size_t i = 0; i < n2; i++)
			second[i] = (double)(seed_next(&seed) % different) * 0.37 - 25;
		own = compare(first, n1, second, n2);
		u = pairs_larger(first, n1, second, n2);
		assert_near(own.u, u, 0);
		assert_near(own.chance, u / (double)(n1 * n2), 1e-12);
		assert_near(own.shift, brute_shift(first, n1, second, n2), 1e-12);
	}
}

/*
 * Every way in which the twenty values could have been dealt to two samples of ten: what U does
 * then is its true distribution under "no difference", ties and all.
 */
static void the_approximation_agrees_with_every_deal(void **state)
{
	(void)state;
	double all[20], sum = 0, squares = 0, deals = 0, as_far = 0;
	struct rank_comparison own = compare(slow, 10, fast, 10);

	memcpy(all, slow, sizeof(slow));
	memcpy(all + 10, fast, sizeof(fast));
	for (unsigned int deal = 0; deal < 1U << 20; deal++) {
		double first[20], second[20], u;
		size_t n1 = 0, n2 = 0;

		if (__builtin_popcount(deal) != 10)
			continue;
		for (unsigned int i = 0; i < 20; i++)
			if (deal >> i & 1)
				first[n1++] = all[i];
			else
				second[n2++] = all[i];
		u = pairs_larger(first, n1, second, n2) - 50;
		sum += u;
		squares += u * u;
		deals++;
		as_far += fabs(u) >= 31.5;
	}
	assert_near(deals, 184756, 0);
	assert_near(sum, 0, 1e-6);
	/* The deviation with its correction for ties is exact; the normal form errs by little. */
	assert_near(own.z, 31 / sqrt(squares / deals), 1e-9);
	assert_near(as_far / deals, 0.015415, 5e-7);
	assert_true(own.either >= as_far / deals && own.either < as_far / deals + 0.004);
}

static void intervals_of_the_shift(void **state)
{
	double one[10], two[10], few[3] = {1, 2, 3}, other[3] = {4, 5, 6};
	struct statistics_interval own;
	double all[100];
	size_t count = 0;

	(void)state;
	memcpy(one, slow, sizeof(slow));
	memcpy(two, fast, sizeof(fast));
	own = statistics_shift(
		(struct value_sample){one, 10}, (struct value_sample){two, 10}, 0.05);
	/* The tables of the test have 24 for ten and ten values at 2.5 %: the 24th from each end.
	 */
	for (size_t i = 0; i < 10; i++)
		for (size_t j = 0; j < 10; j++) {
			double difference = slow[i] - fast[j];
			size_t place = count++;

			for (; place > 0 && all[place - 1] > difference; place--)
				all[place] = all[place - 1];
			all[place] = difference;
		}
	assert_near(own.lower, all[23], 0);
	assert_near(own.upper, all[76], 0);
	/* Twenty deals of three and three: none is rare enough. */
	own = statistics_shift(
		(struct value_sample){few, 3}, (struct value_sample){other, 3}, 0.05);
	assert_true(isinf(own.lower) && isinf(own.upper));
}

/* Two samples that lie 3 apart: the interval holds that as often as it says. */
static void intervals_of_the_shift_cover_what_they_say(void **state)
{
	uint64_t seed = 3;
	int covered = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		double first[20], second[15];
		struct statistics_interval own;

		for (size_t i = 0; i < 20; i++)
			first[i] = (double)(seed_next(&seed) % 100000) / 1000 + 3;
		for (size_t i = 0; i < 15; i++)
			second[i] = (double)(seed_next(&seed) % 100000) / 1000;
		own = statistics_shift(
			(struct value_sample){first, 20}, (struct value_sample){second, 15}, 0.05);
		covered += own.lower <= 3 && own.upper >= 3;
	}
	/* 95 % of 4000 are 3800; four deviations are 55, and it may be a little wider. */
	assert_in_range(covered, 3745, 3880);
}

static void values_that_say_nothing(void **state)
{
	(void)state;
	static const double same[] = {5, 5, 5, 5}, one[] = {7};
	struct rank_comparison own = compare(same, 4, same, 4);

	assert_near(own.chance, 0.5, 0);
	assert_near(own.z, 0, 0);
	assert_near(own.either, 1, 0);
	assert_near(own.larger, 1, 0);
	assert_near(own.shift, 0, 0);
	own = compare(one, 1, same, 4);
	assert_near(own.chance, 1, 0);
	assert_near(own.shift, 2, 0);
	assert_true(own.either > 0.05);
}

/* Samples from one source are told to differ no more often than the test says. */
static void chance_alone_is_rarely_taken_for_a_difference(void **state)
{
	(void)state;
	uint64_t seed = 7;
	int differ = 0, larger = 0;

	for (int round = 0; round < 4000; round++) {
		double first[50], second[50];
		struct rank_comparison own;

		for (size_t i = 0; i < 50; i++) {
			first[i] = (double)(seed_next(&seed) % 1000);
			second[i] = (double)(seed_next(&seed) % 1000);
		}
		own = compare(first, 50, second, 50);
		differ += own.either <= 0.05;
		larger += own.larger <= 0.05;
	}
	/* 5 % of 4000 are 200; four deviations are 55. */
	assert_in_range(differ, 145, 255);
	assert_in_range(larger, 145, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_of_shares),
		cmocka_unit_test(newcombe_agrees_with_score_tests),
		cmocka_unit_test(newcombe_covers_what_it_says),
		cmocka_unit_test(verdicts_on_contrasts_err_as_rarely_as_they_say),
		cmocka_unit_test(reference_values),
		cmocka_unit_test(ranks_agree_with_all_pairs),
		cmocka_unit_test(the_approximation_agrees_with_every_deal),
		cmocka_unit_test(intervals_of_the_shift),
		cmocka_unit_test(intervals_of_the_shift_cover_what_they_say),
		cmocka_unit_test(values_that_say_nothing),
		cmocka_unit_test(chance_alone_is_rarely_taken_for_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
