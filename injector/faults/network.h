/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_NETWORK_H
#define BACKBURN_INJECTOR_NETWORK_H

#include <stddef.h>

#include "injector/fault.h"

/*
 * What all network faults share: which packets between "on" and "from" they mean, and when. A
 * fault has a `struct network` as a member and NETWORK_FIELDS() in its table.
 *
 * But for a partition they act on the nodes of "on" only, on both their ways: at both ends a packet
 * would be lost, or held back, twice.
 */
struct flap {
	int64_t on_ns, off_ns;
};

struct network {
	int direction, protocol, connections;
	char *cgroup; /* owned likewise; NULL: whoever's socket it is */
	struct port_set ports;
	struct flap *flap; /* owned by the decoded parameters; NULL: all the time */
};

extern const char *const network_direction_words[], *const network_protocol_words[],
							    *const network_connection_words[];
extern const struct shape network_flap_shape;
extern const struct form network_cgroup_form;

/* clang-format off */
#define NETWORK_FIELDS(type, member)                                                               \
	{.key = "direction",                                                                       \
		.kind = FIELD_ENUM,                                                                \
		.offset = offsetof(type, member.direction),                                        \
		.words = network_direction_words,                                                  \
		.preset = "\"both\"",                                                              \
		.help = "which packets are meant, as seen by the nodes in \"on\": \"in\" are "     \
			"packets that they would receive"},                                        \
	{.key = "protocol",                                                                        \
		.kind = FIELD_ENUM,                                                                \
		.offset = offsetof(type, member.protocol),                                         \
		.words = network_protocol_words,                                                   \
		.preset = "\"any\"",                                                               \
		.help = "only this protocol; \"icmp\" is ICMP and ICMPv6, without neighbour "      \
			"discovery"},                                                              \
	{.key = "ports",                                                                           \
		.kind = FIELD_PORTS,                                                               \
		.offset = offsetof(type, member.ports),                                            \
		.help = "only packets of which either end uses one of these ports; at most 8 "     \
			"ports or ranges"},                                                        \
	{.key = "connections",                                                                     \
		.kind = FIELD_ENUM,                                                                \
		.offset = offsetof(type, member.connections),                                      \
		.words = network_connection_words,                                                 \
		.preset = "\"all\"",                                                               \
		.help = "\"new\": only TCP connections that were opened since the fault was "      \
			"armed; \"established\": only those that were not"},                       \
	{.key = "cgroup",                                                                          \
		.kind = FIELD_STRING,                                                              \
		.offset = offsetof(type, member.cgroup),                                           \
		.form = &network_cgroup_form,                                                      \
		.help = "only TCP and UDP packets of sockets of this cgroup, and of those below "  \
			"it, on the nodes in \"on\": a path below the cgroup v2 mount"},             \
	{.key = "flap",                                                                            \
		.kind = FIELD_OBJECT,                                                              \
		.offset = offsetof(type, member.flap),                                             \
		.sub = &network_flap_shape,                                                        \
		.help = "acts for a while, pauses for a while, and so on, from its start"}
/* clang-format on */

enum meant_direction {
	MEANT_BOTH,
	MEANT_IN,
	MEANT_OUT
};

/* FAIL_USAGE when what it says contradicts itself. */
int network_check(const struct network *network, struct fail *fail);
/* Bits 1 << enum bb_direction: "in, as seen by \"on\"" is out of a node of "from". */
unsigned int network_directions(const struct network *network, enum fault_role role);
/* FAIL_USAGE for a node of "from" when only sockets of a cgroup in "on" are meant. */
int network_check_role(
	const struct network *network, const struct fault_order *order, struct fail *fail);
size_t network_addresses(const struct list *peers);

/* Adds the effect with all that `network` says of it; the caller adds what is done. */
struct effect *network_rule(const struct fault_order *order, const struct network *network,
	unsigned int directions, const struct list *peers, struct plan *plan);

/* All of it, for a fault between "on" and "from". NULL when the order makes no sense. */
struct effect *network_plan(const struct fault_order *order, const struct network *network,
	struct plan *plan, struct fail *fail);

#endif
