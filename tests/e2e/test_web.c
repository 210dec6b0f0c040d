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
#include "tests/e2e/game.h"

/* HAProxy before two nginx: what an outage of one costs without retries, and with them. */

static const char lab[] = "webtest";

static double bad_of(const cJSON *summary, const char *claim)
{
	return cli_number(cli_item(cJSON_GetObjectItem(summary, "claims"), "id", claim), "bad");
}

/* --- who got worse ----------------------------------------------------------------------- */

static const cJSON *worse_node(const cJSON *summary, const char *node)
{
	const cJSON *degraded = cJSON_GetObjectItem(summary, "degraded");

	return cli_item(cJSON_GetObjectItem(degraded, "nodes"), "node", node);
}

static double of_degraded(const cJSON *summary, const char *key)
{
	return cli_number(cJSON_GetObjectItem(summary, "degraded"), key);
}

/* The balancer passes on what a fault on another node did: no fault is on it. */
static void assert_passed_on(const cJSON *summary)
{
	const cJSON *balancer = worse_node(summary, "lb");

	print_message("the balancer: %+.3f, %.0f of %.0f bad\n", cli_number(balancer, "difference"),
		cli_number(balancer, "bad"), cli_number(balancer, "events"));
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(balancer, "fault_on_it")));
	assert_string_equal(cli_text(balancer, "phase"), "cut");
	assert_true(cli_number(balancer, "difference_at_most") < -0.01);
	assert_true(of_degraded(summary, "outside") == 1);
	assert_true(of_degraded(summary, "amplification") == 1);
	/* web2 is not asked itself. */
	assert_true(of_degraded(summary, "targets_asked") == 0);
}

/* The slow one is the fault itself, and the other one bears what is tried again there. */
static void assert_contained(const cJSON *summary)
{
	assert_true(of_degraded(summary, "nodes_asked") == 2);
	assert_true(of_degraded(summary, "outside") == 0);
	assert_true(of_degraded(summary, "amplification") == 1);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(worse_node(summary, "web2"), "fault_on_it")));
}

/* --- a server that is cut off -------------------------------------------------------------- */

static void test_retries_hide_a_server_that_is_cut_off(void **state)
{
	const struct game game = {"scenarios/web/web-one-cut.json", "haproxy", lab, NULL, 0};
	char *text;
	cJSON *summary = game_play(&game, &text);

	(void)state;
	print_message("bad without retries %.0f, with them %.0f\n", bad_of(summary, "noticed"),
		bad_of(summary, "unseen"));
	/* Half of 50 a second, until the third check of one a second has failed. */
	assert_true(bad_of(summary, "noticed") >= 15 && bad_of(summary, "noticed") <= 110);
	assert_true(bad_of(summary, "unseen") <= 1);
	assert_non_null(strstr(text, "1 node got worse that no fault was on: lb by "));
	free(text);
	assert_passed_on(summary);
	assert_string_equal(cli_text(cli_first(summary, "faults"), "effect"), "proven");
	cJSON_Delete(summary);
}

/* --- load ------------------------------------------------------------------------------ */

static const cJSON *load_of(const cJSON *summary, const char *workload)
{
	return cli_item(cJSON_GetObjectItem(summary, "loads"), "workload", workload);
}

static double in_phase(const cJSON *load, const char *phase, const char *key)
{
	return cli_number(cli_item(cJSON_GetObjectItem(load, "phases"), "phase", phase), key);
}

static const cJSON *spread_on(const cJSON *load, const char *phase, const char *node)
{
	const cJSON *own = cli_item(cJSON_GetObjectItem(load, "phases"), "phase", phase);

	return cli_item(cJSON_GetObjectItem(own, "spread"), "node", node);
}

static const cJSON *recovery_of(const cJSON *load, const char *slo)
{
	return cli_item(cJSON_GetObjectItem(load, "recoveries"), "slo", slo);
}

/* Half of the first attempts go to the slow server, and each of these is made again. */
static void assert_direct(const cJSON *load)
{
	double ratio = in_phase(load, "slow", "retry_ratio");
	const cJSON *slow = spread_on(load, "slow", "web2");

	print_message("direct: retry ratio %.3f, %.0f of %.0f attempts at web2 failed\n", ratio,
		cli_number(slow, "failed"), cli_number(slow, "attempts"));
	assert_true(in_phase(load, "before", "retry_ratio") < 0.05);
	assert_true(ratio > 0.4 && ratio < 0.65);
	assert_true(in_phase(load, "slow", "asked_per_s") > 99);
	assert_true(in_phase(load, "slow", "begun_per_s") > 99);
	/* A third of all attempts, and hardly one of them answered in time. */
	assert_true(cli_number(slow, "share") > 0.25 && cli_number(slow, "share") < 0.42);
	assert_true(cli_number(slow, "failed") > 0.9 * cli_number(slow, "attempts"));
	assert_true(cli_number(cli_first(load, "faults"), "amplification") > 1.35);
	assert_string_equal(cli_text(recovery_of(load, "direct-at-once"), "recovery"), "back");
	assert_true(cli_number(recovery_of(load, "direct-at-once"), "after_s") < 2);
}

/* Until its health check has failed three times, the balancer sends every other one there. */
static void assert_balanced(const cJSON *load)
{
	const cJSON *recovery = recovery_of(load, "balanced-at-once");

	assert_true(in_phase(load, "slow", "retries") > 0);
	assert_true(cli_number(cli_first(load, "faults"), "amplification") > 1);
	assert_string_equal(cli_text(recovery, "recovery"), "back_before_heal");
	assert_true(cli_number(recovery, "after_s") < 7);
}

static void test_clients_pay_for_a_slow_server_with_retries(void **state)
{
	const struct game game = {"scenarios/web/web-one-slow.json", "haproxy", lab, NULL, 0};
	char *text;
	cJSON *summary = game_play(&game, &text);

	(void)state;
	assert_non_null(strstr(text, "amplification"));
	assert_non_null(strstr(text, "comes back after"));
	assert_direct(load_of(summary, "direct"));
	assert_balanced(load_of(summary, "balanced"));
	assert_contained(summary);
	assert_string_equal(cli_text(cli_first(summary, "faults"), "effect"), "proven");
	cJSON_Delete(summary);
	free(text);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){lab, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retries_hide_a_server_that_is_cut_off),
		cmocka_unit_test(test_clients_pay_for_a_slow_server_with_retries),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
