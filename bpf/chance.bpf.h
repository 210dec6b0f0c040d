/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_CHANCE_BPF_H
#define BACKBURN_CHANCE_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_helpers.h>

#include "bpf/chance.h"
#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"

/* Decides which packets are hit (struct bb_chance). */

/* Packets on several CPUs try again; after so many times the order of two of them is lost. */
#define CHANCE_TRIES 8

/* Whether this packet is hit by that copy of the slot's chance. */
VERIFIED_ALONE int chance_hits(__u32 slot, __u32 copy, __u32 direction)
{
	struct bb_chance *chance = &bb_control.slots[slot & (BB_SLOTS - 1)].chance[copy & 1];
	__u64 *progress = &chance->progress[direction & 1];
	int hit = 0;

	for (int try = 0; try < CHANCE_TRIES; try++) {
		__u64 seen = READ_ONCE(*progress), next;

		hit = chance_decide(chance, direction, seen, &next);
		if (__sync_val_compare_and_swap(progress, seen, next) == seen)
			break;
	}
	return hit;
}

#endif
