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

/* Suites that people get wrong, and the exact words for it. Nothing is touched: no root needed. */

struct mistake {
	const char *members; /* %s: a valid scenario's path */
	const char *says;    /* behind "FILE:"; %s likewise */
};

#define ONE(more) "\"scenarios\": [ { \"file\": \"%s\"" more " } ]"

static const struct mistake mistakes[] = {
	{"\"scenarios\": []", "4: scenarios: must not be empty"},
	{ONE(", \"run\": 3"),
		"4: scenarios[0].run: unknown key \"run\" in scenario (did you mean "
		"\"runs\"?)"},
	{ONE(", \"runs\": 3, \"must_hold\": 4"),
		"4: scenarios[0].must_hold: 4 of 3 runs can't hold"},
	{ONE(", \"runs\": 201"), "4: scenarios[0].runs: must be from 1 to 200, not 201"},
	{ONE(", \"params\": [1]"), "4: scenarios[0].params: must be an object, not a list"},
	{ONE(", \"params\": { \"patience\": true }"),
		"4: scenarios[0].params.patience: must be a string or a number, not true"},
	{ONE(", \"params\": { \"patienc\": \"1s\" }"),
		"4: scenarios[0]: --param patienc: the scenario declares no such parameter"},
	{ONE(", \"params\": { \"patience\": \"soon\" }"),
		"4: scenarios[0]: --param patience: \"soon\" is not of type duration"},
	{"\"run_limit\": \"30s\", " ONE(""),
		"4: run_limit: its runs take at least 36.0s, longer than run_limit of 30.0s"},
	{"\"scenarios\": [ { \"file\": \"/no/such.json\" } ]",
		"4: scenarios[0]: /no/such.json: No such file or directory"},
};

static const char *write_suite(const struct cli *cli, const char *members)
{
	char *text = NULL;
	const char *path;

	assert_true(asprintf(&text, "{\n\"backburn_suite\": 1,\n\"name\": \"gate\",\n%s\n}\n",
			    members) > 0);
	path = cli_write(cli, "suite.json", text);
	free(text);
	return path;
}

static void check(const struct cli *cli, const struct mistake *mistake, const char *command)
{
	const char *scenario = cli_file("tests/e2e/files/outage.json"), *path;
	const char *place = strstr(mistake->members, "%s");
	char *members = NULL, *expected = NULL;
	struct cli_result result;

	if (place)
		assert_true(asprintf(&members, "%.*s%s%s", (int)(place - mistake->members),
				    mistake->members, scenario, place + 2) > 0);
	else
		members = strdup(mistake->members);
	path = write_suite(cli, members);
	assert_true(
		asprintf(&expected, "%s%s:%s\n", strcmp(command, "run") == 0 ? "backburn: " : "",
			path, mistake->says) > 0);
	if (strcmp(command, "run") == 0)
		cli_run((const char *[]){"run", path, "--runs", cli->runs, NULL}, &result);
	else
		cli_run((const char *[]){command, path, NULL}, &result);
	if (strcmp(result.err, expected) != 0)
		fail_msg("said      %s  expected  %s", result.err, expected);
	assert_int_equal(result.code, 65);
	cli_result_free(&result);
	free(expected);
	free(members);
}

static void test_each_mistake_is_named_with_its_line(void **state)
{
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		check(&cli, &mistakes[i], "validate");
		check(&cli, &mistakes[i], "run");
	}
	assert_int_equal(access(cli.runs, F_OK), -1); /* nothing was begun */
	cli_end(&cli);
}

static void test_parameters_have_an_end(void **state)
{
	struct cli_result result;
	char *members = NULL, *expected = NULL;
	size_t length = 0;
	const char *path;
	struct cli cli;
	FILE *out = open_memstream(&members, &length);

	(void)state;
	assert_non_null(out);
	fputs("\"scenarios\": [ { \"file\": \"x.json\", \"params\": { \"p\": 0", out);
	for (int i = 0; i < 64; i++)
		fprintf(out, ", \"p%d\": %d", i, i);
	fputs(" } } ]", out);
	assert_int_equal(fclose(out), 0);
	cli_begin(&cli);
	path = write_suite(&cli, members);
	assert_true(asprintf(&expected, "%s:4: scenarios[0].params: more than 64 parameters\n",
			    path) > 0);
	cli_run((const char *[]){"validate", path, NULL}, &result);
	assert_string_equal(result.err, expected);
	assert_int_equal(result.code, 65);
	cli_result_free(&result);
	free(expected);
	free(members);
	cli_end(&cli);
}

static void test_a_valid_suite_says_how_long_it_takes(void **state)
{
	struct cli_result result;
	struct cli cli;
	char *members = NULL;

	(void)state;
	cli_begin(&cli);
	assert_true(asprintf(&members, ONE(", \"runs\": 2"),
			    cli_file("tests/e2e/files/outage.json")) > 0);
	cli_run((const char *[]){"validate", write_suite(&cli, members), NULL}, &result);
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.out,
		"suite \"gate\" is valid, and so are its scenarios: 2 "
		"runs, from 72.0s to "));
	cli_result_free(&result);
	free(members);
	cli_end(&cli);
}

static void test_what_does_not_go_together(void **state)
{
	struct cli_result result;
	struct cli cli;
	char *members = NULL;
	const char *path;

	(void)state;
	cli_begin(&cli);
	assert_true(asprintf(&members, ONE(""), cli_file("tests/e2e/files/outage.json")) > 0);
	path = write_suite(&cli, members);
	cli_run((const char *[]){"run", path, "--repeat", "3", NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_string_equal(result.err,
		"backburn: --repeat is for one scenario; a suite says \"runs\" of each\n");
	cli_result_free(&result);
	cli_run((const char *[]){"run", path, "--param", "a=1", NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_string_equal(result.err,
		"backburn: --param and --set are for one scenario; the parameters of a suite's "
		"stand in its file, under \"params\"\n");
	cli_result_free(&result);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/outage.json"), "--repeat", "0",
			NULL},
		&result);
	assert_int_equal(result.code, 64);
	assert_non_null(strstr(result.err, "--repeat is a number from 1 to 200, not \"0\""));
	cli_result_free(&result);
	/* What every run would be refused for is said once, and before the first. */
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/outage.json"), "--repeat", "2",
			"--set", "guardrails.limits.fault=\"1s\"", "--runs", cli.runs, NULL},
		&result);
	assert_int_equal(result.code, 65);
	assert_non_null(
		strstr(result.err, "longer than its own limit guardrails.limits.fault of 1s"));
	assert_int_equal(access(cli.runs, F_OK), -1);
	cli_result_free(&result);
	free(members);
	cli_end(&cli);
}

/* A run that is refused before it has a directory is told with its reason, in all forms. */
static void test_a_refused_run_is_told(void **state)
{
	struct cli_result result;
	struct cli cli;
	char *members = NULL, *environment = NULL;
	const char *env;

	(void)state;
	cli_begin(&cli);
	env = cli_write(&cli, "env.json",
		"{\"backburn_environment\":1,\"name\":\"none\",\"hosts\":{\"h\":{\"connect\":["
		"\"x\"]}},"
		"\"nodes\":{\"other\":{\"host\":\"h\"}}}");
	environment = strdup(env);
	assert_true(asprintf(&members, ONE(", \"on\": \"%s\""),
			    cli_file("tests/e2e/files/outage.json"), environment) > 0);
	cli_run((const char *[]){"run", write_suite(&cli, members), "--runs", cli.runs, NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.out, "  REFUSED       "));
	assert_non_null(strstr(result.out,
		"no group of the scenario and no node of "
		"environment \"none\" is named"));
	cli_result_free(&result);
	free(environment);
	free(members);
	cli_end(&cli);
}

/* Where and when a scenario may run: before a lab is brought up, or anybody asked. */
static void test_a_run_is_allowed_by_class(void **state)
{
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/outage.json"), "--on",
			cli_write(&cli, "env.json",
				"{\"backburn_environment\":1,\"name\":\"staging\",\"hosts\":{\"h\":"
				"{"
				"\"connect\":[\"x\"]}},\"nodes\":{\"n1\":{\"host\":\"h\"},"
				"\"client\":{"
				"\"host\":\"local\",\"labels\":{\"role\":\"client\"}}}}"),
			"--runs", cli.runs, "--set",
			"guardrails.allow={\"classes\":[\"lab\",\"production\"]}", NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_string_equal(result.err,
		"backburn: guardrails.allow.classes names lab, production, and environment "
		"\"staging\" is of class shared\n");
	assert_int_equal(access(cli.runs, F_OK), -1);
	cli_result_free(&result);
	cli_end(&cli);
}

/* --ci of what never began: the reason is in the log, the summary and the files. */
static void test_a_refused_job_is_told(void **state)
{
	char output[256], summary[256], settings[3][288], *text;
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	snprintf(settings[2], sizeof(settings[2]), "GITHUB_WORKSPACE=%s", cli.dir);
	snprintf(output, sizeof(output), "%s/output", cli.dir);
	snprintf(summary, sizeof(summary), "%s/summary", cli.dir);
	snprintf(settings[0], sizeof(settings[0]), "GITHUB_OUTPUT=%s", output);
	snprintf(settings[1], sizeof(settings[1]), "GITHUB_STEP_SUMMARY=%s", summary);
	cli_run_program(
		(const char *[]){"env", "GITHUB_ACTIONS=true", settings[0], settings[1],
			settings[2], cli_program("backburn"), "run",
			cli_write(&cli, "bad.json", "{\n\"backburn\": 1,\n\"nam\": 3\n}"), "--on",
			cli_file("scenarios/env/lab-etcd.json"), "--runs", cli.runs, "--ci", NULL},
		&result);
	assert_int_equal(result.code, 65);
	/* At the file, as the repository has it, and at the line of the mistake. */
	assert_non_null(
		strstr(result.out, "\n::error file=bad.json,line=3,title=WRONG FILE::/tmp/"));
	assert_non_null(strstr(result.out, "\nWRONG FILE (exit code 65): "));
	cli_result_free(&result);
	text = cli_read(output);
	assert_non_null(strstr(text, "verdict=WRONG FILE\nexit_code=65\nreason="));
	free(text);
	text = cli_read(summary);
	assert_non_null(strstr(text, "## WRONG FILE\n\n"));
	free(text);
	cli_run((const char *[]){"run", "x.json", "--ci", "--json", NULL}, &result);
	assert_int_equal(result.code, 64);
	assert_non_null(
		strstr(result.err, "--ci is for a job's log, --json for a program: one of them"));
	cli_result_free(&result);
	cli_end(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mistake_is_named_with_its_line),
		cmocka_unit_test(test_parameters_have_an_end),
		cmocka_unit_test(test_a_valid_suite_says_how_long_it_takes),
		cmocka_unit_test(test_what_does_not_go_together),
		cmocka_unit_test(test_a_refused_run_is_told),
		cmocka_unit_test(test_a_run_is_allowed_by_class),
		cmocka_unit_test(test_a_refused_job_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
