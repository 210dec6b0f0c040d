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

/* What `backburn plan` says before anything is touched, and whether it then comes true. */

static void test_a_plan_touches_nothing(void **state)
{
	char *before = host_state("pair"), *programs = programs_list();
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"plan", cli_file("tests/e2e/files/silent.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	/* Its two nodes exchange nothing on that port: red on a terminal, named everywhere. */
	assert_non_null(strstr(result.out, "NOTHING    live connections match now"));
	assert_non_null(strstr(result.out, "virtual IP"));
	assert_non_null(strstr(result.out, "  nodes        1 hit, "));
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("pair", before);
}

static void test_a_plan_that_would_be_refused_says_so(void **state)
{
	char *before = host_state("pair");
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"plan", cli_file("tests/e2e/files/empty.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.err, "group \"nobody\" must have at least 1 nodes; 0 found"));
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("pair", before);
}

/* "n1 n2": packets that the run counted between the two, in both directions. */
static double counted(const cJSON *summary, const char *a, const char *b)
{
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "faults"), 0), *pair;
	double least = -1;

	cJSON_ArrayForEach(pair, cJSON_GetObjectItem(fault, "pairs")) {
		bool there = strcmp(cli_text(pair, "from"), a) == 0 &&
			strcmp(cli_text(pair, "to"), b) == 0;
		bool back = strcmp(cli_text(pair, "from"), b) == 0 &&
			strcmp(cli_text(pair, "to"), a) == 0;

		if ((there || back) && (least < 0 || cli_number(pair, "packets") < least))
			least = cli_number(pair, "packets");
	}
	return least;
}

static cJSON *plan_of_leader_cut(const struct cli *cli)
{
	struct cli_result result;
	cJSON *plan;

	cli_run((const char *[]){"plan", cli_file("scenarios/etcd-leader-cut.json"), "--json",
			"--runs", cli->runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	plan = cJSON_Parse(result.out);
	assert_non_null(plan);
	cli_result_free(&result);
	return plan;
}

static void test_predicted_and_counted_pairs_agree(void **state)
{
	char *before = host_state("etcd");
	struct cli_result result;
	struct cli cli;
	const cJSON *hits, *pair, *connection, *gap, *data;
	cJSON *plan, *summary;
	size_t pairs = 0, peers = 0;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"lab", "up", cli_file("scenarios/labs/etcd.json"), NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	plan = plan_of_leader_cut(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/etcd-leader-cut.json"), "--runs",
			cli.runs, "--param", "cut_for=8s", NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	cli_result_free(&result);
	summary = cli_summary(&cli);

	/* As whoever reads this scenario's page expects it. */
	gap = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "gaps"), 0);
	assert_true(cli_number(gap, "gap_s") >= 0.5 && cli_number(gap, "gap_s") <= 5);
	data = cJSON_GetArrayItem(cJSON_GetObjectItem(summary, "data"), 0);
	assert_true(cli_number(data, "lost") == 0 && cli_number(data, "acknowledged") > 1000);

	hits = cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(plan, "faults"), 0), "hits");
	cJSON_ArrayForEach(pair, cJSON_GetObjectItem(hits, "pairs")) {
		assert_true(cli_number(pair, "live_connections") > 0);
		assert_true(counted(summary, cli_text(pair, "on"), cli_text(pair, "from")) > 0);
		pairs++;
	}
	assert_int_equal(pairs, 2);
	/* The connections are etcd's own, between members: port 2380 at one end. */
	cJSON_ArrayForEach(connection,
		cJSON_GetObjectItem(
			cJSON_GetObjectItem(cJSON_GetObjectItem(hits, "nodes"),
				cli_text(cJSON_GetArrayItem(cJSON_GetObjectItem(hits, "pairs"), 0),
					"on")),
			"connections")) {
		assert_true(strstr(cli_text(connection, "local"), ":2380") ||
			strstr(cli_text(connection, "remote"), ":2380"));
		peers++;
	}
	assert_true(peers >= 2);
	cJSON_Delete(plan);
	cJSON_Delete(summary);
	cli_run((const char *[]){"lab", "down", "etcd", NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("etcd", before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"etcd", "pair", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_touches_nothing),
		cmocka_unit_test(test_a_plan_that_would_be_refused_says_so),
		cmocka_unit_test(test_predicted_and_counted_pairs_agree),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
