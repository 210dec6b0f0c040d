/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/vm/guest.h"
#include "tests/vm/wire.h"

/*
 * Two machines that share nothing but a link: kernels, clocks and boots of their own. The
 * controller is on this one and reaches both by ssh, over links that it shares with nobody.
 */
#define SCENARIO "tests/vm/files/two-guests.json"

enum {
	LEASE_S = 20, /* of the scenario */
	CODE_NOT_REVERTED = 5,
	RUN_WITHIN_S = 420,
	CUT_WITHIN_S = 180,
	SLOW_S = 60, /* what an emulated machine may take to answer */
	YEAR_S = 365 * 24 * 3600
};

static struct guests guests;
static struct guest *const a = &guests.guest[0], *const b = &guests.guest[1];
static struct cli cli;
static char *fresh_audit[GUESTS];

/* --- the stage ------------------------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	cli_begin(&cli);
	guests_up(&guests, &cli);
	for (int i = 0; i < GUESTS; i++)
		fresh_audit[i] = guest_audit(&guests, &guests.guest[i]);
	return 0;
}

static int end(void **state)
{
	(void)state;
	guests_down(&guests);
	for (int i = 0; i < GUESTS; i++)
		free(fresh_audit[i]);
	cli_end(&cli);
	return 0;
}

/* Each run in a directory of its own. */
static int next_run(void **state)
{
	static int runs;

	(void)state;
	snprintf(cli.runs, sizeof(cli.runs), "%s/runs-%d", cli.dir, runs++);
	return 0;
}

static const char *environment(void)
{
	cJSON *root = cJSON_CreateObject(), *hosts, *nodes;
	const char *path;
	char *text;

	cJSON_AddNumberToObject(root, "backburn_environment", 1);
	cJSON_AddStringToObject(root, "name", "guests");
	cJSON_AddStringToObject(root, "class", "shared");
	hosts = cJSON_AddObjectToObject(root, "hosts");
	nodes = cJSON_AddObjectToObject(root, "nodes");
	for (int i = 0; i < GUESTS; i++) {
		const char *name = guests.guest[i].name;

		cJSON_AddItemToObject(cJSON_AddObjectToObject(hosts, name), "connect",
			cJSON_CreateStringArray(
				(const char *[]){"ssh", "-F", guests.config, name, "--"}, 5));
		cJSON_AddStringToObject(cJSON_AddObjectToObject(nodes, name), "host", name);
	}
	text = cJSON_Print(root);
	cJSON_Delete(root);
	assert_non_null(text);
	path = cli_write(&cli, "env.json", text);
	free(text);
	return path;
}

/* --- running --------------------------------------------------------------------------- */

static void expect(const struct cli_result *result, int code)
{
	if (result->code != code)
		fail_msg("exit %d, not %d\n%s\n%s", result->code, code, result->err, result->out);
}

static const cJSON *item(const cJSON *object, const char *key)
{
	const cJSON *found = cJSON_GetObjectItem(object, key);

	if (!found)
		fail_msg("no \"%s\"", key);
	return found;
}

static void start(const char *scenario, struct cli_process *process)
{
	cli_start(
		(const char *[]){"run", scenario, "--on", environment(), "--runs", cli.runs, NULL},
		process);
}

/* The same with a cut that lasts until somebody ends it. */
static void start_long(struct cli_process *process)
{
	char *text = cli_replaced(cli_file(SCENARIO), "\"for\": \"10s\"", "\"for\": \"90s\"");
	const char *path = cli_write(&cli, "short-patience.json", text);
	char *patient = cli_replaced(path, "\"no_good_for\": \"20s\"", "\"no_good_for\": \"95s\"");

	start(cli_write(&cli, "long.json", patient), process);
	free(patient);
	free(text);
}

/* Asked by other means than ours. */
static bool is_served(void)
{
	struct cli_result result;
	bool served;

	guest_run(&guests, a,
		"timeout 3 bash -c 'exec 3<>/dev/tcp/10.9.0.2/8080 && "
		"printf \"GET / HTTP/1.0\\r\\n\\r\\n\" >&3 && cat <&3'",
		&result);
	served = result.code == 0 && strstr(result.out, "served") != NULL;
	cli_result_free(&result);
	return served;
}

static void await_served(bool served, int within_s)
{
	int64_t until_ms = cli_now_ms() + within_s * 1000;

	while (is_served() != served)
		if (cli_now_ms() > until_ms)
			fail_msg("%s after %d s", served ? "not served" : "still served", within_s);
}

static void start_and_await_cut(struct cli_process *process)
{
	await_served(true, SLOW_S);
	start_long(process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", CUT_WITHIN_S));
	/* The phase is told of before it begins. */
	await_served(false, SLOW_S);
}

static void heal_run(void)
{
	struct cli_result result;
	cJSON *summary;

	cli_run((const char *[]){"heal", "--run", cli_only_run(&cli), NULL}, &result);
	expect(&result, 0);
	cli_result_free(&result);
	summary = cli_summary(&cli);
	assert_int_equal(cli_confirmed(summary), GUESTS);
	cJSON_Delete(summary);
}

/* --- clocks ---------------------------------------------------------------------------- */

static double ask_number(const struct guest *guest, const char *command)
{
	struct cli_result result;
	double number;

	guest_run(&guests, guest, command, &result);
	expect(&result, 0);
	number = strtod(result.out, NULL);
	cli_result_free(&result);
	return number;
}

static void run_there(const struct guest *guest, const char *command)
{
	struct cli_result result;

	guest_run(&guests, guest, command, &result);
	expect(&result, 0);
	cli_result_free(&result);
}

/* What the run itself tells of a node that was armed after the start. */
static double told_late_s(const struct guest *guest)
{
	cJSON *journal = cli_journal(&cli);
	const cJSON *armed = cli_event(journal, "fault_armed", "node", guest->name);
	double late_s;

	assert_non_null(armed);
	late_s = item(armed, "late_ns")->valuedouble / 1e9;
	cJSON_Delete(journal);
	return late_s;
}

static double told_bound_s(void)
{
	cJSON *summary = cli_summary(&cli);
	const cJSON *fault = cJSON_GetArrayItem(item(summary, "faults"), 0);
	double bound_s = item(fault, "start_error_bound_s")->valuedouble;

	assert_string_equal(item(summary, "verdict")->valuestring, "HELD");
	assert_int_equal(cli_confirmed(summary), GUESTS);
	cJSON_Delete(summary);
	assert_true(bound_s > 0);
	return bound_s;
}

/* Each end cuts what it sends: whoever began later was heard longer. */
static void test_they_start_together(void **state)
{
	double apart_s, bound_s, told_later_s;
	struct cli_process process;
	struct cli_result result;
	struct wire_cut cut;
	char path[256];

	(void)state;
	apart_s = ask_number(b, "date +%s") - ask_number(a, "date +%s");
	assert_true(apart_s > 9.0 * YEAR_S && apart_s < 11.0 * YEAR_S);
	run_there(a, "ticker 10.9.0.2 >/dev/null 2>&1 &");
	run_there(b, "ticker 10.9.0.1 >/dev/null 2>&1 &");
	start(cli_file(SCENARIO), &process);
	cli_wait(&process, RUN_WITHIN_S, &result);
	run_there(a, "busybox killall ticker");
	run_there(b, "busybox killall ticker");
	expect(&result, 0);
	cli_result_free(&result);
	bound_s = told_bound_s();
	told_later_s = told_late_s(b) - told_late_s(a);
	snprintf(path, sizeof(path), "%s/link.pcap", a->dir);
	wire_read(path, a->address, b->address, &cut);
	print_message(
		"clocks %.1f years apart; b fell silent %.2f ms after a, known to %.2f ms; the "
		"report says %.2f ms late, known to %.2f ms\n",
		apart_s / YEAR_S, cut.later_s * 1e3, cut.error_s * 1e3, told_later_s * 1e3,
		bound_s * 1e3);
	/* What lateness does not explain of the bound is all that the clocks may be wrong by. */
	assert_true(fabs(cut.later_s - told_later_s) <= bound_s - fabs(told_later_s) + cut.error_s);
}

/* --- a link that is cut ---------------------------------------------------------------- */

static void test_a_link_cut_without_a_word(void **state)
{
	struct cli_process process;
	struct cli_result result;
	cJSON *journal;
	int64_t cut_ms;

	(void)state;
	start_and_await_cut(&process);
	guest_set_ssh_link(b, false);
	cut_ms = cli_now_ms();
	/* The cut would last much longer: it is the lease that ends it. */
	await_served(true, LEASE_S + SLOW_S);
	print_message("served again %" PRId64 " ms after the link was cut, the lease is %d s\n",
		cli_now_ms() - cut_ms, LEASE_S);
	cli_wait(&process, RUN_WITHIN_S, &result);
	expect(&result, CODE_NOT_REVERTED);
	assert_non_null(strstr(result.out, "backburn heal --run"));
	cli_result_free(&result);
	journal = cli_journal(&cli);
	assert_non_null(cli_event(journal, "node_lost", "node", b->name));
	cJSON_Delete(journal);
	guest_set_ssh_link(b, true);
	heal_run();
}

/* --- a machine that loses its power ---------------------------------------------------- */

static void test_a_machine_that_boots_again(void **state)
{
	struct cli_process process;
	struct cli_result result;
	char *audit;

	(void)state;
	start_and_await_cut(&process);
	assert_true(ask_number(b, "find /run/backburn -type f -size +0 | wc -l") > 0);
	guest_cut_power(b);
	cli_wait(&process, RUN_WITHIN_S, &result);
	expect(&result, CODE_NOT_REVERTED);
	cli_result_free(&result);
	guest_boot(&guests, b);
	/* Its ledger is on its disk, and of another boot: there is nothing to undo any more. */
	guest_run(&guests, b, "backburn-injector recover", &result);
	expect(&result, 0);
	print_message("%s", result.out);
	assert_non_null(strstr(result.out, "of another boot, dropped"));
	assert_non_null(strstr(result.out, "nothing is left"));
	cli_result_free(&result);
	assert_true(ask_number(b, "find /run/backburn -type f -size +0 | wc -l") == 0);
	audit = guest_audit(&guests, b);
	assert_string_equal(audit, fresh_audit[1]);
	free(audit);
	await_served(true, SLOW_S);
	heal_run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_they_start_together, next_run),
		cmocka_unit_test_setup(test_a_link_cut_without_a_word, next_run),
		cmocka_unit_test_setup(test_a_machine_that_boots_again, next_run),
	};
	int missing = guests_available();

	if (missing)
		return missing;
	return cmocka_run_group_tests(tests, begin, end);
}
