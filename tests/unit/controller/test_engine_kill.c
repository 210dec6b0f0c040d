/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/judge/judge.h"
#include "hands.h"

/* A fault that is over at once: when the engine takes it for healed, and what it proves. */

static cJSON *kill_tree(void)
{
	cJSON *tree = given_tree();

	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'kill','on':{'nodes':'leader','processes':{'exe':"
		"'/usr/bin/etcd','count':1}},'with':{'signal':'KILL'}}");
	return tree;
}

static const cJSON *only(const struct hands *hands, const char *type)
{
	assert_int_equal(hands_journaled(hands, type), 1);
	return hands_event(hands, type);
}

static int64_t number(const cJSON *event, const char *key)
{
	return (int64_t)json_number(event, key, -1);
}

static void a_killed_leader_is_healed_when_the_signal_is_sent(void **state)
{
	struct hands hands;
	struct judgement judgement;
	struct record record;
	const struct effect_judgement *effect;
	const struct outage *outage;
	int64_t start_ns;

	(void)state;
	hands_init(&hands, kill_tree());
	assert_true(hands_run(&hands, SECONDS(240)));
	/* Armed at the leader alone, never told to heal, and the lab told once. */
	assert_int_equal(hands.inspections, 1);
	assert_int_equal(hands.arms, 1);
	assert_int_equal(hands.heals, 0);
	assert_int_equal(hands.told, 1);
	start_ns = number(only(&hands, "fault_arming"), "start_ns");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(only(&hands, "fault_arming"), "at_once")));
	assert_in_range(
		number(only(&hands, "fault_over"), "healed_ns") - start_ns, 0, SECONDS(0.2));
	/* The phase went on for its time. */
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 0);
	assert_int_equal(record_phase(&record, "cut")->end_ns - start_ns, SECONDS(10));
	effect = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_int_equal(effect->effect, EFFECT_PROVEN);
	assert_string_equal(effect->text, "1 of 1 process got SIGKILL, 1 seen to exit");
	assert_int_equal(effect->pairs.count, 0);
	assert_int_equal(
		LIST_AT(record.faults, struct fault_record, 0)->effect_ns, start_ns + NS_PER_MS);
	/* The outage belongs to the fault, though it was over before the outage was. */
	outage = LIST_AT(judgement.outages, struct outage, 0);
	assert_in_range(outage->during.length_ns, SECONDS(1.4), SECONDS(1.6));
	assert_in_range(outage->after.length_ns, 0, SECONDS(0.1));
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

/* The latest start is bounded, and lies inside the phase. */
static void it_may_begin_late_but_not_for_long(void **state)
{
	static const struct {
		const char *phase;
		double bound_s;
	} cases[] = {{"'30s'", 10}, {"'8s'", 8}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct hands hands;
		cJSON *tree = kill_tree();

		given_set(tree, "phases[1].for", cases[i].phase);
		hands_init(&hands, tree);
		assert_true(hands_run(&hands, SECONDS(240)));
		assert_int_equal(number(only(&hands, "fault_arming"), "deadline_ns") -
				number(only(&hands, "fault_arming"), "start_ns"),
			SECONDS(cases[i].bound_s));
		hands_deinit(&hands);
	}
}

/* A notification may be lost: then the end of the phase asks, as for any fault. */
static void without_news_the_end_of_the_phase_asks(void **state)
{
	struct hands hands;

	(void)state;
	hands_init(&hands, kill_tree());
	hands.no_news = true;
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.heals, 1);
	assert_int_equal(hands.told, 1);
	assert_int_equal(hands_journaled(&hands, "fault_over"), 1);
	assert_int_equal(hands_code(&hands), 0);
	hands_deinit(&hands);
}

static void stopped_before_its_start_it_is_disarmed(void **state)
{
	struct hands hands;
	struct judgement judgement;
	struct record record;

	(void)state;
	hands_init(&hands, kill_tree());
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(5)));
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(60)));
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(60)));
	hands_signal(&hands, 15);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.heals, 1);
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 143);
	assert_int_equal(LIST_AT(judgement.effects, struct effect_judgement, 0)->effect,
		EFFECT_NOT_INJECTED);
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

static void a_kill_that_hit_nobody_proves_nothing(void **state)
{
	struct hands hands;

	(void)state;
	hands_init(&hands, kill_tree());
	hands.no_packets = true;
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands_code(&hands), 2);
	hands_deinit(&hands);
}

/* With `every` it has a length, as a partition has. */
static void a_crash_loop_lasts_to_the_end_of_its_phase(void **state)
{
	struct hands hands;
	cJSON *tree = kill_tree();
	const cJSON *arming;

	(void)state;
	given_set(tree, "phases[1].faults[0].with", "{'every':'2s'}");
	hands_init(&hands, tree);
	hands.no_news = true;
	assert_true(hands_run(&hands, SECONDS(240)));
	arming = only(&hands, "fault_arming");
	assert_null(cJSON_GetObjectItem(arming, "at_once"));
	assert_int_equal(number(arming, "deadline_ns") - number(arming, "start_ns"), SECONDS(10));
	assert_int_equal(hands.heals, 1);
	assert_int_equal(hands.told, 1);
	hands_deinit(&hands);
	/* One that is over before that says so itself. */
	tree = kill_tree();
	given_set(tree, "phases[1].faults[0].with", "{'every':'2s','times':1}");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.heals, 0);
	assert_int_equal(hands.told, 1);
	hands_deinit(&hands);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_leader_is_healed_when_the_signal_is_sent),
		cmocka_unit_test(it_may_begin_late_but_not_for_long),
		cmocka_unit_test(without_news_the_end_of_the_phase_asks),
		cmocka_unit_test(stopped_before_its_start_it_is_disarmed),
		cmocka_unit_test(a_kill_that_hit_nobody_proves_nothing),
		cmocka_unit_test(a_crash_loop_lasts_to_the_end_of_its_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
