/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/* A real Prometheus: what it says becomes SLOs and claims, and without it a run is blind. */

static const char lab[] = "monitortest";
static const char scenario[] = "scenarios/monitored/web-page-fires.json";

/* In the place of the partition: the Prometheus itself stands still. */
static const char paused[] =
	"phases[1].faults[0]={\"id\":\"cut-web\",\"fault\":\"pause\",\"on\":{\"nodes\":\"monitor\","
	"\"processes\":{\"exe\":\"/usr/bin/prometheus\"}}}";

static const char unprotected[] = "guardrails.limits.protect=[\"balancer\",\"client\"]";

static void run_it(bool pause, int code, void (*check)(const cJSON *summary, const char *said))
{
	char *before = host_state(lab), *programs = programs_list();
	struct cli_result result;
	struct cli cli;
	cJSON *summary;

	cli_begin(&cli);
	cli_run_steady(&cli,
		(const char *[]){"run", cli_file(scenario), "--on",
			cli_lab_as(&cli, "prometheus", lab), "--runs", cli.runs, "--param",
			"cut_for=20s", pause ? "--set" : NULL, paused, "--set", unprotected, NULL},
		&result);
	if (result.code != code)
		fail_msg("exit %d, expected %d\n%s\n%s", result.code, code, result.err, result.out);
	summary = cli_summary(&cli);
	check(summary, result.out);
	cJSON_Delete(summary);
	cli_result_free(&result);
	cli_end(&cli);
	assert_no_new_programs(programs);
	assert_host_state(lab, before);
}

static void assert_paged(const cJSON *summary, const char *said)
{
	const cJSON *claims = cJSON_GetObjectItem(summary, "claims");
	double after_s = cli_number(cli_item(claims, "id", "paged"), "fired_after_s");

	print_message("paged after %.1f s\n", after_s);
	/* Three checks of one a second must fail, and the page waits 2 s. */
	assert_true(after_s > 3 && after_s <= 20);
	assert_string_equal(cli_text(cli_item(claims, "id", "no-failures"), "verdict"), "HELD");
	assert_non_null(strstr(said, "the alert of page fires within 20s of the start of cut-web"));
}

static void test_a_page_fires_in_time(void **state)
{
	(void)state;
	run_it(false, 0, assert_paged);
}

static void assert_blind(const cJSON *summary, const char *said)
{
	assert_string_equal(cli_text(summary, "verdict"), "STOPPED");
	assert_non_null(strstr(said, "guardrail blind: probe "));
	assert_non_null(strstr(said, "from client sent no data for 5s"));
	/* What the other probe sees goes on: it is the numbers that are missing. */
	assert_null(strstr(said, "guardrail outage"));
}

static void test_without_it_the_run_is_blind(void **state)
{
	(void)state;
	if (!getenv("BACKBURN_LONG")) {
		print_message("skipped: only with BACKBURN_LONG\n");
		skip();
	}
	run_it(true, 3, assert_blind);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){lab, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_fires_in_time),
		cmocka_unit_test(test_without_it_the_run_is_blind),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
