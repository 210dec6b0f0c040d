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

/* The ten SLIs of docs/slo.md, all in one run on a real Redis whose replica is cut off. */

static const char lab[] = "slitest";

enum {
	SKIPPED = 77
};

static const cJSON *value_of(const cJSON *summary, const char *probe, const char *phase)
{
	const cJSON *source = cli_item(cJSON_GetObjectItem(summary, "probes"), "probe", probe);

	return cli_item(cJSON_GetObjectItem(source, "values"), "phase", phase);
}

static const char *verdict_of(const cJSON *summary, const char *claim)
{
	return cli_text(cli_item(cJSON_GetObjectItem(summary, "claims"), "id", claim), "verdict");
}

/* Only what a busy machine can't spoil: latencies are its own affair. */
static void assert_seen(const cJSON *summary)
{
	static const char *const held[] = {"m1", "m1-cut", "m3", "m4", "m6-back", "m7", "m8", "m9"};

	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		if (strcmp(verdict_of(summary, held[i]), "HELD") != 0)
			fail_msg("%s: %s", held[i], verdict_of(summary, held[i]));
	assert_string_equal(verdict_of(summary, "m6"), "VIOLATED");
	assert_true(cli_number(value_of(summary, "lag", "cut"), "max") >= 5);
	assert_true(cli_number(value_of(summary, "lag", "after"), "last") <= 2);
	assert_true(cli_number(value_of(summary, "cpu", "before"), "median") > 0);
	assert_true(cli_number(value_of(summary, "resent", "before"), "count") > 10);
}

static void test_ten_slis(void **state)
{
	const struct game game = {"tests/e2e/files/sli-set.json", "redis-sentinel", lab, NULL, 0};
	cJSON *summary = game_play(&game, NULL);

	(void)state;
	assert_seen(summary);
	cJSON_Delete(summary);
}

static int down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){lab, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ten_slis),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	if (access("/usr/bin/redis-server", X_OK) < 0) {
		puts("skipped: there is no /usr/bin/redis-server");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, down);
}
