/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_STATISTICS_H
#define BACKBURN_STATISTICS_H

#include <stdint.h>

/*
 * Exact one-sided binomial tests behind every verdict. An SLO claims that at least `objective` of
 * all events are good; with n events, `bad` of them bad, and B = 1 - objective:
 *
 *   HELD          iff  P(Bin(n, B) ≤ bad) ≤ alpha
 *   VIOLATED      iff  P(Bin(n, B) ≥ bad) ≤ alpha
 *   INCONCLUSIVE  otherwise
 *
 * This is the distribution-free order-statistic interval (Hahn and Meeker, Statistical Intervals,
 * 1991, section 5.2) read as a test: HELD means that the upper confidence bound of the quantile
 * lies inside the objective. Neither the normal approximation nor Wald's interval is used, because
 * both are wrong near 1, where availability lives.
 *
 * Preconditions of all functions here: 0 ≤ bad ≤ n, 0 < alpha < 0.5, objective and p in 0..1.
 * All are pure, thread-safe, and take under a millisecond for n up to 10^7 unless said otherwise.
 */
enum statistics_verdict {
	STATISTICS_INCONCLUSIVE,
	STATISTICS_HELD,
	STATISTICS_VIOLATED,
};

enum statistics_verdict statistics_judge(
	int64_t bad, int64_t total, double objective, double alpha);

/*
 * The least number of events with which the claim can be HELD at all (with no bad one):
 * ceil(ln alpha / ln objective). INT64_MAX for objective 1, which no sample can show.
 */
int64_t statistics_samples_needed(double objective, double alpha);

/* The greatest number of bad events of n that is still HELD; -1 when none is. */
int64_t statistics_tolerated(int64_t n, double objective, double alpha);

/* The least number of bad events of n that is VIOLATED; n + 1 when not even n is proof. */
int64_t statistics_violating(int64_t n, double objective, double alpha);

/*
 * What will come out when each event is bad with probability `error_rate`, independently: the
 * chance that n events end INCONCLUSIVE, and the chance that they do not end HELD.
 */
double statistics_chance_inconclusive(int64_t n, double objective, double alpha, double error_rate);
double statistics_chance_not_held(int64_t n, double objective, double alpha, double error_rate);

struct statistics_interval {
	double lower, upper;
};

/*
 * Two-sided intervals of confidence 1 - alpha for the probability behind x of n (n ≥ 1).
 * Wilson's score interval (Wilson 1927), for display: good coverage and never outside 0..1.
 * Clopper and Pearson's exact interval (1934); its one-sided bound of confidence 1 - a is the
 * two-sided one with alpha = 2a. By bisection on the tail: some 10 ms for n = 10^7.
 */
struct statistics_interval statistics_wilson(int64_t x, int64_t n, double alpha);
struct statistics_interval statistics_clopper_pearson(int64_t x, int64_t n, double alpha);

/*
 * Ranks (from 1) of the order statistics that bound the q-quantile of n values, each with
 * confidence 1 - alpha: the quantile is ≥ value[lower] and ≤ value[upper]. 0 where no value can
 * serve as that bound. (Hahn and Meeker 1991, section 5.2.)
 */
struct statistics_ranks {
	int64_t lower, upper;
};

struct statistics_ranks statistics_quantile_ranks(int64_t n, double q, double alpha);

/* P(Bin(n, p) = k), P(Bin(n, p) ≤ k) and P(Bin(n, p) ≥ k); k may lie outside 0..n. */
double binomial_probability(int64_t k, int64_t n, double p);
double binomial_at_most(int64_t k, int64_t n, double p);
double binomial_at_least(int64_t k, int64_t n, double p);

/* The standard normal quantile, to full double precision for 1e-300 < p < 1 - 1e-16. */
double normal_quantile(double p);

#endif
