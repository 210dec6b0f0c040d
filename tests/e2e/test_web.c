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

/* HAProxy before two nginx: what an outage of one costs without retries, and with them. */

static const char lab[] = "webtest";

static double bad_of(const cJSON *summary, const char *claim)
{
	return cli_number(cli_item(cJSON_GetObjectItem(summary, "claims"), "id", claim), "bad");
}

static void test_retries_hide_a_server_that_is_cut_off(void **state)
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file("scenarios/web/web-one-cut.json"), "--on",
			cli_lab_as(&cli, "haproxy", lab), "--runs", cli.runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	summary = cli_summary(&cli);
	print_message("bad without retries %.0f, with them %.0f\n", bad_of(summary, "noticed"),
		bad_of(summary, "unseen"));
	/* Half of 50 a second, until the third check of one a second has failed. */
	assert_true(bad_of(summary, "noticed") >= 15 && bad_of(summary, "noticed") <= 110);
	assert_true(bad_of(summary, "unseen") <= 1);
	assert_string_equal(cli_text(cli_first(summary, "faults"), "effect"), "proven");
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
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
		cmocka_unit_test(test_retries_hide_a_server_that_is_cut_off),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
