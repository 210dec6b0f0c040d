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

/* The emergency stop, on a lab of four nodes: a run under way stops, and none begins. */

#define ENVIRONMENT cli_file("tests/e2e/files/solo-env.json")
#define SCENARIO cli_file("tests/e2e/files/outage.json")

enum {
	HEALED = 4 + 1 /* the nodes, and the services of the lab */
};

static void halt(const char *runs, int code, const char *says, const char *const *words)
{
	const char *args[CLI_ARGS_MAX] = {"halt", "--on", ENVIRONMENT, "--runs", runs};
	struct cli_result result;
	size_t count = 5;

	for (; *words; words++)
		args[count++] = *words;
	cli_run(args, &result);
	if (result.code != code || !strstr(result.out, says))
		fail_msg("exit %d, expected %d and \"%s\"\n%s\n%s", result.code, code, says,
			result.err, result.out);
	cli_result_free(&result);
}

static void engage(const char *runs)
{
	halt(runs, 0, "because the pager went off (environment solo",
		(const char *[]){"--because", "the pager went off", NULL});
}

static void release(const char *runs)
{
	halt(runs, 0, "no halt", (const char *[]){"--release", NULL});
}

static void run_refused(const struct cli *cli, const char *says)
{
	struct cli_result result;

	cli_run((const char *[]){"run", SCENARIO, "--on", ENVIRONMENT, "--runs", cli->runs, NULL},
		&result);
	if (result.code != 4 || (!strstr(result.err, says) && !strstr(result.out, says)))
		fail_msg("exit %d, expected 4 and \"%s\"\n%s\n%s", result.code, says, result.err,
			result.out);
	cli_result_free(&result);
}

/* So that the hosts are there before and after the run. */
static void lab_up(void)
{
	struct cli_result result;

	cli_run((const char *[]){"lab", "up", cli_file("tests/e2e/files/solo-lab.json"), NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
}

/*
 * Engaged with the runs' own directory, or with another: then the hosts tell the run. Returns the
 * code that it ended with, and in *out_healed of how many nodes and services the revert is
 * confirmed.
 */
static int stopped_run(const char *elsewhere, int *out_healed)
{
	char *before = host_state("solo"), *programs = programs_list();
	struct cli_process process;
	struct cli_result result;
	cJSON *journal, *summary;
	const cJSON *stop, *over;
	int64_t halted_ms;
	struct cli cli;
	int code;

	cli_begin(&cli);
	lab_up();
	cli_start((const char *[]){"run", SCENARIO, "--on", ENVIRONMENT, "--runs", cli.runs,
			  "--param", "patience=25s", NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	halted_ms = cli_now_ms();
	engage(elsewhere ? elsewhere : cli.runs);
	journal = cli_await_event(&cli, "fault_over", "fault", "cut", 20);
	assert_in_range(cli_now_ms() - halted_ms, 0, 5000);
	stop = cli_event(journal, "stop", "id", "halt");
	over = cli_event(journal, "fault_over", "fault", "cut");
	assert_non_null(stop);
	assert_string_equal(cli_text(stop, "why"), "guardrail");
	/* From the stop to the last node's word that it is healed. */
	assert_true(cli_number(over, "t_ns") - cli_number(stop, "t_ns") < 1e9);
	cJSON_Delete(journal);
	cli_wait(&process, 60, &result);
	code = result.code;
	assert_non_null(strstr(result.out, "halt engaged by root on "));
	assert_non_null(strstr(result.out, "because the pager went off"));
	cli_result_free(&result);
	summary = cli_summary(&cli);
	*out_healed = cli_confirmed(summary);
	cJSON_Delete(summary);
	if (!elsewhere)
		run_refused(&cli, "halt engaged by root on ");
	release(elsewhere ? elsewhere : cli.runs);
	cli_labs_down((const char *[]){"solo", NULL});
	assert_int_not_equal(access("/run/backburn/halts", F_OK), 0);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
	return code;
}

static void test_a_run_stops_and_none_begins(void **state)
{
	int healed;

	(void)state;
	assert_int_equal(stopped_run(NULL, &healed), 3);
	assert_int_equal(healed, HEALED);
}

/* As if somebody else did it, from another machine: only the hosts know. */
static void test_hosts_tell_a_run(void **state)
{
	struct cli other;
	int healed;

	(void)state;
	cli_begin(&other);
	assert_int_equal(stopped_run(other.runs, &healed), 3);
	assert_int_equal(healed, HEALED);
	cli_end(&other);
}

static void test_hosts_refuse_a_run_until_the_release(void **state)
{
	struct cli cli, other;
	struct cli_result result;

	(void)state;
	cli_begin(&cli);
	cli_begin(&other);
	lab_up();
	engage(other.runs);
	engage(other.runs); /* once more changes nothing */
	halt(cli.runs, 3, "because the pager went off", (const char *[]){"--status", NULL});
	run_refused(&cli, "hello: halt engaged by root on ");
	release(cli.runs); /* any controller may; what it does not know stays elsewhere */
	release(cli.runs);
	halt(other.runs, 3, "because the pager went off", (const char *[]){"--status", NULL});
	release(other.runs);
	halt(other.runs, 0, "n1: no halt", (const char *[]){"--status", NULL});
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("tests/e2e/files/silent.json"), "--on",
			ENVIRONMENT, "--runs", cli.runs, NULL},
		&result);
	/* Its own end: it goes on again. */
	if (result.code != 2)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	cli_result_free(&result);
	cli_labs_down((const char *[]){"solo", NULL});
	cli_end(&cli);
	cli_end(&other);
}

static void test_what_is_refused(void **state)
{
	struct cli_result result;

	(void)state;
	cli_run((const char *[]){"halt", "--on", ENVIRONMENT, NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_non_null(strstr(result.err, "why? --because TEXT"));
	cli_result_free(&result);
	cli_run((const char *[]){"halt", "--on", ENVIRONMENT, "--because", "two\nlines", NULL},
		&result);
	assert_int_equal(result.code, 64);
	assert_non_null(
		strstr(result.err, "--because: a reason is one line without control characters"));
	cli_result_free(&result);
	cli_run((const char *[]){"halt", "--because", "x", NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_non_null(strstr(result.err, "where? --on ENVIRONMENT"));
	cli_result_free(&result);
}

/* One that is not there is told, and keeps no other from it. */
static void test_a_host_that_is_not_reached(void **state)
{
	struct cli_result result;
	struct cli cli;
	char *text;

	(void)state;
	cli_begin(&cli);
	assert_true(
		asprintf(&text,
			"{\"backburn_environment\":1,\"name\":\"two\",\"hosts\":{\"far\":"
			"{\"connect\":[\"/no/such/ssh\"]}},\"nodes\":{\"a\":{\"host\":\"far\"}}}") >
		0);
	cli_run((const char *[]){"halt", "--on", cli_write(&cli, "env.json", text), "--runs",
			cli.runs, "--because", "of smoke", NULL},
		&result);
	free(text);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.out, "because of smoke (environment two"));
	assert_non_null(strstr(result.out, "a: NOT reached: /no/such/ssh"));
	cli_result_free(&result);
	cli_end(&cli);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"solo", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_a_host_that_is_not_reached),
		cmocka_unit_test(test_a_run_stops_and_none_begins),
		cmocka_unit_test(test_hosts_tell_a_run),
		cmocka_unit_test(test_hosts_refuse_a_run_until_the_release),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
