/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>

#include "bpf/matcher.h"
#include "injector/faults/network.h"
#include "injector/faults/partition_shape.h"

/*
 * Cuts the links between two sets of nodes, or among those of one, as a broken switch does: packets
 * vanish, and no system call on either side hears of it. Docs: docs/faults/partition.md.
 */
enum cut_enforce {
	ENFORCE_BOTH,
	ENFORCE_ON
};

struct partition {
	struct network network;
	int enforce, shape;
	char *who;
	cJSON *drops;
};

static const char *const enforce_names[] = {"both", "on", NULL};
static_assert(sizeof(enforce_names) / sizeof(char *) == ENFORCE_ON + 2, "a word each");

#define AT(member) .offset = offsetof(struct partition, member)

static const struct field fields[] = {
	NETWORK_FIELDS(struct partition, network),
	{.key = "enforce",
		.kind = FIELD_ENUM,
		AT(enforce),
		.words = enforce_names,
		.preset = "\"both\"",
		.help = "where packets are dropped: on both sides of the cut, or only on the nodes "
			"in \"on\""},
	{.key = "shape",
		.kind = FIELD_ENUM,
		AT(shape),
		.words = cut_shape_words,
		.preset = "\"sides\"",
		.help = "who is parted from whom: \"sides\" parts \"on\" from \"from\"; all others "
			"part the nodes in \"on\" among themselves, and need no \"from\""},
	{.key = "who",
		.kind = FIELD_NAME,
		AT(who),
		.needs = "shape",
		.help = "with the shape \"one\": the node that is alone; the first one if left "
			"out"},
	{.key = "drops",
		.kind = FIELD_NAMES,
		AT(drops),
		.help = "in place of a shape: whose packets each node in \"on\" drops, as in "
			"{\"n1\": [\"n2\"]}; what comes the other way still passes"},
};

static const struct shape shape = {
	.name = "partition",
	.size = sizeof(struct partition),
	SHAPE_FIELDS(fields),
	.help = "Packets between \"on\" and \"from\", or among the nodes in \"on\", vanish without "
		"a trace.",
};

/* The nodes in "on" from those in "from". */
static int plan_sides(const struct fault_order *order, const struct partition *partition,
	struct plan *plan, struct fail *fail)
{
	const struct list *peers = order->role == ROLE_ON ? &order->from : &order->on;

	if (order->role == ROLE_FROM && partition->enforce == ENFORCE_ON)
		return fail_set(fail, FAIL_USAGE,
			"with enforce \"on\" a node of \"from\" has nothing to do");
	if (!order->from.count)
		return fail_set(fail, FAIL_REFUSED,
			"needs \"from\", or a \"shape\" that parts the nodes in \"on\"");
	if (network_addresses(peers) == 0)
		return fail_set(fail, FAIL_REFUSED, "the other side has no address to cut off");
	network_rule(order, &partition->network,
		network_directions(&partition->network, order->role), peers, plan);
	return 0;
}

static bool same_peers(const struct list *a, const struct list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (LIST_AT(*a, struct endpoint, i)->node != LIST_AT(*b, struct endpoint, i)->node)
			return false;
	return true;
}

/* Only what there is to drop; one rule for both directions where both have the same peers. */
static int add_rules(const struct fault_order *order, const struct partition *partition,
	const struct list *const peers[BB_DIRECTIONS], struct plan *plan, struct fail *fail)
{
	bool same = same_peers(peers[BB_INGRESS], peers[BB_EGRESS]);

	for (int direction = 0; direction < (same ? 1 : BB_DIRECTIONS); direction++) {
		const struct list *own = peers[direction];

		if (!own->count)
			continue;
		if (network_addresses(own) == 0)
			return fail_set(fail, FAIL_REFUSED, "%.63s has no address to cut off",
				LIST_AT(*own, struct endpoint, 0)->node);
		network_rule(order, &partition->network,
			same ? 1u << BB_INGRESS | 1u << BB_EGRESS : 1u << direction, own, plan);
	}
	return 0;
}

/* The nodes in "on" among themselves: a packet is dropped by its sender and by its receiver. */
static int plan_shape(const struct fault_order *order, const struct partition *partition,
	struct plan *plan, struct fail *fail)
{
	const struct partition_shape among = {
		.shape = partition->shape, .who = partition->who, .drops = partition->drops};
	struct list *peers[BB_DIRECTIONS] = {plan_list(plan), plan_list(plan)};

	if (order->from.count)
		return fail_set(fail, FAIL_REFUSED,
			"a shape parts the nodes in \"on\": leave \"from\" out");
	if (partition->network.direction != MEANT_BOTH || partition->enforce != ENFORCE_BOTH)
		return fail_set(fail, FAIL_REFUSED,
			"\"direction\" and \"enforce\" go with \"from\"; \"drops\" can cut one "
			"way");
	if (partition->drops && partition->shape != CUT_SIDES)
		return fail_set(fail, FAIL_REFUSED,
			"\"drops\" stands in place of a shape: leave one of the two out");
	if (partition->who && partition->shape != CUT_ONE)
		return fail_set(fail, FAIL_REFUSED, "\"who\" goes with the shape \"one\"");
	if (partition_shape_peers(order, &among, peers[BB_INGRESS], peers[BB_EGRESS], fail) < 0)
		return -1;
	return add_rules(order, partition, (const struct list *const *)peers, plan, fail);
}

static int plan_partition(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct partition *partition = with;

	if (network_check(&partition->network, fail) < 0 ||
		network_check_role(&partition->network, order, fail) < 0)
		return -1;
	if (partition->drops || partition->shape != CUT_SIDES)
		return plan_shape(order, partition, plan, fail);
	return plan_sides(order, partition, plan, fail);
}

const struct fault_ops fault_partition = {
	.name = "partition",
	.summary = "cut the network between two sets of nodes; packets vanish silently",
	.with = &shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_BOTH,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "dropped",
	.within = true,
	.capability = "partition",
	.plan = plan_partition,
};
