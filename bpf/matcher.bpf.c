/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/matcher.h"
#include "bpf/packet.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Any index that no device has: dropped after the hook, where TCP and UDP do not notice. */
#define NO_SUCH_DEVICE 0x7ffffff0

struct bb_control bb_control;

/*
 * No preallocation: only user space inserts, and max_entries then costs next to nothing. The
 * sizes here are placeholders; the plan sets them before the object is loaded.
 */
#define BB_MAP(name, map_type, key_type, value_type, entries)                                      \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
		__uint(max_entries, entries);                                                      \
	} name SEC(".maps")

BB_MAP(bb_addresses, BPF_MAP_TYPE_HASH, struct bb_address, struct bb_entry, 1024);
BB_MAP(bb_prefixes, BPF_MAP_TYPE_LPM_TRIE, struct bb_prefix, struct bb_entry, 1024);
BB_MAP(bb_counters, BPF_MAP_TYPE_HASH, struct bb_counter_key, struct bb_counter, 1024);
BB_MAP(bb_protected, BPF_MAP_TYPE_HASH, struct bb_flow, __u8, BB_PROTECTED_FLOWS);

struct hit {
	struct __sk_buff *skb;
	const struct packet *packet;
	__u64 mask, now;
	__u32 peer;
	__u16 direction;
	bool drop;
};

static __always_inline bool slot_matches(const struct bb_slot *slot, const struct hit *hit)
{
	__u8 protocol = hit->packet->protocol;

	if (!READ_ONCE(slot->in_use) || !(slot->directions & (1 << hit->direction)))
		return false;
	if (hit->now < slot->start_ns || hit->now >= READ_ONCE(slot->deadline_ns))
		return false;
	if (slot->protocol && slot->protocol != protocol &&
		!(slot->protocol == PROTO_ICMP && protocol == PROTO_ICMPV6))
		return false;
	return packet_has_port(hit->packet, slot);
}

static __always_inline bool is_protected(const struct packet *packet)
{
	struct bb_flow flow = {
		.remote = packet->remote,
		.remote_port = packet->remote_port,
		.local_port = packet->local_port,
		.protocol = packet->protocol,
	};

	if (!packet->has_ports)
		return false;
	for (__u32 i = 0; i < BB_PROTECTED_RANGES && i < bb_control.protected_count; i++)
		if (packet->local_port >= bb_control.protected_ports[i].low &&
			packet->local_port <= bb_control.protected_ports[i].high)
			return true;
	return bpf_map_lookup_elem(&bb_protected, &flow);
}

static __always_inline void count(const struct hit *hit, __u16 slot)
{
	struct bb_counter_key key = {.peer = hit->peer, .slot = slot, .direction = hit->direction};
	struct bb_counter *counter = bpf_map_lookup_elem(&bb_counters, &key);
	__u32 segments = hit->skb->gso_segs;

	if (!counter)
		return;
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->segments, segments ? segments : 1);
	__sync_fetch_and_add(&counter->bytes, hit->skb->len);
	if (!counter->first_ns)
		counter->first_ns = hit->now;
	counter->last_ns = hit->now;
}

static long try_slot(__u32 index, void *context)
{
	struct hit *hit = context;
	__u32 i = index & (BB_SLOTS - 1);

	if (!(hit->mask >> i))
		return 1;
	if (!(hit->mask >> i & 1) || !slot_matches(&bb_control.slots[i], hit))
		return 0;
	if (!hit->drop && is_protected(hit->packet))
		return 1;
	hit->drop = true;
	count(hit, i);
	return 0;
}

static __always_inline bool must_drop(struct __sk_buff *skb, __u16 direction)
{
	struct packet packet = {};
	struct hit hit = {.skb = skb, .packet = &packet, .direction = direction};
	struct bb_prefix key = {.length = 128};
	const struct bb_entry *entry;

	if (!packet_addresses(skb, direction, &packet))
		return false;
	entry = bpf_map_lookup_elem(&bb_addresses, &packet.remote);
	if (!entry) {
		key.address = packet.remote;
		entry = bpf_map_lookup_elem(&bb_prefixes, &key);
	}
	if (!entry || !entry->slots)
		return false;
	hit.mask = entry->slots;
	hit.peer = entry->peer;
	hit.now = bpf_ktime_get_ns();
	if (hit.now >= READ_ONCE(bb_control.lease_until_ns) ||
		!packet_transport(skb, direction, &packet))
		return false;
	bpf_loop(BB_SLOTS, try_slot, &hit, 0);
	return hit.drop;
}

SEC("tc")
int bb_ingress(struct __sk_buff *skb)
{
	return must_drop(skb, BB_INGRESS) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* SHOT on egress would tell TCP of local congestion, and it would retry without backing off. */
SEC("tc")
int bb_egress(struct __sk_buff *skb)
{
	return must_drop(skb, BB_EGRESS) ? bpf_redirect(NO_SUCH_DEVICE, 0) : TC_ACT_UNSPEC;
}
