/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What rate promises, on this kernel, with real packets. */
enum {
	LONG_MS = 300000,
	BYTES = 2 << 20
};

static const int families[] = {AF_INET, AF_INET6};

/* 2 MiB at 8 Mbit/s take 2.1 s, less a train of segments (64 KiB, 66 ms) at either end. */
static void it_is_never_faster(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "rate",
		.id = "slow",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"8Mbit\"}",
		.for_ms = LONG_MS};
	cJSON *measure;

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		int64_t begun_ns = now_ns();

		/* Both ways: what is sent, and what is received. */
		tcp_stream(world, i ? NODE_B : NODE_A, i ? NODE_A : NODE_B, families[i], BYTES);
		assert_true(now_ns() - begun_ns > 1960 * 1000000LL);
	}
	measure = injector_measure(injector, "slow", "rate", "egress");
	assert_string_equal(cJSON_GetObjectItem(measure, "unit")->valuestring, "bit/s");
	assert_true(cJSON_GetObjectItem(measure, "achieved")->valuedouble < 8.2e6);
	cJSON_Delete(measure);
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, 7001));
	injector_heal(injector, "slow");
	assert_int_equal(injector_finish(injector), 0);
}

/* The kernel's tbf: in every kernel that we know, netem or not. */
static void tbf_is_never_faster_either(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "rate",
		.id = "slow",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"8Mbit\",\"lane\":\"netem\"}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		int64_t begun_ns = now_ns();

		tcp_stream(world, i ? NODE_B : NODE_A, i ? NODE_A : NODE_B, families[i], BYTES);
		/* Less what may burst: tbf's bucket must hold a whole train. */
		assert_true(now_ns() - begun_ns > 1800 * 1000000LL);
	}
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, 7001));
	injector_heal(injector, "slow");
	assert_int_equal(injector_finish(injector), 0);
}

static void what_does_not_fit_is_lost_and_told(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "rate",
		.id = "full",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bandwidth\":\"1Mbit\",\"limit\":\"16KiB\"}",
		.for_ms = LONG_MS};
	struct flood many = {.from = NODE_A,
		.to = NODE_B,
		.family = AF_INET,
		.port = 7001,
		.count = 500,
		.bytes = 1000};
	struct flooded out;
	cJSON *lost;

	injector_cut(injector, &cut);
	out = flood(world, &many);
	assert_true(out.arrived > 10 && out.arrived < out.count);
	lost = injector_measure(injector, "full", "lost to a full lane", "egress");
	assert_int_equal((size_t)cJSON_GetObjectItem(lost, "achieved")->valuedouble,
		out.count - out.arrived);
	cJSON_Delete(lost);
	flooded_free(&out);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(it_is_never_faster, 3),
		WORLD_TEST(tbf_is_never_faster_either, 3),
		WORLD_TEST(what_does_not_fit_is_lost_and_told, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
