/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/measure/statistics.h"

#include <math.h>

/*
 * --- the binomial distribution ----------------------------------------------------------------
 *
 * Probabilities by Loader's saddle-point form (C. Loader, Fast and Accurate Computation of
 * Binomial Probabilities, 2000): the difference of large lgamma values would cost half of the
 * digits at n = 10^7. A tail is summed term by term from its largest term outwards, which takes a
 * few standard deviations of terms, at most about 15 000 at n = 10^7.
 */

/* ln n! minus Stirling's approximation of it, n ≥ 1. */
static double stirling_error(double n)
{
	if (n < 16) {
		int sign;

		/* lgamma() would write the global signgam. */
		return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - 0.5 * log(2 * M_PI);
	}

	double square = n * n;

	return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / 1680 / square) / square) / square) / n;
}

/* x·ln(x/mean) + mean − x without the cancellation near x = mean. */
static double deviance(double x, double mean)
{
	if (fabs(x - mean) >= 0.1 * (x + mean))
		return x * log(x / mean) + mean - x;

	double v = (x - mean) / (x + mean);
	double sum = (x - mean) * v;
	double term = 2 * x * v;

	for (int j = 1; j < 1000; j++) {
		term *= v * v;

		double next = sum + term / (2 * j + 1);

		if (next == sum)
			break;
		sum = next;
	}
	return sum;
}

double binomial_probability(int64_t k, int64_t n, double p)
{
	if (k < 0 || k > n)
		return 0;
	if (p <= 0)
		return k == 0;
	if (p >= 1)
		return k == n;
	if (k == 0)
		return exp((double)n * log1p(-p));
	if (k == n)
		return exp((double)n * log(p));

	double x = (double)k, size = (double)n, rest = size - x;
	double exponent = stirling_error(size) - stirling_error(x) - stirling_error(rest) -
		deviance(x, size * p) - deviance(rest, size * (1 - p));

	return exp(exponent) * sqrt(size / (2 * M_PI * x * rest));
}

/* The sum of the terms k, k−1, … 0; right for any k, quick for k below the mode. */
static double sum_down(int64_t k, int64_t n, double p)
{
	double term = binomial_probability(k, n, p), sum = 0;

	for (; k >= 0 && term > sum * 1e-18; k--) {
		sum += term;
		term *= (double)k * (1 - p) / ((double)(n - k + 1) * p);
	}
	return sum;
}

double binomial_at_most(int64_t k, int64_t n, double p)
{
	if (k < 0)
		return 0;
	if (k >= n || p <= 0)
		return 1;
	if (p >= 1)
		return 0;
	if ((double)k <= (double)n * p)
		return sum_down(k, n, p);
	/* P(X ≤ k) = 1 − P(n − X ≤ n − k − 1), and n − X is binomial with 1 − p. */
	return 1 - sum_down(n - k - 1, n, 1 - p);
}

double binomial_at_least(int64_t k, int64_t n, double p)
{
	return binomial_at_most(n - k, n, 1 - p);
}

/* --- verdicts -------------------------------------------------------------------------- */

enum statistics_verdict statistics_judge(int64_t bad, int64_t total, double objective, double alpha)
{
	double budget = 1 - objective;

	if (total <= 0)
		return STATISTICS_INCONCLUSIVE;
	if (binomial_at_most(bad, total, budget) <= alpha)
		return STATISTICS_HELD;
	if (binomial_at_least(bad, total, budget) <= alpha)
		return STATISTICS_VIOLATED;
	return STATISTICS_INCONCLUSIVE;
}

int64_t statistics_samples_needed(double objective, double alpha)
{
	if (objective >= 1)
		return INT64_MAX;
	if (objective <= 0)
		return 1;

	double needed = log(alpha) / log(objective);

	if (needed >= 9e18)
		return INT64_MAX;

	/* Decided by the test itself, so that both agree where rounding matters. */
	int64_t n = (int64_t)needed;

	while (n < 1 || statistics_judge(0, n, objective, alpha) != STATISTICS_HELD)
		n++;
	return n;
}

int64_t statistics_tolerated(int64_t n, double objective, double alpha)
{
	double budget = 1 - objective;
	int64_t held = -1, not_held = n;

	while (not_held - held > 1) {
		int64_t middle = held + (not_held - held) / 2;

		if (binomial_at_most(middle, n, budget) <= alpha)
			held = middle;
		else
			not_held = middle;
	}
	return held;
}

int64_t statistics_violating(int64_t n, double objective, double alpha)
{
	double budget = 1 - objective;
	int64_t not_proven = -1, proven = n + 1;

	while (proven - not_proven > 1) {
		int64_t middle = not_proven + (proven - not_proven) / 2;

		if (binomial_at_least(middle, n, budget) <= alpha)
			proven = middle;
		else
			not_proven = middle;
	}
	return proven;
}

double statistics_chance_inconclusive(int64_t n, double objective, double alpha, double error_rate)
{
	int64_t held = statistics_tolerated(n, objective, alpha);
	int64_t violated = statistics_violating(n, objective, alpha);
	double chance = 1 - binomial_at_most(held, n, error_rate) -
		binomial_at_least(violated, n, error_rate);

	return chance > 0 ? chance : 0;
}

double statistics_chance_not_held(int64_t n, double objective, double alpha, double error_rate)
{
	return binomial_at_least(statistics_tolerated(n, objective, alpha) + 1, n, error_rate);
}

/* --- intervals ------------------------------------------------------------------------- */

/* Acklam's rational approximation (relative error 1.2e-9), for p ≤ 0.5. */
static double quantile_approximation(double p)
{
	if (p < 0.02425) {
		double q = sqrt(-2 * log(p));

		return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q -
				  2.400758277161838e+00) *
					 q -
				 2.549732539343734e+00) *
					q +
				4.374664141464968e+00) *
				       q +
			       2.938163982698783e+00) /
			((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q +
				  2.445134137142996e+00) *
					 q +
				 3.754408661907416e+00) *
					q +
				1);
	}

	double q = p - 0.5, r = q * q;

	return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r -
			  2.759285104469687e+02) *
				 r +
			 1.383577518672690e+02) *
				r -
			3.066479806614716e+01) *
			       r +
		       2.506628277459239e+00) *
		q /
		(((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r -
			   1.556989798598866e+02) *
				  r +
			  6.680131188771972e+01) *
				 r -
			 1.328068155288572e+01) *
				r +
			1);
}

double normal_quantile(double p)
{
	if (p > 0.5)
		return -normal_quantile(1 - p);

	double x = quantile_approximation(p);
	/* One step of Halley's method on erfc brings it to full precision. */
	double error = 0.5 * erfc(-x / M_SQRT2) - p;
	double step = error * sqrt(2 * M_PI) * exp(x * x / 2);

	return x - step / (1 + x * step / 2);
}

struct statistics_interval statistics_wilson(int64_t x, int64_t n, double alpha)
{
	double z = normal_quantile(1 - alpha / 2);
	double size = (double)n, p = (double)x / size;
	double scale = 1 + z * z / size;
	double centre = (p + z * z / (2 * size)) / scale;
	double half = z * sqrt(p * (1 - p) / size + z * z / (4 * size * size)) / scale;

	/* At the ends the interval touches 0 or 1 exactly; rounding must not hide it. */
	return (struct statistics_interval){
		.lower = x == 0 ? 0 : fmax(0, centre - half),
		.upper = x == n ? 1 : fmin(1, centre + half),
	};
}

/* The p at which P(Bin(n, p) ≥ x) = tail; that grows with p. */
static double bound_from_below(int64_t x, int64_t n, double tail)
{
	double low = 0, high = 1;

	for (int step = 0; step < 60; step++) {
		double middle = low + (high - low) / 2;

		if (binomial_at_least(x, n, middle) < tail)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}

struct statistics_interval statistics_clopper_pearson(int64_t x, int64_t n, double alpha)
{
	return (struct statistics_interval){
		.lower = x == 0 ? 0 : bound_from_below(x, n, alpha / 2),
		.upper = x == n ? 1 : 1 - bound_from_below(n - x, n, alpha / 2),
	};
}

struct statistics_ranks statistics_quantile_ranks(int64_t n, double q, double alpha)
{
	/* At most `tolerated` values lie above the quantile, at least `violating` do not. */
	int64_t tolerated = statistics_tolerated(n, q, alpha);
	int64_t violating = statistics_violating(n, q, alpha);

	return (struct statistics_ranks){
		.lower = violating > n ? 0 : n - violating + 1,
		.upper = tolerated < 0 ? 0 : n - tolerated,
	};
}
