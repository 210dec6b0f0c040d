/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/chance.h"

#include <math.h>
#include <string.h>

enum {
	STEPS = 100000
};

static uint64_t parts(double ratio)
{
	return (uint64_t)llround(ratio * (double)BB_CERTAIN);
}

/* `go` is a matrix of `states` × `states` whose rows sum up to 1. */
static void chain(struct bb_chance *out, uint32_t states, const double *hit, const double *go)
{
	uint64_t seed = out->seed;

	*out = (struct bb_chance){.seed = seed, .states = states};
	for (uint32_t i = 0; i < states; i++) {
		double sum = 0;

		out->hit[i] = parts(hit[i]);
		for (uint32_t j = 0; j < BB_STATES; j++) {
			sum += j < states ? go[i * states + j] : 0;
			out->go[i][j] = j + 1 >= states ? BB_CERTAIN : parts(sum);
		}
	}
}

void chance_random(struct bb_chance *out, double ratio)
{
	chain(out, 1, (double[]){ratio}, (double[]){1});
}

void chance_correlated(struct bb_chance *out, double ratio, double correlation)
{
	double again = ratio + correlation * (1 - ratio), anew = ratio * (1 - correlation);

	if (correlation <= 0) {
		chance_random(out, ratio);
		return;
	}
	chain(out, 2, (double[]){0, 1}, (double[]){1 - anew, anew, 1 - again, again});
}

void chance_every(struct bb_chance *out, uint32_t n)
{
	uint64_t seed = out->seed;

	*out = (struct bb_chance){.seed = seed, .every = n, .states = 1};
}

void chance_gilbert_elliott(struct bb_chance *out, const struct gilbert_elliott *model)
{
	chain(out, 2, (double[]){model->hit_good, model->hit_bad},
		(double[]){
			1 - model->to_bad, model->to_bad, model->to_good, 1 - model->to_good});
}

void chance_four_states(struct bb_chance *out, const struct four_states *model)
{
	const struct four_states *p = model;
	const double go[] = {
		1 - p->p13 - p->p14, 0, p->p13, p->p14,    /* from 1 */
		0, 1 - p->p23, p->p23, 0,                  /* from 2 */
		p->p31, p->p32, 1 - p->p31 - p->p32, 0,    /* from 3 */
		1, 0, 0, 0,                                /* from 4 */
	};

	chain(out, 4, (double[]){0, 0, 1, 1}, go);
}

static double step_chance(const struct bb_chance *chance, uint32_t from, uint32_t to)
{
	uint64_t below = to ? chance->go[from][to - 1] : 0;

	return (double)(chance->go[from][to] - below) / (double)BB_CERTAIN;
}

/* One step of the chain on a row of weights. */
static void step(const struct bb_chance *chance, double weights[BB_STATES])
{
	double next[BB_STATES] = {0};

	for (uint32_t i = 0; i < chance->states; i++)
		for (uint32_t j = 0; j < chance->states; j++)
			next[j] += weights[i] * step_chance(chance, i, j);
	memcpy(weights, next, sizeof(next));
}

/*
 * How the chain's states are shared out in the long run. From an even share, and of each two steps
 * the mean, so that a chain that only swaps states settles too.
 */
static void settle(const struct bb_chance *chance, double weights[BB_STATES])
{
	for (uint32_t i = 0; i < BB_STATES; i++)
		weights[i] = i < chance->states ? 1.0 / chance->states : 0;
	for (int n = 0; n < STEPS; n++) {
		double before[BB_STATES], change = 0;

		memcpy(before, weights, sizeof(before));
		step(chance, weights);
		for (uint32_t i = 0; i < chance->states; i++) {
			weights[i] = (weights[i] + before[i]) / 2;
			change += fabs(weights[i] - before[i]);
		}
		if (change < 1e-15)
			return;
	}
}

double chance_ratio(const struct bb_chance *chance)
{
	double weights[BB_STATES], ratio = 0;

	if (chance->every)
		return 1.0 / chance->every;
	settle(chance, weights);
	for (uint32_t i = 0; i < chance->states; i++)
		ratio += weights[i] * (double)chance->hit[i] / (double)BB_CERTAIN;
	return ratio;
}

static double size_of(const double weights[BB_STATES])
{
	double sum = 0;

	for (int i = 0; i < BB_STATES; i++)
		sum += fabs(weights[i]);
	return sum;
}

/*
 * Sums up the correlations of one packet with all later ones: what is known of the state now fades
 * with each step, and the sum of what is left is what makes hits scatter.
 */
double chance_scatter(const struct bb_chance *chance)
{
	double settled[BB_STATES], weights[BB_STATES], ratio, sum = 0;

	if (chance->every)
		return 0;
	if (chance->states == 1)
		return 1;
	ratio = chance_ratio(chance);
	if (ratio <= 0 || ratio >= 1)
		return 1;
	settle(chance, settled);
	/* The joint weight of "hit now" and each state, less what chance alone would give. */
	for (uint32_t i = 0; i < BB_STATES; i++)
		weights[i] = i < chance->states
			? settled[i] * ((double)chance->hit[i] / (double)BB_CERTAIN - ratio)
			: 0;
	for (int n = 0; n < STEPS && size_of(weights) > 1e-12; n++) {
		step(chance, weights);
		for (uint32_t i = 0; i < chance->states; i++)
			sum += weights[i] * (double)chance->hit[i] / (double)BB_CERTAIN;
	}
	return 1 + 2 * sum / (ratio * (1 - ratio));
}
