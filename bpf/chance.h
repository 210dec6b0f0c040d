/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_BPF_CHANCE_H
#define BACKBURN_BPF_CHANCE_H

#include "bpf/matcher.h"

/*
 * The arithmetic of struct bb_chance, pure: what the kernel computes for each packet, tests compute
 * for millions of them.
 */
#define CHANCE_PURE static inline __attribute__((always_inline))

/* The finaliser of splitmix64: every bit of the result depends on every bit of `x`. */
CHANCE_PURE __u64 scramble(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* Number `trial` of the sequence that `seed` names; two 32-bit numbers in one. */
CHANCE_PURE __u64 drawn(__u64 seed, __u64 trial)
{
	return scramble(seed + (trial + 1) * 0x9e3779b97f4a7c15ULL);
}

CHANCE_PURE __u32 next_state(const struct bb_chance *chance, __u32 state, __u32 random)
{
	for (__u32 next = 0; next < BB_STATES - 1; next++)
		if (random < chance->go[state & (BB_STATES - 1)][next])
			return next;
	return BB_STATES - 1;
}

/* Whether the packet that finds `progress` is hit, and what the next one of its direction finds. */
CHANCE_PURE int chance_decide(
	const struct bb_chance *chance, __u32 direction, __u64 progress, __u64 *next)
{
	__u32 trial = progress, state = progress >> 32;
	__u64 random;

	*next = trial + 1U;
	if (chance->every)
		return (trial + 1ULL) % chance->every == 0;
	random = drawn(chance->seed + direction, trial);
	if (chance->states > 1)
		*next |= (__u64)next_state(chance, state, random >> 32) << 32;
	return (__u32)random < chance->hit[state & (BB_STATES - 1)];
}

#endif
