/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_SLOT_BPF_H
#define BACKBURN_SLOT_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/chance.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"
#include "bpf/mangle.bpf.h"
#include "bpf/packet.bpf.h"

/* One packet on its way along the slots. */

#define NO_LINK BB_LABEL_LINKS

struct hit {
	struct __sk_buff *skb;
	struct packet packet;
	__u64 mask, now;
	__u32 peer;
	__u32 link; /* NO_LINK: not looked up yet */
	__u32 lane; /* ifindex where it goes now; 0: on its way */
	__u32 slot; /* the one that sends it there */
	__u16 direction;
	bool wired; /* it is as on a wire: one segment, with a checksum that is right */
	bool seen;  /* a slot matched */
	bool drop;
};

static __always_inline __u32 segments_of(const struct hit *hit)
{
	__u32 segments = hit->skb->gso_segs;

	return segments ? segments : 1;
}

/* ---- does the slot mean this packet? ---- */

static __always_inline void remember_new(const struct packet *packet)
{
	struct bb_flow flow = flow_of(packet);
	__u64 yes = 1;

	if (packet->protocol == PROTO_TCP && packet->opens)
		bpf_map_update_elem(&bb_new_flows, &flow, &yes, BPF_ANY);
}

static __always_inline bool is_connected_as(const struct bb_slot *slot, const struct packet *packet)
{
	struct bb_flow flow = flow_of(packet);
	bool is_new;

	if (slot->connections == BB_ALL_CONNECTIONS)
		return true;
	if (packet->protocol != PROTO_TCP || !packet->has_ports)
		return false;
	is_new = bpf_map_lookup_elem(&bb_new_flows, &flow);
	return is_new == (slot->connections == BB_NEW_CONNECTIONS);
}

static __always_inline bool is_its_time(const struct bb_slot *slot, __u64 now)
{
	if (now < slot->start_ns || now >= READ_ONCE(slot->deadline_ns))
		return false;
	return !slot->flap_period_ns ||
		(now - slot->start_ns) % slot->flap_period_ns < slot->flap_on_ns;
}

static __always_inline bool slot_matches(const struct bb_slot *slot, const struct hit *hit)
{
	__u8 protocol = hit->packet.protocol;

	if (!READ_ONCE(slot->in_use) || !(slot->directions & (1 << hit->direction)) ||
		!is_its_time(slot, hit->now))
		return false;
	if (slot->protocol && slot->protocol != protocol &&
		!(slot->protocol == PROTO_ICMP && protocol == PROTO_ICMPV6))
		return false;
	return packet_has_port(&hit->packet, slot) && is_connected_as(slot, &hit->packet);
}

static __always_inline bool is_protected(const struct packet *packet)
{
	struct bb_flow flow = flow_of(packet);

	if (!packet->has_ports)
		return false;
	for (__u32 i = 0; i < BB_PROTECTED_RANGES && i < bb_control.protected_count; i++)
		if (packet->local_port >= bb_control.protected_ports[i].low &&
			packet->local_port <= bb_control.protected_ports[i].high)
			return true;
	return bpf_map_lookup_elem(&bb_protected, &flow);
}

/* ---- what it does ---- */

static __always_inline void count(const struct hit *hit, __u16 slot, bool acted)
{
	struct bb_counter_key key = {.peer = hit->peer, .slot = slot, .direction = hit->direction};
	struct bb_counter *counter = bpf_map_lookup_elem(&bb_counters, &key);
	__u32 segments = segments_of(hit);

	if (!counter)
		return;
	__sync_fetch_and_add(&counter->matched, segments);
	if (!acted)
		return;
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->segments, segments);
	__sync_fetch_and_add(&counter->bytes, hit->skb->len);
	if (!counter->first_ns)
		counter->first_ns = hit->now;
	counter->last_ns = hit->now;
}

/* False: packets of this link can't come back (it has no Ethernet header), so none may leave it. */
static __always_inline bool sends_away(struct hit *hit, __u32 slot, __u32 lane)
{
	__u32 ifindex = hit->skb->ifindex, *number;

	if (hit->link == NO_LINK) {
		number = bpf_map_lookup_elem(&bb_link_numbers, &ifindex);
		if (!number || !lane)
			return false;
		hit->link = *number;
	}
	hit->lane = lane;
	hit->slot = slot;
	return lane != 0;
}

/* What decides for each segment must see each, and what changes bits must see the checksum. */
static __always_inline bool needs_wire(const struct bb_slot *slot, const struct hit *hit)
{
	return !hit->wired && (slot->action != BB_LOSE || segments_of(hit) > 1);
}

static __always_inline bool keeper_lives(__u64 now)
{
	__u32 zero = 0;
	const struct bb_pulse *pulse = bpf_map_lookup_elem(&bb_pulse, &zero);

	return pulse && now < READ_ONCE(pulse->alive_until_ns);
}

/* Twice: the copy goes through the wire once more, and on from there as if it were the first. */
static __always_inline bool duplicate(struct hit *hit, __u32 slot)
{
	__u16 label = BB_LABEL(slot & 0x3f, hit->direction & 1, hit->link & 0x1ff);
	struct __sk_buff *skb = hit->skb;
	bool done;

	if (bpf_skb_vlan_push(skb, bpf_htons(LABEL_PROTOCOL), label) < 0)
		return false;
	done = bpf_clone_redirect(skb, bb_control.wire, 0) == 0;
	bpf_skb_vlan_pop(skb);
	return done;
}

/* True: it has done to the packet what it does. */
static __always_inline bool act(struct bb_slot *slot, struct hit *hit, __u32 index)
{
	switch (slot->action) {
	case BB_DROP:
		hit->drop = true;
		return true;
	case BB_SHORTEN:
		hit->drop = packet_length(hit->skb, &hit->packet) > slot->mtu;
		return hit->drop;
	case BB_LOSE:
		hit->drop = chance_hits(&slot->chance, hit->direction);
		return hit->drop;
	case BB_CORRUPT:
		return chance_hits(&slot->chance, hit->direction) &&
			corrupt(hit->skb, &hit->packet, slot);
	case BB_DUPLICATE:
		return chance_hits(&slot->chance, hit->direction) && duplicate(hit, index);
	case BB_HOLD:
		return (!slot->by_keeper || keeper_lives(hit->now)) &&
			sends_away(hit, index, slot->lane);
	default:
		return false;
	}
}

/* 1 ends the walk along the slots. */
static long try_slot(__u32 index, void *context)
{
	struct hit *hit = context;
	__u32 i = index & (BB_SLOTS - 1);
	struct bb_slot *slot = &bb_control.slots[i];
	bool acted;

	if (!(hit->mask >> i) || (hit->drop && i >= BB_WIRE_FIRST))
		return 1;
	if (!(hit->mask >> i & 1) || !slot_matches(slot, hit))
		return 0;
	if (!hit->seen && is_protected(&hit->packet))
		return 1;
	hit->seen = true;
	if (i >= BB_WIRE_FIRST && i < BB_LANE_FIRST && needs_wire(slot, hit)) {
		if (sends_away(hit, i - 1, bb_control.wire))
			return 1;
		__sync_fetch_and_add(&slot->missed, segments_of(hit));
		return 0;
	}
	acted = act(slot, hit, i);
	if (!acted && slot->action == BB_HOLD)
		__sync_fetch_and_add(&slot->missed, segments_of(hit));
	count(hit, i, acted);
	return hit->lane != 0;
}

#endif
