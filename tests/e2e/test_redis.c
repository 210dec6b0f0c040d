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
 * The scenarios on a real Redis with three Sentinels: the primary is found, hit and replaced, what
 * asynchronous replication loses is counted, and nothing is left behind.
 */

static const char killed[] = "scenarios/redis/redis-primary-killed.json";
static const char paused[] = "scenarios/redis/redis-primary-paused.json";
static const char cut[] = "scenarios/redis/redis-primary-cut.json";

enum {
	ARGS_MAX = 16,
	CONFIRMED = 5 + 1, /* the nodes, and the services of the lab */
	SKIPPED = 77
};

static double of_workload(const cJSON *summary, const char *workload, const char *what)
{
	return cli_number(
		cli_item(cJSON_GetObjectItem(summary, "data"), "workload", workload), what);
}

/* `params` end with NULL. What the run says in words goes into `check`. */
static void run_it(const char *file, const char *const *params,
	void (*check)(const cJSON *summary, const char *said))
{
	char *before = host_state("redis"), *programs = programs_list();
	const char *args[ARGS_MAX] = {"run", cli_file(file)};
	struct cli_result result;
	struct cli cli;
	cJSON *summary;
	double gap_s;
	int count = 2;

	cli_begin(&cli);
	args[count++] = "--runs";
	args[count++] = cli.runs;
	for (; *params; params++) {
		args[count++] = "--param";
		args[count++] = *params;
	}
	cli_run_steady(&cli, args, &result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	summary = cli_summary(&cli);
	assert_string_equal(cli_text(cli_first(summary, "faults"), "effect"), "proven");
	gap_s = cli_number(cli_item(cJSON_GetObjectItem(summary, "gaps"), "slo", "avail"), "gap_s");
	print_message("gap %.2f s\n", gap_s);
	/* No Sentinel calls a Redis down within 2 s. */
	assert_true(gap_s >= 1 && gap_s <= 8);
	assert_true(of_workload(summary, "acked", "acknowledged") > 500);
	assert_true(of_workload(summary, "waited", "acknowledged") > 200);
	assert_true(of_workload(summary, "waited", "lost") == 0);
	assert_int_equal(cli_confirmed(summary), CONFIRMED);
	check(summary, result.out);
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("redis", before);
}

static void assert_killed_and_back(const cJSON *summary, const char *said)
{
	const cJSON *fault = cli_first(summary, "faults"), *process = cli_first(fault, "processes");

	assert_string_equal(cli_text(process, "signal"), "KILL");
	assert_non_null(strstr(cli_text(process, "cmdline"), "redis-server"));
	assert_string_equal(cli_text(process, "service"), "redis");
	assert_true(cli_number(process, "service_restarts") == 1);
	assert_non_null(strstr(said, "redis runs again as pid"));
}

static void assert_still_and_on(const cJSON *summary, const char *said)
{
	const cJSON *process = cli_first(cli_first(summary, "faults"), "processes");

	assert_true(cli_number(process, "times") == 1);
	assert_true(cli_number(process, "service_restarts") == 0);
	assert_non_null(strstr(said, "stood still from T+"));
}

/* Seconds of acknowledged writes are gone, and none of those that waited for a replica. */
static void assert_lost_by_design(const cJSON *summary, const char *said)
{
	double lost = of_workload(summary, "near-acked", "lost");

	print_message(
		"lost %.0f of %.0f\n", lost, of_workload(summary, "near-acked", "acknowledged"));
	assert_true(lost > 200);
	assert_true(of_workload(summary, "near-waited", "lost") == 0);
	assert_true(of_workload(summary, "near-waited", "unknown") > 50);
	assert_non_null(strstr(said, "near-loss    VIOLATED, as expected"));
}

static void test_a_killed_primary_is_replaced(void **state)
{
	(void)state;
	run_it(killed, (const char *[]){"before_for=12s", "watched_for=10s", "after_for=6s", NULL},
		assert_killed_and_back);
}

static void only_with_long(void)
{
	if (getenv("BACKBURN_LONG"))
		return;
	print_message("skipped: only with BACKBURN_LONG\n");
	skip();
}

static void test_a_paused_primary_is_replaced(void **state)
{
	(void)state;
	only_with_long();
	run_it(paused, (const char *[]){NULL}, assert_still_and_on);
}

static void test_a_primary_that_is_cut_off_loses_writes(void **state)
{
	(void)state;
	only_with_long();
	run_it(cut, (const char *[]){NULL}, assert_lost_by_design);
}

/*
 * The old primary takes writes while it is cut off with a client, and throws them away when it is
 * turned into a replica: the client's own reads lack them from then on, and the run stops.
 */
static void test_lost_writes_stop_the_run(void **state)
{
	char *before = host_state("redis"), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;
	const cJSON *reads;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file(cut), "--runs", cli.runs, "--param",
			"before_for=12s", "--param", "cut_for=10s", "--param", "after_for=120s",
			"--set", "workloads.near-acked.read_every=\"1s\"", "--set",
			"guardrails.stop_if[2]={\"id\":\"loss\",\"workload\":\"near-acked\","
			"\"lost_writes\":100}",
			NULL},
		&result);
	if (result.code != 3)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "guardrail loss: "));
	assert_non_null(strstr(result.out,
		" acknowledged writes of near-acked are missing from each of the last 3 reads"));
	summary = cli_summary(&cli);
	reads = cJSON_GetObjectItem(
		cli_item(cJSON_GetObjectItem(summary, "data"), "workload", "near-acked"),
		"read_backs");
	/* Before that it was read for more than 20 s, in which nothing was missing thrice. */
	assert_true(cli_number(reads, "answered") >= 10);
	assert_true(cli_number(reads, "last_missing") > 100);
	/* What is read at the end says the same. */
	assert_true(of_workload(summary, "near-acked", "lost") > 100);
	assert_int_equal(cli_confirmed(summary), CONFIRMED);
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("redis", before);
}

static void test_the_plan_names_the_primary(void **state)
{
	static const struct {
		const char *file, *said;
	} cases[] = {{killed, "redis-server 10.78.0.2:6379"},
		{paused, "redis-server 10.78.0.2:6379"}, {cut, "cut-off"}};
	char *before = host_state("redis");
	struct cli_result result;

	(void)state;
	cli_run((const char *[]){"lab", "up", cli_file("scenarios/labs/redis-sentinel.json"), NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cli_run((const char *[]){"plan", cli_file(cases[i].file), NULL}, &result);
		if (result.code != 0 || !strstr(result.out, cases[i].said))
			fail_msg(
				"exit %d, expected 0\n%s\n%s", result.code, result.err, result.out);
		cli_result_free(&result);
	}
	cli_labs_down((const char *[]){"redis", NULL});
	assert_host_state("redis", before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"redis", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_writes_stop_the_run),
		cmocka_unit_test(test_the_plan_names_the_primary),
		cmocka_unit_test(test_a_killed_primary_is_replaced),
		cmocka_unit_test(test_a_paused_primary_is_replaced),
		cmocka_unit_test(test_a_primary_that_is_cut_off_loses_writes),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	if (access("/usr/bin/redis-server", X_OK) < 0) {
		puts("skipped: there is no /usr/bin/redis-server");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, down);
}
