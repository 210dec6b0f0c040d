/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/plan/check.h"
#include "controller/plan/conflicts.h"
#include "given.h"

/* A fault on whole machines: where it is refused, and what proves it. */

#define STEP(id, nodes)                                                                            \
	"{'id':'" id "','fault':'clock_step','on':{'nodes':" nodes "},'with':{'offset':'+1h'}}"

static cJSON *tree_of(const char *faults)
{
	cJSON *tree = given_tree();

	given_set(tree, "phases[1].faults", faults);
	return tree;
}

static void a_lab_has_no_machines(void **state)
{
	struct catalogue *catalogue = given_kept_catalogue();
	struct scenario scenario = given_scenario(given_tree());
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(check_machines(&scenario, catalogue, &fail), 0);
	scenario_deinit(&scenario);
	scenario = given_scenario(tree_of("[" STEP("cut-leader", "'leader'") "]"));
	assert_int_equal(scenario_check(&scenario, catalogue, &fail), 0);
	assert_int_equal(check_machines(&scenario, catalogue, &fail), -1);
	assert_string_equal(fail.path, "phases[1].faults[0].fault");
	assert_string_equal(fail.text,
		"clock_step acts on a whole machine, and the nodes of a lab share one: it needs "
		"hosts");
	scenario_deinit(&scenario);
}

static void two_on_one_machine_contradict_each_other(void **state)
{
	static const struct {
		const char *faults;
		bool refused;
	} cases[] = {
		{"[" STEP("cut-leader", "'leader'") "," STEP("b", "'leader'") "]", true},
		{"[" STEP("cut-leader", "['n1','n2']") "," STEP("b", "'n2'") "]", true},
		{"[" STEP("cut-leader", "'n1'") "," STEP("b", "'n2'") "]", false},
	};
	struct catalogue *catalogue = given_kept_catalogue();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scenario scenario = given_scenario(tree_of(cases[i].faults));
		struct fail fail = FAIL_INIT;

		assert_int_equal(
			check_conflicts(&scenario, catalogue, &fail) < 0, cases[i].refused);
		if (cases[i].refused)
			assert_string_equal(fail.text,
				"clock_step cut-leader and b act on the same machine at the same "
				"time, and contradict each other: part their times or nodes");
		scenario_deinit(&scenario);
	}
}

/* ---- what proves it ---- */

static struct record armed(void)
{
	struct record record = given_record(tree_of("[" STEP("cut-leader", "['n1','n2']") "]"));

	given_event(&record, "fault_planned", SECONDS(8),
		"'fault':'cut-leader','on':['n1','n2'],'from':[],'machine':true");
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n1','n2'],'from':[],'start_ns':%lld,'deadline_ns':"
		"%lld,'did':'clock stepped','skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	for (int i = 1; i <= 2; i++)
		given_event(&record, "fault_armed", SECONDS(9),
			"'fault':'cut-leader','node':'n%d','role':'on','armed_ns':1,'late_ns':0",
			i);
	given_event(&record, "fault_over", SECONDS(20), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(20));
	return record;
}

static void tell(struct record *record, const char *node, const char *achieved)
{
	given_event(record, "evidence", SECONDS(11),
		"'fault':'cut-leader','node':'%s','counters':[],'measures':[{'name':'clock step',"
		"'direction':'ingress','unit':'ns','bound':'about','asked':3600000000000,"
		"'achieved':%s,'tolerance':1000000,'count':'1','hits':'0','first_ns':'%lld'}]",
		node, achieved, (long long)SECONDS(10.25));
}

static void assert_effect(struct record *record, enum effect effect, const char *text)
{
	struct judgement judgement;
	const struct effect_judgement *own;

	judge(record, &judgement);
	own = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_int_equal(own->effect, effect);
	assert_string_equal(own->text, text);
	assert_int_equal(own->pairs.count, 0);
	judgement_deinit(&judgement);
}

static void it_is_proven_by_what_was_measured(void **state)
{
	struct record record = armed();

	(void)state;
	assert_effect(&record, EFFECT_NONE, "clock stepped on 0 of 2 nodes");
	assert_int_equal(record_fault(&record, "cut-leader")->effect_ns, NEVER_NS);
	tell(&record, "n1", "3600000000100");
	assert_effect(&record, EFFECT_PARTIAL, "clock stepped on 1 of 2 nodes");
	assert_int_equal(record_fault(&record, "cut-leader")->effect_ns, SECONDS(10.25));
	tell(&record, "n2", "500");
	assert_effect(&record, EFFECT_PARTIAL, "clock stepped on 1 of 2 nodes");
	tell(&record, "n2", "-1800000000000");
	assert_effect(&record, EFFECT_PROVEN, "clock stepped on 2 of 2 nodes");
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lab_has_no_machines),
		cmocka_unit_test(two_on_one_machine_contradict_each_other),
		cmocka_unit_test(it_is_proven_by_what_was_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
