/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
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

/*
 * A controller that is killed at any moment leaves a journal from which the report says what is
 * known and what is not; `heal --run` later proves that nothing was left behind.
 */
enum {
	SEED = 20261122,
	MOMENTS = 5,
	FIRST_MS = 300,
	LAST_MS = 9500
};

/* --- what is known --------------------------------------------------------------------- */

static bool phase_ended(const cJSON *journal, const char *phase)
{
	return cli_event(journal, "phase_ended", "phase", phase) != NULL;
}

static void assert_only_what_is_known(const cJSON *summary, const cJSON *journal)
{
	static const char *const phase_of[][2] = {
		{"steady", "before"}, {"noticed", "cut"}, {"back", "after"}};
	const cJSON *claim, *cut_off = cJSON_GetObjectItem(summary, "cut_off_at_s");

	assert_true(cJSON_IsNumber(cut_off));
	/* On a busy machine nothing may be known but that it began, at 0. */
	assert_true(cut_off->valuedouble >= 0 && cut_off->valuedouble < 60);
	cJSON_ArrayForEach(claim, cJSON_GetObjectItem(summary, "claims")) {
		const char *verdict = cli_text(claim, "verdict");

		for (size_t i = 0; i < sizeof(phase_of) / sizeof(phase_of[0]); i++) {
			if (strcmp(cli_text(claim, "id"), phase_of[i][0]) != 0)
				continue;
			/* A window cut short may prove a violation, never that it held. */
			if (!phase_ended(journal, phase_of[i][1]))
				assert_string_not_equal(verdict, "HELD");
		}
	}
	assert_int_not_equal(cJSON_GetObjectItem(summary, "exit_code")->valueint, 0);
}

static bool all_confirmed(const cJSON *summary)
{
	const cJSON *revert;

	cJSON_ArrayForEach(revert, cJSON_GetObjectItem(summary, "revert"))
		if (!cJSON_IsTrue(cJSON_GetObjectItem(revert, "confirmed")))
			return false;
	return true;
}

static char *text_of(const struct cli *cli, const char *command, int code)
{
	struct cli_result result;
	char *text;

	cli_run((const char *[]){command, cli_only_run(cli), NULL}, &result);
	if (result.code != code)
		fail_msg("%s: exit %d\n%s\n%s", command, result.code, result.err, result.out);
	text = strdup(result.out);
	cli_result_free(&result);
	return text;
}

static void heal_run(const struct cli *cli, int code)
{
	struct cli_result result;

	cli_run((const char *[]){"heal", "--run", cli_only_run(cli), NULL}, &result);
	if (result.code != code)
		fail_msg("heal --run: exit %d\n%s\n%s", result.code, result.err, result.out);
	cli_result_free(&result);
}

/* Whoever healed later is named by whom and at which boot the nodes were looked at. */
static void assert_certified(const cJSON *summary)
{
	const cJSON *revert;
	size_t certified = 0;

	cJSON_ArrayForEach(revert, cJSON_GetObjectItemCaseSensitive(summary, "revert")) {
		const cJSON *before = cJSON_GetObjectItemCaseSensitive(revert, "before");
		const cJSON *after = cJSON_GetObjectItemCaseSensitive(revert, "after");

		if (!cJSON_IsObject(before) || !cJSON_IsObject(after) ||
			strcmp(cli_text(revert, "node"), "services") == 0)
			continue;
		certified++;
		assert_int_equal(strlen(cli_text(after, "sha256")), 64);
		assert_string_equal(cli_text(after, "sha256"), cli_text(before, "sha256"));
		assert_true(strlen(cli_text(after, "boot_id")) > 0);
		assert_string_equal(cli_text(after, "boot_id"), cli_text(before, "boot_id"));
		assert_true(strlen(cli_text(after, "healed_by")) > 0);
		assert_true(cJSON_GetObjectItemCaseSensitive(before, "healed_by") == NULL);
	}
	print_message("%zu nodes certified\n", certified);
}

/* --- one moment ------------------------------------------------------------------------ */

static void killed_after(int ms)
{
	char *programs = programs_list();
	struct cli_process process;
	struct cli_result result;
	struct cli cli;
	cJSON *journal, *summary;
	bool armed;

	cli_begin(&cli);
	cli_start((const char *[]){"run", cli_file("tests/e2e/files/short.json"), "--on",
			  cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "run_started", NULL, NULL, 60));
	cli_pause_ms(ms);
	kill(process.pid, SIGKILL);
	cli_wait(&process, 10, &result);
	cli_result_free(&result);

	free(text_of(&cli, "report", 0));
	journal = cli_journal(&cli);
	summary = cli_summary(&cli);
	armed = cli_event(journal, "fault_arming", NULL, NULL) != NULL;
	print_message("killed after %d ms: %s, %s\n", ms, cli_text(summary, "verdict"),
		armed ? "armed" : "nothing armed");
	assert_only_what_is_known(summary, journal);
	/* Whatever was armed is said to be unproven until somebody has looked. */
	assert_int_equal(all_confirmed(summary), !armed);
	cJSON_Delete(summary);

	heal_run(&cli, 0);
	summary = cli_summary(&cli);
	assert_true(all_confirmed(summary));
	assert_certified(summary);
	assert_only_what_is_known(summary, journal);
	cJSON_Delete(summary);
	cJSON_Delete(journal);
	cli_end(&cli);
	assert_no_new_programs(programs);
}

static void test_any_moment(void **state)
{
	char *before = host_state("pair");
	struct cli_result result;

	(void)state;
	cli_run((const char *[]){"lab", "up", cli_file("tests/e2e/files/pair-lab.json"), NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	print_message("seed %d\n", SEED);
	srand(SEED);
	for (int i = 0; i < MOMENTS; i++) {
		int part = (LAST_MS - FIRST_MS) / MOMENTS;

		/* One in each fifth of the run. */
		killed_after(FIRST_MS + i * part + rand() % part);
	}
	cli_run((const char *[]){"lab", "down", "pair", NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	assert_host_state("pair", before);
}

/* The lab that a killed run brought up is taken down before anybody has looked. */
static void test_a_lab_that_is_gone(void **state)
{
	char *before = host_state("pair");
	struct cli_process process;
	struct cli_result result;
	struct cli cli;
	cJSON *summary;

	(void)state;
	cli_begin(&cli);
	cli_start((const char *[]){"run", cli_file("tests/e2e/files/short.json"), "--on",
			  cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	kill(process.pid, SIGKILL);
	cli_wait(&process, 10, &result);
	cli_result_free(&result);
	cli_run((const char *[]){"lab", "down", "pair", NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);

	/* An environment that has lost a node since proves nothing. */
	cli_run((const char *[]){"heal", "--run", cli_only_run(&cli), "--on",
			cli_write(&cli, "env.json",
				"{ \"backburn_environment\": 1, \"name\": \"pair\", \"hosts\": { "
				"\"h\": { \"connect\": [\"false\"] }, \"i\": { \"connect\": "
				"[\"false\"] } }, \"nodes\": { \"n1\": { \"host\": \"h\" }, "
				"\"idle-a\": { \"host\": \"i\" }, \"client\": { \"host\": "
				"\"local\" } } }"),
			NULL},
		&result);
	assert_int_equal(result.code, 4);
	assert_string_equal(result.err,
		"backburn: the run had node \"idle-b\", which environment \"pair\" does not have "
		"any more\n");
	cli_result_free(&result);
	heal_run(&cli, 0);
	summary = cli_summary(&cli);
	assert_true(all_confirmed(summary));
	cJSON_Delete(summary);
	cli_end(&cli);
	assert_host_state("pair", before);
}

/* A service that dies when nobody is left to say that the faults are over. */
static void test_a_service_that_died_meanwhile_is_back(void **state)
{
	char *before = host_state("pair");
	struct cli_process process;
	struct cli_result result;
	const cJSON *services;
	cJSON *journal;
	struct cli cli;

	(void)state;
	cli_begin(&cli);
	cli_start((const char *[]){"run", cli_file("tests/e2e/files/short.json"), "--on",
			  cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	kill(process.pid, SIGKILL);
	cli_wait(&process, 10, &result);
	cli_result_free(&result);
	journal = cli_journal(&cli);
	services = cJSON_GetObjectItem(cli_event(journal, "services", "when", "before"), "runs");
	assert_int_equal(
		kill((pid_t)cli_number(cJSON_GetArrayItem(services, 0), "pid"), SIGKILL), 0);
	cJSON_Delete(journal);
	heal_run(&cli, 0);
	cli_run((const char *[]){"lab", "down", "pair", NULL}, &result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	cli_end(&cli);
	assert_host_state("pair", before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_a_lab_that_is_gone),
		cmocka_unit_test(test_a_service_that_died_meanwhile_is_back),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
