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

/* A newcomer's first minutes: what `init` writes for a lab runs there as it is, and holds. */
static void what_init_writes_for_a_lab_holds(void **state)
{
	char *before = host_state("etcd"), *programs = programs_list();
	struct cli_result result;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_run_program((const char *[]){"env", "-C", cli.dir, cli_program("backburn"), "init",
				"--lab", cli_file("scenarios/labs/etcd.json"), "first", NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	cli_run_program((const char *[]){"env", "-C", cli.dir, cli_program("backburn"), "run",
				"first.json", "--param", "cut_for=5s", NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "HELD: clients are served while one member is cut off"));
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("etcd", before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"etcd", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_init_writes_for_a_lab_holds),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
