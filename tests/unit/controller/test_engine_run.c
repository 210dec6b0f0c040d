/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/judge/judge.h"
#include "hands.h"

/* Whole runs in simulated time: what the engine asks for, in which order, and what is proven. */

static int64_t event_number(const struct hands *hands, const char *type, const char *key)
{
	const cJSON *event = hands_event(hands, type);

	assert_non_null(event);
	return (int64_t)json_number(event, key, -1);
}

/* The journal's events without the measures, in order, as "type type …". */
static char *story(const struct hands *hands)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (const cJSON *event = hands->journal->child; event; event = event->next) {
		const char *type = json_string(event, "event", "?");

		if (strcmp(type, "window") != 0 && strcmp(type, "operations") != 0 &&
			strcmp(type, "node") != 0 && strcmp(type, "evidence") != 0)
			fprintf(out, "%s ", type);
	}
	fclose(out);
	return text;
}

static void leader_cut_holds(void **state)
{
	(void)state;
	struct hands hands;
	struct judgement judgement;
	struct record record;
	char *text;

	hands_init(&hands, given_tree());
	assert_true(hands_run(&hands, SECONDS(240)));
	text = story(&hands);
	assert_string_equal(text,
		"run_started audit audit audit audit services source "
		"phase_started phase_ended "
		"group_resolved group_resolved group_resolved fault_planned "
		"fault_inspected fault_inspected fault_inspected fault_arming "
		"fault_armed fault_armed fault_armed "
		"phase_started phase_ended fault_healed fault_healed fault_healed fault_over "
		"phase_started phase_ended phase_started phase_ended "
		"final_read audit audit audit audit services run_ended ");
	free(text);
	assert_int_equal(hands.arms, 3);
	assert_int_equal(hands.heals, 3);
	assert_int_equal(hands.told, 3);
	assert_int_equal(hands.queries, 3);
	assert_int_equal(hands.reads, 1);
	assert_int_equal(hands.recoveries, 0);
	assert_false(hands_anything_armed(&hands));

	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 0);
	assert_string_equal(judgement.headline, "HELD");
	LIST_EACH(judgement.claims, struct claim_judgement, claim)
		assert_int_equal(claim->finding, FINDING_AS_EXPECTED);
	LIST_EACH(judgement.effects, struct effect_judgement, effect)
		assert_int_equal(effect->effect, EFFECT_PROVEN);
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

/* Whose sockets they are only the nodes that the fault is on can tell. */
static void a_fault_on_one_cgroup_is_armed_where_it_is_on(void **state)
{
	(void)state;
	static const char *const with[] = {"'cgroup':'/apps/db'", "'enforce':'on'"};

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		cJSON *tree = given_tree();
		struct hands hands;
		char text[64];

		snprintf(text, sizeof(text), "{%s}", with[i]);
		given_set(tree, "phases[1].faults[0].with", text);
		hands_init(&hands, tree);
		assert_true(hands_run(&hands, SECONDS(240)));
		assert_int_equal(hands.arms, 1);
		assert_int_equal(hands.heals, 1);
		hands_deinit(&hands);
	}
}

static void faults_start_after_the_lead_and_end_with_the_phase(void **state)
{
	(void)state;
	struct hands hands;
	int64_t armed_ns, start_ns;

	hands_init(&hands, given_tree());
	assert_true(hands_run(&hands, SECONDS(240)));
	armed_ns = event_number(&hands, "fault_arming", "t_ns");
	start_ns = event_number(&hands, "fault_arming", "start_ns");
	assert_int_equal(start_ns - armed_ns, 500 * NS_PER_MS);
	assert_int_equal(
		event_number(&hands, "fault_arming", "deadline_ns") - start_ns, SECONDS(10));
	/* Healed a tick or two after the deadline, but over at the deadline: the kernel ended it.
	 */
	assert_int_equal(event_number(&hands, "fault_over", "healed_ns") - start_ns, SECONDS(10));
	hands_deinit(&hands);
}

static void the_condition_ends_its_phase_early(void **state)
{
	(void)state;
	struct hands hands;

	const struct phase_record *settle;

	/* All is good all the time, but `good_for` counts from the phase's start. */
	hands_init(&hands, given_tree());
	hands.outage_ns = 0;
	assert_true(hands_run(&hands, SECONDS(240)));
	settle = record_phase(engine_record(hands.engine), "settle");
	assert_string_equal(settle->how, "good");
	assert_in_range(settle->end_ns - settle->start_ns, SECONDS(5), SECONDS(6.5));
	hands_deinit(&hands);
}

/* --- groups ------------------------------------------------------------------------------- */

static void elect_later(struct hands *hands)
{
	hands->leader = hands->now_ns > SECONDS(36) ? "n3" : NULL;
}

static void a_group_may_be_found_late(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.watch = elect_later;
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands_code(&hands), 0);
	assert_true(hands.queries > 3);
	/* The phase's clock began when its group was found. */
	assert_true(event_number(&hands, "fault_arming", "start_ns") > SECONDS(36));
	hands_deinit(&hands);
}

static void a_group_that_is_never_found_refuses(void **state)
{
	(void)state;
	struct hands hands;
	struct judgement judgement;
	struct record record;

	hands_init(&hands, given_tree());
	hands.leader = NULL;
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.arms, 0);
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 4);
	assert_string_equal(judgement.reason, "group \"leader\" must have 1 nodes; 0 found");
	judgement_deinit(&judgement);
	record_deinit(&record);
	/* `within` is 10 s, from the first question. */
	assert_in_range(event_number(&hands, "stop", "t_ns"), SECONDS(40), SECONDS(42));
	hands_deinit(&hands);
}

static enum behaviour mute_queries(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_QUERY ? NEVER_ANSWER : BEHAVE;
}

static void nodes_that_never_answer_refuse_too(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.behave = mute_queries;
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 4);
	hands_deinit(&hands);
}

/* --- preconditions ------------------------------------------------------------------------ */

static void an_unsteady_system_is_left_alone(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.bad_from_ns = SECONDS(10);
	hands.bad_to_ns = SECONDS(12);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands.queries, 0);
	assert_int_equal(hands_journaled(&hands, "fault_arming"), 0);
	assert_int_equal(hands_code(&hands), 6);
	hands_deinit(&hands);
}

static void an_inconclusive_precondition_is_none(void **state)
{
	(void)state;
	struct hands hands;

	/* 12 of 1500 bad: 0.99 is held with at most 8, violated from 23. */
	hands_init(&hands, given_tree());
	hands.bad_from_ns = SECONDS(10.2);
	hands.bad_to_ns = SECONDS(10.44);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 6);
	assert_non_null(strstr(json_string(hands_event(&hands, "stop"), "text", ""),
		"precondition steady is INCONCLUSIVE: 12 of 1"));
	hands_deinit(&hands);
}

static void a_precondition_waits_for_its_data(void **state)
{
	(void)state;
	struct hands hands;

	/* At the phase's end its last windows are still on their way. */
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_DECIDING, SECONDS(60)));
	assert_int_equal(hands.arms, 0);
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(60)));
	assert_true(event_number(&hands, "fault_arming", "t_ns") >= SECONDS(30.5));
	hands_deinit(&hands);
}

static void a_precondition_names_its_phases_in_any_order(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	given_set(tree, "phases[2]",
		"{'id':'cut','for':'10s','faults':[{'id':'cut-leader','fault':'partition',"
		"'on':{'nodes':'leader'},'from':{'nodes':'rest'}}]}");
	given_set(tree, "phases[1]", "{'id':'calm','for':'20s'}");
	given_set(tree, "invariants[0].in", "['calm','before']");
	hands_init(&hands, tree);
	/* The last of them in time has ended, and nothing before that decided. */
	assert_true(hands_run_to(&hands, ENGINE_DECIDING, SECONDS(100)));
	assert_true(hands.now_ns >= SECONDS(50));
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	hands_deinit(&hands);
}

static void an_outage_before_the_fault_is_not_ours(void **state)
{
	(void)state;
	struct hands hands;
	const cJSON *stop;

	/* The guardrail fires, but nothing was injected: not steady, 6 and not 3. */
	hands_init(&hands, given_tree());
	hands.bad_from_ns = SECONDS(5);
	hands.bad_to_ns = SECONDS(100);
	assert_true(hands_run(&hands, SECONDS(240)));
	stop = hands_event(&hands, "stop");
	assert_string_equal(json_string(stop, "id", ""), "outage");
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 6);
	hands_deinit(&hands);
}

/* --- until, at_most, on_timeout ----------------------------------------------------------- */

/* The system never comes back after the fault; the guardrail is out of the way. */
static cJSON *never_good_again(const char *on_timeout)
{
	cJSON *tree = given_tree();

	given_set(tree, "phases[2].on_timeout", on_timeout);
	given_set(tree, "phases[2].at_most", "'12s'");
	given_set(tree, "guardrails.stop_if[0].no_good_for", "'100s'");
	return tree;
}

static int code_after_timeout(const char *on_timeout, const char **out_stop)
{
	struct hands hands;
	int code;

	hands_init(&hands, never_good_again(on_timeout));
	hands.outage_ns = SECONDS(1000);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_false(hands_anything_armed(&hands));
	*out_stop =
		hands_event(&hands, "stop") ? stop_words[engine_record(hands.engine)->stop] : NULL;
	code = hands_code(&hands);
	hands_deinit(&hands);
	return code;
}

static void a_timeout_does_what_was_said(void **state)
{
	(void)state;
	const char *stop;

	/* Never recovered is proven in each case where the data reaches far enough. */
	assert_int_equal(code_after_timeout("'fail'", &stop), 1);
	assert_string_equal(stop, "timeout");
	assert_int_equal(code_after_timeout("'stop'", &stop), 1);
	assert_string_equal(stop, "guardrail");
	assert_int_equal(code_after_timeout("'go_on'", &stop), 1);
	assert_null(stop);
}

/* --- faults inside a phase ---------------------------------------------------------------- */

static void faults_have_their_own_times(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;
	int64_t phase_ns, start_ns;

	given_set(tree, "phases[1].faults[0].at", "'2s'");
	given_set(tree, "phases[1].faults[0].for", "'3s'");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(240)));
	phase_ns = event_number(&hands, "fault_arming", "t_ns") + 500 * NS_PER_MS;
	start_ns = event_number(&hands, "fault_arming", "start_ns");
	assert_int_equal(start_ns, phase_ns + SECONDS(2));
	assert_int_equal(
		event_number(&hands, "fault_arming", "deadline_ns"), start_ns + SECONDS(3));
	/* Healed when it is over, not when the phase is. */
	assert_in_range(event_number(&hands, "fault_over", "t_ns"), start_ns + SECONDS(3),
		start_ns + SECONDS(3.5));
	hands_deinit(&hands);
}

static void two_faults_are_armed_before_either_starts(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	given_set(tree, "phases[1].faults[1]",
		"{'id':'second','fault':'partition','on':{'nodes':'leader'},"
		"'from':{'everything':true},'at':'4s','for':'2s','with':{}}");
	given_set(tree, "guardrails.limits.concurrent_faults", "2");
	hands_init(&hands, tree);
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(60)));
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(60)));
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(60)));
	/* One node against everything: armed there alone. */
	assert_int_equal(hands_journaled(&hands, "fault_armed"), 4);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands_journaled(&hands, "fault_over"), 2);
	assert_int_equal(hands.heals, 4);
	hands_deinit(&hands);
}

static void a_fault_that_touches_nothing_is_not_held(void **state)
{
	(void)state;
	struct hands hands;
	struct judgement judgement;
	struct record record;

	hands_init(&hands, given_tree());
	hands.no_packets = true;
	assert_true(hands_run(&hands, SECONDS(240)));
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 2);
	assert_non_null(strstr(judgement.reason, "effect of fault cut-leader is unproven"));
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

static void an_early_good_end_needs_the_effect_as_well(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	/* The condition is met long before the deadline; the silent fault must still show. */
	given_set(tree, "phases[1].for", NULL);
	given_set(tree, "phases[1].until", "{'slo':'avail','good_for':'6s'}");
	given_set(tree, "phases[1].at_most", "'20s'");
	given_set(tree, "invariants[1]", NULL); /* noticed */
	hands_init(&hands, tree);
	hands.no_packets = true;
	hands.outage_ns = 0;
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands_code(&hands), 2);
	hands_deinit(&hands);
}

static void limits_are_enforced_with_the_real_nodes(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	given_set(tree, "guardrails.limits.protect", "['n2']");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 4);
	assert_string_equal(json_string(hands_event(&hands, "stop"), "text", ""),
		"limits: node \"n2\" is protected");
	hands_deinit(&hands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leader_cut_holds),
		cmocka_unit_test(a_fault_on_one_cgroup_is_armed_where_it_is_on),
		cmocka_unit_test(faults_start_after_the_lead_and_end_with_the_phase),
		cmocka_unit_test(the_condition_ends_its_phase_early),
		cmocka_unit_test(a_group_may_be_found_late),
		cmocka_unit_test(a_group_that_is_never_found_refuses),
		cmocka_unit_test(nodes_that_never_answer_refuse_too),
		cmocka_unit_test(an_unsteady_system_is_left_alone),
		cmocka_unit_test(an_inconclusive_precondition_is_none),
		cmocka_unit_test(a_precondition_waits_for_its_data),
		cmocka_unit_test(a_precondition_names_its_phases_in_any_order),
		cmocka_unit_test(an_outage_before_the_fault_is_not_ours),
		cmocka_unit_test(a_timeout_does_what_was_said),
		cmocka_unit_test(faults_have_their_own_times),
		cmocka_unit_test(two_faults_are_armed_before_either_starts),
		cmocka_unit_test(a_fault_that_touches_nothing_is_not_held),
		cmocka_unit_test(an_early_good_end_needs_the_effect_as_well),
		cmocka_unit_test(limits_are_enforced_with_the_real_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
