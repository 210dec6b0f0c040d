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

/* While a run is under way: others wait for their turn, and people leave notes. */

#define ENVIRONMENT cli_file("tests/e2e/files/solo-env.json")
#define SILENT cli_file("tests/e2e/files/silent.json")

/*
 * It was neither refused nor locked nor lost: without effect (2), or, on a machine that is too busy
 * for its probes, not steady before (6) or with bad events in the fault (1).
 */
static void assert_came_to_its_end(const struct cli_result *result)
{
	if (result->code != 1 && result->code != 2 && result->code != 6)
		fail_msg("exit %d\n%s\n%s", result->code, result->err, result->out);
}

static void note_fails(const struct cli *cli, const char *text, int code, const char *says)
{
	struct cli_result result;

	cli_run((const char *[]){"note", text, "--runs", cli->runs, NULL}, &result);
	if (result.code != code || !strstr(result.err, says))
		fail_msg(
			"exit %d, expected %d and \"%s\"\n%s", result.code, code, says, result.err);
	cli_result_free(&result);
}

static void assert_in_time_line(const struct cli *cli, const char *words)
{
	char *path = NULL, *report;

	assert_true(asprintf(&path, "%s/report.txt", cli_only_run(cli)) > 0);
	report = cli_read(path);
	assert_non_null(strstr(report, words));
	free(report);
	free(path);
}

static void test_a_note_stands_in_the_time_line(void **state)
{
	char *before = host_state("solo"), *programs = programs_list();
	struct cli cli;
	struct cli_process process;
	struct cli_result result;
	cJSON *journal;
	const cJSON *note;

	(void)state;
	cli_begin(&cli);
	note_fails(&cli, "too early", 4, "no run is under way in ");
	cli_start((const char *[]){"run", SILENT, "--on", ENVIRONMENT, "--runs", cli.runs, NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "before", 60));
	cli_run((const char *[]){"note", "the pager <went> off", "--runs", cli.runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s", result.code, result.err);
	cli_result_free(&result);
	note_fails(&cli, "", 64, "a note needs a text");
	cli_wait(&process, 60, &result);
	cli_result_free(&result);
	journal = cli_journal(&cli);
	note = cli_event(journal, "note", "text", "the pager <went> off");
	assert_non_null(note);
	assert_true(strncmp(cli_text(note, "by"), "root on ", 8) == 0);
	assert_true(cli_number(note, "t_ns") > 0);
	cJSON_Delete(journal);
	assert_in_time_line(&cli, "notes: the pager <went> off");
	note_fails(&cli, "too late", 4, "no run is under way in ");
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
}

static void await_waiting(const struct cli_process *process)
{
	int64_t until_ms = cli_now_ms() + 30000;
	char text[512] = "";

	while (!strstr(text, "waiting for run ")) {
		if (cli_now_ms() > until_ms)
			fail_msg("it does not wait: %s", text);
		cli_pause_ms(20);
		assert_true(pread(process->err, text, sizeof(text) - 1, 0) >= 0);
	}
}

static void test_a_run_waits_for_its_turn(void **state)
{
	char *before = host_state("solo"), *programs = programs_list();
	struct cli cli;
	struct cli_process first, second, third;
	struct cli_result result;

	(void)state;
	cli_begin(&cli);
	cli_start((const char *[]){"run", SILENT, "--on", ENVIRONMENT, "--runs", cli.runs, NULL},
		&first);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "before", 60));
	cli_start((const char *[]){"run", SILENT, "--on", ENVIRONMENT, "--runs", cli.runs,
			  "--wait-lock", NULL},
		&second);
	cli_start((const char *[]){"run", SILENT, "--on", ENVIRONMENT, "--runs", cli.runs,
			  "--wait-lock", NULL},
		&third);
	await_waiting(&second);
	await_waiting(&third);
	/* One that waits hears of a signal, and has touched nothing. */
	kill(third.pid, SIGTERM);
	cli_wait(&third, 10, &result);
	assert_int_equal(result.code, 143);
	assert_non_null(strstr(result.err, "backburn: waiting for run "));
	assert_non_null(strstr(result.err, "stopped while waiting for the lock"));
	cli_result_free(&result);
	assert_false(cli_has_ended(&second));
	cli_wait(&first, 60, &result);
	assert_came_to_its_end(&result);
	cli_result_free(&result);
	cli_wait(&second, 90, &result);
	/* Its own end, and its own run: nothing was refused. */
	assert_came_to_its_end(&result);
	assert_non_null(strstr(result.err, ", which holds environment \"solo\""));
	assert_non_null(strstr(result.out, "confirmed"));
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
}

/*
 * GitHub sends SIGINT, 7.5 s later SIGTERM and 2.5 s later SIGKILL; GitLab and Jenkins leave more
 * between the last two. By then every fault must be over, from the first signal on.
 */
static void assert_healed_before_the_kill(const struct cli *cli)
{
	cJSON *journal = cli_journal(cli);
	const cJSON *stop = cli_event(journal, "stop", "why", "signal"), *event;
	double healed_ns = 0;

	assert_non_null(stop);
	cJSON_ArrayForEach(event, journal)
		if (strcmp(cli_text(event, "event"), "fault_healed") == 0)
			healed_ns = cli_number(event, "t_ns");
	assert_true(healed_ns > 0);
	print_message(
		"healed %.0f ms after the signal\n", (healed_ns - cli_number(stop, "t_ns")) / 1e6);
	assert_true(healed_ns - cli_number(stop, "t_ns") < 2.5e9);
	cJSON_Delete(journal);
}

/* A job that is cancelled: the system is healed first, and then the server is told. */
static void test_a_cancelled_job_heals_and_tells(void **state)
{
	char *before = host_state("solo"), *programs = programs_list();
	char actions[288], output[256], *text;
	struct cli cli;
	struct cli_process process;
	struct cli_result result;
	const char *over, *ended;

	(void)state;
	cli_begin(&cli);
	snprintf(output, sizeof(output), "%s/output", cli.dir);
	snprintf(actions, sizeof(actions), "GITHUB_OUTPUT=%s", output);
	cli_start_program(
		(const char *[]){"env", "GITHUB_ACTIONS=true", actions, cli_program("backburn"),
			"run", cli_file("tests/e2e/files/outage.json"), "--on", ENVIRONMENT,
			"--runs", cli.runs, "--param", "patience=25s", "--ci", NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "phase_started", "phase", "cut", 60));
	kill(process.pid, SIGTERM);
	cli_wait(&process, 60, &result);
	assert_int_equal(result.code, 143);
	ended = strstr(result.out, "::endgroup::\n");
	assert_non_null(ended);
	over = strstr(result.out, "revert");
	assert_true(over && over < ended);
	assert_non_null(strstr(ended, "::error file="));
	assert_non_null(strstr(ended, "STOPPED (exit code 143): stopped by SIGTERM"));
	assert_healed_before_the_kill(&cli);
	cli_result_free(&result);
	text = cli_read(output);
	assert_non_null(strstr(text, "verdict=STOPPED\nexit_code=143\n"));
	free(text);
	snprintf(output, sizeof(output), "%s/ci/junit.xml", cli.runs);
	assert_int_equal(access(output, F_OK), 0);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state("solo", before);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"solo", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_note_stands_in_the_time_line),
		cmocka_unit_test(test_a_run_waits_for_its_turn),
		cmocka_unit_test(test_a_cancelled_job_heals_and_tells),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
