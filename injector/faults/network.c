/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/faults/network.h"

#include <assert.h>
#include <netinet/in.h>

#include "bpf/matcher.h"
#include "contract/units.h"

enum meant_protocol {
	MEANT_ANY,
	MEANT_TCP,
	MEANT_UDP,
	MEANT_ICMP
};

const char *const network_direction_words[] = {"both", "in", "out", NULL};
const char *const network_protocol_words[] = {"any", "tcp", "udp", "icmp", NULL};
const char *const network_connection_words[] = {[BB_ALL_CONNECTIONS] = "all",
	[BB_NEW_CONNECTIONS] = "new",
	[BB_ESTABLISHED_CONNECTIONS] = "established",
	NULL};
static_assert(sizeof(network_direction_words) / sizeof(char *) == MEANT_OUT + 2, "a word each");
static_assert(sizeof(network_protocol_words) / sizeof(char *) == MEANT_ICMP + 2, "a word each");

static const uint8_t protocol_numbers[] = {
	[MEANT_ANY] = 0,
	[MEANT_TCP] = IPPROTO_TCP,
	[MEANT_UDP] = IPPROTO_UDP,
	[MEANT_ICMP] = IPPROTO_ICMP,
};

/* No empty part, none that is "." or "..", no slash at the end. */
const struct form network_cgroup_form = {.pattern = "^(/([^/.][^/]*|\\.[^/.][^/]*|\\.\\.[^/]+))+$",
	.says = "a path like \"/system.slice/etcd.service\": it begins with \"/\", does not end "
		"with "
		"one, and has no . and .. in it"};

#define FLAP_MIN_NS (10 * NS_PER_MS)
#define FLAP_MAX_NS (3600 * NS_PER_SEC)

static const struct field flap_fields[] = {
	{.key = "on",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct flap, on_ns),
		.required = true,
		.min = FLAP_MIN_NS,
		.max = FLAP_MAX_NS,
		.help = "how long it acts"},
	{.key = "off",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct flap, off_ns),
		.required = true,
		.min = FLAP_MIN_NS,
		.max = FLAP_MAX_NS,
		.help = "how long it then pauses"},
};
const struct shape network_flap_shape = {
	.name = "flap",
	.size = sizeof(struct flap),
	SHAPE_FIELDS(flap_fields),
	.help = "A fault that comes and goes.",
};

unsigned int network_directions(const struct network *network, enum fault_role role)
{
	const unsigned int into = 1u << BB_INGRESS, out_of = 1u << BB_EGRESS;

	switch ((enum meant_direction)network->direction) {
	case MEANT_BOTH:
		return into | out_of;
	case MEANT_IN:
		return role == ROLE_ON ? into : out_of;
	case MEANT_OUT:
		return role == ROLE_ON ? out_of : into;
	}
	return 0;
}

int network_check(const struct network *network, struct fail *fail)
{
	if (network->ports.count && network->protocol == MEANT_ICMP)
		return fail_set(fail, FAIL_USAGE, "icmp has no ports: leave out one of the two");
	if (network->connections != BB_ALL_CONNECTIONS && network->protocol != MEANT_ANY &&
		network->protocol != MEANT_TCP)
		return fail_set(fail, FAIL_USAGE,
			"only TCP has new and established connections: leave \"connections\" out");
	if (network->cgroup && network->protocol == MEANT_ICMP)
		return fail_set(fail, FAIL_USAGE,
			"whose icmp packets are can't be told: leave \"cgroup\" out");
	return 0;
}

int network_check_role(
	const struct network *network, const struct fault_order *order, struct fail *fail)
{
	if (order->role == ROLE_ON || !network->cgroup)
		return 0;
	return fail_set(fail, FAIL_USAGE,
		"with \"cgroup\", which is of the nodes in \"on\", a node of \"from\" has nothing "
		"to "
		"do");
}

size_t network_addresses(const struct list *peers)
{
	size_t prefixes = 0;

	LIST_EACH(*peers, const struct endpoint, peer) {
		prefixes += endpoint_prefixes(peer)->count;
	}
	return prefixes;
}

struct effect *network_rule(const struct fault_order *order, const struct network *network,
	unsigned int directions, const struct list *peers, struct plan *plan)
{
	struct effect *effect = plan_add(plan, EFFECT_MATCH);

	effect->match = (struct match_rule){
		.directions = directions,
		.protocol = protocol_numbers[network->protocol],
		.ports = network->ports,
		.connections = (uint8_t)network->connections,
		.cgroup = network->cgroup,
		.peers = peers,
		.start_ns = order->start_ns,
		.deadline_ns = order->deadline_ns,
	};
	if (network->flap) {
		effect->match.flap_on_ns = network->flap->on_ns;
		effect->match.flap_period_ns = network->flap->on_ns + network->flap->off_ns;
	}
	return effect;
}

struct effect *network_plan(const struct fault_order *order, const struct network *network,
	struct plan *plan, struct fail *fail)
{
	const struct list *peers = order->role == ROLE_ON ? &order->from : &order->on;

	if (network_check(network, fail) < 0 || network_check_role(network, order, fail) < 0)
		return NULL;
	if (network_addresses(peers) == 0) {
		fail_set(
			fail, FAIL_REFUSED, "the other side has no address to tell its packets by");
		return NULL;
	}
	return network_rule(order, network, network_directions(network, order->role), peers, plan);
}
