/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_COMPARISON_H
#define BACKBURN_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/measure/statistics.h"

/*
 * Two samples side by side: shares of events, and values without any distribution assumed. Pure
 * and thread-safe.
 */

/* x of n events, 0 ≤ x ≤ n, n ≥ 1. */
struct proportion {
	int64_t x, n;
};

/*
 * Newcombe's hybrid score interval for the difference p1 − p2 of the probabilities behind two
 * independent samples, two-sided with confidence 1 − alpha (R. G. Newcombe, Interval estimation
 * for the difference between independent proportions, 1998, method 10). Inside −1..1.
 */
struct statistics_interval statistics_newcombe(
	struct proportion first, struct proportion second, double alpha);

/*
 * A claim on two probabilities: first_weight · p1 − second_weight · p2 is at least `bound`, or at
 * most. Weights are above 0. Decided by Newcombe's interval with weights (method of variance
 * estimates recovery; G. Y. Zou and A. Donner, Construction of confidence limits about effect
 * measures, 2008), one-sided with alpha each way; with weights of 1 that is Newcombe's.
 */
struct contrast {
	double first_weight, second_weight, bound;
	bool at_most;
};

struct statistics_interval statistics_contrast(struct proportion first, struct proportion second,
	const struct contrast *contrast, double alpha);
enum statistics_verdict statistics_judge_contrast(struct proportion first, struct proportion second,
	const struct contrast *contrast, double alpha);

/* How the values of one sample lie against those of another. */
struct rank_comparison {
	double u;      /* pairs in which the first's value is the larger one, ties by half */
	double z;      /* of u, with tie and continuity correction; 0 when all values are equal */
	double larger; /* p of "the first's values are the larger ones", one-sided */
	double either; /* p of "they differ", two-sided */
	double chance; /* u / (n1 · n2): that a value of the first is larger than one of the second
			*/
	double shift;  /* Hodges and Lehmann's: the median of all differences first − second */
};

/*
 * Mann and Whitney's test by the normal approximation, good from about 10 values each on (H. B.
 * Mann and D. R. Whitney 1947; J. L. Hodges and E. L. Lehmann 1963). Sorts both arrays, of
 * `count` finite values each, at least one. n·log n for n values in all.
 */
struct value_sample {
	double *values;
	size_t count;
};

struct rank_comparison statistics_mann_whitney(
	struct value_sample first, struct value_sample second);

/*
 * An interval for the shift that rank_comparison estimates, two-sided with confidence 1 − alpha:
 * from the k-th least to the k-th greatest of all differences first − second, where k is what
 * leaves alpha/2 below it by Mann and Whitney's distribution, approximated (J. L. Hodges and E. L.
 * Lehmann 1963; M. Hollander and D. A. Wolfe, Nonparametric Statistical Methods, 1973, section
 * 4.3). Infinite when there are too few values. Sorts both arrays, of at least one finite value
 * each.
 */
struct statistics_interval statistics_shift(
	struct value_sample first, struct value_sample second, double alpha);

#endif
