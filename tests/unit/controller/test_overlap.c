/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract/list.h"
#include "controller/plan/allow.h"
#include "controller/plan/check.h"
#include "controller/plan/overlap.h"
#include "hands.h"

/* Several faults in a phase: limits count what acts at one time. And where a run is allowed. */

#define CUT(id, on, more)                                                                          \
	"{'id':'" id "','fault':'partition','on':{'nodes':'" on "'},'from':{'everything':true}"    \
	",'with':{}" more "}"
#define KILL(id, more)                                                                             \
	"{'id':'" id "','fault':'kill','on':{'nodes':'n1','processes':{'exe':'/bin/x'}}" more "}"

static size_t most_of(const char *faults)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	size_t most;

	given_set(tree, "phases[1].faults", faults);
	scenario = given_scenario(tree);
	most = overlap_most(given_kept_catalogue(), LIST_AT(scenario.phases, struct phase_spec, 1));
	scenario_deinit(&scenario);
	return most;
}

static void the_most_at_one_time(void **state)
{
	(void)state;
	/* The phase lasts 10 s. */
	assert_int_equal(most_of("[" CUT("a", "n1", "") "]"), 1);
	assert_int_equal(most_of("[" CUT("a", "n1", "") "," CUT("b", "n2", "") "]"), 2);
	assert_int_equal(
		most_of("[" CUT("a", "n1", ",'for':'4s'") "," CUT("b", "n2", ",'at':'5s'") "]"), 1);
	/* What ends when the next one begins is over by then. */
	assert_int_equal(
		most_of("[" CUT("a", "n1", ",'for':'4s'") "," CUT("b", "n2", ",'at':'4s'") "]"), 1);
	assert_int_equal(
		most_of("[" CUT("b", "n2", ",'at':'4s'") "," CUT("a", "n1", ",'for':'5s'") "]"), 2);
	/* Two pairs, of which never three act at one time. */
	assert_int_equal(most_of("[" CUT("a", "n1", ",'for':'3s'") "," CUT(
				 "b", "n2", ",'at':'2s','for':'3s'") "," CUT("c", "n3",
				 ",'at':'4s','for':'3s'") "," CUT("d", "n1", ",'at':'6s'") "]"),
		2);
	/* A kill counts to the end: who was ended may not be back. */
	assert_int_equal(most_of("[" KILL("k", "") "," CUT("b", "n2", ",'at':'8s'") "]"), 2);
	assert_int_equal(
		most_of("[" KILL("k", ",'at':'8s'") "," CUT("b", "n2", ",'for':'8s'") "]"), 1);
}

static void limits_of_the_file_count_what_overlaps(void **state)
{
	struct fail fail = FAIL_INIT;
	struct scenario scenario;
	cJSON *tree = given_tree();

	(void)state;
	given_set(tree, "phases[1].faults",
		"[" CUT("cut-leader", "n1", ",'for':'4s'") "," CUT("b", "n2", ",'at':'5s'") "]");
	scenario = given_scenario(tree);
	if (scenario_check(&scenario, given_kept_catalogue(), &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	scenario_deinit(&scenario);
	tree = given_tree();
	given_set(tree, "phases[1].faults",
		"[" CUT("cut-leader", "n1", ",'for':'6s'") "," CUT("b", "n2", ",'at':'5s'") "]");
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &fail), -1);
	assert_string_equal(fail.path, "phases[1].faults");
	assert_string_equal(
		fail.text, "2 faults at one time; guardrails.limits.concurrent_faults allows 1");
	scenario_deinit(&scenario);
}

/* Names of nodes, with the environment but without anybody asked. */
static int nodes_allowed(const char *second_at, struct fail *fail)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct plan plan;
	char faults[512];
	int outcome;

	snprintf(faults, sizeof(faults), "[%s,%s%s'}]", CUT("cut-leader", "n1", ",'for':'4s'"),
		"{'id':'b','fault':'partition','on':{'nodes':'n2'},'from':{'everything':true},"
		"'with':{},'at':'",
		second_at);
	given_set(tree, "phases[1].faults", faults);
	scenario = given_scenario(tree);
	plan = given_plan(&scenario, given_kept_catalogue());
	outcome = plan_check_limits(&plan, fail);
	plan_deinit(&plan);
	scenario_deinit(&scenario);
	return outcome;
}

static void nodes_are_counted_in_advance(void **state)
{
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(nodes_allowed("4s", &fail), 0);
	assert_int_equal(nodes_allowed("3s", &fail), -1);
	assert_string_equal(fail.text,
		"phase \"cut\" may hit 2 nodes at one time; guardrails.limits.nodes allows 1 "
		"(state "
		"a smaller \"count\" for the groups)");
}

/* One after the other on different nodes: each is armed ahead, starts and heals at its time. */
static void a_run_takes_turns(void **state)
{
	cJSON *tree = given_tree();
	struct hands hands;
	const struct fault_record *first, *second;

	(void)state;
	given_set(tree, "phases[1].faults",
		"[" CUT("cut-leader", "n1", ",'for':'4s'") "," CUT(
			"b", "n2", ",'at':'5s','for':'3s'") "]");
	hands_init(&hands, tree);
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(60)));
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(60)));
	first = record_fault(engine_record(hands.engine), "cut-leader");
	second = record_fault(engine_record(hands.engine), "b");
	assert_int_equal(hands_journaled(&hands, "fault_armed"), 2);
	assert_int_equal(second->start_ns, first->start_ns + SECONDS(5));
	/* At its own end, not at the phase's; the other one stays. */
	assert_false(hands_run(&hands, first->start_ns + SECONDS(4.5)));
	assert_in_range(first->healed_ns, first->start_ns + SECONDS(4) - SECONDS(1),
		first->start_ns + SECONDS(4.5));
	assert_int_equal(second->healed_ns, NEVER_NS);
	assert_true(hands_anything_armed(&hands));
	assert_false(hands_run(&hands, first->start_ns + SECONDS(8.5)));
	assert_true(second->healed_ns != NEVER_NS);
	assert_false(hands_anything_armed(&hands));
	assert_int_equal(engine_state(hands.engine), ENGINE_RUNNING); /* the phase goes on */
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands_journaled(&hands, "fault_over"), 2);
	assert_int_equal(hands_journaled(&hands, "stop"), 0);
	hands_deinit(&hands);
}

/* The same with the nodes as they are: n1 and n2 at one time are two of three. */
static void a_run_is_refused_for_what_overlaps(void **state)
{
	cJSON *tree = given_tree();
	struct hands hands;

	(void)state;
	given_set(tree, "phases[1].faults",
		"[" CUT("cut-leader", "n1", "") "," CUT("b", "n2", ",'at':'5s'") "]");
	given_set(tree, "guardrails.limits.concurrent_faults", "2");
	given_set(tree, "guardrails.limits.nodes", "2");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(240)));
	assert_int_equal(hands.arms, 0);
	assert_int_equal(hands_code(&hands), 4);
	assert_string_equal(json_string(hands_event(&hands, "stop"), "id", ""), "b");
	hands_deinit(&hands);
}

/* --- allow ----------------------------------------------------------------------------- */

/* CLOCK_REALTIME of a moment in UTC. */
static int64_t utc(int day, int hour, int minute)
{
	/* 2 November 2026 is a Monday. */
	struct tm moment = {.tm_year = 126,
		.tm_mon = 10,
		.tm_mday = 1 + day,
		.tm_hour = hour,
		.tm_min = minute};

	return (int64_t)timegm(&moment) * NS_PER_SEC;
}

static int allowed(const char *allow, int class, int64_t wall_ns, struct fail *fail)
{
	const struct environment environment = {.name = (char *)"staging", .class = class};
	cJSON *tree = given_tree();
	struct scenario scenario;
	int outcome;

	given_set(tree, "guardrails.allow", allow);
	scenario = given_scenario(tree);
	outcome = allow_check(&scenario, fail);
	if (outcome == 0)
		outcome = allow_run(&scenario, &environment, wall_ns, fail);
	scenario_deinit(&scenario);
	return outcome;
}

static void classes_are_allowed_by_name(void **state)
{
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(allowed("{}", 2, 0, &fail), 0);
	assert_int_equal(allowed("{'classes':['lab','shared']}", 0, 0, &fail), 0);
	assert_int_equal(allowed("{'classes':'lab'}", 1, 0, &fail), 0);
	assert_int_equal(allowed("{'classes':['lab','shared']}", 2, 0, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_string_equal(fail.text,
		"guardrails.allow.classes names lab, shared, and environment \"staging\" is of "
		"class "
		"production");
}

#define HOURS_UTC "{'hours':{'days':['mon','tue'],'from':'09:00','to':'16:00','zone':'UTC'}}"

static void a_whole_run_lies_inside_the_hours(void **state)
{
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(allowed(HOURS_UTC, 0, utc(1, 9, 0), &fail), 0);
	assert_int_equal(allowed(HOURS_UTC, 0, utc(2, 15, 50), &fail), 0);
	assert_int_equal(allowed(HOURS_UTC, 0, utc(1, 8, 59), &fail), -1);
	/* It may take more than two minutes. */
	assert_int_equal(allowed(HOURS_UTC, 0, utc(1, 15, 58), &fail), -1);
	assert_int_equal(allowed(HOURS_UTC, 0, utc(3, 10, 0), &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_non_null(strstr(fail.text,
		"guardrails.allow.hours allow runs from 09:00 to 16:00 (UTC) on some days only, "
		"and "
		"this one may take "));
}

static void hours_that_make_no_sense_are_refused(void **state)
{
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(
		allowed("{'hours':{'days':['mon'],'from':'16:00','to':'09:00','zone':'UTC'}}", 0, 0,
			&fail),
		-1);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_string_equal(fail.path, "guardrails.allow.hours.to");
	assert_string_equal(fail.text, "must be later on the day than \"from\"");
	assert_int_equal(
		allowed("{'hours':{'days':['mon'],'from':'9:00','to':'16:00','zone':'Mars/Base'}}",
			0, 0, &fail),
		-1);
	assert_string_equal(fail.path, "guardrails.allow.hours.zone");
	assert_string_equal(fail.text, "no time zone \"Mars/Base\" on this host");
}

/* A night lies between two ends that are both inside. */
static void hours_do_not_reach_over_a_night(void **state)
{
	struct hours hours = {
		.from = (char *)"00:00", .to = (char *)"24:00", .zone = (char *)"UTC"};

	(void)state;
	for (int day = 0; day < 7; day++)
		*(int *)list_push(&hours.days, sizeof(int)) = day;
	assert_true(hours_cover(&hours, utc(1, 10, 0), utc(1, 23, 0)));
	assert_false(hours_cover(&hours, utc(1, 10, 0), utc(2, 9, 0)));
	free(hours.days.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_at_one_time),
		cmocka_unit_test(limits_of_the_file_count_what_overlaps),
		cmocka_unit_test(nodes_are_counted_in_advance),
		cmocka_unit_test(a_run_takes_turns),
		cmocka_unit_test(a_run_is_refused_for_what_overlaps),
		cmocka_unit_test(classes_are_allowed_by_name),
		cmocka_unit_test(a_whole_run_lies_inside_the_hours),
		cmocka_unit_test(hours_that_make_no_sense_are_refused),
		cmocka_unit_test(hours_do_not_reach_over_a_night),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
