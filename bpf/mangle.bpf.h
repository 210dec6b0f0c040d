/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_MANGLE_BPF_H
#define BACKBURN_MANGLE_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/chance.bpf.h"
#include "bpf/matcher.h"
#include "bpf/packet.bpf.h"

/* Where the payload begins behind the network header, and where its checksum stands; 0: nowhere. */
struct payload {
	__u32 begin, checksum;
	bool may_be_zero; /* UDP over IPv4 without a checksum */
};

static __always_inline bool find_payload(
	struct __sk_buff *skb, const struct packet *packet, struct payload *payload)
{
	__u8 words;

	payload->checksum = 0;
	payload->may_be_zero = false;
	switch (packet->protocol) {
	case PROTO_TCP:
		if (!load(skb, packet->transport + 12, &words, 1))
			return false;
		payload->begin = packet->transport + (words >> 4) * 4;
		payload->checksum = packet->transport + 16;
		return true;
	case PROTO_UDP:
		payload->begin = packet->transport + 8;
		payload->checksum = packet->transport + 6;
		payload->may_be_zero = !packet->ipv6;
		return true;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		payload->begin = packet->transport + 8;
		payload->checksum = packet->transport + 2;
		return true;
	default:
		payload->begin = packet->transport;
		return true;
	}
}

/* Whether it has a whole word of payload in which a bit can be turned. */
VERIFIED_ALONE int is_corruptible(struct __sk_buff *skb, const struct packet *packet)
{
	struct payload payload;

	if (!packet || packet->later_fragment || !find_payload(skb, packet, &payload))
		return false;
	return packet_length(skb, packet) >= payload.begin + sizeof(__be32);
}

/*
 * Turns one bit of the payload, drawn like the hit itself. Only in packets that were on the wire
 * lane: there the checksum is in the packet, so that without `fix_checksum` the receiver's stack
 * notices, and with it nobody does.
 */
VERIFIED_ALONE int corrupt(struct __sk_buff *skb, __u32 index, const struct packet *packet)
{
	const struct bb_slot *slot = &bb_control.slots[index & (BB_SLOTS - 1)];
	const struct bb_chance *chance = &slot->chance[slot->current & 1];
	__u32 network, length, offset;
	__u64 random = drawn(~chance->seed, chance->progress[0] + skb->len);
	struct payload payload;
	__be32 before, after;
	__u16 checksum;

	if (!packet || packet->later_fragment || !find_payload(skb, packet, &payload))
		return false;
	network = network_offset(skb);
	length = packet_length(skb, packet);
	if (length < payload.begin + sizeof(before))
		return false;
	/* A whole word at an even distance from the header, as the checksum counts. */
	offset = payload.begin + ((__u32)random % (length - payload.begin - 3) & ~3U);
	/* Not by load(): that does not see what lies in pages. */
	if (bpf_skb_load_bytes(skb, network + offset, &before, sizeof(before)) < 0)
		return false;
	after = before ^ 1U << (random >> 32 & 31);
	if (slot->fix_checksum && payload.checksum) {
		__u64 flags = sizeof(before);

		if (!load(skb, payload.checksum, &checksum, sizeof(checksum)))
			return false;
		if ((checksum || !payload.may_be_zero) &&
			bpf_l4_csum_replace(skb, network + payload.checksum, before, after, flags) <
				0)
			return false;
	}
	return bpf_skb_store_bytes(skb, network + offset, &after, sizeof(after), 0) == 0;
}

#endif
