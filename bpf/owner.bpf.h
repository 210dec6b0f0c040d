/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_OWNER_BPF_H
#define BACKBURN_OWNER_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/packet.bpf.h"

/*
 * Whose packet is it? The kernel is asked for the socket that a packet belongs to by its addresses
 * and ports, for both directions alike: a packet that comes in has no socket yet, and one that went
 * through a lane has none any more. A listening socket owns what opens a connection to it.
 *
 * A packet's owner is the address of its socket's cgroup, only ever read through
 * bpf_probe_read_kernel(), which survives that the cgroup is gone.
 */
enum {
	OWNER_UNKNOWN,    /* nobody has asked yet */
	OWNER_NONE,       /* no socket here; or of a protocol that has no ports */
	OWNER_LEVELS = 16 /* so far up a cgroup's ancestors are looked at */
};

static __always_inline bool tuple_of(struct __sk_buff *skb, const struct packet *packet,
	__u32 direction, struct bpf_sock_tuple *tuple)
{
	/* The socket's peer is the source, whichever way the packet goes. */
	bool out = direction == BB_EGRESS;
	__be16 remote = bpf_htons(packet->remote_port), local = bpf_htons(packet->local_port);

	if (packet->ipv6) {
		__builtin_memcpy(tuple->ipv6.saddr, packet->remote.bytes, 16);
		tuple->ipv6.sport = remote;
		tuple->ipv6.dport = local;
		return load(skb, out ? 8 : 24, tuple->ipv6.daddr, 16);
	}
	__builtin_memcpy(&tuple->ipv4.saddr, packet->remote.bytes + 12, 4);
	tuple->ipv4.sport = remote;
	tuple->ipv4.dport = local;
	return load(skb, out ? 12 : 16, &tuple->ipv4.daddr, 4);
}

/* The cgroup's address, or OWNER_NONE. */
VERIFIED_ALONE __u64 owner_of(struct __sk_buff *skb, const struct packet *packet, __u32 direction)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *found;
	struct sock *sock = NULL;
	__u64 owner;
	__u32 size;

	if (!packet || !packet->has_ports || !tuple_of(skb, packet, direction, &tuple))
		return OWNER_NONE;
	size = packet->ipv6 ? sizeof(tuple.ipv6) : sizeof(tuple.ipv4);
	if (packet->protocol == PROTO_TCP)
		found = bpf_sk_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	else if (packet->protocol == PROTO_UDP)
		found = bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	else
		return OWNER_NONE;
	if (!found)
		return OWNER_NONE;
	/* The verifier lets nobody count on from a socket's address, but from a copy of it. */
	bpf_probe_read_kernel(&sock, sizeof(sock), &found);
	owner = (__u64)BPF_CORE_READ(sock, sk_cgrp_data.cgroup);
	bpf_sk_release(found);
	return owner ? owner : OWNER_NONE;
}

/* Whether the owner is the cgroup of that id, or lies in it. */
VERIFIED_ALONE int owner_is_within(__u64 owner, __u64 id)
{
	const struct cgroup *cgroup = (const struct cgroup *)owner;

	for (int level = 0; level < OWNER_LEVELS && cgroup; level++) {
		const struct cgroup_subsys_state *parent;

		if (BPF_CORE_READ(cgroup, kn, id) == id)
			return 1;
		parent = BPF_CORE_READ(cgroup, self.parent);
		cgroup = parent ? BPF_CORE_READ(parent, cgroup) : NULL;
	}
	return 0;
}

#endif
