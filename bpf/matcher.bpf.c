/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"
#include "bpf/packet.bpf.h"
#include "bpf/slot.bpf.h"
#include "bpf/too_big.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Any index that no device has: dropped after the hook, where TCP and UDP do not notice. */
#define NO_SUCH_DEVICE 0x7ffffff0
/* On packets that we put into the ingress of their device; taken off there. */
#define RETURNED 0x62625276

/* What becomes of a packet; slots before `first` have seen it already. */
static __always_inline void judge(struct walk *walk, __u32 first)
{
	struct bb_prefix key = {.length = 128};
	struct hit *hit = &walk->hit;
	const struct bb_entry *entry;

	if (first >= BB_SLOTS || !packet_addresses(walk->skb, hit->direction, &hit->packet))
		return;
	entry = bpf_map_lookup_elem(&bb_addresses, &hit->packet.remote);
	if (!entry && READ_ONCE(bb_control.prefixes)) {
		key.address = hit->packet.remote;
		entry = bpf_map_lookup_elem(&bb_prefixes, &key);
	}
	if (!entry || !(entry->slots >> first))
		return;
	hit->mask = entry->slots >> first << first;
	hit->peer = entry->peer;
	hit->now = bpf_ktime_get_ns();
	if (hit->now >= READ_ONCE(bb_control.lease_until_ns) ||
		!packet_transport(walk->skb, hit->direction, &hit->packet))
		return;
	hit->bytes = walk->skb->len;
	hit->segments = walk->skb->gso_segs ? walk->skb->gso_segs : 1;
	hit->ifindex = walk->skb->ifindex;
	if (bb_control.track)
		remember_new(&hit->packet);
	bpf_loop(BB_SLOTS, try_slot, walk, 0);
}

/* On its way to a lane: with a label that says where it goes on from there. */
static __always_inline int label_and_send(const struct walk *walk)
{
	__u32 label = label_of(&walk->hit, walk->hit.slot);

	if (bpf_skb_vlan_push(walk->skb, bpf_htons(LABEL_PROTOCOL), label) < 0)
		return TC_ACT_UNSPEC;
	return bpf_redirect(walk->hit.lane, 0);
}

/* The answer goes where the packet came from; false: there is none, and it just vanishes. */
static __always_inline bool answer(const struct walk *walk)
{
	const struct hit *hit = &walk->hit;

	/* Only links with an Ethernet header have a number. */
	if (!hit->told || hit->packet.later_fragment ||
		!bpf_map_lookup_elem(&bb_link_numbers, &hit->ifindex))
		return false;
	return hit->packet.ipv6 ? answer_ipv6(walk->skb, hit->told)
				: answer_ipv4(walk->skb, hit->told);
}

SEC("tc")
int bb_ingress(struct __sk_buff *skb)
{
	struct walk walk = {.skb = skb, .hit = {.direction = BB_INGRESS, .link = NO_LINK}};

	if (skb->mark == RETURNED) {
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	judge(&walk, 0);
	if (walk.hit.drop)
		return answer(&walk) ? bpf_redirect(skb->ifindex, 0) : TC_ACT_SHOT;
	return walk.hit.lane ? label_and_send(&walk) : TC_ACT_UNSPEC;
}

/* SHOT on egress would tell TCP of local congestion, and it would retry without backing off. */
SEC("tc")
int bb_egress(struct __sk_buff *skb)
{
	struct walk walk = {.skb = skb, .hit = {.direction = BB_EGRESS, .link = NO_LINK}};

	if (skb->ingress_ifindex && bpf_map_lookup_elem(&bb_lanes, &(__u32){skb->ingress_ifindex}))
		return TC_ACT_UNSPEC;
	judge(&walk, 0);
	if (walk.hit.drop && answer(&walk)) {
		skb->mark = RETURNED;
		return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
	}
	if (walk.hit.drop)
		return bpf_redirect(NO_SUCH_DEVICE, 0);
	return walk.hit.lane ? label_and_send(&walk) : TC_ACT_UNSPEC;
}

/* Where lanes end: takes the label off and goes on behind the slot that it names. */
SEC("tc")
int bb_exit(struct __sk_buff *skb)
{
	__u32 label = skb->vlan_tci, ifindex;
	struct walk walk = {.skb = skb,
		.hit = {
			.direction = BB_LABEL_DIRECTION(label),
			.link = BB_LABEL_LINK(label),
			.slot = BB_LABEL_SLOT(label),
			.wired = true,
		}};

	if (!skb->vlan_present)
		return TC_ACT_SHOT;
	ifindex = bb_control.links[walk.hit.link & (BB_LABEL_LINKS - 1)];
	if (!ifindex || bpf_skb_vlan_pop(skb) < 0)
		return TC_ACT_SHOT;
	judge(&walk, walk.hit.slot + 1);
	if (walk.hit.drop)
		return TC_ACT_SHOT;
	if (walk.hit.lane)
		return label_and_send(&walk);
	if (walk.hit.direction == BB_EGRESS)
		return bpf_redirect(ifindex, 0);
	skb->mark = RETURNED;
	return bpf_redirect(ifindex, BPF_F_INGRESS);
}
