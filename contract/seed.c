/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/seed.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t seed_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int64_t seed_of_fault(int64_t scenario_seed, const char *id)
{
	uint64_t hash = FNV_BASIS ^ (uint64_t)scenario_seed;

	for (; *id; id++)
		hash = (hash ^ (unsigned char)*id) * FNV_PRIME;
	return (int64_t)(seed_next(&hash) >> 1);
}
