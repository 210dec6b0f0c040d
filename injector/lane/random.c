/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/random.h"

static const uint64_t golden_gamma = UINT64_C(0x9e3779b97f4a7c15);

/* The finaliser of splitmix64. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

void lane_random_start(
	struct lane_random *random, uint64_t seed, enum lane_stream stream, int direction)
{
	uint64_t purpose = (uint64_t)stream * 2 + (uint64_t)direction + 1;

	/* Mixed twice: neighbouring seeds and purposes must not give shifted copies of a stream. */
	*random = (struct lane_random){.key = mix(mix(seed + golden_gamma) ^ mix(purpose))};
}

double lane_random_next(struct lane_random *random, double correlation)
{
	uint64_t bits = mix(random->key + ++random->position * golden_gamma);
	double fresh = (double)(bits >> 11) * 0x1p-53;

	if (random->position == 1)
		random->last = fresh;
	else
		random->last = (1 - correlation) * fresh + correlation * random->last;
	return random->last;
}
