/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_PACKET_BPF_H
#define BACKBURN_PACKET_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/maps.bpf.h"
#include "bpf/matcher.h"

/*
 * Reads a packet in two steps: the addresses, which every packet pays for, and the transport
 * header, which only packets of a known peer pay for. All loads are relative to the network
 * header, so that devices without a link layer (tun, wireguard) work alike.
 */
enum {
	ETH_P_IP = 0x0800,
	ETH_P_IPV6 = 0x86dd,
	ETH_P_8021Q = 0x8100,
	ETH_P_8021AD = 0x88a8,
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AUTHENTICATION = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DESTINATION = 60,
	PROTO_DCCP = 33,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
	TCP_SYN = 0x02,
	TCP_ACK = 0x10,
	ND_FIRST = 133, /* router solicitation */
	ND_LAST = 137,  /* redirect */
	IPV6_EXTENSIONS_MAX = 6,
	IPV4_OFFSET_MASK = 0x1fff,
	IPV4_MORE = 0x2000,
	IPV6_OFFSET_MASK = 0xfff8,
};

struct packet {
	struct bb_address remote;
	__u16 remote_port, local_port; /* host order */
	__u32 id;                      /* of a fragment's packet */
	__u16 transport;               /* offset behind the network header */
	__u8 protocol;
	bool ipv6;
	bool fragment;       /* one of several */
	bool later_fragment; /* no transport header here */
	bool has_ports;
	bool opens; /* TCP: a SYN without an ACK */
};

static __always_inline struct bb_flow flow_of(const struct packet *packet)
{
	return (struct bb_flow){
		.remote = packet->remote,
		.remote_port = packet->remote_port,
		.local_port = packet->local_port,
		.protocol = packet->protocol,
	};
}

static __always_inline bool load(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	return bpf_skb_load_bytes_relative(skb, offset, to, size, BPF_HDR_START_NET) == 0;
}

struct ipv4 {
	__u8 version_length, tos;
	__be16 total, id, fragment;
	__u8 ttl, protocol;
	__be16 checksum;
	__be16 source[2], destination[2];
};

struct ethernet_ipv4 {
	__be16 to[3], from[3], type;
	struct ipv4 ip;
};

static __always_inline void note_ipv4(const struct ipv4 *ip, __u16 direction, struct packet *packet)
{
	const __be16 *remote = direction == BB_EGRESS ? ip->destination : ip->source;

	packet->remote.bytes[10] = 0xff;
	packet->remote.bytes[11] = 0xff;
	__builtin_memcpy(packet->remote.bytes + 12, remote, 4);
	packet->protocol = ip->protocol;
	packet->transport = (ip->version_length & 0xf) * 4;
	packet->later_fragment = bpf_ntohs(ip->fragment) & IPV4_OFFSET_MASK;
	packet->fragment = bpf_ntohs(ip->fragment) & (IPV4_OFFSET_MASK | IPV4_MORE);
	packet->id = ip->id;
}

/* What nearly every packet is, behind an Ethernet header, is read where it lies: that is cheaper.
 */
static __always_inline bool ipv4_addresses(
	struct __sk_buff *skb, __u16 direction, struct packet *packet)
{
	const struct ethernet_ipv4 *frame = (const void *)(long)skb->data;
	struct ipv4 ip;

	if (!READ_ONCE(bb_control.other_links) &&
		(const void *)(frame + 1) <= (const void *)(long)skb->data_end &&
		frame->type == bpf_htons(ETH_P_IP)) {
		note_ipv4(&frame->ip, direction, packet);
		return true;
	}
	if (!load(skb, 0, &ip, sizeof(ip)))
		return false;
	note_ipv4(&ip, direction, packet);
	return true;
}

static __always_inline bool ipv6_addresses(
	struct __sk_buff *skb, __u16 direction, struct packet *packet)
{
	struct {
		__be32 flow;
		__be16 payload;
		__u8 next, hops;
	} ip;

	if (!load(skb, 0, &ip, sizeof(ip)) ||
		!load(skb, direction == BB_EGRESS ? 24 : 8, packet->remote.bytes, 16))
		return false;
	packet->ipv6 = true;
	packet->protocol = ip.next;
	packet->transport = 40;
	return true;
}

/* False: no IP packet, so nothing of ours (ARP stays untouched). */
static __always_inline bool packet_addresses(
	struct __sk_buff *skb, __u16 direction, struct packet *packet)
{
	__u16 protocol = bpf_ntohs(skb->protocol);
	__u8 version;

	if (protocol == ETH_P_8021Q || protocol == ETH_P_8021AD) {
		if (!load(skb, 0, &version, 1))
			return false;
		protocol = version >> 4 == 4 ? ETH_P_IP : version >> 4 == 6 ? ETH_P_IPV6 : 0;
	}
	if (protocol == ETH_P_IP)
		return ipv4_addresses(skb, direction, packet);
	return protocol == ETH_P_IPV6 && ipv6_addresses(skb, direction, packet);
}

/* Steps over one extension header; false when the transport header is reached, or none can be. */
static __always_inline bool skip_extension(struct __sk_buff *skb, struct packet *packet)
{
	struct {
		__u8 next, length;
		__be16 fragment;
	} header;

	switch (packet->protocol) {
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_DESTINATION:
	case PROTO_FRAGMENT:
	case PROTO_AUTHENTICATION:
		break;
	default:
		return false;
	}
	if (packet->later_fragment || !load(skb, packet->transport, &header, sizeof(header)))
		return false;
	if (packet->protocol == PROTO_FRAGMENT) {
		packet->later_fragment = bpf_ntohs(header.fragment) & IPV6_OFFSET_MASK;
		packet->fragment = load(skb, packet->transport + 4, &packet->id, 4);
		packet->transport += 8;
	} else if (packet->protocol == PROTO_AUTHENTICATION) {
		packet->transport += (header.length + 2) * 4;
	} else {
		packet->transport += (header.length + 1) * 8;
	}
	packet->protocol = header.next;
	return true;
}

static __always_inline struct bb_fragment fragment_of(const struct packet *packet, __u32 direction)
{
	return (struct bb_fragment){
		.remote = packet->remote,
		.id = packet->id,
		.protocol = packet->protocol,
		.direction = direction,
	};
}

/* Later fragments belong where the first did. One that overtakes it has no ports. */
VERIFIED_ALONE int packet_follow(struct packet *packet, __u32 direction)
{
	const struct bb_ports *ports;
	struct bb_fragment key;

	if (!packet)
		return 0;
	key = fragment_of(packet, direction);
	ports = bpf_map_lookup_elem(&bb_fragments, &key);
	if (!ports)
		return 0;
	packet->has_ports = true;
	packet->remote_port = ports->remote;
	packet->local_port = ports->local;
	return 1;
}

VERIFIED_ALONE int packet_lead(const struct packet *packet, __u32 direction)
{
	struct bb_fragment key;
	struct bb_ports ports;

	if (!packet)
		return 0;
	key = fragment_of(packet, direction);
	ports = (struct bb_ports){.remote = packet->remote_port, .local = packet->local_port};
	bpf_map_update_elem(&bb_fragments, &key, &ports, BPF_ANY);
	return 0;
}

/* 0: IPv6 neighbour discovery, which is to IPv6 what ARP is to IPv4 and is never hit. */
VERIFIED_ALONE int packet_transport(struct __sk_buff *skb, __u32 direction, struct packet *packet)
{
	__be16 ports[2];
	__u8 type;

	if (!packet)
		return 0;
	for (int i = 0; packet->ipv6 && i < IPV6_EXTENSIONS_MAX; i++)
		if (!skip_extension(skb, packet))
			break;
	if (packet->later_fragment) {
		packet_follow(packet, direction);
		return true;
	}
	switch (packet->protocol) {
	case PROTO_ICMPV6:
		return !load(skb, packet->transport, &type, 1) || type < ND_FIRST || type > ND_LAST;
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_DCCP:
	case PROTO_SCTP:
	case PROTO_UDPLITE:
		if (!load(skb, packet->transport, ports, sizeof(ports)))
			return true;
		packet->has_ports = true;
		if (packet->protocol == PROTO_TCP && load(skb, packet->transport + 13, &type, 1))
			packet->opens = (type & (TCP_SYN | TCP_ACK)) == TCP_SYN;
		packet->remote_port = bpf_ntohs(ports[direction == BB_EGRESS ? 1 : 0]);
		packet->local_port = bpf_ntohs(ports[direction == BB_EGRESS ? 0 : 1]);
		if (packet->fragment)
			packet_lead(packet, direction);
	}
	return true;
}

/* Where the network header begins, for helpers that count from the link layer's. */
static __always_inline __u32 network_offset(struct __sk_buff *skb)
{
	__u16 protocol = bpf_ntohs(skb->protocol);

	/* A tag that is in the packet, not beside it, stands in front of the header. */
	return protocol == ETH_P_8021Q || protocol == ETH_P_8021AD ? 18 : 14;
}

/*
 * From the IP header on, as a router on the way would see it: of a packet that will be segmented
 * its longest segment.
 */
VERIFIED_ALONE __u32 packet_length(struct __sk_buff *skb, const struct packet *packet)
{
	struct {
		__be16 first, second, third;
	} ip;
	__u8 words = 0;

	if (!packet)
		return 0;
	if (skb->gso_size && packet->protocol == PROTO_TCP &&
		load(skb, packet->transport + 12, &words, 1))
		return packet->transport + (words >> 4) * 4 + skb->gso_size;
	if (skb->gso_size)
		return packet->transport + 8 + skb->gso_size;
	if (!load(skb, packet->ipv6 ? 2 : 0, &ip, sizeof(ip)))
		return 0;
	return packet->ipv6 ? bpf_ntohs(ip.second) + 40 : bpf_ntohs(ip.second);
}

/* True when the slot names no ports, or either end of the packet uses one of them. */
static __always_inline bool packet_has_port(const struct packet *packet, const struct bb_slot *slot)
{
	__u8 count = slot->range_count;

	if (!count)
		return true;
	if (!packet->has_ports)
		return false;
	for (int i = 0; i < BB_PORT_RANGES && i < count; i++) {
		__u16 low = slot->ranges[i].low, high = slot->ranges[i].high;

		if ((packet->local_port >= low && packet->local_port <= high) ||
			(packet->remote_port >= low && packet->remote_port <= high))
			return true;
	}
	return false;
}

#endif
