/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/*
 * Faults on processes, kill, kill_on_call, pause and clock_skew, on a real etcd: planned, carried
 * out, reported, and nothing left behind.
 */

static const char lab[] = "killed";
static const char scenario[] = "scenarios/etcd-leader-killed.json";
static const char sync_scenario[] = "scenarios/etcd-leader-killed-at-sync.json";
static const char paused_scenario[] = "scenarios/etcd-leader-paused.json";
static const char skewed_scenario[] = "scenarios/etcd-member-skewed.json";
static const char loop_scenario[] = "scenarios/etcd-follower-crash-loop.json";

static void assert_killed_and_back(const cJSON *summary, const char *said)
{
	const cJSON *fault = cli_first(summary, "faults"), *process = cli_first(fault, "processes");
	char line[64];

	assert_string_equal(cli_text(fault, "effect"), "proven");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(fault, "processes")), 1);
	assert_string_equal(cli_text(process, "signal"), "KILL");
	assert_string_equal(cli_text(process, "result"), "sent");
	assert_non_null(strstr(cli_text(process, "cmdline"), "etcd --name"));
	assert_true(cli_number(process, "exited_s") >= cli_number(process, "sent_s"));
	assert_true(cli_number(process, "sent_s") >= cli_number(fault, "start_s"));
	/* Its supervisor was told, and started it again. */
	assert_string_equal(cli_text(process, "service"), "etcd");
	assert_true(cli_number(process, "service_pid_after") > 0);
	assert_true(cli_number(process, "service_pid_after") != cli_number(process, "pid"));
	assert_true(cli_number(process, "service_restarts") == 1);
	snprintf(line, sizeof(line), "etcd runs again as pid %.0f",
		cli_number(process, "service_pid_after"));
	assert_non_null(strstr(said, line));
	/* Its node has seen the same, by itself. */
	assert_true(cli_number(cli_first(fault, "strikes"), "back_pid") ==
		cli_number(process, "service_pid_after"));
}

static void assert_back_each_time(const cJSON *summary, const char *said)
{
	const cJSON *fault = cli_first(summary, "faults"), *strike;
	double back_s = 0;

	assert_string_equal(cli_text(fault, "effect"), "proven");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(fault, "strikes")), 3);
	assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(fault, "processes")) <= 3);
	cJSON_ArrayForEach(strike, cJSON_GetObjectItem(fault, "strikes")) {
		assert_true(cli_number(strike, "exited") == 1);
		assert_true(cli_number(strike, "at_s") > back_s);
		back_s = cli_number(strike, "back_s");
		assert_true(back_s > cli_number(strike, "at_s"));
	}
	assert_non_null(strstr(said, "back in time after 3 of 3 strikes"));
}

static void assert_still_and_on(const cJSON *summary, const char *said)
{
	const cJSON *fault = cli_first(summary, "faults"), *process = cli_first(fault, "processes");
	double asked_s = cli_number(fault, "healed_s") - cli_number(fault, "start_s");

	assert_string_equal(cli_text(fault, "effect"), "proven");
	assert_string_equal(cli_text(process, "how"), "trace");
	assert_true(cli_number(process, "times") == 1);
	assert_true(cli_number(process, "held_s") > asked_s / 2);
	assert_true(cli_number(process, "held_s") < asked_s + 1);
	/* Nobody started it again: it was there all the time. */
	assert_true(cli_number(process, "service_pid_after") == cli_number(process, "pid"));
	assert_true(cli_number(process, "service_restarts") == 0);
	assert_non_null(strstr(said, "stood still from T+"));
}

static void assert_killed_at_a_sync(const cJSON *summary, const char *said)
{
	const cJSON *fault = cli_first(summary, "faults"), *process = cli_first(fault, "processes");

	assert_string_equal(cli_text(fault, "effect"), "proven");
	assert_string_equal(cli_text(process, "trap"), "after its sync number 200");
	assert_true(cli_number(process, "calls") >= 200);
	assert_true(cli_number(process, "exited_s") >= cli_number(process, "sent_s"));
	assert_true(cli_number(process, "service_restarts") == 1);
	assert_non_null(strstr(said, "SIGKILL after its sync number 200"));
}

/* Go asks the vDSO, without a C library. First it is ahead, then it goes too fast. */
static void assert_skewed(const cJSON *summary, const char *said)
{
	const cJSON *faults = cJSON_GetObjectItem(summary, "faults"), *fault;

	assert_int_equal(cJSON_GetArraySize(faults), 2);
	cJSON_ArrayForEach(fault, faults) {
		const cJSON *process = cli_first(fault, "processes");

		assert_string_equal(cli_text(fault, "effect"), "proven");
		assert_string_equal(cli_text(process, "how"), "detour");
		assert_true(cli_number(process, "times") > 100);
		assert_true(cli_number(process, "service_pid_after") == cli_number(process, "pid"));
		assert_true(cli_number(process, "service_restarts") == 0);
	}
	assert_non_null(strstr(said, "read another time from T+"));
}

/* `param`: of the scenario, or NULL; an outage is expected where the leader is hit. */
static void run_it(const char *file, const char *param, double least_gap_s,
	void (*check)(const cJSON *summary, const char *said))
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;
	double gap_s;

	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file(file), "--on", cli_lab_as(&cli, "etcd", lab),
			"--runs", cli.runs, param ? "--param" : NULL, param, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	summary = cli_summary(&cli);
	gap_s = cli_number(cli_first(summary, "gaps"), "gap_s");
	print_message("gap %.2f s\n", gap_s);
	assert_true(gap_s >= least_gap_s && gap_s <= 5);
	assert_true(cli_number(cli_first(summary, "data"), "lost") == 0);
	assert_true(cli_number(cli_first(summary, "data"), "acknowledged") > 1000);
	check(summary, result.out);
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	/* A fault on processes needs no BPF. */
	assert_no_new_programs(programs);
	assert_host_state(lab, before);
}

static void test_a_killed_leader_costs_seconds_and_no_data(void **state)
{
	(void)state;
	run_it(scenario, NULL, 0.5, assert_killed_and_back);
}

/* A minute: tests/netns/test_crash_loop.c has what the injector does, each time. */
static void test_a_follower_is_back_each_time(void **state)
{
	(void)state;
	if (!getenv("BACKBURN_LONG")) {
		print_message("skipped: only with BACKBURN_LONG\n");
		skip();
	}
	run_it(loop_scenario, "loop_for=14s", 0, assert_back_each_time);
}

/* More than a minute: tests/netns/test_pause.c has what the injector does, each time. */
static void test_a_paused_leader_costs_seconds_and_no_data(void **state)
{
	(void)state;
	if (!getenv("BACKBURN_LONG")) {
		print_message("skipped: only with BACKBURN_LONG\n");
		skip();
	}
	run_it(paused_scenario, NULL, 0.5, assert_still_and_on);
}

/* More than a minute: tests/netns/test_kill_on_call.c has what the injector does, each time. */
static void test_a_leader_that_dies_between_disk_and_answer(void **state)
{
	(void)state;
	if (!getenv("BACKBURN_LONG")) {
		print_message("skipped: only with BACKBURN_LONG\n");
		skip();
	}
	run_it(sync_scenario, NULL, 0.5, assert_killed_at_a_sync);
}

/* Likewise: tests/netns/test_clock_skew.c has what the injector does. */
static void test_a_skewed_member_costs_nothing(void **state)
{
	(void)state;
	if (!getenv("BACKBURN_LONG")) {
		print_message("skipped: only with BACKBURN_LONG\n");
		skip();
	}
	run_it(skewed_scenario, NULL, 0, assert_skewed);
}

static void test_the_plan_names_who_would_be_hit(void **state)
{
	static const struct {
		const char *program, *said;
		int code;
	} cases[] = {
		{"program=/usr/bin/etcd", "/usr/bin/etcd (etcd --name", 0},
		{"program=/nowhere/etcd", "NOTHING", 0},
	};
	char *before = host_state(lab);
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_result result;

		cli_run((const char *[]){"plan", cli_file(scenario), "--on",
				cli_lab_as(&cli, "etcd", lab), "--runs", cli.runs, "--param",
				cases[i].program, NULL},
			&result);
		if (result.code != cases[i].code || !strstr(result.out, cases[i].said))
			fail_msg("exit %d, expected %d\n%s\n%s", result.code, cases[i].code,
				result.err, result.out);
		cli_result_free(&result);
	}
	cli_end(&cli);
	assert_host_state(lab, before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){lab, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_plan_names_who_would_be_hit),
		cmocka_unit_test(test_a_killed_leader_costs_seconds_and_no_data),
		cmocka_unit_test(test_a_leader_that_dies_between_disk_and_answer),
		cmocka_unit_test(test_a_follower_is_back_each_time),
		cmocka_unit_test(test_a_paused_leader_costs_seconds_and_no_data),
		cmocka_unit_test(test_a_skewed_member_costs_nothing),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
