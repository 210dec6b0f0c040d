/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"

/*
 * What runs and `heal --run` are refused for before any host is touched, and how servers are told
 * of it; none of it needs root.
 */

#define SCENARIO cli_file("tests/e2e/files/two-hosts.json")

/* Two hosts that are programs of the tests: web is as `web` says, client all right. */
static char *environment_with(const struct cli *cli, const char *name, const char *web)
{
	char *text = NULL, *path;

	assert_true(asprintf(&text,
			    "{ \"backburn_environment\": 1, \"name\": \"%s\", \"hosts\": { "
			    "\"h1\": { \"connect\": [\"%s\", \"%s\"] }, "
			    "\"h2\": { \"connect\": [\"%s\", \"fine\"] } }, "
			    "\"nodes\": { \"web\": { \"host\": \"h1\" }, \"client\": { \"host\": "
			    "\"h2\" } } }",
			    name, web[0] == '/' ? web : cli_program("../tests/bin/fake_injector"),
			    web, cli_program("../tests/bin/fake_injector")) > 0);
	path = strdup(cli_write(cli, "env.json", text));
	free(text);
	assert_non_null(path);
	return path;
}

static void assert_run_refused(const struct cli *cli, const char *web, const char *sentence)
{
	char *environment = environment_with(cli, "hosts", web), line[512];
	struct cli_result result;

	cli_run((const char *[]){"run", SCENARIO, "--on", environment, "--runs", cli->runs, "-q",
			NULL},
		&result);
	snprintf(line, sizeof(line), "  %s (exit 4)\n", sentence);
	if (result.code != 4 || !strstr(result.out, line))
		fail_msg("exit %d, expected 4 with\n%sgot\n%s%s", result.code, line, result.out,
			result.err);
	cli_result_free(&result);
	free(environment);
}

static void a_host_whose_policy_cannot_be_read(void **state)
{
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	assert_run_refused(&cli, "policy",
		"the policy of web can't be used, so nothing is allowed there: line 3: not JSON");
	cli_end(&cli);
}

static void a_way_to_a_host_that_is_no_program(void **state)
{
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	assert_run_refused(&cli, "/no/such/ssh",
		"cannot start the injector on web (/no/such/ssh): no such file or directory");
	cli_end(&cli);
}

static void probes_from_a_group_that_must_be_asked(void **state)
{
	struct cli_result result;
	struct cli cli;
	char *environment;

	(void)state;
	cli_begin(&cli);
	environment = environment_with(&cli, "hosts", "fine");
	cli_run((const char *[]){"plan", SCENARIO, "--on", environment, "--set",
			"groups={\"up\":{\"nodes\":\"client\",\"where\":{\"exec\":[\"true\"]}}}",
			"--set", "probes.get.from=\"up\"", NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_string_equal(result.err,
		"backburn: probe get: group \"up\" depends on a `where`, so probes and workloads "
		"can't start with it: it is resolved at its first use in a phase\n");
	cli_result_free(&result);
	free(environment);
	cli_end(&cli);
}

/* As of a run that holds the lock, and has not said who it is yet. */
static void an_environment_that_somebody_has_locked(void **state)
{
	char *environment, path[256];
	struct cli_result result;
	struct cli cli;
	int fd;

	(void)state;
	cli_begin(&cli);
	environment = environment_with(&cli, "hosts", "fine");
	assert_int_equal(mkdir(cli.runs, 0755), 0);
	snprintf(path, sizeof(path), "%s/.lock-hosts", cli.runs);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	cli_run((const char *[]){"run", SCENARIO, "--on", environment, "--runs", cli.runs, NULL},
		&result);
	assert_int_equal(result.code, 75);
	assert_string_equal(result.err,
		"backburn: environment \"hosts\" is locked by another run (wait for it with "
		"--wait-lock)\n");
	close(fd);
	cli_result_free(&result);
	free(environment);
	cli_end(&cli);
}

/* Whoever holds that lock has no eye for notes. */
static void a_note_that_nobody_takes(void **state)
{
	struct cli_result result;
	struct cli cli;
	char path[256];
	int fd;

	(void)state;
	cli_begin(&cli);
	assert_int_equal(mkdir(cli.runs, 0755), 0);
	snprintf(path, sizeof(path), "%s/20261128-000000-cut", cli.runs);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/.lock-hosts", cli.runs);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(dprintf(fd, "run 20261128-000000-cut, pid 1\n") > 0);
	cli_run((const char *[]){"note", "x", "--runs", cli.runs, NULL}, &result);
	assert_int_equal(result.code, 4);
	assert_string_equal(result.err,
		"backburn: the run did not take the note: it has ended, or is not in its phases\n");
	close(fd);
	cli_result_free(&result);
	cli_end(&cli);
}

/* --- under the variables of CI servers ------------------------------------------------------- */

/* Two runs, of which the first host refuses each. */
static const char *write_suite(const struct cli *cli, const char *environment)
{
	const char *scenario = SCENARIO, *path;
	char *text = NULL;

	assert_true(asprintf(&text,
			    "{\n\"backburn_suite\": 1,\n\"name\": \"gate\",\n\"on\": \"%s\",\n"
			    "\"scenarios\": [ { \"file\": \"%s\" }, { \"file\": \"%s\" } ]\n}\n",
			    environment, scenario, scenario) > 0);
	path = cli_write(cli, "suite.json", text);
	free(text);
	return path;
}

static char *file_of_ci(const struct cli *cli, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", cli->runs, name);
	return cli_read(path);
}

static void assert_file_has(const struct cli *cli, const char *name, const char *what)
{
	char *text = file_of_ci(cli, name);

	if (!strstr(text, what))
		fail_msg("%s does not have \"%s\":\n%s", name, what, text);
	free(text);
}

/* `variables` are those that the server sets, ended by NULL; only --ci is added. */
static void run_suite_of_job(
	const struct cli *cli, const char *const *variables, struct cli_result *result)
{
	char *environment = environment_with(cli, "hosts", "capability");
	const char *argv[CLI_ARGS_MAX] = {"env", "-u", "GITHUB_ACTIONS", "-u", "GITLAB_CI"};
	size_t count = 5;

	while (*variables)
		argv[count++] = *variables++;
	argv[count++] = cli_program("backburn");
	argv[count++] = "run";
	argv[count++] = write_suite(cli, environment);
	argv[count++] = "--runs";
	argv[count++] = cli->runs;
	argv[count++] = "--ci";
	cli_run_program(argv, result);
	if (result->code != 4)
		fail_msg("exit %d\n%s\n%s", result->code, result->err, result->out);
	/* For all of them: a file for each reader, at one place. */
	assert_file_has(cli, "ci/junit.xml", "<testsuite name=\"two-hosts\"");
	assert_file_has(cli, "ci/junit.xml", "classname=\"backburn.two-hosts.entry2.run\"");
	assert_file_has(cli, "ci/summary.json", "\"suite_summary\"");
	assert_file_has(cli, "ci/report.md", "REFUSED");
	assert_file_has(cli, "ci/backburn.env", "BACKBURN_VERDICT=REFUSED\nBACKBURN_EXIT_CODE=4\n");
	free(environment);
}

static void a_suite_is_told_to_github(void **state)
{
	char output[288], summary[288], workspace[288];
	const char *const variables[] = {
		"GITHUB_ACTIONS=true", "CI=true", output, summary, workspace, NULL};
	struct cli_result result;
	struct cli cli;
	const char *end;

	(void)state;
	cli_begin(&cli);
	assert_int_equal(mkdir(cli.runs, 0755), 0);
	snprintf(output, sizeof(output), "GITHUB_OUTPUT=%s/output", cli.runs);
	snprintf(summary, sizeof(summary), "GITHUB_STEP_SUMMARY=%s/summary", cli.runs);
	snprintf(workspace, sizeof(workspace), "GITHUB_WORKSPACE=%s", getenv("BACKBURN_SOURCE"));
	run_suite_of_job(&cli, variables, &result);
	assert_int_equal(strncmp(result.out, "::group::backburn run\n::stop-commands::", 39), 0);
	end = strstr(result.out, "\n::endgroup::\n");
	assert_non_null(end);
	/* Of each run, behind the stretch in which nothing is obeyed, and nowhere else. */
	assert_non_null(strstr(end,
		"\n::error file=tests/e2e/files/two-hosts.json,line=1,title=REFUSED%3A a web "
		"server is cut from its client::partition is not possible on web"));
	assert_true(strstr(result.out, "::error ") > end);
	assert_file_has(&cli, "output", "verdict=REFUSED\nexit_code=4\nreason=");
	assert_file_has(&cli, "summary", "# REFUSED: gate\n");
	cli_result_free(&result);
	cli_end(&cli);
}

static void a_suite_is_told_to_gitlab(void **state)
{
	static const char *const variables[] = {"GITLAB_CI=true", "CI=true", "CI_JOB_ID=7", NULL};
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	run_suite_of_job(&cli, variables, &result);
	assert_int_equal(strncmp(result.out, "\x1b[0Ksection_start:", 18), 0);
	assert_non_null(strstr(result.out, ":backburn\r\x1b[0K\nREFUSED (exit code 4): "));
	assert_null(strstr(result.out, "::error"));
	cli_result_free(&result);
	cli_end(&cli);
}

static void a_suite_is_told_to_jenkins(void **state)
{
	static const char *const variables[] = {
		"JENKINS_URL=https://ci.example/", "BUILD_NUMBER=7", NULL};
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	run_suite_of_job(&cli, variables, &result);
	assert_null(strstr(result.out, "::error"));
	assert_null(strstr(result.out, "section_start"));
	assert_non_null(strstr(result.out, "\nREFUSED (exit code 4): "));
	cli_result_free(&result);
	cli_end(&cli);
}

/* --- heal --run ------------------------------------------------------------------------------- */

static void assert_heal_refused(
	const struct cli *cli, const char *environment, int code, const char *sentence)
{
	const char *args[] = {
		"heal", "--run", cli_only_run(cli), environment ? "--on" : NULL, environment, NULL};
	char line[512];
	struct cli_result result;

	cli_run(args, &result);
	snprintf(line, sizeof(line), "backburn: %s\n", sentence);
	if (result.code != code || strcmp(result.err, line) != 0)
		fail_msg("exit %d, expected %d with\n%sgot\n%s%s", result.code, code, line,
			result.err, result.out);
	cli_result_free(&result);
}

/* The journal without what it says of its environment's file. */
static void forget_the_environment(const struct cli *cli)
{
	char path[256], *text;
	FILE *file;

	snprintf(path, sizeof(path), "%s/journal.ndjson", cli_only_run(cli));
	text = cli_replaced(path, "\"environment_file\"", "\"elsewhere\"");
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(text);
}

static void a_run_is_healed_where_it_was(void **state)
{
	struct cli cli;
	char *environment;

	(void)state;
	cli_begin(&cli);
	assert_run_refused(&cli, "capability",
		"partition is not possible on web: loading: Operation not permitted");
	environment = environment_with(&cli, "staging", "fine");
	assert_heal_refused(
		&cli, environment, 64, "the run was on environment \"hosts\", not on \"staging\"");
	free(environment);
	forget_the_environment(&cli);
	assert_heal_refused(&cli, NULL, 64,
		"the journal does not say where its environment lies: name it with --on");
	cli_end(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_whose_policy_cannot_be_read),
		cmocka_unit_test(a_way_to_a_host_that_is_no_program),
		cmocka_unit_test(probes_from_a_group_that_must_be_asked),
		cmocka_unit_test(an_environment_that_somebody_has_locked),
		cmocka_unit_test(a_note_that_nobody_takes),
		cmocka_unit_test(a_suite_is_told_to_github),
		cmocka_unit_test(a_suite_is_told_to_gitlab),
		cmocka_unit_test(a_suite_is_told_to_jenkins),
		cmocka_unit_test(a_run_is_healed_where_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
