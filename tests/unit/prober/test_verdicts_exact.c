/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/seed.h"
#include "controller/measure/statistics.h"
#include "tests/pace.h"

/* The tests behind verdicts against others that share no formula with them. */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

__extension__ typedef unsigned __int128 wide;

/* C(n, k) by Pascal's triangle. */
static wide choose(int n, int k)
{
	wide row[128] = {1};

	for (int i = 1; i <= n; i++)
		for (int j = i; j > 0; j--)
			row[j] += row[j - 1];
	return row[k];
}

static wide power(wide base, int exponent)
{
	wide value = 1;

	while (exponent-- > 0)
		value *= base;
	return value;
}

/*
 * By integers: with an objective of (of − 1)/of, C(n, i)·(of − 1)^(n − i) of the of^n equally
 * likely outcomes have i bad events, and 5 % of all is one in twenty. Nothing is rounded.
 */
static enum statistics_verdict exact_verdict(int bad, int n, int of)
{
	wide all = power((wide)of, n), at_most = 0, below = 0;

	for (int i = 0; i <= bad; i++) {
		below = at_most;
		at_most += choose(n, i) * power((wide)of - 1, n - i);
	}
	if (at_most <= all / 20)
		return STATISTICS_HELD;
	/* One event of one bad has a chance of exactly 5 % at 0.95, but 1 − 0.95 is rounded up. */
	if (all - below < all / 20 || (all - below == all / 20 && of != 20))
		return STATISTICS_VIOLATED;
	return STATISTICS_INCONCLUSIVE;
}

static void verdicts_are_those_of_whole_numbers(void **state)
{
	(void)state;
	static const struct {
		int of, n_max;
		double objective;
	} cases[] = {{2, 100, 0.5}, {4, 60, 0.75}, {5, 50, 0.8}, {10, 36, 0.9}, {20, 28, 0.95}};

	for (size_t c = 0; c < COUNT_OF(cases); c++)
		for (int n = 1; n <= cases[c].n_max; n++)
			for (int bad = 0; bad <= n; bad++)
				assert_int_equal(statistics_judge(bad, n, cases[c].objective, 0.05),
					exact_verdict(bad, n, cases[c].of));
}

/* P(Bin(n, p) ≤ k) from its first term on, each from the one before. */
static long double summed(int64_t k, int64_t n, long double p)
{
	long double term = powl(1 - p, (long double)n), sum = term;

	for (int64_t i = 1; i <= k; i++) {
		term *= (long double)(n - i + 1) / (long double)i * p / (1 - p);
		sum += term;
	}
	return sum;
}

static void tails_are_those_of_a_sum(void **state)
{
	(void)state;
	static const double chances[] = {1e-5, 0.001, 0.01, 0.1};
	/* Valgrind computes a long double as a double. */
	const int64_t most = pace() == 1 ? 100000 : 1000;

	for (size_t c = 0; c < COUNT_OF(chances); c++)
		for (int64_t n = 10; n <= most; n *= 10) {
			double mean = (double)n * chances[c];

			if (mean > 4000) /* (1 − p)^n would be nothing, in a long double too */
				continue;
			for (int64_t k = 0; k <= n && (double)k < mean + 8 * sqrt(mean) + 8; k++) {
				double own = binomial_at_most(k, n, chances[c]);
				double other = (double)summed(k, n, (long double)chances[c]);

				if (fabs(own - other) > 1e-10 * other + 1e-14)
					fail_msg("n %lld, p %g, k %lld: %.15g, summed %.15g",
						(long long)n, chances[c], (long long)k, own, other);
			}
		}
}

/* At each bound of an exact interval the tail beyond what was seen has half of alpha. */
static void exact_bounds_leave_their_tails(void **state)
{
	(void)state;
	static const struct {
		int64_t bad, n;
	} rows[] = {{1, 100}, {5, 1000}, {1, 1000}, {10, 3000}, {10, 10000}, {3, 7}, {20, 400}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct statistics_interval bad =
			statistics_clopper_pearson(rows[i].bad, rows[i].n, 0.05);
		long double up_to = summed(rows[i].bad, rows[i].n, bad.upper);
		long double below = summed(rows[i].bad - 1, rows[i].n, bad.lower);

		assert_true(fabsl(up_to - 0.025L) < 1e-9L);
		assert_true(fabsl(1 - below - 0.025L) < 1e-9L);
	}
}

/* The ranks of a quantile's bounds, found by trying each. */
static void ranks_are_the_first_that_serve(void **state)
{
	(void)state;
	static const double quantiles[] = {0.5, 0.9, 0.95, 0.99};

	for (size_t q = 0; q < COUNT_OF(quantiles); q++)
		for (int64_t n = 1; n <= 700; n += 3) {
			long double above = 1 - (long double)quantiles[q];
			struct statistics_ranks ranks =
				statistics_quantile_ranks(n, quantiles[q], 0.05);
			int64_t upper = 0, lower = 0;

			/* Value u is an upper bound unless more than n − u lie above. */
			for (int64_t u = n; u > 0 && summed(n - u, n, above) <= 0.05L; u--)
				upper = u;
			for (int64_t l = 1; l <= n && 1 - summed(n - l, n, above) <= 0.05L; l++)
				lower = l;
			assert_int_equal(ranks.upper, upper);
			assert_int_equal(ranks.lower, lower);
		}
}

static void quantiles_are_inverted_by_the_area(void **state)
{
	(void)state;
	for (int i = 1; i < 1000; i++) {
		double p = i / 1000.0, z = normal_quantile(p);
		long double area = 0;

		/* Simpson's rule from 0 to z. */
		for (int step = 0; step <= 2000; step++) {
			long double x = (long double)z * step / 2000;
			int weight = step % 2000 == 0 ? 1 : step % 2 ? 4 : 2;

			area += weight * expl(-x * x / 2);
		}
		area *= (long double)z / 6000 / sqrtl(2 * acosl(-1));
		assert_true(fabsl(0.5L + area - (long double)p) < 1e-13L);
	}
}

/*
 * A system whose true rate is exactly its objective: what comes out of ten thousand runs. Neither
 * HELD nor VIOLATED would be true of it, and each may come up in one of twenty.
 */
static void a_system_at_its_objective_is_rarely_judged(void **state)
{
	(void)state;
	static const struct {
		double objective;
		int64_t n;
	} cases[] = {{0.99, 300}, {0.99, 1500}, {0.95, 600}, {0.999, 3000}, {0.5, 50}};
	enum {
		RUNS = 10000
	};
	const int64_t runs = RUNS / pace();
	uint64_t seed = 20;

	for (size_t c = 0; c < COUNT_OF(cases); c++) {
		uint64_t bound = (uint64_t)ldexp(1 - cases[c].objective, 63);
		int64_t n = cases[c].n, held = 0, violated = 0;
		double true_share =
			binomial_at_least(statistics_violating(n, cases[c].objective, 0.05), n,
				1 - cases[c].objective);

		for (int64_t run = 0; run < runs; run++) {
			enum statistics_verdict verdict;
			int64_t bad = 0;

			for (int64_t i = 0; i < n; i++)
				bad += seed_next(&seed) >> 1 < bound;
			verdict = statistics_judge(bad, n, cases[c].objective, 0.05);
			held += verdict == STATISTICS_HELD;
			violated += verdict == STATISTICS_VIOLATED;
		}
		/* Of fewer runs chance may bring more. */
		assert_true(violated <= runs / 20 || runs < RUNS);
		assert_true(held <= runs / 20 || runs < RUNS);
		/* As often as the distribution says: a test that never fires would pass as well. */
		assert_true(fabs((double)violated / (double)runs - true_share) <
			4 * sqrt(true_share * (1 - true_share) / (double)runs));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_those_of_whole_numbers),
		cmocka_unit_test(tails_are_those_of_a_sum),
		cmocka_unit_test(exact_bounds_leave_their_tails),
		cmocka_unit_test(ranks_are_the_first_that_serve),
		cmocka_unit_test(quantiles_are_inverted_by_the_area),
		cmocka_unit_test(a_system_at_its_objective_is_rarely_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
