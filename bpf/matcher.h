/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_BPF_MATCHER_H
#define BACKBURN_BPF_MATCHER_H

/* What the packet matcher (matcher.bpf.c) and its owner in user space share. */

#ifndef __bpf__
#include <linux/types.h>
#endif

#define BB_SLOTS 64
#define BB_PORT_RANGES 8
#define BB_PROTECTED_RANGES 16
#define BB_PROTECTED_FLOWS 256

#define BB_LANE_FIRST 32 /* slots from here on hold packets back */
#define BB_LANES (BB_SLOTS - BB_LANE_FIRST)

#define BB_EGRESS_NAME "bb_egress"
#define BB_INGRESS_NAME "bb_ingress"
#define BB_EXIT_NAME "bb_exit"

enum bb_direction {
	BB_INGRESS,
	BB_EGRESS,
	BB_DIRECTIONS
};

/*
 * The label of a packet on its way through a lane: a VLAN tag (0x8100) with these 16 bits as its
 * TCI. `slot` is the one that sent it there; behind the lane the matcher goes on with the next.
 */
#define BB_LABEL_LINKS 512
#define BB_LABEL(slot, direction, link) ((slot) << 10 | (direction) << 9 | (link))
#define BB_LABEL_SLOT(label) ((label) >> 10 & 0x3f)
#define BB_LABEL_DIRECTION(label) ((label) >> 9 & 1)
#define BB_LABEL_LINK(label) ((label)&0x1ff)

/* A lane's keeper moves this on while it lives; at or after it no packet enters a lane. */
struct bb_pulse {
	__u64 alive_until_ns;
};

/* IPv4 stands as ::ffff:a.b.c.d, network order, in every key. */
struct bb_address {
	__u8 bytes[16];
};

struct bb_prefix {
	__u32 length; /* 0..128, in the mapped form */
	struct bb_address address;
};

/* What an address or a prefix belongs to. A mask of 0 is an exemption: it ends the lookup. */
struct bb_entry {
	__u64 slots;
	__u32 peer; /* key of the counters; unique per entry */
	__u32 unused;
};

struct bb_port_range {
	__u16 low, high; /* host order, both included */
};

/*
 * One fault. Plain memory that both sides map: in_use is written last on arming, and setting
 * deadline_ns to 0 ends the fault at once, whatever else still refers to the slot.
 */
struct bb_slot {
	__u64 start_ns, deadline_ns; /* CLOCK_MONOTONIC; acts while start <= now < deadline */
	__u32 in_use;
	__u8 directions;  /* bit per enum bb_direction */
	__u8 protocol;    /* 0: any; IPPROTO_ICMP means ICMPv6 too */
	__u8 range_count; /* 0: any port, and packets without ports */
	__u8 unused;
	struct bb_port_range ranges[BB_PORT_RANGES];
};

struct bb_control {
	__u64 lease_until_ns; /* no slot acts at or after it */
	__u32 protected_count;
	struct bb_port_range protected_ports[BB_PROTECTED_RANGES]; /* local ports */
	struct bb_slot slots[BB_SLOTS];
};

/* A connection that is never hit: the one that carries our controller's words. */
struct bb_flow {
	struct bb_address remote;
	__u16 remote_port, local_port; /* host order */
	__u8 protocol;
	__u8 unused[3];
};

struct bb_counter_key {
	__u32 peer; /* bb_entry.peer */
	__u16 slot;
	__u16 direction;
};

struct bb_counter {
	__u64 packets;  /* skbs */
	__u64 segments; /* what gso_segs says, at least 1 a packet */
	__u64 bytes;
	__u64 first_ns, last_ns;
};

#endif
