/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What duplicate promises, on this kernel, with real packets. */
enum {
	PORT = 7001,
	SOME = 10000,
	LONG_MS = 300000
};

static const int families[] = {AF_INET, AF_INET6};

static void assert_once_each(const struct world *world, int from, int to)
{
	struct flood many = {
		.from = from, .to = to, .family = AF_INET, .port = PORT, .count = SOME};
	struct flooded some = flood(world, &many);

	assert_int_equal(some.arrived, SOME);
	assert_int_equal(some.copies, 0);
	flooded_free(&some);
}

static void both_ways_some_come_twice(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "duplicate",
		.id = "twice",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ratio\":0.25}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 4; i++) {
		bool out = i % 2 == 0;
		struct flood many = {.from = out ? NODE_A : NODE_B,
			.to = out ? NODE_B : NODE_A,
			.family = families[i / 2],
			.port = PORT,
			.count = SOME};
		struct flooded some = flood(world, &many);

		assert_int_equal(some.arrived, SOME);
		assert_int_equal(some.changed, 0);
		assert_true(within_chance(some.copies, SOME, 0.25));
		for (size_t n = 0; n < SOME; n++)
			assert_in_range(some.times[n], 1, 2);
		flooded_free(&some);
	}
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	injector_heal(injector, "twice");
	assert_once_each(world, NODE_A, NODE_B);
	assert_once_each(world, NODE_B, NODE_A);
	assert_int_equal(injector_finish(injector), 0);
}

/* A second duplicate sees the copies of the first too: up to four of each. */
static void two_of_them_multiply(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.fault = "duplicate",
		.id = "first",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ratio\":1,\"direction\":\"out\"}",
		.for_ms = LONG_MS};
	struct flood some = {
		.from = NODE_A, .to = NODE_B, .family = AF_INET, .port = PORT, .count = 200};
	struct flooded out;

	injector_cut(injector, &cut);
	cut.id = "second";
	injector_cut(injector, &cut);
	out = flood(world, &some);
	for (size_t n = 0; n < some.count; n++)
		assert_int_equal(out.times[n], 4);
	flooded_free(&out);
	injector_heal(injector, "first");
	out = flood(world, &some);
	for (size_t n = 0; n < some.count; n++)
		assert_int_equal(out.times[n], 2);
	flooded_free(&out);
	assert_int_equal(injector_finish(injector), 0);
}

static void tcp_does_not_mind(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = {.fault = "duplicate",
		.id = "tcp",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ratio\":0.1}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	tcp_stream(world, NODE_A, NODE_B, AF_INET, 4 << 20);
	tcp_stream(world, NODE_B, NODE_A, AF_INET6, 4 << 20);
	assert_true(injector_counted(injector, "tcp", "egress").segments > 100);
	assert_true(injector_counted(injector, "tcp", "ingress").segments > 100);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(both_ways_some_come_twice, 3),
		WORLD_TEST(two_of_them_multiply, 2),
		WORLD_TEST(tcp_does_not_mind, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
