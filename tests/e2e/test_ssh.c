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

/*
 * Runs on nodes that are reached by ssh. The controller is in the network namespace of `client`,
 * each node has one link, and that link carries both what is cut and the ssh that orders it.
 */
#define SHORT "tests/e2e/files/short.json"
#define EVERYTHING "tests/e2e/files/ssh-everything.json"
#define IDLE "tests/e2e/files/ssh-idle.json"

enum {
	LEASE_S = 2,           /* of these scenarios */
	CODE_NOT_REVERTED = 5, /* not confirmed, that is */
	CODE_UNPROVEN = 2
};

/* Newer releases of sudo do it unasked: sudo stays, with a monitor between it and the command. */
static const char use_pty[] = "Defaults use_pty\n";

static const char *const ways[] = {[SSH_AS_ROOT] = "as root", [SSH_WITH_SUDO] = "with sudo"};

/* --- the stage ------------------------------------------------------------------------- */

static struct ssh_lab lab;
static struct cli cli;

static void pair_up(const char *sudoers)
{
	ssh_lab_up(&lab, &cli,
		&(struct ssh_lab_options){.lab_file = cli_file("tests/e2e/files/pair-lab.json"),
			.name = "sshpair",
			.sudoers = sudoers});
}

static int begin(void **state)
{
	(void)state;
	cli_begin(&cli);
	return 0;
}

/* Also after a test that failed: the next one needs the names. */
static int end(void **state)
{
	(void)state;
	ssh_lab_down(&lab);
	cli_end(&cli);
	return 0;
}

/* --- running --------------------------------------------------------------------------- */

static void expect(const struct cli_result *result, int code)
{
	if (result->code != code)
		fail_msg("exit %d, not %d\n%s\n%s", result->code, code, result->err, result->out);
}

static void start(enum ssh_way way, const char *scenario, struct cli_process *process)
{
	ssh_lab_start(&lab,
		(const char *[]){"run", cli_file(scenario), "--on", ssh_lab_environment(&lab, way),
			"--runs", cli.runs, NULL},
		process);
}

static const cJSON *item(const cJSON *object, const char *key)
{
	const cJSON *found = cJSON_GetObjectItem(object, key);

	if (!found)
		fail_msg("no \"%s\"", key);
	return found;
}

/* What the packet filters of backburn counted, by both sides, on behalf of all faults. */
static double packets_counted(void)
{
	cJSON *journal = cli_journal(&cli);
	const cJSON *event, *counter;
	double most = 0;

	cJSON_ArrayForEach(event, journal) {
		double sum = 0;

		if (strcmp(item(event, "event")->valuestring, "evidence") != 0)
			continue;
		cJSON_ArrayForEach(counter, item(event, "counters"))
			sum += strtod(item(counter, "packets")->valuestring, NULL);
		if (sum > most)
			most = sum;
	}
	cJSON_Delete(journal);
	return most;
}

static void assert_nobody_was_lost(void)
{
	cJSON *journal = cli_journal(&cli);

	assert_null(cli_event(journal, "node_lost", NULL, NULL));
	cJSON_Delete(journal);
}

static void assert_quiet(int within_s)
{
	for (size_t i = 0; i < lab.count; i++)
		ssh_host_assert_quiet(&lab.hosts[i], within_s);
}

/* A run to its end in a directory of its own, which is left for the caller to look at. */
static void run(enum ssh_way way, const char *scenario, int code)
{
	struct cli_process process;
	struct cli_result result;

	print_message("%s %s\n", scenario, ways[way]);
	snprintf(cli.runs, sizeof(cli.runs), "%s/runs-%d", cli.dir, lab.runs++);
	start(way, scenario, &process);
	cli_wait(&process, 120, &result);
	expect(&result, code);
	cli_result_free(&result);
	assert_nobody_was_lost();
	assert_quiet(10);
}

static void run_held(enum ssh_way way, const char *scenario)
{
	cJSON *summary;

	run(way, scenario, 0);
	summary = cli_summary(&cli);
	assert_string_equal(item(summary, "verdict")->valuestring, "HELD");
	assert_int_equal(cli_confirmed(summary), lab.count);
	assert_true(packets_counted() > 0);
	cJSON_Delete(summary);
}

/* --- the transport --------------------------------------------------------------------- */

static void test_the_transport_survives(void **state)
{
	cJSON *summary;

	(void)state;
	pair_up(use_pty);
	/* Of two ends one is the controller's own node. */
	run_held(SSH_AS_ROOT, SHORT);
	run_held(SSH_AS_ROOT, EVERYTHING);
	run_held(SSH_WITH_SUDO, EVERYTHING);
	/* Nothing but ssh goes there: had one of its packets been hit, it would be counted. */
	run(SSH_WITH_SUDO, IDLE, CODE_UNPROVEN);
	summary = cli_summary(&cli);
	assert_int_equal(cli_confirmed(summary), lab.count);
	assert_true(packets_counted() == 0);
	cJSON_Delete(summary);
}

/* --- a way that fails ------------------------------------------------------------------ */

/* Whether clients are served, asked in the client's own way, beside everything of ours. */
static bool is_served(void)
{
	return cli_in_node(lab.file.name, "client",
		       (const char *[]){"etcdctl", "--endpoints=http://10.78.0.2:2379",
			       "--command-timeout=1s", "--dial-timeout=1s", "get", "x", NULL}) == 0;
}

/* The instant from which clients are served again; fails after a while. */
static int64_t served_again_ms(int within_s)
{
	int64_t until_ms = cli_now_ms() + within_s * 1000;

	while (!is_served())
		if (cli_now_ms() > until_ms)
			fail_msg("not served within %d s", within_s);
	return cli_now_ms();
}

static void await_cut(int within_s)
{
	int64_t until_ms = cli_now_ms() + within_s * 1000;

	while (is_served())
		if (cli_now_ms() > until_ms)
			fail_msg("still served after %d s", within_s);
}

static void heal_run(void)
{
	struct cli_result result;
	cJSON *summary;

	ssh_lab_run(&lab, (const char *[]){"heal", "--run", cli_only_run(&cli), NULL}, &result);
	expect(&result, 0);
	cli_result_free(&result);
	summary = cli_summary(&cli);
	assert_int_equal(cli_confirmed(summary), lab.count);
	cJSON_Delete(summary);
}

static void test_a_way_that_is_cut(void **state)
{
	struct cli_process process;
	struct cli_result result;
	cJSON *summary, *journal;
	int64_t cut_ms, healed_ms;

	(void)state;
	pair_up(NULL);
	start(SSH_WITH_SUDO, EVERYTHING, &process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	/* The phase is told of before it begins. */
	await_cut(10);
	ssh_lab_lose(&lab, "n1", 100);
	cut_ms = cli_now_ms();
	healed_ms = served_again_ms(30);
	print_message("served again %lld ms after the way was cut, the lease is %d s\n",
		(long long)(healed_ms - cut_ms), LEASE_S);
	/* The injector is there by itself, and goes when it has healed. */
	ssh_host_assert_quiet(ssh_lab_host(&lab, "n1"), LEASE_S + 10);
	assert_true(ssh_lab_lost(&lab, "n1") > 0);
	cli_wait(&process, 90, &result);
	expect(&result, CODE_NOT_REVERTED);
	assert_non_null(strstr(result.out, "did not answer renew in time"));
	if (!strstr(result.out, "backburn heal --run"))
		fail_msg("what to do is not said:\n%s", result.out);
	cli_result_free(&result);
	summary = cli_summary(&cli);
	assert_int_equal(cli_confirmed(summary), lab.count - 1);
	cJSON_Delete(summary);
	journal = cli_journal(&cli);
	assert_non_null(cli_event(journal, "node_lost", "node", "n1"));
	cJSON_Delete(journal);
	ssh_lab_mend(&lab, "n1");
	heal_run();
	assert_quiet(10);
}

/* Nothing of it depends on luck: what the run says must be true, however far it got. */
static void assert_truthful(int code)
{
	cJSON *summary = cli_summary(&cli), *journal = cli_journal(&cli);
	bool armed = cli_event(journal, "fault_arming", NULL, NULL) != NULL;
	bool reverted = cli_confirmed(summary) == (int)lab.count;

	print_message("exit %d, %s\n", code, item(summary, "verdict")->valuestring);
	assert_int_equal(item(summary, "exit_code")->valueint, code);
	if (code == 0)
		assert_string_equal(item(summary, "verdict")->valuestring, "HELD");
	if (armed)
		assert_int_equal(code == CODE_NOT_REVERTED, !reverted);
	else
		assert_int_not_equal(code, 0);
	cJSON_Delete(journal);
	cJSON_Delete(summary);
}

static void test_a_way_that_loses_a_third(void **state)
{
	struct cli_process process;
	struct cli_result result;

	(void)state;
	pair_up(NULL);
	start(SSH_AS_ROOT, EVERYTHING, &process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "before", 60));
	ssh_lab_lose(&lab, "n1", 30);
	cli_wait(&process, 180, &result);
	/* Whatever became of the run, no fault outlives its lease. */
	served_again_ms(LEASE_S + 10);
	assert_true(ssh_lab_lost(&lab, "n1") > 0);
	assert_truthful(result.code);
	cli_result_free(&result);
	ssh_lab_mend(&lab, "n1");
	heal_run();
	assert_quiet(30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_transport_survives, begin, end),
		cmocka_unit_test_setup_teardown(test_a_way_that_is_cut, begin, end),
		cmocka_unit_test_setup_teardown(test_a_way_that_loses_a_third, begin, end),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
