/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "injector/faults/lane_faults.h"
#include "injector/lane/spec.h"

/* A slow link: packets queue up behind it, and are lost when the queue is full. Docs:
 * docs/faults/rate.md. */
struct rate {
	struct network network;
	int64_t bandwidth_bits;
	int64_t burst_bytes, overhead_bytes, limit_bytes;
	int lane;
};

#define AT(member) .offset = offsetof(struct rate, member)

static const struct field fields[] = {
	NETWORK_FIELDS(struct rate, network),
	{.key = "bandwidth",
		.kind = FIELD_BANDWIDTH,
		.live = true,
		AT(bandwidth_bits),
		.required = true,
		.min = 8e3,
		.max = 100e9,
		.help = "at most so many bits a second pass, each way and each direction alone"},
	{.key = "burst",
		.kind = FIELD_SIZE,
		.live = true,
		AT(burst_bytes),
		.max = 64 << 20,
		.preset = "\"0B\"",
		.help = "bytes that may pass at once after a pause"},
	{.key = "overhead",
		.kind = FIELD_INTEGER,
		AT(overhead_bytes),
		.min = -100,
		.max = 1000,
		.preset = "0",
		.unit = "bytes",
		.help = "added to each packet's length, which has the Ethernet header in it "
			"already: "
			"24 counts preamble, checksum and gap as well"},
	{.key = "limit",
		.kind = FIELD_SIZE,
		.live = true,
		AT(limit_bytes),
		.min = 4 << 10,
		.max = 64 << 20,
		.help = "bytes that may wait for their turn; what comes on top is lost, as at a "
			"full router. Left out: 200 ms at that bandwidth, at least 128KiB"},
	{.key = "lane",
		.kind = FIELD_ENUM,
		AT(lane),
		.words = lane_words,
		.preset = "\"auto\"",
		.help = "what holds packets back: backburn's own queue (tap) or the kernel's tbf "
			"(netem)"},
};

const struct shape rate_shape = {
	.name = "rate",
	.size = sizeof(struct rate),
	SHAPE_FIELDS(fields),
	.help = "Packets between \"on\" and \"from\" pass a slow link.",
};

enum {
	QUEUE_PARTS = 5,         /* a queue as long as a fifth of a second */
	LIMIT_LEAST = 128 << 10, /* two GSO packets: one on its way, one behind it */
	LIMIT_MOST = 64 << 20
};

static uint64_t usual_limit(uint64_t rate_bytes)
{
	uint64_t bytes = rate_bytes / QUEUE_PARTS;

	return bytes < LIMIT_LEAST ? LIMIT_LEAST : bytes > LIMIT_MOST ? LIMIT_MOST : bytes;
}

int rate_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail)
{
	const struct rate *rate = with;

	memset(out, 0, sizeof(*out));
	out->seed = seed;
	out->keep_order = 1;
	out->rate_bytes = (uint64_t)rate->bandwidth_bits / 8;
	out->burst_bytes = (uint64_t)rate->burst_bytes;
	out->overhead_bytes = (int32_t)rate->overhead_bytes;
	out->limit_bytes = (uint64_t)rate->limit_bytes;
	if (!out->limit_bytes)
		out->limit_bytes = usual_limit(out->rate_bytes);
	return spec_check_choice(out, (enum lane_choice)rate->lane, fail);
}

static int plan_rate(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct rate *rate = with;
	const struct lane_fault fault = {
		.spec = rate_spec, .network = &rate->network, .choice = rate->lane};

	return lane_plan(order, with, &fault, plan, fail);
}

const struct fault_ops fault_rate = {
	.name = "rate",
	.summary = "limit the bandwidth, as a slow link with a queue does",
	.with = &rate_shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "queued",
	.alone = true,
	.capability = "lane",
	.plan = plan_rate,
};
