/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/ssh_lab.h"

/* What people do before and after a run, through real ssh: push, doctor, plan, heal. */
#define SAID_MAX 6

enum {
	QUIET_WITHIN_S = 10
};

static struct ssh_lab lab;
static struct cli cli;

/* As docs/hosts.md lists them. */
static const char push_rules[] =
	SSH_HOST_USER " ALL=(root) NOPASSWD: /usr/bin/uname, /usr/bin/getconf, /usr/bin/cat, "
		      "/usr/bin/readlink, /usr/bin/mkdir, /usr/bin/tar, /usr/bin/mv, /usr/bin/ln, "
		      "/usr/bin/rm, /usr/local/lib/backburn/*/backburn-injector, "
		      "/usr/local/lib/backburn/*/backburn\n";

static int begin(void **state)
{
	(void)state;
	cli_begin(&cli);
	ssh_lab_up(&lab, &cli,
		&(struct ssh_lab_options){.lab_file = cli_file("tests/e2e/files/pair-lab.json"),
			.name = "sshpair",
			.sudoers = push_rules,
			.bare = true});
	return 0;
}

/* Asserts that the machine is as it was. */
static int end(void **state)
{
	(void)state;
	ssh_lab_down(&lab);
	cli_end(&cli);
	return 0;
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"sshpair", NULL});
}

/* Whether it ends with that code, and has said each of these, ended by NULL; what is wrong is told.
 */
static bool says(const char *const *args, int code, const char *const said[SAID_MAX])
{
	struct cli_result result;
	bool right;

	ssh_lab_run(&lab, args, &result);
	right = result.code == code;
	for (size_t i = 0; right && said[i]; i++)
		right = strstr(result.out, said[i]) != NULL;
	if (!right)
		print_error("%s: exit %d, wanted %d\n%s\n%s", args[0], result.code, code,
			result.err, result.out);
	cli_result_free(&result);
	return right;
}

/* Every node has a host of its own, so each has its word. */
static void assert_all_works(enum ssh_way way)
{
	const char *path = ssh_lab_environment(&lab, way);
	char environment[256];

	snprintf(environment, sizeof(environment), "%s", path);
	assert_true(says((const char *[]){"doctor", "--on", environment, NULL}, 0,
		(const char *[SAID_MAX]){"the packet matcher loads", "n1", "client"}));
	assert_true(says((const char *[]){"plan", cli_file("tests/e2e/files/short.json"), "--on",
				 environment, NULL},
		0, (const char *[SAID_MAX]){"  nodes        1 hit, ", "n1", "client"}));
	assert_true(says((const char *[]){"heal", "--on", environment, NULL}, 0,
		(const char *[SAID_MAX]){"nothing to undo"}));
	for (size_t i = 0; i < lab.count; i++)
		ssh_host_assert_quiet(&lab.hosts[i], QUIET_WITHIN_S);
}

static void test_from_nothing_to_a_plan(void **state)
{
	char environment[256];

	(void)state;
	snprintf(environment, sizeof(environment), "%s", ssh_lab_environment(&lab, SSH_WITH_SUDO));
	assert_true(says((const char *[]){"push", "--on", environment, NULL}, 0,
		(const char *[SAID_MAX]){
			"n1: pushed ", "idle-a: pushed ", "idle-b: pushed ", "client: pushed "}));
	/* A second time there is nothing to bring. */
	assert_true(says((const char *[]){"push", "--on", environment, "n1", NULL}, 0,
		(const char *[SAID_MAX]){"n1: has ", " already, and it runs"}));
	assert_all_works(SSH_WITH_SUDO);
	assert_all_works(SSH_AS_ROOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_from_nothing_to_a_plan, begin, end),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
