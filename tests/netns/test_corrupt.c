/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What corrupt promises, on this kernel, with real packets. */
enum {
	PORT = 7001,
	SOME = 10000,
	LONG_MS = 300000
};

static const int families[] = {AF_INET, AF_INET6};

static struct cut turn_bits(const char *with)
{
	return (struct cut){.fault = "corrupt",
		.id = "bits",
		.on = NODE_A,
		.from = NODE_B,
		.with = with,
		.for_ms = LONG_MS};
}

/* Each way and each family: `wrong` of the datagrams reach the program changed, `gone` not at all.
 */
static void send_and_look(struct world *world, double wrong, double gone)
{
	for (int i = 0; i < 4; i++) {
		bool out = i % 2 == 0;
		struct flood many = {.from = out ? NODE_A : NODE_B,
			.to = out ? NODE_B : NODE_A,
			.family = families[i / 2],
			.port = PORT,
			.count = SOME};
		struct flooded some = flood(world, &many);

		assert_true(within_chance(some.changed, SOME, wrong));
		assert_true(within_chance(SOME - some.arrived - some.changed, SOME, gone));
		flooded_free(&some);
	}
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
}

static void undetected_it_reaches_the_program(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = turn_bits("{\"ratio\":0.2,\"as\":\"undetected\"}");

	injector_cut(injector, &cut);
	send_and_look(world, 0.2, 0);
	assert_true(injector_counted(injector, "bits", "egress").segments > 0);
	assert_true(injector_counted(injector, "bits", "ingress").segments > 0);
	injector_heal(injector, "bits");
	send_and_look(world, 0, 0);
	assert_int_equal(injector_finish(injector), 0);
}

static void detected_the_kernel_drops_it(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = turn_bits("{\"ratio\":0.2}");

	injector_cut(injector, &cut);
	send_and_look(world, 0, 0.2);
	assert_int_equal(injector_finish(injector), 0);
}

/* TCP takes a wrong checksum for a loss: what arrives is whole. */
static void detected_tcp_recovers(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = turn_bits("{\"ratio\":0.01,\"protocol\":\"tcp\"}");

	injector_cut(injector, &cut);
	tcp_stream(world, NODE_A, NODE_B, AF_INET, 4 << 20);
	tcp_stream(world, NODE_B, NODE_A, AF_INET6, 4 << 20);
	assert_true(injector_counted(injector, "bits", "egress").segments > 5);
	assert_int_equal(injector_finish(injector), 0);
}

/* The ratio is that of the packets that have something to turn a bit in. */
static void a_packet_without_payload_is_not_meant(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "300s");
	struct cut cut = turn_bits("{\"ratio\":1,\"protocol\":\"udp\"}");
	struct flood many = {
		.from = NODE_A, .to = NODE_B, .family = AF_INET, .port = PORT, .count = SOME / 10};
	struct flooded none;
	struct counted counted;

	injector_cut(injector, &cut);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, LONG_MS / 10));
	assert_int_equal(injector_counted(injector, "bits", NULL).matched, 0);
	none = flood(world, &many);
	assert_int_equal(none.arrived + none.changed, 0);
	counted = injector_counted(injector, "bits", "egress");
	assert_int_equal(counted.matched, SOME / 10);
	assert_int_equal(counted.segments, SOME / 10);
	flooded_free(&none);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(undetected_it_reaches_the_program, 3),
		WORLD_TEST(detected_the_kernel_drops_it, 3),
		WORLD_TEST(detected_tcp_recovers, 2),
		WORLD_TEST(a_packet_without_payload_is_not_meant, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
