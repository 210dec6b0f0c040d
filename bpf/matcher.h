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

/*
 * The order in which faults see a packet is that of their slots: first those that drop it whole,
 * then those that decide for each segment, then those that hold it back, delays before rates.
 */
#define BB_WIRE_FIRST 32 /* decides for each segment */
#define BB_LANE_FIRST 44 /* holds packets back */
#define BB_RATE_FIRST 56
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
 * What the matcher and a lane's keeper tell each other. The keeper moves alive_until_ns on while it
 * lives; at or after it no packet enters a lane. sent_ns is when the last packet was sent to it:
 * what a keeper that slept needs to wake up is no part of a packet's delay.
 */
struct bb_pulse {
	__u64 alive_until_ns;
	__u64 sent_ns;
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

enum bb_action {
	BB_DROP,      /* every packet */
	BB_SHORTEN,   /* drops what is longer than `mtu`, and may answer as a router does */
	BB_LOSE,      /* drops what `chance` hits */
	BB_CORRUPT,   /* changes bits of what `chance` hits */
	BB_DUPLICATE, /* sends what `chance` hits twice */
	BB_HOLD       /* sends it through a lane */
};

enum bb_connections {
	BB_ALL_CONNECTIONS,
	BB_NEW_CONNECTIONS,        /* TCP whose SYN was seen since the fault was armed */
	BB_ESTABLISHED_CONNECTIONS /* TCP whose SYN was not */
};

/*
 * Which packets are hit. A Markov chain of up to four states: a packet is hit with the chance of
 * the present state, then the next state is chosen. One state is plain chance, two are correlated
 * hits or Gilbert-Elliott. Chances count in 1/2^32, so that certainty has a number too.
 *
 * Random numbers come from seed and trial number alone: the same packets in the same order meet
 * the same fate.
 */
#define BB_STATES 4
#define BB_CERTAIN (1ULL << 32)
struct bb_chance {
	__u64 seed;
	__u32 every;  /* > 0: every n-th packet instead */
	__u32 states; /* 1..BB_STATES */
	__u64 hit[BB_STATES];
	__u64 go[BB_STATES][BB_STATES]; /* go[i][j]: chance of a next state ≤ j, seen from i */
	/* Per direction. Low half: trials so far; high half: the present state. */
	__u64 progress[2];
};

/*
 * One fault. Plain memory that both sides map: in_use is written last on arming, and setting
 * deadline_ns to 0 ends the fault at once, whatever else still refers to the slot.
 */
struct bb_slot {
	__u64 start_ns, deadline_ns;      /* CLOCK_MONOTONIC; acts while start <= now < deadline */
	__u64 flap_on_ns, flap_period_ns; /* acts in the first part of each period; 0: always */
	__u32 in_use;
	__u8 directions;   /* bit per enum bb_direction */
	__u8 protocol;     /* 0: any; IPPROTO_ICMP means ICMPv6 too */
	__u8 range_count;  /* 0: any port, and packets without ports */
	__u8 action;       /* enum bb_action */
	__u8 connections;  /* enum bb_connections */
	__u8 fix_checksum; /* BB_CORRUPT: the receiver's stack shall not notice */
	__u8 answer;       /* BB_SHORTEN: with ICMP */
	__u8 by_keeper;    /* BB_HOLD: only while its pulse beats */
	__u64 cgroup;      /* id; only packets of its sockets and of those below it. 0: all */
	__u32 lane;        /* BB_HOLD: ifindex */
	__u64 missed; /* packets that should have gone through a lane or the wire, and could not */
	__u64 untold; /* segments that were hit, of addresses for which bb_touched had no room */
	__u32 rule;   /* bb_touched_key.rule */
	struct bb_port_range ranges[BB_PORT_RANGES];
	/*
	 * What may be changed while the fault acts is there twice, with counters for each: one
	 * store goes over from one copy to the other.
	 */
	__u32 current; /* 0 or 1 */
	__u32 mtu[2];  /* BB_SHORTEN: longest packet that passes, from its IP header on */
	struct bb_chance chance[2];
};

struct bb_control {
	__u64 lease_until_ns; /* no slot acts at or after it */
	__u32 protected_count;
	__u32 wire;  /* ifindex of the lane that makes packets what they are on a wire; 0: none */
	__u32 track; /* slots that must know new connections from old ones */
	__u32 prefixes;    /* 0: bb_prefixes is empty, and needs no look */
	__u32 other_links; /* 0: each link that is hooked has an Ethernet header */
	struct bb_port_range protected_ports[BB_PROTECTED_RANGES]; /* local ports */
	__u32 links[BB_LABEL_LINKS]; /* ifindex by link number; 0: none */
	struct bb_slot slots[BB_SLOTS];
};

/* A connection: one that is never hit, because it carries our controller's words, or a new one. */
struct bb_flow {
	struct bb_address remote;
	__u16 remote_port, local_port; /* host order */
	__u8 protocol;
	__u8 unused[3];
};

/* A packet that was sent in fragments, and what only the first of them tells. */
#define BB_FRAGMENTS 512
struct bb_fragment {
	struct bb_address remote;
	__u32 id; /* as it stands in the packet */
	__u8 protocol;
	__u8 direction;
	__u8 unused[2];
};
struct bb_ports {
	__u16 remote, local; /* host order */
};

#define BB_COUNTED(slot, copy) ((slot) | (copy) << 8)
struct bb_counter_key {
	__u32 peer; /* bb_entry.peer */
	__u16 slot; /* BB_COUNTED() */
	__u16 direction;
};

struct bb_counter {
	__u64 packets;  /* skbs that were hit */
	__u64 segments; /* the same, as gso_segs says; at least 1 a packet */
	__u64 bytes;
	__u64 matched; /* segments that were looked at, hit or not */
	__u64 first_ns, last_ns;
};

/*
 * What was hit of one address by one rule. A rule's number is its own for the matcher's life, while
 * its slot may go to another.
 */
#define BB_TOUCHED 16384
#define BB_TOUCHED_FLOWS 16384 /* of all rules: above it connections are no longer told apart */
struct bb_touched_key {
	struct bb_address address;
	__u32 rule;
};

struct bb_touched {
	__u64 packets, segments; /* as in struct bb_counter */
	__u64 connections;       /* or pairs of ports, of protocols without */
	__u64 first_ns, last_ns;
};

struct bb_touched_flow {
	struct bb_flow flow;
	__u32 rule;
};

#endif
