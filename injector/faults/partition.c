/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>

#include "bpf/matcher.h"
#include "injector/fault.h"

/*
 * Cuts the links between two sets of nodes, as a broken switch does: packets vanish, and no
 * system call on either side hears of it. Docs: docs/faults/partition.md.
 */
enum cut_direction {
	CUT_BOTH,
	CUT_IN,
	CUT_OUT
};
enum cut_protocol {
	CUT_ANY,
	CUT_TCP,
	CUT_UDP,
	CUT_ICMP
};
enum cut_enforce {
	ENFORCE_BOTH,
	ENFORCE_ON
};

struct partition {
	int direction, protocol, enforce;
	struct port_set ports;
};

static const char *const direction_names[] = {"both", "in", "out", NULL};
static const char *const protocol_names[] = {"any", "tcp", "udp", "icmp", NULL};
static const char *const enforce_names[] = {"both", "on", NULL};
static_assert(sizeof(direction_names) / sizeof(char *) == CUT_OUT + 2, "a word each");
static_assert(sizeof(protocol_names) / sizeof(char *) == CUT_ICMP + 2, "a word each");
static_assert(sizeof(enforce_names) / sizeof(char *) == ENFORCE_ON + 2, "a word each");

static const uint8_t protocol_numbers[] = {
	[CUT_ANY] = 0,
	[CUT_TCP] = IPPROTO_TCP,
	[CUT_UDP] = IPPROTO_UDP,
	[CUT_ICMP] = IPPROTO_ICMP,
};

#define AT(member) .offset = offsetof(struct partition, member)

static const struct field fields[] = {
	{.key = "direction",
		.kind = FIELD_ENUM,
		AT(direction),
		.words = direction_names,
		.preset = "\"both\"",
		.help = "which packets vanish, as seen by the nodes in \"on\": \"in\" are packets "
			"that they would receive"},
	{.key = "protocol",
		.kind = FIELD_ENUM,
		AT(protocol),
		.words = protocol_names,
		.preset = "\"any\"",
		.help = "cut only this protocol; \"icmp\" is ICMP and ICMPv6, without neighbour "
			"discovery"},
	{.key = "ports",
		.kind = FIELD_PORTS,
		AT(ports),
		.help = "cut only packets of which either end uses one of these ports; at most 8 "
			"ports or ranges"},
	{.key = "enforce",
		.kind = FIELD_ENUM,
		AT(enforce),
		.words = enforce_names,
		.preset = "\"both\"",
		.help = "where packets are dropped: on both sides of the cut, or only on the nodes "
			"in \"on\""},
};

static const struct shape shape = {
	.name = "partition",
	.size = sizeof(struct partition),
	SHAPE_FIELDS(fields),
	.help = "Packets between \"on\" and \"from\" vanish without a trace.",
};

static unsigned int directions_on_this_side(enum cut_direction direction, enum fault_role role)
{
	const unsigned int into = 1u << BB_INGRESS, out_of = 1u << BB_EGRESS;

	switch (direction) {
	case CUT_BOTH:
		return into | out_of;
	case CUT_IN:
		return role == ROLE_ON ? into : out_of;
	case CUT_OUT:
		return role == ROLE_ON ? out_of : into;
	}
	return 0;
}

static int plan_partition(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct partition *partition = with;
	const struct list *peers = order->role == ROLE_ON ? &order->from : &order->on;
	size_t prefixes = 0;
	struct effect *effect;

	if (order->role == ROLE_FROM && partition->enforce == ENFORCE_ON)
		return fail_set(fail, FAIL_USAGE,
			"with enforce \"on\" a node of \"from\" has nothing to do");
	if (partition->ports.count && partition->protocol == CUT_ICMP)
		return fail_set(fail, FAIL_USAGE, "icmp has no ports: leave out one of the two");
	LIST_EACH(*peers, const struct endpoint, peer) {
		prefixes += peer->prefixes.count;
	}
	if (prefixes == 0)
		return fail_set(fail, FAIL_REFUSED, "the other side has no address to cut off");
	effect = plan_add(plan, EFFECT_MATCH);
	effect->match = (struct match_rule){
		.directions = directions_on_this_side(partition->direction, order->role),
		.protocol = protocol_numbers[partition->protocol],
		.ports = partition->ports,
		.peers = peers,
		.start_ns = order->start_ns,
		.deadline_ns = order->deadline_ns,
	};
	return 0;
}

const struct fault_ops fault_partition = {
	.name = "partition",
	.summary = "cut the network between two sets of nodes; packets vanish silently",
	.with = &shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_EVERYTHING,
	.sides = SIDES_BOTH,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "dropped",
	.capability = "partition",
	.plan = plan_partition,
};
