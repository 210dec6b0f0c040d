/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/chance.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
	DOUBLINGS = 48 /* of steps: more than any chance of 1/2^32 needs to settle */
};
#define REACHED_LEAST 1e-14
#define PIVOT_LEAST 1e-15

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
		(double[]){1 - model->to_bad, model->to_bad, model->to_good, 1 - model->to_good});
}

void chance_four_states(struct bb_chance *out, const struct four_states *model)
{
	const struct four_states *p = model;
	const double go[] = {
		1 - p->p13 - p->p14, 0, p->p13, p->p14, /* from 1 */
		0, 1 - p->p23, p->p23, 0,               /* from 2 */
		p->p31, p->p32, 1 - p->p31 - p->p32, 0, /* from 3 */
		1, 0, 0, 0,                             /* from 4 */
	};

	chain(out, 4, (double[]){0, 0, 1, 1}, go);
}

static double step_chance(const struct bb_chance *chance, uint32_t from, uint32_t to)
{
	uint64_t below = to ? chance->go[from][to - 1] : 0;

	return (double)(chance->go[from][to] - below) / (double)BB_CERTAIN;
}

struct matrix {
	double at[BB_STATES][BB_STATES];
};

static struct matrix times(const struct matrix *a, const struct matrix *b)
{
	struct matrix product = {0};

	for (int i = 0; i < BB_STATES; i++)
		for (int j = 0; j < BB_STATES; j++)
			for (int k = 0; k < BB_STATES; k++)
				product.at[i][j] += a->at[i][k] * b->at[k][j];
	return product;
}

/* Rows that sum up to 1 would else drift away from it, by twice as much with each product. */
static void sum_up_to_one(struct matrix *matrix)
{
	for (int i = 0; i < BB_STATES; i++) {
		double sum = 0;

		for (int j = 0; j < BB_STATES; j++)
			sum += matrix->at[i][j];
		for (int j = 0; j < BB_STATES; j++)
			matrix->at[i][j] /= sum;
	}
}

/* Of unused states each stays as it is. */
static struct matrix steps_of(const struct bb_chance *chance)
{
	struct matrix steps = {0};

	for (uint32_t i = 0; i < BB_STATES; i++)
		for (uint32_t j = 0; j < BB_STATES; j++)
			steps.at[i][j] = i < chance->states ? step_chance(chance, i, j) : i == j;
	return steps;
}

/*
 * How the chain's states are shared out in the long run, from the first one, in which it begins:
 * the others may be out of reach. Half of all steps stay where they are, so that a chain that only
 * swaps states settles too.
 */
static void settle(const struct bb_chance *chance, double weights[BB_STATES])
{
	struct matrix steps = steps_of(chance);

	for (int i = 0; i < BB_STATES; i++)
		for (int j = 0; j < BB_STATES; j++)
			steps.at[i][j] = (steps.at[i][j] + (i == j)) / 2;
	for (int n = 0; n < DOUBLINGS; n++) {
		steps = times(&steps, &steps);
		sum_up_to_one(&steps);
	}
	memcpy(weights, steps.at[0], sizeof(steps.at[0]));
}

static double hit_chance(const struct bb_chance *chance, int state)
{
	return (double)chance->hit[state] / (double)BB_CERTAIN;
}

double chance_ratio(const struct bb_chance *chance)
{
	double weights[BB_STATES], ratio = 0;

	if (chance->every)
		return 1.0 / chance->every;
	settle(chance, weights);
	for (int i = 0; i < BB_STATES; i++)
		ratio += weights[i] * hit_chance(chance, i);
	return ratio;
}

static int largest_below(const struct matrix *matrix, int column)
{
	int found = column;

	for (int row = column + 1; row < BB_STATES; row++)
		if (fabs(matrix->at[row][column]) > fabs(matrix->at[found][column]))
			found = row;
	return found;
}

/* Puts x with matrix · x = values into `values` (Gauss); false when there is no single one. */
static bool solve(struct matrix *matrix, double values[BB_STATES])
{
	for (int column = 0; column < BB_STATES; column++) {
		int pivot = largest_below(matrix, column);
		struct matrix before = *matrix;
		double value = values[pivot];

		if (fabs(before.at[pivot][column]) < PIVOT_LEAST)
			return false;
		memcpy(matrix->at[pivot], before.at[column], sizeof(before.at[0]));
		memcpy(matrix->at[column], before.at[pivot], sizeof(before.at[0]));
		values[pivot] = values[column];
		values[column] = value;
		for (int row = 0; row < BB_STATES; row++) {
			double factor = matrix->at[row][column] / matrix->at[column][column];

			for (int k = 0; row != column && k < BB_STATES; k++)
				matrix->at[row][k] -= factor * matrix->at[column][k];
			values[row] -= row != column ? factor * values[column] : 0;
		}
	}
	for (int i = 0; i < BB_STATES; i++)
		values[i] /= matrix->at[i][i];
	return true;
}

/*
 * The hits that are to come beyond the ratio, seen from each state: f = P·h + P·f, where f sums up
 * to none over the long run. (Kemeny and Snell 1960: the fundamental matrix of a Markov chain,
 * (I − P + 1π)⁻¹.)
 */
static bool solve_ahead(const struct bb_chance *chance, const double settled[BB_STATES],
	double ratio, double ahead[BB_STATES])
{
	struct matrix steps = steps_of(chance), left = {0};

	for (int i = 0; i < BB_STATES; i++) {
		ahead[i] = 0;
		for (int j = 0; j < BB_STATES; j++) {
			bool reached = settled[i] > REACHED_LEAST;

			left.at[i][j] = (i == j) - (reached ? steps.at[i][j] - settled[j] : 0);
			ahead[i] += reached ? steps.at[i][j] * (hit_chance(chance, j) - ratio) : 0;
		}
	}
	return solve(&left, ahead);
}

double chance_scatter(const struct bb_chance *chance)
{
	double settled[BB_STATES], ahead[BB_STATES], ratio, sum = 0;

	if (chance->every)
		return 0;
	if (chance->states == 1)
		return 1;
	ratio = chance_ratio(chance);
	settle(chance, settled);
	if (ratio <= 0 || ratio >= 1 || !solve_ahead(chance, settled, ratio, ahead))
		return 1;
	for (int i = 0; i < BB_STATES; i++)
		sum += settled[i] * hit_chance(chance, i) * ahead[i];
	return 1 + 2 * sum / (ratio * (1 - ratio));
}
