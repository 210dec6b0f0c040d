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

/* It ends with that code, and has said each of these, ended by NULL. */
static void run(const char *const *args, int code, const char *const said[SAID_MAX])
{
	struct cli_result result;

	ssh_lab_run(&lab, args, &result);
	for (size_t i = 0; said[i] || result.code != code; i++)
		if (result.code != code || !strstr(result.out, said[i]))
			fail_msg("%s: exit %d, wanted %d and \"%s\"\n%s\n%s", args[0], result.code,
				code, said[i] ? said[i] : "", result.err, result.out);
	cli_result_free(&result);
}

/* Every node has a host of its own, so each has its word. */
static void go_through(enum ssh_way way)
{
	const char *path = ssh_lab_environment(&lab, way);
	char environment[256];

	snprintf(environment, sizeof(environment), "%s", path);
	run((const char *[]){"doctor", "--on", environment, NULL}, 0,
		(const char *[SAID_MAX]){"the packet matcher loads", "n1", "client"});
	run((const char *[]){"plan", cli_file("tests/e2e/files/short.json"), "--on", environment,
		    NULL},
		0, (const char *[SAID_MAX]){"  nodes        1 hit, ", "n1", "client"});
	run((const char *[]){"heal", "--on", environment, NULL}, 0,
		(const char *[SAID_MAX]){"nothing to undo"});
	for (size_t i = 0; i < lab.count; i++)
		ssh_host_assert_quiet(&lab.hosts[i], QUIET_WITHIN_S);
}

static void test_from_nothing_to_a_plan(void **state)
{
	char environment[256];

	(void)state;
	snprintf(environment, sizeof(environment), "%s", ssh_lab_environment(&lab, SSH_WITH_SUDO));
	run((const char *[]){"push", "--on", environment, NULL}, 0,
		(const char *[SAID_MAX]){
			"n1: pushed ", "idle-a: pushed ", "idle-b: pushed ", "client: pushed "});
	/* A second time there is nothing to bring. */
	run((const char *[]){"push", "--on", environment, "n1", NULL}, 0,
		(const char *[SAID_MAX]){"n1: has ", " already, and it runs"});
	go_through(SSH_WITH_SUDO);
	go_through(SSH_AS_ROOT);
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
