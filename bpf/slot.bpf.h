/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_SLOT_BPF_H
#define BACKBURN_SLOT_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/chance.bpf.h"
#include "bpf/mangle.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"
#include "bpf/owner.bpf.h"
#include "bpf/packet.bpf.h"
#include "bpf/touched.bpf.h"

/* One packet on its way along the slots. */

#define NO_LINK BB_LABEL_LINKS
#define LABEL_PROTOCOL 0x8100

struct hit {
	struct packet packet;
	__u64 mask, now;
	__u64 owner; /* of its socket (owner.bpf.h) */
	__u32 peer;
	__u32 link; /* NO_LINK: not looked up yet */
	__u32 lane; /* ifindex where it goes now; 0: on its way */
	__u32 slot; /* the one that sends it there */
	__u32 told; /* dropped, and its sender is told that no more than so many bytes pass */
	__u32 bytes, segments;
	__u32 ifindex;
	__u16 direction;
	bool wired; /* it is as on a wire: one segment, with a checksum that is right */
	bool seen;  /* a slot matched */
	bool drop;
};

/* What the walk along the slots has in hand: the context apart, for it is no memory. */
struct walk {
	struct __sk_buff *skb;
	struct hit hit;
};

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

VERIFIED_ALONE int slot_matches(__u32 index, const struct hit *hit)
{
	const struct bb_slot *slot = &bb_control.slots[index & (BB_SLOTS - 1)];
	__u8 protocol;

	if (!hit)
		return 0;
	protocol = hit->packet.protocol;
	if (!READ_ONCE(slot->in_use) || !(slot->directions & (1 << (hit->direction & 1))) ||
		!is_its_time(slot, hit->now))
		return 0;
	if (slot->protocol && slot->protocol != protocol &&
		!(slot->protocol == PROTO_ICMP && protocol == PROTO_ICMPV6))
		return 0;
	return packet_has_port(&hit->packet, slot) && is_connected_as(slot, &hit->packet);
}

static __always_inline bool is_owned(const struct bb_slot *slot, struct walk *walk)
{
	struct hit *hit = &walk->hit;
	__u64 cgroup = READ_ONCE(slot->cgroup);

	if (!cgroup)
		return true;
	if (hit->owner == OWNER_UNKNOWN)
		hit->owner = owner_of(walk->skb, &hit->packet, hit->direction);
	return hit->owner != OWNER_NONE && owner_is_within(hit->owner, cgroup);
}

VERIFIED_ALONE int is_protected(const struct hit *hit)
{
	const struct packet *packet;
	struct bb_flow flow;

	if (!hit || !hit->packet.has_ports)
		return 0;
	packet = &hit->packet;
	flow = flow_of(packet);
	for (__u32 i = 0; i < BB_PROTECTED_RANGES && i < bb_control.protected_count; i++)
		if (packet->local_port >= bb_control.protected_ports[i].low &&
			packet->local_port <= bb_control.protected_ports[i].high)
			return 1;
	return bpf_map_lookup_elem(&bb_protected, &flow) ? 1 : 0;
}

/* ---- what it does ---- */

VERIFIED_ALONE int count(const struct hit *hit, __u32 counted, __u32 acted)
{
	struct bb_counter_key key = {.slot = counted};
	struct bb_counter *counter;

	if (!hit)
		return 0;
	key.peer = hit->peer;
	key.direction = hit->direction;
	counter = bpf_map_lookup_elem(&bb_counters, &key);
	if (!counter)
		return 0;
	__sync_fetch_and_add(&counter->matched, hit->segments);
	if (!acted)
		return 0;
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->segments, hit->segments);
	__sync_fetch_and_add(&counter->bytes, hit->bytes);
	if (!counter->first_ns)
		counter->first_ns = hit->now;
	counter->last_ns = hit->now;
	return 0;
}

/*
 * 1: it goes to the lane now. 0: packets of this link can't come back (it has no Ethernet header),
 * so none may leave it, or there is no lane.
 */
VERIFIED_ALONE int sends_away(struct hit *hit, __u32 slot, __u32 lane)
{
	const __u32 *number;

	if (!hit || !lane)
		return 0;
	if (hit->link == NO_LINK) {
		/* A key must lie on the stack: Linux 6.1 takes none out of a function's argument.
		 */
		__u32 ifindex = hit->ifindex;

		number = bpf_map_lookup_elem(&bb_link_numbers, &ifindex);
		if (!number)
			return 0;
		hit->link = *number;
	}
	hit->lane = lane;
	hit->slot = slot;
	return 1;
}

/* What decides for each segment must see each, and what changes bits must see the checksum. */
static __always_inline bool needs_wire(const struct bb_slot *slot, const struct hit *hit)
{
	return !hit->wired && (slot->action != BB_LOSE || hit->segments > 1);
}

/* Whether the keeper lives; if so, it is told when the packet came. */
static __always_inline bool keeper_takes(__u64 now)
{
	__u32 zero = 0;
	struct bb_pulse *pulse = bpf_map_lookup_elem(&bb_pulse, &zero);

	if (!pulse || now >= READ_ONCE(pulse->alive_until_ns))
		return false;
	WRITE_ONCE(pulse->sent_ns, now);
	return true;
}

static __always_inline __u32 label_of(const struct hit *hit, __u32 slot)
{
	return BB_LABEL(slot & 0x3f, hit->direction & 1, hit->link & 0x1ff);
}

/* Twice: the copy goes through the wire once more, and on from there as if it were the first. */
VERIFIED_ALONE int duplicate(struct __sk_buff *skb, __u32 label)
{
	int done;

	if (bpf_skb_vlan_push(skb, bpf_htons(LABEL_PROTOCOL), label & 0xffff) < 0)
		return 0;
	done = bpf_clone_redirect(skb, bb_control.wire, 0) == 0;
	bpf_skb_vlan_pop(skb);
	return done;
}

/*
 * 1: it has done to the packet what it does. Below 0: it can't, whatever chance would say; such a
 * packet is none of those that its ratio is about.
 */
static __always_inline int act(struct walk *walk, __u32 index, __u32 copy)
{
	struct bb_slot *slot = &bb_control.slots[index & (BB_SLOTS - 1)];
	struct hit *hit = &walk->hit;

	switch (slot->action) {
	case BB_DROP:
		hit->drop = true;
		return 1;
	case BB_SHORTEN:
		hit->drop = packet_length(walk->skb, &hit->packet) > slot->mtu[copy];
		if (hit->drop && slot->answer)
			hit->told = slot->mtu[copy];
		return hit->drop;
	case BB_LOSE:
		hit->drop = chance_hits(index, copy, hit->direction);
		return hit->drop;
	case BB_CORRUPT:
		if (!is_corruptible(walk->skb, &hit->packet))
			return -1;
		return chance_hits(index, copy, hit->direction) &&
			corrupt(walk->skb, index, &hit->packet);
	case BB_DUPLICATE:
		return chance_hits(index, copy, hit->direction) &&
			duplicate(walk->skb, label_of(hit, index));
	case BB_HOLD:
		return (!slot->by_keeper || keeper_takes(hit->now)) &&
			sends_away(hit, index, slot->lane);
	default:
		return 0;
	}
}

/* 1 ends the walk along the slots. */
static long try_slot(__u32 index, void *context)
{
	struct walk *walk = context;
	struct hit *hit = &walk->hit;
	__u32 i = index & (BB_SLOTS - 1);
	struct bb_slot *slot = &bb_control.slots[i];
	__u32 copy; /* the same for what is done and where it is counted */
	int acted;

	if (!(hit->mask >> i) || (hit->drop && i >= BB_WIRE_FIRST))
		return 1;
	if (!(hit->mask >> i & 1) || !slot_matches(i, hit) || !is_owned(slot, walk))
		return 0;
	if (!hit->seen && is_protected(hit))
		return 1;
	hit->seen = true;
	if (i >= BB_WIRE_FIRST && i < BB_LANE_FIRST && needs_wire(slot, hit)) {
		if (sends_away(hit, i - 1, bb_control.wire))
			return 1;
		__sync_fetch_and_add(&slot->missed, hit->segments);
		return 0;
	}
	copy = READ_ONCE(slot->current) & 1;
	acted = act(walk, i, copy);
	if (!acted && slot->action == BB_HOLD)
		__sync_fetch_and_add(&slot->missed, hit->segments);
	if (acted >= 0)
		count(hit, BB_COUNTED(i, copy), acted);
	if (acted > 0)
		touch(&hit->packet, i, hit->segments, hit->now);
	return hit->lane != 0;
}

#endif
