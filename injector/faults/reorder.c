/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "contract/units.h"
#include "injector/faults/lane_faults.h"
#include "injector/lane/spec.h"

/*
 * Some packets overtake others: all are delayed but those, which are let ahead. Docs:
 * docs/faults/reorder.md.
 */
struct reorder {
	struct network network;
	double ratio, correlation;
	int64_t gap, delay_ns;
	int lane;
};

#define AT(member) .offset = offsetof(struct reorder, member)

static const struct field fields[] = {
	NETWORK_FIELDS(struct reorder, network),
	{.key = "ratio",
		.kind = FIELD_RATIO,
		.live = true,
		AT(ratio),
		.choice = CHOICE_ONE,
		.min = 0.0001,
		.max = 0.9999,
		.help = "share of packets that are let ahead of those that wait"},
	{.key = "gap",
		.kind = FIELD_INTEGER,
		.live = true,
		AT(gap),
		.choice = CHOICE_ONE,
		.min = 2,
		.max = 1000000,
		.unit = "packets",
		.help = "let every gap-th packet ahead, instead of a random share"},
	{.key = "correlation",
		.kind = FIELD_RATIO,
		.live = true,
		AT(correlation),
		.max = 0.99,
		.preset = "0",
		.needs = "ratio",
		.help = "how often a packet meets the fate of the one before, whatever the ratio "
			"says: packets let ahead come in groups"},
	{.key = "delay",
		.kind = FIELD_DURATION,
		.live = true,
		AT(delay_ns),
		.min = 10 * NS_PER_US,
		.max = (double)LANE_DELAY_MAX_NS,
		.preset = "\"10ms\"",
		.help = "how long the others wait; only what comes within that time is overtaken"},
	{.key = "lane",
		.kind = FIELD_ENUM,
		AT(lane),
		.words = lane_words,
		.preset = "\"auto\"",
		.help = "what holds packets back: backburn's own queue (tap) or the kernel's "
			"(netem)"},
};

const struct shape reorder_shape = {
	.name = "reorder",
	.size = sizeof(struct reorder),
	SHAPE_FIELDS(fields),
	.help = "Some packets between \"on\" and \"from\" overtake others.",
};

int reorder_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail)
{
	const struct reorder *reorder = with;

	memset(out, 0, sizeof(*out));
	out->seed = seed;
	out->delay_ns = reorder->delay_ns;
	out->reorder = reorder->ratio;
	out->reorder_correlation = reorder->correlation;
	out->reorder_gap = (int32_t)reorder->gap;
	out->limit_bytes = spec_limit(reorder->delay_ns);
	return spec_check_choice(out, (enum lane_choice)reorder->lane, fail);
}

static int plan_reorder(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct reorder *reorder = with;
	const struct lane_fault fault = {
		.spec = reorder_spec, .network = &reorder->network, .choice = reorder->lane};

	return lane_plan(order, with, &fault, plan, fail);
}

const struct fault_ops fault_reorder = {
	.name = "reorder",
	.summary = "let some packets overtake others",
	.with = &reorder_shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "held back",
	.alone = false,
	.capability = "lane",
	.plan = plan_reorder,
};
