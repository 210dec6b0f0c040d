/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
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

/* Suites on a lab: one exit code, one report, and what a signal leaves out. */

static const char *write_suite(const struct cli *cli, const char *members)
{
	char *text = NULL;
	const char *path;

	assert_true(
		asprintf(&text,
			"{\n\"backburn_suite\": 1,\n\"name\": \"gate\",\n\"on\": \"%s\",\n%s}\n",
			cli_file("tests/e2e/files/solo-env.json"), members) > 0);
	path = cli_write(cli, "suite.json", text);
	free(text);
	return path;
}

/* The only suite's directory in cli->runs, to be freed. */
static char *suite_directory(const struct cli *cli)
{
	struct cli_result result;
	char *line;

	cli_run_program((const char *[]){"find", cli->runs, "-name", "*-suite-*", NULL}, &result);
	assert_int_equal(result.code, 0);
	line = strdup(result.out);
	line[strcspn(line, "\n")] = '\0';
	cli_result_free(&result);
	assert_non_null(strstr(line, "-suite-"));
	return line;
}

static cJSON *suite_summary(const struct cli *cli)
{
	char *dir = suite_directory(cli), *path = NULL, *text;
	cJSON *summary;

	assert_true(asprintf(&path, "%s/summary.json", dir) > 0);
	text = cli_read(path);
	summary = cJSON_Parse(text);
	assert_non_null(summary);
	free(text);
	free(path);
	free(dir);
	return summary;
}

static void assert_run(const cJSON *summary, int scenario, int run, const char *verdict)
{
	const cJSON *part = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "scenarios"), scenario);
	const cJSON *own = cJSON_GetArrayItem(cJSON_GetObjectItem(part, "runs"), run);

	assert_non_null(own);
	if (strcmp(cli_text(own, "verdict"), verdict) != 0)
		fail_msg("run %d of scenario %d is %s, not %s: %s", run, scenario,
			cli_text(own, "verdict"), verdict, cli_text(own, "reason"));
}

static void test_runs_that_must_hold(void **state)
{
	char *before = host_state("solo"), *programs = programs_list(), *members = NULL;
	struct cli cli;
	struct cli_result result;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	assert_true(asprintf(&members,
			    "\"scenarios\": [ { \"file\": \"%s\", \"params\": { \"patience\": "
			    "\"1s\" }, \"runs\": 2, \"must_hold\": 1 }, { \"file\": \"%s\" } ]",
			    cli_file("tests/e2e/files/outage.json"),
			    cli_file("tests/e2e/files/silent.json")) > 0);
	cli_run((const char *[]){"run", write_suite(&cli, members), "--runs", cli.runs, "--quiet",
			NULL},
		&result);
	free(members);
	/* Two that are stopped, and one without effect, or not steady on a busy machine. */
	summary = suite_summary(&cli);
	assert_run(summary, 0, 0, "STOPPED");
	assert_run(summary, 0, 1, "STOPPED");
	if (result.code == 3)
		assert_run(summary, 1, 0, "INCONCLUSIVE");
	else
		assert_int_equal(result.code, 6);
	assert_int_equal(cli_number(summary, "exit_code"), result.code);
	assert_non_null(strstr(result.out, "outage.json: 0 of 2 held, 1 must"));
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
}

/* The run under way heals, the rest is left out, and both are told. */
static void test_a_signal_heals_and_leaves_out_the_rest(void **state)
{
	char *before = host_state("solo"), *programs = programs_list(), *members = NULL;
	struct cli cli;
	struct cli_process process;
	struct cli_result result;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	assert_true(asprintf(&members,
			    "\"scenarios\": [ { \"file\": \"%s\", \"params\": { \"patience\": "
			    "\"25s\" }, \"runs\": 2 }, { \"file\": \"%s\" } ]",
			    cli_file("tests/e2e/files/outage.json"),
			    cli_file("tests/e2e/files/silent.json")) > 0);
	cli_start((const char *[]){"run", write_suite(&cli, members), "--runs", cli.runs, NULL},
		&process);
	free(members);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	kill(process.pid, SIGTERM);
	cli_wait(&process, 60, &result);
	assert_int_equal(result.code, 143);
	summary = suite_summary(&cli);
	assert_run(summary, 0, 0, "STOPPED");
	assert_run(summary, 0, 1, "SKIPPED");
	assert_run(summary, 1, 0, "SKIPPED");
	cJSON_Delete(summary);
	assert_non_null(strstr(result.out, "left out: the suite was stopped by a signal"));
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
}

/* Killed, it can't tell its run to stop; the run finds out by itself. */
static void test_a_run_ends_with_its_suite(void **state)
{
	char *before = host_state("solo"), *programs = programs_list(), *members = NULL;
	struct cli cli;
	struct cli_process process;
	struct cli_result result;

	(void)state;
	cli_begin(&cli);
	assert_true(asprintf(&members,
			    "\"scenarios\": [ { \"file\": \"%s\", \"params\": { \"patience\": "
			    "\"25s\" } } ]",
			    cli_file("tests/e2e/files/outage.json")) > 0);
	cli_start((const char *[]){"run", write_suite(&cli, members), "--runs", cli.runs, NULL},
		&process);
	free(members);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	kill(process.pid, SIGKILL);
	cli_wait(&process, 60, &result);
	assert_int_equal(result.code, 128 + SIGKILL);
	cli_result_free(&result);
	/* It takes its lab down last. */
	for (int i = 0; i < 300 && access("/run/backburn/lab/solo", F_OK) == 0; i++)
		cli_pause_ms(100);
	cli_pause_ms(1000);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
	cli_end(&cli);
}

static void test_a_run_limit_stops(void **state)
{
	char *members = NULL;
	struct cli cli;
	struct cli_result result;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	assert_true(asprintf(&members,
			    "\"run_limit\": \"36s\", \"scenarios\": [ { \"file\": \"%s\", "
			    "\"params\": { \"patience\": \"29s\" } } ]",
			    cli_file("tests/e2e/files/outage.json")) > 0);
	/* 35 s by itself; with its lab it can't be done in time. */
	cli_run((const char *[]){"run", write_suite(&cli, members), "--runs", cli.runs, NULL},
		&result);
	free(members);
	summary = suite_summary(&cli);
	assert_run(summary, 0, 0, "STOPPED");
	cJSON_Delete(summary);
	assert_int_equal(result.code, 3);
	cli_result_free(&result);
	cli_end(&cli);
}

/* --repeat and --set: twice the same, whose fault is left out, which the verdict says. */
static void test_repeats_of_a_changed_scenario(void **state)
{
	char *before = host_state("solo"), *programs = programs_list();
	struct cli cli;
	struct cli_result result;
	cJSON *summary;
	const cJSON *part;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/silent.json"), "--on",
			cli_file("tests/e2e/files/solo-env.json"), "--runs", cli.runs, "--repeat",
			"2", "--set",
			"phases[1].only_if={\"invariant\":\"steady\",\"verdict\":\"violated\"}",
			"--quiet", NULL},
		&result);
	/* On a busy machine it may not be steady before. */
	assert_true(result.code == 0 || result.code == 6);
	summary = suite_summary(&cli);
	assert_string_equal(cli_text(summary, "suite"), "silent");
	part = cli_first(summary, "scenarios");
	if (result.code == 0) {
		assert_int_equal(cli_number(part, "held"), 2);
		assert_string_equal(cli_text(cli_first(part, "runs"), "reason"),
			"every gate is met; left out: cut; no fault was injected");
		assert_non_null(strstr(result.out,
			"2 of 2 held: the chance that one does not is at most 77.6 % (95 % "
			"confidence, 2 runs)"));
	}
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"solo", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_that_must_hold),
		cmocka_unit_test(test_a_signal_heals_and_leaves_out_the_rest),
		cmocka_unit_test(test_a_run_ends_with_its_suite),
		cmocka_unit_test(test_a_run_limit_stops),
		cmocka_unit_test(test_repeats_of_a_changed_scenario),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
