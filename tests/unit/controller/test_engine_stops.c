/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hands.h"

/* Every way out but the planned one: whatever happens, what was armed is healed first. */

static const enum engine_state all_states[] = {ENGINE_STARTING, ENGINE_RESOLVING, ENGINE_ARMING,
	ENGINE_RUNNING, ENGINE_HEALING, ENGINE_DECIDING, ENGINE_STOPPING, ENGINE_QUIESCING,
	ENGINE_SILENCING, ENGINE_READING, ENGINE_AUDITING};

/* Runs to that state, or to the cut phase's middle for RUNNING; STOPPING is made by a first stop.
 */
static void reach(struct hands *hands, enum engine_state state)
{
	if (state == ENGINE_STOPPING) {
		assert_true(hands_run_to(hands, ENGINE_ARMING, SECONDS(100)));
		assert_true(hands_run_to(hands, ENGINE_RUNNING, SECONDS(100)));
		hands->heal_lag_ns = SECONDS(1);
		hands_feed(hands,
			(struct event){
				.kind = EVENT_BROKEN, .fail = &(struct fail){.text = "disk full"}});
	} else if (state == ENGINE_RUNNING || state == ENGINE_HEALING) {
		assert_true(hands_run_to(hands, ENGINE_ARMING, SECONDS(100)));
		assert_true(hands_run_to(hands, state, SECONDS(100)));
		hands->heal_lag_ns = SECONDS(1);
	}
	assert_true(hands_run_to(hands, state, SECONDS(200)));
}

/* No heal may come after the probes are silenced, and nothing may be armed then. */
static void assert_ended_clean(struct hands *hands)
{
	assert_true(hands_run(hands, hands->now_ns + SECONDS(60)));
	assert_false(hands_anything_armed(hands));
	assert_int_equal(hands_journaled(hands, "run_ended"), 1);
	assert_int_equal(hands_journaled(hands, "stop"), 1);
	assert_int_equal(
		hands_journaled(hands, "fault_armed"), hands_journaled(hands, "fault_healed"));
}

static void a_signal_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all_states) / sizeof(all_states[0]); i++) {
		struct hands hands;

		hands_init(&hands, given_tree());
		reach(&hands, all_states[i]);
		hands_signal(&hands, i % 2 ? 15 : 2);
		assert_ended_clean(&hands);
		/* Nobody waits for writes to settle after a signal. */
		if (all_states[i] < ENGINE_READING)
			assert_int_equal(hands.reads, 0);
		if (all_states[i] != ENGINE_STOPPING)
			assert_int_equal(hands_code(&hands), i % 2 ? 143 : 130);
		else
			assert_int_equal(hands_code(&hands), 70); /* the first reason stays */
		hands_deinit(&hands);
	}
}

static void a_signal_mid_fault_heals_at_once(void **state)
{
	(void)state;
	struct hands hands;
	int64_t signal_ns;

	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(100)));
	assert_true(hands_anything_armed(&hands));
	signal_ns = hands.now_ns;
	hands_signal(&hands, 2);
	assert_int_equal(hands.heals, 3); /* ordered before anything else happened */
	assert_int_equal(engine_state(hands.engine), ENGINE_STOPPING);
	assert_ended_clean(&hands);
	assert_in_range((int64_t)json_number(hands_event(&hands, "fault_over"), "t_ns", 0),
		signal_ns, signal_ns + SECONDS(1));
	hands_deinit(&hands);
}

static void a_lost_node_in_every_state(void **state)
{
	(void)state;
	static const char *const nodes[] = {"n1", "n2", "client"};

	for (size_t i = 0; i < sizeof(all_states) / sizeof(all_states[0]); i++)
		for (size_t j = 0; j < 3; j++) {
			struct hands hands;

			hands_init(&hands, given_tree());
			reach(&hands, all_states[i]);
			hands_lose(&hands, nodes[j]);
			assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
			assert_false(hands_anything_armed(&hands));
			assert_int_equal(hands_journaled(&hands, "node_lost"), 1);
			if (all_states[i] != ENGINE_AUDITING) {
				/* Undone by a fresh injector, and looked at through it. */
				assert_int_equal(hands.recoveries, 1);
				assert_int_equal(hands_journaled(&hands, "node_recovered"), 1);
				assert_int_equal(hands_code(&hands), 70);
			}
			hands_deinit(&hands);
		}
}

static enum behaviour refuse_recovery(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_RECOVER ? FAIL_SILENTLY : BEHAVE;
}

static void a_lost_node_that_stays_lost_is_not_confirmed(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.behave = refuse_recovery;
	reach(&hands, ENGINE_RUNNING);
	hands_lose(&hands, "n1");
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
	assert_int_equal(hands_code(&hands), 5);
	hands_deinit(&hands);
}

/* --- arming ------------------------------------------------------------------------------- */

static enum behaviour n3_refuses(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_ARM && strcmp(action->node, "n3") == 0 ? REFUSE : BEHAVE;
}

static void one_refusal_heals_the_others(void **state)
{
	(void)state;
	struct hands hands;
	struct judgement judgement;
	struct record record;

	hands_init(&hands, given_tree());
	hands.behave = n3_refuses;
	assert_true(hands_run(&hands, SECONDS(100)));
	assert_int_equal(hands.arms, 3);
	assert_int_equal(hands.heals, 2); /* not the one that refused */
	assert_ended_clean(&hands);
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 4);
	assert_string_equal(
		judgement.reason, "fault cut-leader could not be armed on n3: the policy says no");
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

static enum behaviour n1_arms_mutely(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_ARM && strcmp(action->node, "n1") == 0 ? SAY_NOTHING : BEHAVE;
}

static void a_node_that_may_have_armed_is_healed(void **state)
{
	(void)state;
	struct hands hands;

	/* The answer was lost on its way: the fault may be in place. */
	hands_init(&hands, given_tree());
	hands.behave = n1_arms_mutely;
	assert_true(hands_run(&hands, SECONDS(100)));
	assert_int_equal(hands.heals, 3);
	assert_false(hands_anything_armed(&hands));
	assert_int_equal(hands_code(&hands), 70);
	hands_deinit(&hands);
}

static enum behaviour n3_arms_slowly(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_ARM && strcmp(action->node, "n3") == 0 ? BE_SLOW : BEHAVE;
}

static void an_answer_after_the_stop_is_healed(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.behave = n3_arms_slowly;
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	assert_false(hands_run_to(&hands, ENGINE_RUNNING, hands.now_ns + SECONDS(1)));
	hands_signal(&hands, 15);
	assert_int_equal(hands.heals, 2);
	assert_int_equal(engine_state(hands.engine), ENGINE_STOPPING);
	assert_ended_clean(&hands);
	assert_int_equal(hands.heals, 3);
	assert_int_equal(hands_code(&hands), 143);
	hands_deinit(&hands);
}

/* --- healing ------------------------------------------------------------------------------ */

static enum behaviour n2_heals_mutely(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_HEAL && strcmp(action->node, "n2") == 0 ? SAY_NOTHING
									      : BEHAVE;
}

static enum behaviour n2_stays_armed(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_HEAL && strcmp(action->node, "n2") == 0 ? FAIL_SILENTLY
									      : BEHAVE;
}

static int code_with(enum behaviour (*behave)(struct hands *, const struct action *))
{
	struct hands hands;
	int code;

	hands_init(&hands, given_tree());
	hands.behave = behave;
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands_journaled(&hands, "note"), 1);
	/* It was never seen to be over, whatever the other nodes said. */
	assert_int_equal(hands_journaled(&hands, "fault_over"), 0);
	assert_int_equal(hands_journaled(&hands, "fault_healed"), 2);
	code = hands_code(&hands);
	hands_deinit(&hands);
	return code;
}

static void a_failed_heal_is_told_by_what_is_left(void **state)
{
	(void)state;
	assert_int_equal(code_with(n2_heals_mutely), 70); /* the audit found it clean */
	assert_int_equal(code_with(n2_stays_armed), 5);
}

static void a_heal_that_fails_after_a_stop_is_noted(void **state)
{
	(void)state;
	struct hands hands;
	const cJSON *note;

	hands_init(&hands, given_tree());
	hands.behave = n2_heals_mutely;
	reach(&hands, ENGINE_RUNNING);
	hands_signal(&hands, 2);
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
	note = hands_event(&hands, "note");
	assert_non_null(note);
	assert_string_equal(json_string(note, "text", ""),
		"fault cut-leader could not be healed on n2: no answer in time");
	hands_deinit(&hands);
}

/* --- guardrails --------------------------------------------------------------------------- */

static void an_outage_stops_the_run(void **state)
{
	(void)state;
	struct hands hands;
	const cJSON *stop;
	int64_t start_ns;

	hands_init(&hands, given_tree());
	hands.outage_ns = SECONDS(100);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_ended_clean(&hands);
	stop = hands_event(&hands, "stop");
	start_ns = (int64_t)json_number(hands_event(&hands, "fault_arming"), "start_ns", 0);
	assert_string_equal(json_string(stop, "id", ""), "outage");
	/* 8 s without a good event, seen when the window with them has come. */
	assert_in_range((int64_t)json_number(stop, "t_ns", 0), start_ns + SECONDS(8),
		start_ns + SECONDS(9.6));
	/* Writes are read back after a guardrail, and what is proven by then counts. */
	assert_int_equal(hands.reads, 1);
	assert_int_equal(hands_code(&hands), 1);
	hands_deinit(&hands);
}

static void a_guardrail_alone_is_3(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	given_set(tree, "invariants[2]", NULL); /* failover */
	hands_init(&hands, tree);
	hands.outage_ns = SECONDS(100);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_int_equal(hands_code(&hands), 3);
	hands_deinit(&hands);
}

static void no_data_stops_the_run(void **state)
{
	(void)state;
	struct hands hands;
	const cJSON *stop;

	hands_init(&hands, given_tree());
	hands.deaf_from_ns = SECONDS(35);
	assert_true(hands_run(&hands, SECONDS(200)));
	stop = hands_event(&hands, "stop");
	assert_string_equal(json_string(stop, "id", ""), "blind");
	assert_in_range((int64_t)json_number(stop, "t_ns", 0), SECONDS(38), SECONDS(41));
	assert_false(hands_anything_armed(&hands));
	assert_int_equal(hands_code(&hands), 3);
	hands_deinit(&hands);
}

static enum behaviour never_armed(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_QUERY ? REFUSE : BEHAVE;
}

static void the_run_limit_bounds_waits(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	given_set(tree, "groups.leader.within", "'50m'");
	hands_init(&hands, tree);
	hands.behave = never_armed;
	assert_true(hands_run(&hands, SECONDS(300)));
	assert_string_equal(json_string(hands_event(&hands, "stop"), "id", ""), "limits.run");
	assert_in_range((int64_t)json_number(hands_event(&hands, "stop"), "t_ns", 0), SECONDS(240),
		SECONDS(240.2));
	assert_int_equal(hands.arms, 0);
	hands_deinit(&hands);
}

static void the_limit_also_ends_the_wait_for_writes(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_QUIESCING, SECONDS(240)));
	hands.now_ns = SECONDS(240);
	assert_true(hands_run(&hands, SECONDS(250)));
	assert_string_equal(json_string(hands_event(&hands, "stop"), "id", ""), "limits.run");
	assert_int_equal(hands.reads, 0);
	assert_int_equal(hands_journaled(&hands, "run_ended"), 1);
	assert_false(hands_anything_armed(&hands));
	assert_int_equal(hands_code(&hands), 3);
	hands_deinit(&hands);
}

/* --- the controller's own trouble ----------------------------------------------------------- */

static void a_lost_prober_and_a_broken_controller_stop(void **state)
{
	(void)state;
	static const enum event_kind kinds[] = {EVENT_PROBER_LOST, EVENT_BROKEN};

	for (size_t i = 0; i < 2; i++) {
		struct hands hands;
		struct fail fail = {.kind = FAIL_SYSTEM, .text = "No space left on device"};

		hands_init(&hands, given_tree());
		reach(&hands, ENGINE_RUNNING);
		hands_feed(
			&hands, (struct event){.kind = kinds[i], .node = "client", .fail = &fail});
		assert_int_equal(hands.heals, 3);
		assert_ended_clean(&hands);
		assert_int_equal(hands_code(&hands), 70);
		hands_deinit(&hands);
	}
}

static void nonsense_from_a_peer_stops_and_stays_out_of_the_journal(void **state)
{
	(void)state;
	struct hands hands;
	cJSON *window = given_json("{'probe':'put','first_index':77,'count':1,'start_ns':'0',"
				   "'end_ns':'0','outcomes':[0],'classes':[],'latency':[]}");

	hands_init(&hands, given_tree());
	reach(&hands, ENGINE_RUNNING);
	hands_feed(&hands,
		(struct event){
			.kind = EVENT_WINDOW, .name = "put", .node = "client", .data = window});
	assert_int_equal(hands.heals, 3);
	assert_ended_clean(&hands);
	/* hands_judgement() reads every line of the journal back. */
	assert_int_equal(hands_code(&hands), 70);
	cJSON_Delete(window);
	hands_deinit(&hands);
}

static enum behaviour n2_arms_much_later(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_ARM && strcmp(action->node, "n2") == 0 ? NEVER_ANSWER
									     : BEHAVE;
}

/* n1 is the leader, n2 and n3 its counterparts; all but n2 have ended the fault by themselves. */
static void let_n2_answer_after(struct hands *hands, int64_t answer_ns)
{
	static const char *const others[] = {"n1", "n3"};

	assert_true(hands_run_to(hands, ENGINE_ARMING, SECONDS(100)));
	assert_false(hands_run_to(hands, ENGINE_RUNNING, hands->now_ns + answer_ns));
	for (size_t i = 0; i < NODES; i++)
		memset(hands->nodes[i].armed, 0, sizeof(hands->nodes[i].armed));
	for (size_t i = 0; i < 2; i++)
		hands_feed(hands,
			(struct event){.kind = EVENT_HEALED,
				.name = "cut-leader",
				.node = others[i],
				.ok = true,
				.at_ns = hands->now_ns});
	hands_feed(hands,
		(struct event){.kind = EVENT_ARMED,
			.name = "cut-leader",
			.node = "n2",
			.ok = true,
			.at_ns = hands->now_ns});
}

static void an_answer_after_the_faults_end_stops_the_run(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.behave = n2_arms_much_later;
	let_n2_answer_after(&hands, SECONDS(14));
	assert_ended_clean(&hands);
	assert_non_null(strstr(json_string(hands_event(&hands, "stop"), "text", ""),
		"was over before every node had armed it"));
	assert_int_equal(hands_code(&hands), 70);
	hands_deinit(&hands);
}

/* Whoever is gone again has armed: nobody waits for it for ever. */
static void an_answer_after_others_have_healed_begins_the_phase(void **state)
{
	(void)state;
	struct hands hands;

	hands_init(&hands, given_tree());
	hands.behave = n2_arms_much_later;
	let_n2_answer_after(&hands, SECONDS(3));
	assert_int_equal(engine_state(hands.engine), ENGINE_RUNNING);
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(200)));
	assert_int_equal(hands_journaled(&hands, "stop"), 0);
	hands_deinit(&hands);
}

static void probes_that_cannot_start_refuse(void **state)
{
	(void)state;
	struct hands hands;
	struct fail fail = {.kind = FAIL_REFUSED, .text = "no such user"};

	hands_init(&hands, given_tree());
	hands_feed(&hands, (struct event){.kind = EVENT_PROBES_STARTED, .fail = &fail});
	assert_ended_clean(&hands);
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 4);
	hands_deinit(&hands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_in_every_state),
		cmocka_unit_test(a_signal_mid_fault_heals_at_once),
		cmocka_unit_test(a_lost_node_in_every_state),
		cmocka_unit_test(a_lost_node_that_stays_lost_is_not_confirmed),
		cmocka_unit_test(one_refusal_heals_the_others),
		cmocka_unit_test(a_node_that_may_have_armed_is_healed),
		cmocka_unit_test(an_answer_after_the_stop_is_healed),
		cmocka_unit_test(a_failed_heal_is_told_by_what_is_left),
		cmocka_unit_test(a_heal_that_fails_after_a_stop_is_noted),
		cmocka_unit_test(an_outage_stops_the_run),
		cmocka_unit_test(a_guardrail_alone_is_3),
		cmocka_unit_test(no_data_stops_the_run),
		cmocka_unit_test(the_run_limit_bounds_waits),
		cmocka_unit_test(the_limit_also_ends_the_wait_for_writes),
		cmocka_unit_test(a_lost_prober_and_a_broken_controller_stop),
		cmocka_unit_test(nonsense_from_a_peer_stops_and_stays_out_of_the_journal),
		cmocka_unit_test(an_answer_after_the_faults_end_stops_the_run),
		cmocka_unit_test(an_answer_after_others_have_healed_begins_the_phase),
		cmocka_unit_test(probes_that_cannot_start_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
