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

/*
 * A member of etcd that was cut off comes back with a higher term. Without pre-vote that costs a
 * second outage, after the heal, which nobody sees who looks at the time of the fault only. More
 * than a minute each, so only with BACKBURN_LONG=1.
 */

static const char lab[] = "secondoutage";

/* What the run says of the time after the heal; the caller deletes it. */
static cJSON *rejoin_on(const char *shipped, int code)
{
	const struct game game = {
		"scenarios/etcd-follower-cut.json", shipped, lab, "rejoin_within=500ms", code};
	cJSON *claim, *summary;

	if (!getenv("BACKBURN_LONG")) {
		print_message("skipped: only with BACKBURN_LONG\n");
		skip();
	}
	summary = game_play(&game, NULL);
	claim = cJSON_Duplicate(
		cli_item(cJSON_GetObjectItem(summary, "claims"), "id", "rejoin"), true);
	print_message("%s: %s\n", cli_text(claim, "verdict"), cli_text(claim, "text"));
	cJSON_Delete(summary);
	return claim;
}

static void test_without_pre_vote_it_is_seen(void **state)
{
	cJSON *claim = rejoin_on("etcd", 1);

	(void)state;
	assert_string_equal(cli_text(claim, "verdict"), "VIOLATED");
	assert_true(cli_number(claim, "recovered_after_s") > 0.5);
	cJSON_Delete(claim);
}

static void test_with_pre_vote_there_is_none(void **state)
{
	cJSON *claim = rejoin_on("etcd-prevote", 0);

	(void)state;
	assert_string_equal(cli_text(claim, "verdict"), "HELD");
	assert_non_null(strstr(cli_text(claim, "text"), "never breached"));
	cJSON_Delete(claim);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){lab, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_pre_vote_it_is_seen),
		cmocka_unit_test(test_with_pre_vote_there_is_none),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, down);
}
