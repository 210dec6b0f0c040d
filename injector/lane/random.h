/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_RANDOM_H
#define BACKBURN_LANE_RANDOM_H

#include <stdint.h>

/*
 * Random numbers that a run can be repeated with: number n of a stream is a function of seed,
 * stream and n alone (splitmix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
 * Generators", 2014). So the n-th packet meets the same fate whatever was asked in between.
 *
 * Correlation is that of the kernel's netem, get_crandom(): a number is blended with the one
 * before, (1 − c) · fresh + c · last. Numbers that follow one another so are no longer uniform:
 * with growing c they crowd around the middle (their variance is (1 − c) / (1 + c) of what it was).
 * Quantiles of a correlated delay are therefore narrower than its table's. What is decided by yes
 * or no is not blended, but repeated (path.c): a share must stay what was asked.
 */
struct lane_random {
	uint64_t key, position;
	double last;
};

/* Each purpose has a stream of its own, each direction too. */
enum lane_stream {
	STREAM_SPREAD,
	STREAM_REORDER
};

void lane_random_start(
	struct lane_random *random, uint64_t seed, enum lane_stream stream, int direction);

/* The next number, 0 ≤ x < 1. `correlation` is 0..1; the first number is never blended. */
double lane_random_next(struct lane_random *random, double correlation);

#endif
