/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CUSUM_H
#define BACKBURN_CUSUM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Has the share of bad events grown from p0 to p1? A sum of Wald's log likelihood ratios that never
 * falls below 0 (A. Wald, Sequential Analysis, 1947; E. S. Page, Continuous inspection schemes,
 * 1954): so the good events before a change can't hide it, as they would in Wald's own test. Pure
 * and thread-safe.
 */
struct cusum_test {
	double bad_step, good_step; /* what an event adds: above 0, and below */
	double limit;               /* from there on it has grown */
};

/* 0 < p0 < p1 < 1. alpha and beta are Wald's chances to err, of one test from 0 on: 0..0.5. */
struct cusum_test cusum_test(double p0, double p1, double alpha, double beta);

/* The sum after one more event. */
double cusum_next(const struct cusum_test *test, double sum, bool bad);

/* Bad events in a row that bring a sum of 0 to the limit. */
int64_t cusum_least_bad(const struct cusum_test *test);

#endif
