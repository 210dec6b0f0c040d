/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hands.h"
#include "tests/pace.h"

/*
 * Thousands of runs in which anything may go wrong at any time. Whatever happens: the run ends,
 * nothing is armed after a stop (hands.c sees to that), nothing stays armed unless a node could
 * not be healed, which the exit code then says, and the journal reads back to the same judgement.
 */
enum {
	RUNS = 2000
};

struct chance {
	uint64_t state;
	bool trouble;      /* anything misbehaved */
	bool heal_lost;    /* a heal or a recovery did not do its work */
	unsigned calmness; /* one in so many actions misbehaves; 0: none */
	int64_t at_ns;     /* when `what` happens */
	unsigned what;
};

/* splitmix64 */
static uint64_t next(struct chance *chance)
{
	uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t below(struct chance *chance, uint64_t limit)
{
	return next(chance) % limit;
}

static enum behaviour misbehave(struct hands *hands, const struct action *action)
{
	static const enum behaviour choices[] = {
		REFUSE, SAY_NOTHING, FAIL_SILENTLY, BE_SLOW, GET_LOST};
	struct chance *chance = hands->context;
	enum behaviour behaviour;

	if (!chance->calmness || below(chance, chance->calmness) != 0)
		return BEHAVE;
	chance->trouble = true;
	if (action->kind == ACTION_QUERY)
		return below(chance, 2) ? NEVER_ANSWER : FAIL_SILENTLY;
	behaviour = choices[below(chance, sizeof(choices) / sizeof(choices[0]))];
	if ((action->kind == ACTION_HEAL || action->kind == ACTION_RECOVER) &&
		behaviour != BE_SLOW && behaviour != SAY_NOTHING)
		chance->heal_lost = true;
	return behaviour;
}

static void strike(struct hands *hands)
{
	static const char *const nodes[] = {"n1", "n2", "n3", "client"};
	struct chance *chance = hands->context;
	const struct fail fail = {.kind = FAIL_SYSTEM, .text = "No space left on device"};

	if (hands->now_ns < chance->at_ns)
		return;
	chance->at_ns = INT64_MAX;
	chance->trouble = true;
	switch (chance->what) {
	case 0:
	case 1:
		hands_signal(hands, chance->what ? 2 : 15);
		break;
	case 2:
		/* Its own heals fail from now on, but it is recovered in the end. */
		hands_lose(hands, nodes[below(chance, 4)]);
		break;
	case 3:
		hands_feed(hands,
			(struct event){.kind = EVENT_PROBER_LOST, .node = "client", .fail = &fail});
		break;
	case 4:
		hands_feed(hands, (struct event){.kind = EVENT_BROKEN, .fail = &fail});
		break;
	case 5:
		hands->deaf_from_ns = hands->now_ns;
		break;
	case 6:
		hands->bad_from_ns = hands->now_ns;
		hands->bad_to_ns = hands->now_ns + (int64_t)below(chance, 10) * NS_PER_SEC;
		break;
	default:
		hands->leader = NULL;
		break;
	}
}

/* The same shape in half a minute. */
static cJSON *short_tree(void)
{
	cJSON *tree = given_tree();

	given_set(tree, "phases[0].for", "'7s'");
	given_set(tree, "phases[1].for", "'4s'");
	given_set(tree, "phases[2].until.good_for", "'1s'");
	given_set(tree, "phases[2].at_most", "'6s'");
	given_set(tree, "phases[3].for", "'11s'");
	given_set(tree, "groups.leader.within", "'3s'");
	given_set(tree, "invariants[2].recovers.stable_for", "'2s'");
	given_set(tree, "invariants[3].recovers.stable_for", "'2s'");
	given_set(tree, "workloads.acked.final_read.quiesce", "'1s'");
	given_set(tree, "guardrails.limits.run", "'60s'");
	given_set(tree, "guardrails.stop_if[0].no_good_for", "'3s'");
	given_set(tree, "guardrails.stop_if[1].no_data_for", "'3s'");
	return tree;
}

static int one_run(cJSON *tree, unsigned number)
{
	struct chance chance = {.state = number, .at_ns = INT64_MAX};
	struct hands hands;
	int code;

	hands_init(&hands, cJSON_Duplicate(tree, true));
	hands.context = &chance;
	hands.behave = misbehave;
	hands.watch = strike;
	chance.calmness = (unsigned)below(&chance, 3) * 10;
	if (below(&chance, 3)) {
		chance.at_ns = (int64_t)below(&chance, 28000) * NS_PER_MS;
		chance.what = (unsigned)below(&chance, 8);
	}
	if (!hands_run(&hands, SECONDS(180)))
		fail_msg("run %u never ends: state %d", number, engine_state(hands.engine));
	assert_int_equal(hands_journaled(&hands, "run_ended"), 1);
	assert_in_range(hands_journaled(&hands, "stop"), 0, 1);
	code = hands_code(&hands);
	if (hands_anything_armed(&hands) && (!chance.heal_lost || code != 5))
		fail_msg("run %u leaves something armed with code %d", number, code);
	if (hands.stopped && code == 0)
		fail_msg("run %u was stopped and says 0", number);
	if (!chance.trouble && code != 0)
		fail_msg("run %u: nothing went wrong, but the code is %d", number, code);
	hands_deinit(&hands);
	return code;
}

static void nothing_is_ever_left_armed(void **state)
{
	(void)state;
	static const int expected[] = {0, 1, 3, 4, 5, 6, 70, 130, 143};
	cJSON *tree = short_tree();
	unsigned seen[256] = {0};
	unsigned runs = RUNS / (pace() < 16 ? pace() : 16); /* or some way is not gone */

	for (unsigned i = 0; i < runs; i++)
		seen[one_run(tree, i)]++;
	/* The runs went every way that there is. */
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!seen[expected[i]])
			fail_msg("no run ended with %d", expected[i]);
	cJSON_Delete(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_ever_left_armed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
