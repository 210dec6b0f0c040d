/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "injector/faults/network.h"
#include "injector/mechanisms/chance.h"

/* Delivers some of the packets twice. Docs: docs/faults/duplicate.md. */
struct duplicate {
	struct network network;
	double ratio, correlation;
};

static const struct field fields[] = {
	NETWORK_FIELDS(struct duplicate, network),
	{.key = "ratio",
		.kind = FIELD_RATIO,
		.live = true,
		.offset = offsetof(struct duplicate, ratio),
		.required = true,
		.help = "how many come twice"},
	{.key = "correlation",
		.kind = FIELD_RATIO,
		.live = true,
		.offset = offsetof(struct duplicate, correlation),
		.preset = "0",
		.max = 0.999,
		.help = "of the fates of two neighbouring packets; the ratio stays the same"},
};

static const struct shape shape = {
	.name = "duplicate",
	.size = sizeof(struct duplicate),
	SHAPE_FIELDS(fields),
	.help = "Some packets between \"on\" and \"from\" come twice.",
};

static int plan_duplicate(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct duplicate *duplicate = with;
	struct effect *effect = network_plan(order, &duplicate->network, plan, fail);

	if (!effect)
		return -1;
	effect->match.action = BB_DUPLICATE;
	effect->match.chance.seed = (uint64_t)order->seed;
	chance_correlated(&effect->match.chance, duplicate->ratio, duplicate->correlation);
	return 0;
}

const struct fault_ops fault_duplicate = {
	.name = "duplicate",
	.summary = "deliver some of the packets twice",
	.with = &shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "duplicated",
	.capability = "wire",
	.plan = plan_duplicate,
};
