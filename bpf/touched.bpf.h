/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_TOUCHED_BPF_H
#define BACKBURN_TOUCHED_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"
#include "bpf/packet.bpf.h"

/*
 * Who was hit, by the addresses of the packets themselves: what the tables mean is not asked here,
 * since they may be wrong.
 */

/* 1 when the rule hit none of the connection's packets before. */
static __always_inline __u64 is_new_to(__u32 rule, const struct packet *packet)
{
	struct bb_touched_flow key = {.flow = flow_of(packet), .rule = rule};
	__u8 yes = 1;

	return packet->has_ports &&
		bpf_map_update_elem(&bb_touched_flows, &key, &yes, BPF_NOEXIST) == 0;
}

/* The first packet of two processors at once makes the entry; the other finds it. */
static __always_inline struct bb_touched *touched_by(
	__u32 rule, const struct packet *packet, __u64 now)
{
	struct bb_touched_key key = {.address = packet->remote, .rule = rule};
	struct bb_touched fresh = {.first_ns = now}, *found;

	found = bpf_map_lookup_elem(&bb_touched, &key);
	if (found)
		return found;
	bpf_map_update_elem(&bb_touched, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&bb_touched, &key);
}

VERIFIED_ALONE int touch(const struct packet *packet, __u32 index, __u32 segments, __u64 now)
{
	struct bb_slot *slot = &bb_control.slots[index & (BB_SLOTS - 1)];
	__u32 rule = READ_ONCE(slot->rule);
	struct bb_touched *touched;

	if (!packet)
		return 0;
	touched = touched_by(rule, packet, now);
	if (!touched) {
		__sync_fetch_and_add(&slot->untold, segments);
		return 0;
	}
	__sync_fetch_and_add(&touched->packets, 1);
	__sync_fetch_and_add(&touched->segments, segments);
	__sync_fetch_and_add(&touched->connections, is_new_to(rule, packet));
	touched->last_ns = now;
	return 0;
}

#endif
