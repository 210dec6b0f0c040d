/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>

#include "injector/faults/network.h"
#include "injector/mechanisms/chance.h"

/* Changes a bit in some of the packets. Docs: docs/faults/corrupt.md. */
enum corruption {
	CORRUPT_DETECTED,
	CORRUPT_UNDETECTED
};

struct corrupt {
	struct network network;
	double ratio, correlation;
	int as;
};

static const char *const as_words[] = {"detected", "undetected", NULL};
static_assert(sizeof(as_words) / sizeof(char *) == CORRUPT_UNDETECTED + 2, "a word each");

static const struct field fields[] = {
	NETWORK_FIELDS(struct corrupt, network),
	{.key = "ratio",
		.kind = FIELD_RATIO,
		.live = true,
		.offset = offsetof(struct corrupt, ratio),
		.required = true,
		.help = "how many are changed"},
	{.key = "correlation",
		.kind = FIELD_RATIO,
		.live = true,
		.offset = offsetof(struct corrupt, correlation),
		.preset = "0",
		.max = 0.999,
		.help = "of the fates of two neighbouring packets; the ratio stays the same"},
	{.key = "as",
		.kind = FIELD_ENUM,
		.offset = offsetof(struct corrupt, as),
		.words = as_words,
		.preset = "\"detected\"",
		.help = "\"detected\": the checksum is wrong and the receiver's kernel drops the "
			"packet; \"undetected\": it is right, and the wrong bytes reach the "
			"program"},
};

static const struct shape shape = {
	.name = "corrupt",
	.size = sizeof(struct corrupt),
	SHAPE_FIELDS(fields),
	.help = "One bit of the payload of some packets between \"on\" and \"from\" is turned.",
};

static int plan_corrupt(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct corrupt *corrupt = with;
	struct effect *effect = network_plan(order, &corrupt->network, plan, fail);

	if (!effect)
		return -1;
	effect->match.action = BB_CORRUPT;
	effect->match.fix_checksum = corrupt->as == CORRUPT_UNDETECTED;
	effect->match.chance.seed = (uint64_t)order->seed;
	chance_correlated(&effect->match.chance, corrupt->ratio, corrupt->correlation);
	return 0;
}

const struct fault_ops fault_corrupt = {
	.name = "corrupt",
	.summary =
		"turn a bit in some of the packets, noticed by the receiver's kernel or by nobody",
	.with = &shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "corrupted",
	.capability = "wire",
	.plan = plan_corrupt,
};
