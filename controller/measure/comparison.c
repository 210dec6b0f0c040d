/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/measure/comparison.h"

#include <math.h>
#include <stdlib.h>

static double share_of(struct proportion sample)
{
	return (double)sample.x / (double)sample.n;
}

struct statistics_interval statistics_contrast(struct proportion first, struct proportion second,
	const struct contrast *contrast, double alpha)
{
	struct statistics_interval one = statistics_wilson(first.x, first.n, alpha);
	struct statistics_interval two = statistics_wilson(second.x, second.n, alpha);
	double a = contrast->first_weight, b = contrast->second_weight;
	double p1 = share_of(first), p2 = share_of(second), middle = a * p1 - b * p2;

	return (struct statistics_interval){
		.lower = middle - hypot(a * (p1 - one.lower), b * (two.upper - p2)),
		.upper = middle + hypot(a * (one.upper - p1), b * (p2 - two.lower)),
	};
}

struct statistics_interval statistics_newcombe(
	struct proportion first, struct proportion second, double alpha)
{
	static const struct contrast difference = {.first_weight = 1, .second_weight = 1};

	return statistics_contrast(first, second, &difference, alpha);
}

enum statistics_verdict statistics_judge_contrast(struct proportion first, struct proportion second,
	const struct contrast *contrast, double alpha)
{
	struct statistics_interval interval =
		statistics_contrast(first, second, contrast, 2 * alpha);
	bool at_least = interval.lower >= contrast->bound,
	     at_most = interval.upper <= contrast->bound;

	if (contrast->at_most ? at_most : at_least)
		return STATISTICS_HELD;
	/* What lies on the bound breaks neither claim. */
	if (contrast->at_most ? interval.lower > contrast->bound : interval.upper < contrast->bound)
		return STATISTICS_VIOLATED;
	return STATISTICS_INCONCLUSIVE;
}

/* --- Mann and Whitney --------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How many of the sorted values, from `index` on, equal the one there. */
static size_t run_length(struct value_sample sorted, size_t index, double value)
{
	size_t end = index;

	while (end < sorted.count && sorted.values[end] == value)
		end++;
	return end - index;
}

/* Both sorted. *out_ties receives the sum of t³ − t over all groups of t equal values. */
static double count_larger(struct value_sample first, struct value_sample second, double *out_ties)
{
	size_t i = 0, j = 0;
	double u = 0;

	*out_ties = 0;
	while (i < first.count || j < second.count) {
		double value =
			j == second.count || (i < first.count && first.values[i] < second.values[j])
			? first.values[i]
			: second.values[j];
		size_t own = run_length(first, i, value), other = run_length(second, j, value);
		double tied = (double)(own + other);

		u += (double)own * ((double)j + 0.5 * (double)other);
		*out_ties += tied * tied * tied - tied;
		i += own;
		j += other;
	}
	return u;
}

/* Differences first − second that are at most `bound`; *out_next receives the least above it. */
static double differences_up_to(
	struct value_sample first, struct value_sample second, double bound, double *out_next)
{
	size_t larger = 0; /* how many of the second lie so low that the difference is above */
	double count = 0;

	*out_next = INFINITY;
	for (size_t i = 0; i < first.count; i++) {
		while (larger < second.count && first.values[i] - second.values[larger] > bound)
			larger++;
		count += (double)(second.count - larger);
		if (larger)
			*out_next = fmin(*out_next, first.values[i] - second.values[larger - 1]);
	}
	return count;
}

/* The difference of that rank, from 1, of all n1·n2, without making them all. */
static double difference_of_rank(struct value_sample first, struct value_sample second, double rank)
{
	double low = first.values[0] - second.values[second.count - 1];
	double high = first.values[first.count - 1] - second.values[0], next;

	if (differences_up_to(first, second, low, &next) >= rank)
		return low;
	/* Below: fewer than `rank` are at most `low`, so many are at most `high`. */
	for (;;) {
		double middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			break;
		if (differences_up_to(first, second, middle, &next) >= rank)
			high = middle;
		else
			low = middle;
	}
	differences_up_to(first, second, low, &next);
	return next;
}

static double median_difference(struct value_sample first, struct value_sample second)
{
	double pairs = (double)first.count * (double)second.count;
	double low = difference_of_rank(first, second, floor((pairs + 1) / 2));

	if (fmod(pairs, 2) == 1)
		return low;
	return low + (difference_of_rank(first, second, pairs / 2 + 1) - low) / 2;
}

/* P(Z ≥ z) of the standard normal distribution. */
static double normal_above(double z)
{
	return 0.5 * erfc(z / M_SQRT2);
}

struct rank_comparison statistics_mann_whitney(
	struct value_sample first, struct value_sample second)
{
	double n1 = (double)first.count, n2 = (double)second.count, n = n1 + n2, ties;
	struct rank_comparison out = {.either = 1};
	double away, deviation, corrected;

	qsort(first.values, first.count, sizeof(double), by_value);
	qsort(second.values, second.count, sizeof(double), by_value);
	out.u = count_larger(first, second, &ties);
	out.chance = out.u / (n1 * n2);
	out.shift = median_difference(first, second);
	away = out.u - n1 * n2 / 2;
	deviation = sqrt(n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1))));
	/* All values are equal, or nearly so: half a count of correction is all there is. */
	corrected = fmax(0, fabs(away) - 0.5);
	if (deviation > 0) {
		out.z = copysign(corrected / deviation, away);
		out.either = fmin(1, 2 * normal_above(corrected / deviation));
	}
	out.larger = deviation > 0 ? normal_above((away - 0.5) / deviation) : 1;
	return out;
}

struct statistics_interval statistics_shift(
	struct value_sample first, struct value_sample second, double alpha)
{
	double n1 = (double)first.count, n2 = (double)second.count;
	double deviation = sqrt(n1 * n2 * (n1 + n2 + 1) / 12);
	double rank = floor(n1 * n2 / 2 - normal_quantile(1 - alpha / 2) * deviation);

	if (rank < 1)
		return (struct statistics_interval){.lower = -INFINITY, .upper = INFINITY};
	qsort(first.values, first.count, sizeof(double), by_value);
	qsort(second.values, second.count, sizeof(double), by_value);
	return (struct statistics_interval){.lower = difference_of_rank(first, second, rank),
		.upper = difference_of_rank(first, second, n1 * n2 + 1 - rank)};
}
