/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CHANCE_H
#define BACKBURN_INJECTOR_CHANCE_H

#include <stdint.h>

#include "bpf/matcher.h"

/*
 * The models by which packets are hit, as Markov chains for the packet matcher. Pure. Ratios are
 * 0..1; each model has the seed put in by the caller.
 */

/* Each packet for itself. */
void chance_random(struct bb_chance *out, double ratio);

/*
 * The same ratio in the long run, but hits come together: `correlation` (0..1, below 1) is that of
 * one packet's fate with the next one's. (A chain of two states with P(hit after hit) =
 * ratio + correlation · (1 − ratio) and P(hit after none) = ratio · (1 − correlation).)
 */
void chance_correlated(struct bb_chance *out, double ratio, double correlation);

/* The n-th, 2n-th, … packet of each direction; n ≥ 1. */
void chance_every(struct bb_chance *out, uint32_t n);

/*
 * Gilbert (1960) and Elliott (1963): a good and a bad state, with chances to go from one to the
 * other and a ratio of hits in each. Bursts of bad last 1 / to_good packets on average.
 */
struct gilbert_elliott {
	double to_bad, to_good, hit_bad, hit_good;
};
void chance_gilbert_elliott(struct bb_chance *out, const struct gilbert_elliott *model);

/*
 * The four states of Salsano, Ludovici, Ordine (2009), as netem has them: 1 received, 2 received
 * inside a burst, 3 lost in a burst, 4 lost alone.
 */
struct four_states {
	double p13, p31, p32, p23, p14;
};
void chance_four_states(struct bb_chance *out, const struct four_states *model);

/* The ratio of hits in the long run. */
double chance_ratio(const struct bb_chance *chance);

/*
 * How much the number of hits scatters beside that of independent trials (a factor on its
 * variance): 1 for these, 0 for every n-th, more where hits come together. The sum of the
 * autocorrelations of the hits at all distances, 1 + 2 Σ ρ(k).
 */
double chance_scatter(const struct bb_chance *chance);

#endif
