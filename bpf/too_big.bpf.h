/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_TOO_BIG_BPF_H
#define BACKBURN_TOO_BIG_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/packet.bpf.h"

/*
 * Turns a packet that is too long into what a router would answer to it: ICMP "fragmentation
 * needed" (RFC 792, RFC 1191) or ICMPv6 "packet too big" (RFC 4443), from the packet's destination
 * to its source, with the packet's own head in it.
 */
enum {
	ETHERNET = 14,
	ICMP_HEADER = 8,
	TOO_BIG_IPV4 = 0x0304, /* type 3, code 4 */
	TOO_BIG_IPV6 = 0x0200,
	HOPS = 64,
	/* What is quoted: the IP header (without options: others are only dropped) and 8 bytes. */
	QUOTED_IPV4 = 20 + 8,
	QUOTED_IPV6 = 40 + 8,
};

struct too_big_ipv4 {
	__u8 version_length, tos;
	__be16 total, id, fragment;
	__u8 hops, protocol;
	__sum16 sum;
	__u8 source[4], destination[4];
	__be16 type;
	__sum16 icmp_sum;
	__be16 unused, mtu;
};

struct too_big_ipv6 {
	__be32 flow;
	__be16 payload;
	__u8 next, hops;
	__u8 source[16], destination[16];
	__be16 type;
	__sum16 icmp_sum;
	__be32 mtu;
};

static __always_inline __sum16 folded(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* The packet shrinks to its head, then room is made for the answer's headers in front of that. */
static __always_inline bool reshape(struct __sk_buff *skb, __u32 quoted, __u32 room)
{
	return bpf_skb_change_tail(skb, ETHERNET + quoted, 0) == 0 &&
		bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, 0) == 0;
}

static __always_inline bool turn_round(struct __sk_buff *skb)
{
	__u8 link[12], back[12];

	if (bpf_skb_load_bytes(skb, 0, link, sizeof(link)) < 0)
		return false;
	__builtin_memcpy(back, link + 6, 6);
	__builtin_memcpy(back + 6, link, 6);
	return bpf_skb_store_bytes(skb, 0, back, sizeof(back), 0) == 0;
}

VERIFIED_ALONE int answer_ipv4(struct __sk_buff *skb, __u32 mtu)
{
	struct too_big_ipv4 head = {.version_length = 0x45,
		.total = bpf_htons(sizeof(head) + QUOTED_IPV4),
		.hops = HOPS,
		.protocol = PROTO_ICMP,
		.type = bpf_htons(TOO_BIG_IPV4),
		.mtu = bpf_htons(mtu)};
	__be32 quoted[QUOTED_IPV4 / 4];

	if (bpf_skb_load_bytes(skb, ETHERNET, quoted, sizeof(quoted)) < 0 ||
		((__u8 *)quoted)[0] != 0x45)
		return 0;
	__builtin_memcpy(head.source, &quoted[4], 4);
	__builtin_memcpy(head.destination, &quoted[3], 4);
	head.sum = folded(bpf_csum_diff(NULL, 0, (__be32 *)&head, 20, 0));
	head.icmp_sum = folded(bpf_csum_diff(NULL, 0, quoted, sizeof(quoted),
		bpf_csum_diff(NULL, 0, (__be32 *)&head.type, ICMP_HEADER, 0)));
	return reshape(skb, QUOTED_IPV4, sizeof(head)) &&
		bpf_skb_store_bytes(skb, ETHERNET, &head, sizeof(head), 0) == 0 && turn_round(skb);
}

VERIFIED_ALONE int answer_ipv6(struct __sk_buff *skb, __u32 mtu)
{
	struct too_big_ipv6 head = {.flow = bpf_htonl(0x60000000),
		.payload = bpf_htons(ICMP_HEADER + QUOTED_IPV6),
		.next = PROTO_ICMPV6,
		.hops = HOPS,
		.type = bpf_htons(TOO_BIG_IPV6),
		.mtu = bpf_htonl(mtu)};
	struct {
		__be32 length, next;
	} pseudo = {bpf_htonl(ICMP_HEADER + QUOTED_IPV6), bpf_htonl(PROTO_ICMPV6)};
	__be32 quoted[QUOTED_IPV6 / 4];
	__u64 sum;

	if (bpf_skb_load_bytes(skb, ETHERNET, quoted, sizeof(quoted)) < 0)
		return 0;
	__builtin_memcpy(head.source, &quoted[6], 16);
	__builtin_memcpy(head.destination, &quoted[2], 16);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)head.source, 32 + ICMP_HEADER, 0);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&pseudo, sizeof(pseudo), sum);
	head.icmp_sum = folded(bpf_csum_diff(NULL, 0, quoted, sizeof(quoted), sum));
	return reshape(skb, QUOTED_IPV6, sizeof(head)) &&
		bpf_skb_store_bytes(skb, ETHERNET, &head, sizeof(head), 0) == 0 && turn_round(skb);
}

#endif
