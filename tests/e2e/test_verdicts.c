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

/* What a run ends with, on a small lab with a real etcd. */

static const char lab[] = "verdicts";

static void end(struct cli *cli, struct cli_result *result)
{
	cli_result_free(result);
	cli_end(cli);
}

static void test_honest_claim_about_a_lost_majority_is_violated(void **state)
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	const cJSON *claim;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/etcd-majority-lost-claim.json"), "--on",
			cli_lab_as(&cli, "etcd", lab), "--runs", cli.runs, "--param", "cut_for=8s",
			NULL},
		&result);
	if (result.code != 1)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	summary = cli_summary(&cli);
	claim = cli_item(cJSON_GetObjectItem(summary, "claims"), "id", "serves");
	assert_string_equal(cli_text(claim, "verdict"), "VIOLATED");
	assert_string_equal(cli_text(claim, "finding"), "otherwise");
	assert_true(cli_number(claim, "bad") > 200);
	cJSON_Delete(summary);
	end(&cli, &result);
	assert_no_new_programs(programs);
	assert_host_state(lab, before);
}

static void test_negative_control_of_a_lost_majority_holds(void **state)
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/etcd-majority-lost.json"), "--on",
			cli_lab_as(&cli, "etcd", lab), "--runs", cli.runs, "--param", "cut_for=8s",
			"--attach", "clsact", NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	end(&cli, &result);
	assert_no_new_programs(programs);
	assert_host_state(lab, before);
}

/* Under clsact; test_plan_command.c runs it under tcx, where the kernel has that. */
static void test_leader_cut_holds_and_loses_nothing(void **state)
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;
	double gap_s;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/etcd-leader-cut.json"), "--on",
			cli_lab_as(&cli, "etcd", lab), "--runs", cli.runs, "--param", "cut_for=8s",
			"--attach", "clsact", NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	summary = cli_summary(&cli);
	gap_s = cli_number(cli_first(summary, "gaps"), "gap_s");
	print_message("gap %.2f s\n", gap_s);
	assert_true(gap_s >= 0.5 && gap_s <= 5);
	assert_true(cli_number(cli_first(summary, "data"), "lost") == 0);
	assert_true(cli_number(cli_first(summary, "data"), "acknowledged") > 1000);
	cJSON_Delete(summary);
	end(&cli, &result);
	assert_no_new_programs(programs);
	assert_host_state(lab, before);
}

static void assert_in_file_of_run(const struct cli *cli, const char *name, const char *what)
{
	char *path = NULL, *text;

	assert_true(asprintf(&path, "%s/%s", cli_only_run(cli), name) > 0);
	text = cli_read(path);
	if (!strstr(text, what))
		fail_msg("%s does not have \"%s\":\n%s", name, what, text);
	free(text);
	free(path);
}

/*
 * Somebody expects that clients notice the loss of a follower, and watches with a probe that goes
 * another way. The fault was real, nothing was seen of it, and that is no success.
 */
static void test_negative_control_that_held_is_a_blind_detector(void **state)
{
	static const char sentence[] =
		"the negative control held: what it watches with is blind to the fault, and other "
		"claims that rest on it prove nothing";
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	const cJSON *claim;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/etcd-follower-cut.json"), "--on",
			cli_lab_as(&cli, "etcd", lab), "--runs", cli.runs, "--set",
			"invariants[1].expect=\"violated\"", "--set", "phases[0].for=\"8s\"", NULL},
		&result);
	if (result.code != 1)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "blind to the fault"));
	summary = cli_summary(&cli);
	assert_non_null(strstr(cli_text(summary, "reason"), "blind to the fault"));
	assert_string_equal(cli_text(cli_first(summary, "faults"), "effect"), "proven");
	claim = cli_item(cJSON_GetObjectItem(summary, "claims"), "id", "unnoticed");
	assert_string_equal(cli_text(claim, "verdict"), "HELD");
	assert_string_equal(cli_text(claim, "finding"), "otherwise");
	assert_non_null(strstr(cli_text(claim, "text"), sentence));
	cJSON_Delete(summary);
	assert_in_file_of_run(&cli, "junit.xml", sentence);
	assert_in_file_of_run(&cli, "junit.xml", "type=\"held\">");
	assert_in_file_of_run(&cli, "report.md", sentence);
	assert_in_file_of_run(&cli, "report.html", sentence);
	end(&cli, &result);
	assert_no_new_programs(programs);
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
		cmocka_unit_test(test_honest_claim_about_a_lost_majority_is_violated),
		cmocka_unit_test(test_negative_control_of_a_lost_majority_holds),
		cmocka_unit_test(test_negative_control_that_held_is_a_blind_detector),
		cmocka_unit_test(test_leader_cut_holds_and_loses_nothing),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
