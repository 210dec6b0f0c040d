/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What reorder promises, on this kernel, with real packets. */
enum {
	PORT = 7001,
	SOME = 5000,
	LONG_MS = 300000
};

static const int families[] = {AF_INET, AF_INET6};

static void some_overtake_and_none_is_lost(struct world *world)
{
	struct flooded after;
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "reorder",
		.id = "ahead",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ratio\":0.2,\"delay\":\"20ms\"}",
		.seed = 3,
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 4; i++) {
		bool out = i % 2 == 0;
		struct flood many = {.from = out ? NODE_A : NODE_B,
			.to = out ? NODE_B : NODE_A,
			.family = families[i / 2],
			.port = PORT,
			.count = SOME};
		struct flooded flooded = flood(world, &many);

		assert_int_equal(flooded.arrived, SOME);
		assert_int_equal(flooded.copies, 0);
		assert_true(flooded.overtaken > SOME / 20);
		flooded_free(&flooded);
	}
	injector_heal(injector, "ahead");
	after = flood(world,
		&(struct flood){.from = NODE_A,
			.to = NODE_B,
			.family = AF_INET,
			.port = PORT,
			.count = SOME});
	assert_int_equal(after.arrived, SOME);
	assert_int_equal(after.overtaken, 0);
	flooded_free(&after);
	assert_int_equal(injector_finish(injector), 0);
}

static void the_ratio_is_what_was_asked(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "reorder",
		.id = "ahead",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ratio\":0.2,\"delay\":\"20ms\",\"direction\":\"out\"}",
		.for_ms = LONG_MS};
	struct flood many = {
		.from = NODE_A, .to = NODE_B, .family = AF_INET, .port = PORT, .count = SOME};
	struct flooded out;
	cJSON *measure;

	injector_cut(injector, &cut);
	out = flood(world, &many);
	measure = injector_measure(injector, "ahead", "reordered", "egress");
	assert_int_equal(atoi(cJSON_GetObjectItem(measure, "count")->valuestring), SOME);
	assert_true(within_chance(
		(size_t)atoi(cJSON_GetObjectItem(measure, "hits")->valuestring), SOME, 0.2));
	cJSON_Delete(measure);
	flooded_free(&out);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(some_overtake_and_none_is_lost, 2),
		WORLD_TEST(the_ratio_is_what_was_asked, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
