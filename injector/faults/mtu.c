/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "injector/faults/network.h"

/* A path, or a black hole, for packets up to a length. Docs: docs/faults/mtu.md. */
struct mtu {
	struct network network;
	int64_t bytes;
	bool icmp;
};

enum {
	MTU_MIN = 68, /* what every IPv4 router must pass (RFC 791) */
	MTU_MAX = 65535
};

static const struct field fields[] = {
	NETWORK_FIELDS(struct mtu, network),
	{.key = "bytes",
		.kind = FIELD_INTEGER,
		.live = true,
		.offset = offsetof(struct mtu, bytes),
		.required = true,
		.min = MTU_MIN,
		.max = MTU_MAX,
		.unit = "bytes",
		.help = "the longest packet that passes, with its IP header"},
	{.key = "icmp",
		.kind = FIELD_BOOL,
		.offset = offsetof(struct mtu, icmp),
		.preset = "false",
		.help = "whether the sender is told, as by a router that does its duty; then paths "
			"shrink instead of hanging"},
};

static const struct shape shape = {
	.name = "mtu",
	.size = sizeof(struct mtu),
	SHAPE_FIELDS(fields),
	.help = "Packets between \"on\" and \"from\" that are too long vanish.",
};

static int plan_mtu(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct mtu *mtu = with;
	struct effect *effect = network_plan(order, &mtu->network, plan, fail);

	if (!effect)
		return -1;
	effect->match.action = BB_SHORTEN;
	effect->match.mtu = (uint32_t)mtu->bytes;
	effect->match.answer = mtu->icmp;
	return 0;
}

const struct fault_ops fault_mtu = {
	.name = "mtu",
	.summary = "a path MTU black hole: packets above a length vanish",
	.with = &shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "dropped",
	.capability = "partition",
	.plan = plan_mtu,
};
