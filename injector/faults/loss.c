/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "injector/faults/network.h"
#include "injector/mechanisms/chance.h"

/* Loses some of the packets, each segment for itself. Docs: docs/faults/loss.md. */
enum loss_model {
	LOSS_RANDOM,
	LOSS_CORRELATED,
	LOSS_GILBERT_ELLIOTT,
	LOSS_FOUR_STATES,
	LOSS_EVERY
};

struct loss {
	struct network network;
	int type; /* enum loss_model */
	double ratio, correlation;
	double to_bad, to_good, loss_bad, loss_good;
	double p13, p31, p32, p23, p14;
	int64_t every;
};

static const char *const model_words[] = {[LOSS_RANDOM] = "random",
	[LOSS_CORRELATED] = "correlated",
	[LOSS_GILBERT_ELLIOTT] = "gilbert_elliott",
	[LOSS_FOUR_STATES] = "four_states",
	[LOSS_EVERY] = "every",
	NULL};

#define RATIO(name, models, must, standard, text)                                                  \
	{                                                                                          \
		.key = #name, .kind = FIELD_RATIO, .offset = offsetof(struct loss, name),          \
		.live = true, .of = (models), .required = (must), .preset = (standard),            \
		.help = (text)                                                                     \
	}
#define PLAIN (FIELD_OF(LOSS_RANDOM) | FIELD_OF(LOSS_CORRELATED))
#define BURSTS FIELD_OF(LOSS_GILBERT_ELLIOTT)
#define FOUR FIELD_OF(LOSS_FOUR_STATES)

static const struct field fields[] = {
	NETWORK_FIELDS(struct loss, network),
	{.key = "type",
		.kind = FIELD_ENUM,
		.offset = offsetof(struct loss, type),
		.words = model_words,
		.preset = "\"random\"",
		.help = "how it is decided which packets are lost"},
	RATIO(ratio, PLAIN, true, NULL, "how many are lost in the long run"),
	{.key = "correlation",
		.kind = FIELD_RATIO,
		.live = true,
		.offset = offsetof(struct loss, correlation),
		.of = FIELD_OF(LOSS_CORRELATED),
		.required = true,
		.max = 0.999,
		.help = "of the fates of two neighbouring packets; the ratio stays the same"},
	RATIO(to_bad, BURSTS, true, NULL, "chance to go from the good state to the bad one"),
	RATIO(to_good, BURSTS, true, NULL, "chance to come back: bad lasts 1 / to_good packets"),
	RATIO(loss_bad, BURSTS, false, "1", "how many are lost in the bad state"),
	RATIO(loss_good, BURSTS, false, "0", "how many are lost in the good state"),
	RATIO(p13, FOUR, true, NULL, "chance that a burst of losses begins"),
	RATIO(p31, FOUR, false, "1", "chance that a burst ends after a loss"),
	RATIO(p32, FOUR, false, "0", "chance that a packet gets through inside a burst"),
	RATIO(p23, FOUR, false, "1", "chance that the next packet in the burst is lost again"),
	RATIO(p14, FOUR, false, "0", "chance that a single packet is lost"),
	{.key = "every",
		.kind = FIELD_INTEGER,
		.live = true,
		.offset = offsetof(struct loss, every),
		.of = FIELD_OF(LOSS_EVERY),
		.required = true,
		.min = 1,
		.max = 1000000000,
		.unit = "packets",
		.help = "each so many-th packet is lost"},
};

static const struct shape shape = {
	.name = "loss",
	.size = sizeof(struct loss),
	SHAPE_FIELDS(fields),
	.help = "Some packets between \"on\" and \"from\" vanish.",
};

static int choose(const struct loss *loss, struct bb_chance *chance, struct fail *fail)
{
	switch ((enum loss_model)loss->type) {
	case LOSS_RANDOM:
		chance_random(chance, loss->ratio);
		break;
	case LOSS_CORRELATED:
		chance_correlated(chance, loss->ratio, loss->correlation);
		break;
	case LOSS_GILBERT_ELLIOTT:
		chance_gilbert_elliott(chance,
			&(struct gilbert_elliott){
				loss->to_bad, loss->to_good, loss->loss_bad, loss->loss_good});
		break;
	case LOSS_FOUR_STATES:
		if (loss->p13 + loss->p14 > 1 || loss->p31 + loss->p32 > 1)
			return fail_set(fail, FAIL_USAGE,
				"p13 + p14 and p31 + p32 are chances to leave one state: neither "
				"may be above 1");
		chance_four_states(chance,
			&(struct four_states){
				loss->p13, loss->p31, loss->p32, loss->p23, loss->p14});
		break;
	case LOSS_EVERY:
		chance_every(chance, (uint32_t)loss->every);
		break;
	}
	return 0;
}

static int plan_loss(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct loss *loss = with;
	struct effect *effect = network_plan(order, &loss->network, plan, fail);

	if (!effect)
		return -1;
	effect->match.action = BB_LOSE;
	effect->match.chance.seed = (uint64_t)order->seed;
	return choose(loss, &effect->match.chance, fail);
}

const struct fault_ops fault_loss = {
	.name = "loss",
	.summary = "lose some of the packets, at random or in bursts",
	.with = &shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "lost",
	.capability = "wire",
	.plan = plan_loss,
};
