/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/judge/judge.h"
#include "controller/plan/check.h"
#include "hands.h"

/* Phases that are left out by an earlier verdict, and what becomes of the claims about them. */

static const struct claim_judgement *find(const struct judgement *judgement, const char *id)
{
	LIST_EACH(judgement->claims, struct claim_judgement, own)
		if (strcmp(own->claim->id, id) == 0)
			return own;
	fail_msg("no claim %s", id);
	return NULL;
}

static void assert_left_out(const struct judgement *judgement, const char *id, const char *says)
{
	const struct claim_judgement *own = find(judgement, id);

	assert_int_equal(own->verdict, VERDICT_NOT_JUDGED);
	assert_string_equal(own->text, says);
}

static void play(struct hands *hands, const char *phase, const char *only_if)
{
	cJSON *tree = given_tree();
	char path[32];

	snprintf(path, sizeof(path), "phases[%s].only_if", phase);
	given_set(tree, path, only_if);
	hands_init(hands, tree);
}

static void a_verdict_that_came_runs_the_phase(void **state)
{
	struct hands hands;

	(void)state;
	play(&hands, "1", "{'invariant':'steady','verdict':'held'}");
	hands.outage_ns = SECONDS(2);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands_journaled(&hands, "phase_left_out"), 0);
	assert_int_equal(hands_journaled(&hands, "phase_started"), 4);
	assert_int_equal(hands_code(&hands), 0);
	hands_deinit(&hands);
}

/* The fault's phase: nothing is armed, nothing is claimed of it, and that alone is no failure. */
static void one_that_did_not_leaves_it_out(void **state)
{
	static const char says[] = "phase cut was left out: steady was not violated";
	struct hands hands;
	struct record record;
	struct judgement judgement;
	const cJSON *event;

	(void)state;
	play(&hands, "1", "{'invariant':'steady','verdict':'violated'}");
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_journaled(&hands, "phase_started"), 3);
	event = hands_event(&hands, "phase_left_out");
	assert_string_equal(json_string(event, "phase", ""), "cut");
	assert_string_equal(json_string(event, "verdict", ""), "HELD");
	assert_string_equal(json_string(event, "wanted", ""), "violated");
	judgement = hands_judgement(&hands, &record);
	assert_left_out(&judgement, "noticed", says);
	assert_left_out(&judgement, "failover", says);
	assert_left_out(&judgement, "heal", says);
	assert_int_equal(find(&judgement, "no-loss")->verdict, VERDICT_HELD);
	assert_string_equal(LIST_AT(judgement.effects, struct effect_judgement, 0)->text,
		"its phase was left out");
	assert_int_equal(judgement.exit_code, 0);
	/* It is not called more than it was. */
	assert_string_equal(
		judgement.reason, "every gate is met; left out: cut; no fault was injected");
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

/* A recovery is waited for as long as it may take. */
static void a_recovery_decides(void **state)
{
	struct hands hands;

	(void)state;
	play(&hands, "3", "{'invariant':'failover','verdict':'violated'}");
	hands.outage_ns = SECONDS(2);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands_journaled(&hands, "phase_left_out"), 1);
	hands_deinit(&hands);
	play(&hands, "3", "{'invariant':'failover','verdict':'violated'}");
	hands.outage_ns = SECONDS(7);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands_journaled(&hands, "phase_left_out"), 0);
	assert_int_equal(hands_journaled(&hands, "phase_started"), 4);
	assert_int_equal(hands_code(&hands), 1);
	hands_deinit(&hands);
}

/* What one phase is compared with may be left out as well. */
static void nothing_is_compared_with_what_was_not(void **state)
{
	cJSON *tree = given_tree();
	struct hands hands;
	struct record record;
	struct judgement judgement;

	(void)state;
	given_set(tree, "phases[1].only_if", "{'invariant':'steady','verdict':'violated'}");
	given_set(tree, "invariants[1]",
		"{'id':'kept','in':'after','ratio':{'slo':'avail','to':{'in':'cut'},'at_least':0.5}"
		"}");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(200)));
	judgement = hands_judgement(&hands, &record);
	assert_left_out(&judgement, "kept", "phase cut was left out: steady was not violated");
	assert_int_equal(judgement.exit_code, 0);
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

/* One leaves out the next: a claim about a phase that never was has no verdict to go by. */
static void left_out_by_one_that_was_left_out(void **state)
{
	cJSON *tree = given_tree();
	struct hands hands;

	(void)state;
	given_set(tree, "phases[1].only_if", "{'invariant':'steady','verdict':'violated'}");
	given_set(tree, "phases[2].only_if", "{'invariant':'noticed','verdict':'violated'}");
	given_set(tree, "phases[3].only_if", "{'invariant':'noticed','verdict':'inconclusive'}");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands_journaled(&hands, "phase_left_out"), 3);
	assert_int_equal(hands_journaled(&hands, "phase_started"), 1);
	assert_int_equal(hands_journaled(&hands, "stop"), 0);
	hands_deinit(&hands);
}

static void a_stop_while_deciding_heals_and_ends(void **state)
{
	struct hands hands;

	(void)state;
	play(&hands, "3", "{'invariant':'noticed','verdict':'violated'}");
	hands.outage_ns = SECONDS(2);
	/* Past the precondition and into the last phase's decision. */
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	hands.deaf_from_ns = SECONDS(55);
	assert_true(hands_run(&hands, SECONDS(300)));
	assert_int_equal(hands_journaled(&hands, "stop"), 1);
	assert_int_equal(hands_journaled(&hands, "run_ended"), 1);
	assert_false(hands_anything_armed(&hands));
	hands_deinit(&hands);
}

struct refusal {
	const char *path, *json;
	const char *fail_path, *text;
};

static void assert_refused(const struct refusal *refusal)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	given_set(tree, refusal->path, refusal->json);
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &fail), -1);
	assert_string_equal(fail.path, refusal->fail_path);
	assert_string_equal(fail.text, refusal->text);
	scenario_deinit(&scenario);
}

static void what_cannot_be_known_is_refused(void **state)
{
	static const struct refusal refusals[] = {
		{"phases[1].only_if", "{'invariant':'stedy'}", "phases[1].only_if.invariant",
			"no invariant named \"stedy\" (did you mean \"steady\"?)"},
		{"phases[0].only_if", "{'invariant':'steady'}", "phases[0].only_if.invariant",
			"claim \"steady\" is about phase \"before\", which does not lie before "
			"phase \"before\": it can't be known by then"},
		{"phases[1].only_if", "{'invariant':'noticed'}", "phases[1].only_if.invariant",
			"claim \"noticed\" is about phase \"cut\", which does not lie before phase "
			"\"cut\": it can't be known by then"},
		{"phases[1].only_if", "{'invariant':'failover'}", "phases[1].only_if.invariant",
			"claim \"failover\" counts from fault \"cut-leader\", which does not lie "
			"before phase \"cut\": it can't be known by then"},
		{"phases[3].only_if", "{'invariant':'heal'}", "phases[3].only_if.invariant",
			"claim \"heal\" needs 15s from its instant, and there may be 5.00s before "
			"phase \"after\": it can't be known by then"},
		{"phases[3].only_if", "{'invariant':'cost'}", "phases[3].only_if.invariant",
			"only \"holds\" and \"recovers\" can decide of a phase; claim \"cost\" is "
			"a "
			"\"budget\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		assert_refused(&refusals[i]);
}

/* What may never be decided is no precondition, and what may be left out gives no time. */
static void what_may_be_left_out_does_not_count(void **state)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT, again = FAIL_INIT;

	(void)state;
	given_set(tree, "phases[3].only_if", "{'invariant':'noticed','verdict':'violated'}");
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &fail), -1);
	assert_string_equal(fail.text,
		"cannot be shown: within and stable_for together need 15s after the fault's healed "
		"instant, the phases leave 5s");
	scenario_deinit(&scenario);
	tree = given_tree();
	given_set(tree, "phases",
		"[{'id':'first','for':'30s'},{'id':'before','for':'30s','only_if':{'invariant':"
		"'early'}},{'id':'cut','for':'10s','faults':[{'id':'cut-leader','fault':"
		"'partition','on':{'nodes':'leader'},'from':{'nodes':'rest'}}]},{'id':'after',"
		"'for':'30s'}]");
	given_set(tree, "invariants[6]", "{'id':'early','in':'first','holds':{'slo':'avail'}}");
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &again), -1);
	assert_string_equal(again.text,
		"a precondition must always be decided; phase \"before\" may be left out");
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_that_came_runs_the_phase),
		cmocka_unit_test(one_that_did_not_leaves_it_out),
		cmocka_unit_test(a_recovery_decides),
		cmocka_unit_test(nothing_is_compared_with_what_was_not),
		cmocka_unit_test(left_out_by_one_that_was_left_out),
		cmocka_unit_test(a_stop_while_deciding_heals_and_ends),
		cmocka_unit_test(what_cannot_be_known_is_refused),
		cmocka_unit_test(what_may_be_left_out_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
