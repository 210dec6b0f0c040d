/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/*
 * What the kernel counts, where something happens that it counts: a link that loses segments of
 * connections, and a node that is busy beside others that are not.
 */

static const char lab[] = "kernel";

static const cJSON *values_of(
	const cJSON *summary, const char *probe, const char *from, const char *phase)
{
	const cJSON *source;

	cJSON_ArrayForEach(source, cJSON_GetObjectItem(summary, "probes"))
		if (strcmp(cli_text(source, "probe"), probe) == 0 &&
			strcmp(cli_text(source, "from"), from) == 0)
			return cli_item(cJSON_GetObjectItem(source, "values"), "phase", phase);
	fail_msg("no probe %s from %s", probe, from);
	return NULL;
}

static double outcome_of(const cJSON *summary, const char *probe, const char *outcome)
{
	const cJSON *source = cli_item(cJSON_GetObjectItem(summary, "probes"), "probe", probe);

	return cli_number(cJSON_GetObjectItem(source, "outcomes"), outcome);
}

static void what_was_lost_was_sent_again(const cJSON *summary)
{
	assert_true(cli_number(values_of(summary, "resent", "s1", "lossy"), "median") >
		cli_number(values_of(summary, "resent", "s1", "before"), "max"));
	/* Of about three in ten segments, and then of three in ten of these. */
	assert_true(cli_number(values_of(summary, "resent-share", "s1", "lossy"), "median") > 0.05);
	assert_true(
		cli_number(values_of(summary, "resent-share", "client", "lossy"), "median") > 0.05);
	assert_true(cli_number(values_of(summary, "round-trip", "client", "before"), "min") > 0);
	assert_true(cli_number(values_of(summary, "round-trip", "client", "before"), "max") < 5);
	/* Both look at the same connections, of which the mill has none. */
	assert_true(cli_number(values_of(summary, "of-the-page", "s1", "before"), "min") > 0);
	assert_true(outcome_of(summary, "of-the-mill", "ok") == 0);
	assert_true(outcome_of(summary, "of-the-mill", "content") > 20);
}

/* Of a shell that does nothing but turn, and of a server that is asked 50 times a second. */
static void the_mill_was_busy(const cJSON *summary)
{
	const cJSON *mill = values_of(summary, "cpu", "mill", "before");

	assert_true(cli_number(mill, "median") > 0.02 && cli_number(mill, "median") < 1.1);
	assert_true(cli_number(values_of(summary, "cpu", "s1", "before"), "median") > 0);
	assert_true(cli_number(values_of(summary, "memory", "s1", "before"), "min") > 1e6);
	assert_true(cli_number(values_of(summary, "elsewhere", "client", "before"), "min") == 1);
	assert_true(cli_number(values_of(summary, "elsewhere", "client", "before"), "max") == 1);
	assert_true(cli_number(values_of(summary, "machine", "client", "before"), "min") >
		cli_number(values_of(summary, "memory", "s1", "before"), "min"));
}

static const char *environment(const struct cli *cli)
{
	char *text = cli_read(cli_file("tests/e2e/files/kernel-lab.json"));

	cli_write(cli, "lab.json", text);
	free(text);
	return cli_write(cli, "env.json",
		"{\"backburn_environment\":1,\"name\":\"kernel\",\"class\":\"lab\",\"vars\":{"
		"\"lab\":\"kernel\"},\"lab\":\"lab.json\"}");
}

static void test_loss_and_work_are_seen_by_the_kernel(void **state)
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("tests/e2e/files/kernel.json"), "--on",
			environment(&cli), "--runs", cli.runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	summary = cli_summary(&cli);
	what_was_lost_was_sent_again(summary);
	the_mill_was_busy(summary);
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state(lab, before);
}

/* Before anything is touched, with what is missing. */
static void test_what_the_kernel_does_not_count_is_refused(void **state)
{
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/kernel.json"), "--on",
			environment(&cli), "--runs", cli.runs, "--set",
			"probes.elsewhere.read.cgroup=\"/backburn/no-such-cgroup\"", NULL},
		&result);
	assert_int_equal(result.code, 4);
	if (!strstr(result.out, "probe elsewhere: processes: cannot read ") &&
		!strstr(result.err, "probe elsewhere: processes: cannot read "))
		fail_msg("%s\n%s", result.err, result.out);
	cli_result_free(&result);
	cli_end(&cli);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){lab, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss_and_work_are_seen_by_the_kernel),
		cmocka_unit_test(test_what_the_kernel_does_not_count_is_refused),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
