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
#include "tests/e2e/ssh_lab.h"

/* The main job on nodes that are reached by ssh. */

static void report_failure(const struct cli_result *result, int wanted)
{
	if (result->code != wanted)
		fail_msg("exit %d, not %d\n%s\n%s", result->code, wanted, result->err, result->out);
}

static void assert_all_held(const cJSON *summary)
{
	const cJSON *claim, *revert;
	int reverts = 0;

	assert_string_equal(cJSON_GetObjectItem(summary, "verdict")->valuestring, "HELD");
	cJSON_ArrayForEach(claim, cJSON_GetObjectItem(summary, "claims")) {
		assert_true(cJSON_IsString(cJSON_GetObjectItem(claim, "verdict")));
	}
	cJSON_ArrayForEach(revert, cJSON_GetObjectItem(summary, "revert")) {
		assert_true(cJSON_IsTrue(cJSON_GetObjectItem(revert, "confirmed")));
		reverts++;
	}
	assert_true(reverts >= 4);
}

static void run_over(const struct ssh_lab *lab, enum ssh_way way, const char *scenario)
{
	struct cli_result result;
	cJSON *summary;

	ssh_lab_run(lab,
		(const char *[]){"run", cli_file(scenario), "--on", ssh_lab_environment(lab, way),
			"--runs", lab->cli->runs, NULL},
		&result);
	report_failure(&result, 0);
	cli_result_free(&result);
	summary = cli_summary(lab->cli);
	assert_all_held(summary);
	cJSON_Delete(summary);
	for (size_t i = 0; i < lab->count; i++)
		ssh_host_assert_quiet(&lab->hosts[i], 10);
}

static void test_as_root(void **state)
{
	struct ssh_lab lab;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	ssh_lab_up(&lab, &cli,
		&(struct ssh_lab_options){.lab_file = cli_file("tests/e2e/files/pair-lab.json")});
	run_over(&lab, SSH_AS_ROOT, "tests/e2e/files/short.json");
	ssh_lab_down(&lab);
	cli_end(&cli);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_root),
	};

	if (geteuid() != 0) {
		print_message("needs root: a lab is made of network namespaces\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
