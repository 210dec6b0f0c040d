/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"
#include "tests/netns/frame.h"

/* Which packets the matcher takes for which, where that is not plain. */
enum {
	PORT = 7001,
	OTHER_PORT = 7002,
	LONG_MS = 120000,
	IN_PIECES = 2000 /* bytes of a datagram that needs two fragments */
};

static const int families[] = {AF_INET, AF_INET6};

static int64_t seen(struct injector *injector, const char *id)
{
	return injector_counted(injector, id, NULL).packets;
}

/* A fault with ports means all pieces of a packet, not only the one with the ports in it. */
static void later_fragments_follow_the_first(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "delay",
		.id = "late",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"delay\":\"20ms\",\"ports\":7001}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 4; i++) {
		bool out = i % 2 == 0;
		struct flood some = {.from = out ? NODE_A : NODE_B,
			.to = out ? NODE_B : NODE_A,
			.family = families[i / 2],
			.port = PORT,
			.count = 10,
			.bytes = IN_PIECES};
		int64_t before = seen(injector, "late");
		struct flooded flooded = flood(world, &some);

		assert_int_equal(flooded.arrived, 10);
		assert_int_equal(seen(injector, "late") - before, 20);
		flooded_free(&flooded);
		some.port = OTHER_PORT;
		flooded = flood(world, &some);
		assert_int_equal(flooded.arrived, 10);
		assert_int_equal(seen(injector, "late") - before, 20);
		flooded_free(&flooded);
	}
	assert_int_equal(injector_finish(injector), 0);
}

static void await(struct injector *injector, const char *id, int64_t packets)
{
	int64_t give_up = now_ns() + 15000 * 1000000LL;

	while (seen(injector, id) < packets && now_ns() < give_up)
		pause_ms(5);
	assert_int_equal(seen(injector, id), packets);
}

static void tags_and_rare_protocols(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.id = "cut",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ports\":7001}",
		.for_ms = LONG_MS};
	struct frame frame = {.from = NODE_B, .to = NODE_A, .from_port = 999, .port = PORT};
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP};
	int64_t wanted = 0;

	injector_cut(injector, &cut);
	for (int f = 0; f < 2; f++)
		for (size_t p = 0; p < sizeof(protocols); p++)
			for (int vlan = 0; vlan < 2; vlan++) {
				frame.family = families[f];
				frame.protocol = protocols[p];
				frame.vlan = vlan ? 42 : 0;
				frame_send(world, &frame);
				await(injector, "cut", ++wanted);
			}
	frame.port = OTHER_PORT;
	frame_send(world, &frame);
	frame.port = PORT;
	frame_send(world, &frame);
	await(injector, "cut", ++wanted);
	assert_int_equal(injector_finish(injector), 0);
}

static void behind_extension_headers(struct world *world)
{
	static const uint8_t kinds[] = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS};
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.id = "cut",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ports\":7001,\"protocol\":\"udp\"}",
		.for_ms = LONG_MS};
	struct frame frame = {.from = NODE_B,
		.to = NODE_A,
		.family = AF_INET6,
		.protocol = IPPROTO_UDP,
		.from_port = 999,
		.port = PORT};
	int64_t wanted = 0;

	injector_cut(injector, &cut);
	for (size_t i = 0; i < sizeof(kinds); i++) {
		frame.extension = kinds[i];
		frame.port = OTHER_PORT;
		frame_send(world, &frame);
		frame.port = PORT;
		frame_send(world, &frame);
		await(injector, "cut", ++wanted);
	}
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(later_fragments_follow_the_first, 2),
		WORLD_TEST(tags_and_rare_protocols, 2),
		WORLD_TEST(behind_extension_headers, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
