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

/*
 * Good files that meet a world in which they can't run: each is one clear sentence, the code that
 * the format gives it, and nothing touched.
 */

/* The sentence under the headline, as the summary on stdout has it, or the one on stderr. */
static void assert_says(const struct cli_result *result, int code, const char *sentence)
{
	char line[1200];

	snprintf(line, sizeof(line), "%s\n", sentence);
	if (result->code != code || (!strstr(result->out, line) && !strstr(result->err, line)))
		fail_msg("exit %d, expected %d with\n  %s\ngot\n%s\n%s", result->code, code,
			sentence, result->err, result->out);
}

static const char *environment_of(const struct cli *cli, const char *why)
{
	char *text = NULL;
	const char *path;

	assert_true(
		asprintf(&text,
			"{ \"backburn_environment\": 1, \"name\": \"hosts\", \"hosts\": { "
			"\"web1\": { \"connect\": [\"%s/tests/bin/fake_injector\", \"%s\"] } }, "
			"\"nodes\": { \"web\": { \"host\": \"web1\" }, \"client\": { \"host\": "
			"\"local\" } } }",
			getenv("BACKBURN_BUILD"), why) > 0);
	path = cli_write(cli, "env.json", text);
	free(text);
	return path;
}

static void assert_two_hosts_refused(const char *why, int code, const char *sentence)
{
	struct cli_result result;
	struct cli cli;

	cli_begin(&cli);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/two-hosts.json"), "--on",
			environment_of(&cli, why), "--runs", cli.runs, "-q", NULL},
		&result);
	assert_says(&result, code, sentence);
	cli_result_free(&result);
	cli_end(&cli);
}

static void test_host_unreachable(void **state)
{
	(void)state;
	assert_two_hosts_refused("down", 4,
		"  web: the injector on web exited with 255: ssh: connect to host web1 port 22: No "
		"route to host (exit 4)");
}

static void test_injector_of_another_version(void **state)
{
	(void)state;
	assert_two_hosts_refused("version", 4,
		"  the injector on web speaks version 2 of the contract, this controller 1: "
		"install "
		"the same version (exit 4)");
}

static void test_missing_capability(void **state)
{
	(void)state;
	assert_two_hosts_refused("capability", 4,
		"  partition is not possible on web: loading: Operation not permitted (exit 4)");
}

/* --- files ----------------------------------------------------------------------------- */

static void assert_file_refused(const char *name, char *text, const char *sentence)
{
	struct cli_result result;
	struct cli cli;
	const char *path;
	char expected[512];

	cli_begin(&cli);
	path = cli_write(&cli, name, text);
	free(text);
	snprintf(expected, sizeof(expected), "backburn: %s%s", path, sentence);
	cli_run((const char *[]){"run", path, "--runs", cli.runs, NULL}, &result);
	assert_says(&result, 65, expected);
	cli_result_free(&result);
	cli_end(&cli);
}

static char *repeated(const char *head, char what, size_t count, const char *tail)
{
	char *middle = malloc(count + 1), *text = NULL;

	assert_non_null(middle);
	memset(middle, what, count);
	middle[count] = '\0';
	assert_true(asprintf(&text, "%s%s%s", head, middle, tail) > 0);
	free(middle);
	return text;
}

static void test_file_of_fifty_megabytes(void **state)
{
	(void)state;
	assert_file_refused("big.json", repeated("{\"title\":\"", 'x', 52428800, "\"}"),
		": 52428812 bytes; at most 8388608 are read");
}

static void test_file_nested_ten_thousand_deep(void **state)
{
	(void)state;
	assert_file_refused("deep.json", repeated("{\"backburn\":1,\"phases\":", '[', 10000, "}"),
		":1: nested deeper than 32 levels");
}

/* --- the machine ----------------------------------------------------------------------- */

static void test_service_binary_missing(void **state)
{
	char *before = host_state("nobin");
	struct cli_result result;
	struct cli cli;
	const char *environment;

	(void)state;
	cli_begin(&cli);
	cli_write(&cli, "lab.json",
		"{ \"backburn_lab\": 1, \"name\": \"nobin\", \"subnet\": \"10.79.0.0/24\", "
		"\"nodes\": { "
		"\"web\": { \"services\": { \"www\": { \"argv\": [\"no-such-program\"] } } }, "
		"\"client\": {} } }");
	environment = cli_write(&cli, "lab-env.json",
		"{ \"backburn_environment\": 1, \"name\": \"nobin\", \"lab\": \"lab.json\" }");
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/two-hosts.json"), "--on",
			environment, "--runs", cli.runs, "-q", NULL},
		&result);
	assert_says(&result, 4,
		"backburn: lab nobin: node web: service www: there is no program "
		"\"no-such-program\" on this machine");
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("nobin", before);
}

/* Where nobody can read it too. */
static const char *readable_scenario(const struct cli *cli)
{
	char *text =
		cli_replaced(cli_file("tests/e2e/files/two-hosts.json"), "two-hosts", "two-hosts");
	const char *path = cli_write(cli, "two-hosts.json", text);

	free(text);
	return path;
}

static void test_not_root(void **state)
{
	struct cli_result result;
	struct cli cli;
	char environment[512];

	(void)state;
	cli_begin(&cli);
	cli_write(&cli, "lab.json",
		"{ \"backburn_lab\": 1, \"name\": \"rootless\", \"subnet\": \"10.79.0.0/24\", "
		"\"nodes\": { \"web\": {}, \"client\": {} } }");
	cli_as_nobody(&cli,
		(const char *[]){"run", readable_scenario(&cli), "--on",
			cli_write(&cli, "lab-env.json",
				"{ \"backburn_environment\": 1, \"name\": \"rootless\", \"lab\": "
				"\"lab.json\" }"),
			"--runs", cli.runs, NULL},
		&result);
	assert_says(
		&result, 4, "backburn: a lab needs root: it makes network namespaces and cgroups");
	cli_result_free(&result);

	/* Which of the two hosts answers first is nobody's business. */
	snprintf(environment, sizeof(environment),
		"{ \"backburn_environment\": 1, \"name\": \"here\", \"hosts\": { \"other\": { "
		"\"connect\": [\"env\", \"PATH=%s\"] } }, \"nodes\": { \"web\": { \"host\": "
		"\"local\" "
		"}, \"client\": { \"host\": \"other\" } } }",
		cli.dir);
	cli_as_nobody(&cli,
		(const char *[]){"run", readable_scenario(&cli), "--on",
			cli_write(&cli, "local.json", environment), "--runs", cli.runs, "-q", NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.out,
		": the injector runs as uid 65534, not as root: let the host's \"connect\" end "
		"with "
		"\"sudo\", \"-n\", or start backburn as root where the host is this one (exit "
		"4)\n"));
	cli_result_free(&result);
	cli_end(&cli);
}

static void test_environment_locked(void **state)
{
	char *before = host_state("pair"), sentence[256];
	struct cli_process first;
	struct cli_result result;
	struct cli cli;
	cJSON *journal;
	const cJSON *started;

	(void)state;
	cli_begin(&cli);
	cli_start((const char *[]){"run", cli_file("tests/e2e/files/outage.json"), "--on",
			  cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&first);
	journal = cli_await_event(&cli, "phase_started", NULL, NULL, 60);
	started = cli_event(journal, "run_started", NULL, NULL);
	snprintf(sentence, sizeof(sentence),
		"backburn: environment \"pair\" is locked by run %s, pid %d (wait for it with "
		"--wait-lock)",
		cJSON_GetObjectItem(started, "run")->valuestring, (int)first.pid);
	cJSON_Delete(journal);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/outage.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&result);
	assert_says(&result, 75, sentence);
	cli_result_free(&result);
	kill(first.pid, SIGINT);
	cli_wait(&first, 60, &result);
	assert_int_equal(result.code, 130);
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("pair", before);
}

static void test_empty_group(void **state)
{
	char *before = host_state("pair");
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/empty.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, "-q", NULL},
		&result);
	assert_says(&result, 4, "  group \"nobody\" must have at least 1 nodes; 0 found (exit 4)");
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("pair", before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_unreachable),
		cmocka_unit_test(test_injector_of_another_version),
		cmocka_unit_test(test_missing_capability),
		cmocka_unit_test(test_file_of_fifty_megabytes),
		cmocka_unit_test(test_file_nested_ten_thousand_deep),
		cmocka_unit_test(test_service_binary_missing),
		cmocka_unit_test(test_not_root),
		cmocka_unit_test(test_environment_locked),
		cmocka_unit_test(test_empty_group),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
