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

/* What `backburn init` writes is valid as it is, and nothing that was there is touched. */

/* Runs `backburn init ARGS…` in the test's folder. */
static void init(const struct cli *cli, const char *const *args, struct cli_result *result)
{
	const char *argv[CLI_ARGS_MAX] = {"env", "-C", cli->dir, cli_program("backburn"), "init"};

	for (size_t count = 5; *args; args++) {
		assert_true(count < CLI_ARGS_MAX - 1);
		argv[count++] = *args;
	}
	cli_run_program(argv, result);
}

#define INIT(cli, result, ...) init(cli, (const char *const[]){__VA_ARGS__, NULL}, result)

static const char *inside(const struct cli *cli, const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", cli->dir, name);
	return path;
}

static void assert_valid(const struct cli *cli, const char *name)
{
	struct cli_result result;

	cli_run((const char *[]){"validate", inside(cli, name), NULL}, &result);
	if (result.code != 0)
		fail_msg("%s: %s", name, result.err);
	cli_result_free(&result);
}

static void assert_in_file(const struct cli *cli, const char *name, const char *text)
{
	struct cli_result result;

	cli_run_program(
		(const char *[]){"grep", "-qF", "-e", text, inside(cli, name), NULL}, &result);
	if (result.code != 0)
		fail_msg("%s does not hold %s", name, text);
	cli_result_free(&result);
}

static void a_lab_gives_names_and_address(void **state)
{
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	INIT(&cli, &result, "--lab", cli_file("scenarios/labs/etcd.json"), "first");
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.out, "\n  backburn validate first.json\n"));
	assert_non_null(strstr(result.out, "\n  backburn run first.json --on env/first.json\n"));
	cli_result_free(&result);
	assert_valid(&cli, "first.json");
	assert_valid(&cli, "env/first.json");
	assert_in_file(&cli, "first.json", "\"labels\": { \"role\": \"etcd\" }");
	assert_in_file(&cli, "first.json", "\"url\": \"http://{node.addr}:2379/health\"");
	assert_in_file(&cli, "first.json", "\"from\": \"client\"");
	assert_in_file(&cli, "schema/scenario.v1.json", "draft-07");
	cli_end(&cli);
}

static void a_lab_beside_it_is_found_from_the_environment(void **state)
{
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	/* Two nodes without labels, both with services: the last one probes. */
	cli_write(&cli, "lab.json",
		"{\"backburn_lab\": 1, \"name\": \"x\", \"subnet\": \"10.9.0.0/24\", \"nodes\": {"
		"\"a\": {\"services\": {\"s\": {\"argv\": [\"s\"], \"ready\": {\"http\": {\"url\": "
		"\"http://{node.addr}:80/\"}}}}}, \"b\": {\"services\": {\"s\": {\"argv\": "
		"[\"s\"]}}}}}");
	INIT(&cli, &result, "--lab", "lab.json", "first");
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	assert_valid(&cli, "first.json");
	assert_valid(&cli, "env/first.json");
	assert_in_file(&cli, "env/first.json", "\"lab\": \"../lab.json\"");
	assert_in_file(&cli, "first.json", "\"nodes\": [\"a\"]");
	assert_in_file(&cli, "first.json", "\"from\": \"b\"");
	/* One member alone: what is claimed is the outage, and that it ends. */
	assert_in_file(&cli, "first.json", "\"id\": \"noticed\"");
	cli_end(&cli);
}

static void hosts_are_reached_by_ssh_or_as_said(void **state)
{
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	INIT(&cli, &result, "--host", "chaos@db1.example", "--host", "root@db2", "--host",
		"db3=kubectl,exec,-i,pod,--", "--role", "db", "--url",
		"http://{node.addr}:8080/health", "dbs");
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	assert_valid(&cli, "dbs.json");
	assert_valid(&cli, "env/dbs.json");
	assert_in_file(&cli, "env/dbs.json",
		"\"db1\": { \"connect\": [\"ssh\", \"-oBatchMode=yes\", \"chaos@db1.example\", "
		"\"sudo\", \"-n\"] }");
	assert_in_file(&cli, "env/dbs.json",
		"\"db2\": { \"connect\": [\"ssh\", \"-oBatchMode=yes\", \"root@db2\"] }");
	assert_in_file(&cli, "env/dbs.json",
		"\"db3\": { \"connect\": [\"kubectl\", \"exec\", \"-i\", \"pod\", \"--\"] }");
	assert_in_file(&cli, "env/dbs.json", "\"labels\": { \"role\": \"db\" }");
	cli_end(&cli);
}

static void nothing_is_overwritten(void **state)
{
	static const char *const there[] = {"first.json", "env/first.json"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cli_result result;
		struct cli cli;
		char said[128];

		cli_begin(&cli);
		cli_run_program((const char *[]){"mkdir", inside(&cli, "env"), NULL}, &result);
		cli_result_free(&result);
		cli_write(&cli, there[i], "mine");
		INIT(&cli, &result, "--lab", cli_file("scenarios/labs/etcd.json"), "first");
		assert_int_equal(result.code, 64);
		snprintf(said, sizeof(said),
			"backburn: %s is there already, and stays as it is; nothing was written\n",
			there[i]);
		assert_non_null(strstr(result.err, said));
		cli_result_free(&result);
		assert_in_file(&cli, there[i], "mine");
		assert_int_equal(access(inside(&cli, there[1 - i]), F_OK), -1);
		assert_int_equal(access(inside(&cli, "schema"), F_OK), -1);
		cli_end(&cli);
	}
}

static void wrong_words_are_refused(void **state)
{
	static const struct {
		const char *args[8];
		const char *says;
	} cases[] = {
		{{"x"}, "where shall it run?"},
		{{"--host", "a"}, "what shall the scenario be called?"},
		{{"--host", "a", "x"}, "what shall be asked of each member?"},
		{{"--host", "a", "--url", "http://a/", "x"}, "what shall be asked of each member?"},
		{{"--host", "a.b", "--host", "a.c", "x"}, "\"a\" is the name of another node"},
		{{"--host", "runner", "x"}, "\"runner\" is the name of another node"},
		{{"--host", "a", "--url", "http://{node.addr}/", "../x"}, "name: \"../x\" is not"},
		{{"--host", "-a", "--url", "http://{node.addr}/", "x"}, "an option of ssh"},
		{{"--host", "a=-oProxyCommand=x", "--url", "http://{node.addr}/", "x"},
			"an option of ssh"},
		{{"--host", "fd00::1", "--url", "http://{node.addr}/", "x"}, "is not a name"},
		{{"--host", "a", "--url", "gopher://{node.addr}/", "x"}, "probes.health.url: "},
		{{"--host", "a", "--url", "http://{node.addr}/", "--role", "client", "x"},
			"--role client"},
	};
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cli_result result;

		init(&cli, cases[i].args, &result);
		if (result.code != 64 || !strstr(result.err, cases[i].says))
			fail_msg("case %zu: exit %d: %s", i, result.code, result.err);
		cli_result_free(&result);
	}
	assert_int_equal(access(inside(&cli, "env"), F_OK), -1);
	cli_end(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lab_gives_names_and_address),
		cmocka_unit_test(a_lab_beside_it_is_found_from_the_environment),
		cmocka_unit_test(hosts_are_reached_by_ssh_or_as_said),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(wrong_words_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
