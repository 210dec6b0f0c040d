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

/* What a run ends with that nobody needs a quorum for: on a lab of two nodes. */

static void run_pair(const char *scenario, int code, struct cli *cli, struct cli_result *result)
{
	char *before = host_state("pair"), *programs = programs_list();

	cli_begin(cli);
	cli_run((const char *[]){"run", cli_file(scenario), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli->runs, NULL},
		result);
	if (result->code != code)
		fail_msg("exit %d, expected %d\n%s\n%s", result->code, code, result->err,
			result->out);
	assert_no_new_programs(programs);
	assert_host_state("pair", before);
}

static void end(struct cli *cli, struct cli_result *result)
{
	cli_result_free(result);
	cli_end(cli);
}

static void test_fault_without_effect_is_inconclusive(void **state)
{
	struct cli_result result;
	struct cli cli;
	cJSON *summary;

	(void)state;
	run_pair("tests/e2e/files/silent.json", 2, &cli, &result);
	assert_non_null(strstr(result.out, "the effect of fault cut is unproven"));
	summary = cli_summary(&cli);
	assert_string_equal(cJSON_GetObjectItem(summary, "verdict")->valuestring, "INCONCLUSIVE");
	cJSON_Delete(summary);
	end(&cli, &result);
}

/* For programs: the journal's events as they come, one a line, and the summary as the last. */
static void test_events_on_stdout(void **state)
{
	char *before = host_state("pair"), *programs = programs_list(), *save = NULL;
	struct cli_result result;
	struct cli cli;
	cJSON *event = NULL, *journal;
	int events = 0;

	(void)state;
	cli_begin(&cli);
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/silent.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", cli.runs, "--json",
			"--quiet", NULL},
		&result);
	assert_int_equal(result.code, 2);
	assert_string_equal(result.err, "");
	for (char *line = strtok_r(result.out, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		cJSON_Delete(event);
		event = cJSON_Parse(line);
		assert_non_null(event);
		events++;
	}
	journal = cli_journal(&cli);
	assert_int_equal(events, cJSON_GetArraySize(journal) + 1);
	assert_string_equal(cJSON_GetObjectItem(event, "event")->valuestring, "summary");
	assert_int_equal(
		cJSON_GetObjectItem(cJSON_GetObjectItem(event, "summary"), "exit_code")->valueint,
		2);
	cJSON_Delete(journal);
	cJSON_Delete(event);
	end(&cli, &result);
	assert_no_new_programs(programs);
	assert_host_state("pair", before);
}

static void test_unsteady_system_is_left_alone(void **state)
{
	struct cli_result result;
	struct cli cli;
	cJSON *journal;

	(void)state;
	run_pair("tests/e2e/files/unsteady.json", 6, &cli, &result);
	journal = cli_journal(&cli);
	assert_null(cli_event(journal, "fault_arming", NULL, NULL));
	assert_non_null(cli_event(journal, "run_ended", NULL, NULL));
	cJSON_Delete(journal);
	end(&cli, &result);
}

static void test_empty_group_is_refused(void **state)
{
	struct cli_result result;
	struct cli cli;
	cJSON *journal;

	(void)state;
	run_pair("tests/e2e/files/empty.json", 4, &cli, &result);
	assert_non_null(strstr(result.out, "group \"nobody\" must have at least 1 nodes; 0 found"));
	journal = cli_journal(&cli);
	assert_null(cli_event(journal, "fault_arming", NULL, NULL));
	cJSON_Delete(journal);
	end(&cli, &result);
}

static void test_guardrail_stops_and_heals(void **state)
{
	struct cli_result result;
	struct cli cli;
	cJSON *journal;
	const cJSON *over, *arming;
	double lasted_ns;

	(void)state;
	run_pair("tests/e2e/files/outage.json", 3, &cli, &result);
	journal = cli_journal(&cli);
	arming = cli_event(journal, "fault_arming", "fault", "cut");
	over = cli_event(journal, "fault_over", "fault", "cut");
	assert_true(arming && over);
	lasted_ns = cJSON_GetObjectItem(over, "healed_ns")->valuedouble -
		cJSON_GetObjectItem(arming, "start_ns")->valuedouble;
	/* Asked for 30 s, stopped after 2 s without a good event. */
	assert_true(lasted_ns > 1.5e9 && lasted_ns < 15e9);
	cJSON_Delete(journal);
	end(&cli, &result);
}

static void test_a_burning_budget_pages_and_stops(void **state)
{
	struct cli_result result;
	struct cli cli;
	cJSON *journal, *summary;
	const cJSON *stop, *alert;

	(void)state;
	run_pair("tests/e2e/files/burning.json", 3, &cli, &result);
	journal = cli_journal(&cli);
	stop = cli_event(journal, "stop", "id", "burn");
	alert = cli_event(journal, "alert", "severity", "page");
	assert_true(stop && alert);
	/* Twice its rate comes before ten times; both before a good part of the 30 s is over. */
	assert_true(cJSON_GetObjectItem(alert, "t_ns")->valuedouble <=
		cJSON_GetObjectItem(stop, "t_ns")->valuedouble);
	assert_true(cJSON_GetObjectItem(stop, "t_ns")->valuedouble < 25e9);
	assert_non_null(strstr(cJSON_GetObjectItem(stop, "text")->valuestring,
		"guardrail burn: watched burns its error budget "));
	cJSON_Delete(journal);
	summary = cli_summary(&cli);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(summary, "alerts")), 1);
	cJSON_Delete(summary);
	assert_non_null(strstr(result.out, "page of watched: burned "));
	end(&cli, &result);
}

static const cJSON *claim_of(const cJSON *summary, const char *id)
{
	const cJSON *claim;

	cJSON_ArrayForEach(claim, cJSON_GetObjectItem(summary, "claims"))
		if (strcmp(cJSON_GetObjectItem(claim, "id")->valuestring, id) == 0)
			return claim;
	fail_msg("no claim %s", id);
	return NULL;
}

static const char *word_of(const cJSON *claim, const char *key)
{
	return cJSON_GetObjectItem(claim, key)->valuestring;
}

static void test_claims_of_every_kind(void **state)
{
	static const char *const controls[] = {"slow", "slices", "worse"};
	struct cli_result result;
	struct cli cli;
	cJSON *summary;
	const cJSON *quick, *kept;

	(void)state;
	run_pair("tests/e2e/files/compared.json", 0, &cli, &result);
	summary = cli_summary(&cli);
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		assert_string_equal(word_of(claim_of(summary, controls[i]), "verdict"), "VIOLATED");
		assert_string_equal(
			word_of(claim_of(summary, controls[i]), "finding"), "as_expected");
	}
	/* Before the fault the prober found quick ones among them. */
	quick = claim_of(summary, "quick");
	assert_true(cJSON_GetObjectItem(quick, "events")->valuedouble > 500);
	assert_true(cJSON_GetObjectItem(quick, "bad")->valuedouble <
		cJSON_GetObjectItem(quick, "events")->valuedouble);
	kept = claim_of(summary, "kept");
	assert_string_equal(word_of(kept, "verdict"), "VIOLATED");
	assert_string_equal(word_of(kept, "finding"), "known_issue");
	assert_true(cJSON_GetObjectItem(kept, "ratio")->valuedouble < 0.3);
	assert_non_null(strstr(result.out, "Violated, but known issues: kept."));
	assert_non_null(strstr(result.out, "RTO in avail, during cut: "));
	cJSON_Delete(summary);
	end(&cli, &result);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"pair", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault_without_effect_is_inconclusive),
		cmocka_unit_test(test_events_on_stdout),
		cmocka_unit_test(test_unsteady_system_is_left_alone),
		cmocka_unit_test(test_empty_group_is_refused),
		cmocka_unit_test(test_guardrail_stops_and_heals),
		cmocka_unit_test(test_a_burning_budget_pages_and_stops),
		cmocka_unit_test(test_claims_of_every_kind),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
