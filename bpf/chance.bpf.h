/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_CHANCE_BPF_H
#define BACKBURN_CHANCE_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"

/* Decides which packets are hit (struct bb_chance). */

/* Packets on several CPUs try again; after so many times the order of two of them is lost. */
#define CHANCE_TRIES 8

/* The finaliser of splitmix64: every bit of the result depends on every bit of `x`. */
static __always_inline __u64 scramble(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* Number `trial` of the sequence that `seed` names; two 32-bit numbers in one. */
static __always_inline __u64 drawn(__u64 seed, __u64 trial)
{
	return scramble(seed + (trial + 1) * 0x9e3779b97f4a7c15ULL);
}

static __always_inline __u32 next_state(const struct bb_chance *chance, __u32 state, __u32 random)
{
	for (__u32 next = 0; next < BB_STATES - 1; next++)
		if (random < chance->go[state & (BB_STATES - 1)][next])
			return next;
	return BB_STATES - 1;
}

/* Whether this packet is hit by the slot's chance. */
VERIFIED_ALONE int chance_hits(__u32 slot, __u32 direction)
{
	struct bb_chance *chance = &bb_control.slots[slot & (BB_SLOTS - 1)].chance;
	__u64 *progress = &chance->progress[direction & 1];
	__u64 seed = chance->seed + direction;
	int hit = 0;

	for (int try = 0; try < CHANCE_TRIES; try++) {
		__u64 seen = READ_ONCE(*progress), random;
		__u32 trial = seen, state = seen >> 32;
		__u64 next = trial + 1U;

		if (chance->every) {
			hit = (trial + 1ULL) % chance->every == 0;
		} else {
			random = drawn(seed, trial);
			hit = (__u32)random < chance->hit[state & (BB_STATES - 1)];
			if (chance->states > 1)
				next |= (__u64)next_state(chance, state, random >> 32) << 32;
		}
		if (__sync_val_compare_and_swap(progress, seen, next) == seen)
			break;
	}
	return hit;
}

#endif
