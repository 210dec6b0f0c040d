/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"

/* What a partition promises, on this kernel, with real packets. */

enum {
	PORT = 7001,
	OTHER_PORT = 7002,
	LONG_MS = 60000,
	SOON_MS = 15000
};

static const int families[] = {AF_INET, AF_INET6};

static void both_directions_vanish_and_come_back(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	struct cut cut = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		assert_false(udp_passes(world, NODE_A, NODE_B, families[i], PORT));
		assert_false(udp_passes(world, NODE_B, NODE_A, families[i], PORT));
		/* The third node is nobody's target. */
		assert_true(udp_passes_within(world, NODE_A, NODE_C, families[i], SOON_MS));
	}
	assert_true(injector_packets(injector, "cut", "egress") >= 2);
	assert_true(injector_packets(injector, "cut", "ingress") >= 2);
	injector_heal(injector, "cut");
	for (int i = 0; i < 2; i++) {
		assert_true(udp_passes_within(world, NODE_A, NODE_B, families[i], SOON_MS));
		assert_true(udp_passes_within(world, NODE_B, NODE_A, families[i], SOON_MS));
	}
	assert_int_equal(injector_finish(injector), 0);
}

static void one_direction_only(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	struct cut in = {.id = "in",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"direction\":\"in\"}"};
	struct cut out = in;

	injector_cut(injector, &in);
	assert_false(udp_passes(world, NODE_B, NODE_A, AF_INET, PORT));
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	injector_heal(injector, "in");
	out.id = "out";
	out.with = "{\"direction\":\"out\"}";
	injector_cut(injector, &out);
	assert_true(udp_passes_within(world, NODE_B, NODE_A, AF_INET6, SOON_MS));
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET6, PORT));
	assert_int_equal(injector_packets(injector, "out", "ingress"), 0);
	assert_int_equal(injector_finish(injector), 0);
}

/* Armed on the counterpart: "in" are still the packets into the nodes of "on". */
static void the_other_side_enforces_it_too(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_B, "30s");
	struct cut cut = {.id = "mirrored",
		.on = NODE_A,
		.from = NODE_B,
		.role = "from",
		.for_ms = LONG_MS,
		.with = "{\"direction\":\"in\"}"};

	injector_cut(injector, &cut);
	assert_false(udp_passes(world, NODE_B, NODE_A, AF_INET, PORT));
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(injector_packets(injector, "mirrored", "egress") >= 1);
	assert_int_equal(injector_finish(injector), 0);
}

static void wait_for_backoff(int sock)
{
	int64_t give_up = now_ns() + 60 * 1000000000LL;

	while (tcp_backoff(sock) < 2 && now_ns() < give_up)
		pause_ms(20);
	assert_true(tcp_backoff(sock) >= 2);
}

static void established_tcp_backs_off_and_resumes(struct world *world)
{
	for (int i = 0; i < 2; i++) {
		struct tcp_pair pair = tcp_connect(world, NODE_A, NODE_B, families[i], PORT + i);
		struct injector *injector = injector_greeted(world, NODE_A, "120s");
		struct cut cut = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = 2 * LONG_MS};
		int error = 0;
		socklen_t size = sizeof(error);

		injector_cut(injector, &cut);
		assert_int_equal(send(pair.client, "lost", 4, 0), 4);
		assert_int_equal(send(pair.server, "lost", 4, 0), 4);
		/* The sender on the hooked node, whose packets are dropped on egress, and the one
		 * whose packets are dropped on the other node's ingress. */
		wait_for_backoff(pair.client);
		wait_for_backoff(pair.server);
		assert_int_equal(getsockopt(pair.client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
		assert_int_equal(error, 0);
		injector_heal(injector, NULL);
		assert_true(tcp_receives(pair.server, 4, LONG_MS));
		assert_true(tcp_receives(pair.client, 4, LONG_MS));
		assert_int_equal(injector_finish(injector), 0);
		tcp_close(&pair);
	}
}

static void new_tcp_waits_until_healed(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_B, "60s");
	struct cut cut = {.id = "cut", .on = NODE_B, .from = NODE_A, .for_ms = 2900};
	int64_t before = now_ns();
	struct tcp_pair pair;

	injector_cut(injector, &cut);
	/* Its first SYNs vanish; it gets through after the deadline, without an error. */
	pair = tcp_connect(world, NODE_A, NODE_B, AF_INET6, PORT);
	assert_true(now_ns() - before >= cut.for_ms * 1000000LL);
	assert_true(injector_packets(injector, "cut", NULL) >= 1);
	tcp_close(&pair);
	assert_int_equal(injector_finish(injector), 0);
}

static void other_ports_and_protocols_pass(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	struct cut port = {.id = "port",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"protocol\":\"udp\",\"ports\":[7001,\"7100-7200\"]}"};
	struct cut tcp = port;
	struct tcp_pair pair;

	injector_cut(injector, &port);
	for (int i = 0; i < 2; i++) {
		assert_false(udp_passes(world, NODE_A, NODE_B, families[i], PORT));
		assert_false(udp_passes(world, NODE_B, NODE_A, families[i], 7150));
		assert_true(udp_passes(world, NODE_A, NODE_B, families[i], OTHER_PORT));
		assert_true(udp_passes(world, NODE_B, NODE_A, families[i], 7099));
	}
	pair = tcp_connect(world, NODE_A, NODE_B, AF_INET, PORT);
	injector_heal(injector, NULL);
	tcp.id = "tcp";
	tcp.with = "{\"protocol\":\"tcp\"}";
	injector_cut(injector, &tcp);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(send(pair.client, "lost", 4, 0), 4);
	assert_false(tcp_receives(pair.server, 4, 500));
	injector_heal(injector, NULL);
	assert_true(tcp_receives(pair.server, 4, LONG_MS));
	tcp_close(&pair);
	assert_int_equal(injector_finish(injector), 0);
}

static void overlapping_cuts_do_not_disturb_each_other(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut first = {.id = "first",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"ports\":7001}"};
	struct cut second = first;
	int64_t seen;

	second.id = "second";
	second.with = "{\"ports\":7002}";
	second.for_ms = 2 * LONG_MS;
	injector_cut(injector, &first);
	injector_cut(injector, &second);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, OTHER_PORT));
	assert_int_equal(injector_packets(injector, "first", NULL), 1);
	seen = injector_packets(injector, "second", NULL);
	assert_int_equal(seen, 1);
	injector_heal(injector, "first");
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, OTHER_PORT));
	assert_int_equal(injector_packets(injector, "second", NULL), seen + 1);
	/* What the healed one counted stays. */
	assert_int_equal(injector_packets(injector, "first", NULL), 1);
	assert_int_equal(injector_finish(injector), 0);
}

/* A prefix above an address of another fault: both must count, and both must end alone. */
static void a_broad_cut_and_a_narrow_one(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut narrow = {.id = "narrow",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"ports\":7001}"};
	struct cut broad = {.id = "broad",
		.on = NODE_A,
		.from = NODE_C,
		.extra = "10.99.0.0/24",
		.for_ms = LONG_MS,
		.with = "{\"ports\":7002}"};

	injector_cut(injector, &broad);
	injector_cut(injector, &narrow);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, OTHER_PORT));
	assert_false(udp_passes(world, NODE_A, NODE_C, AF_INET, OTHER_PORT));
	assert_int_equal(injector_packets(injector, "narrow", NULL), 1);
	assert_int_equal(injector_packets(injector, "broad", NULL), 2);
	injector_heal(injector, "narrow");
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, OTHER_PORT));
	assert_int_equal(injector_packets(injector, "broad", NULL), 3);
	injector_heal(injector, "broad");
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_int_equal(injector_finish(injector), 0);
}

static void it_starts_when_it_says(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.id = "later",
		.on = NODE_A,
		.from = NODE_B,
		.start_in_ms = 3000,
		.for_ms = LONG_MS};
	char *order = injector_cut_order(&cut, now_ns());
	int64_t start = now_ns() + 3000 * 1000000LL;
	bool passed = false, cut_off = false;

	cJSON_Delete(injector_call(injector, "arm", "%s", order));
	free(order);
	while (!cut_off && now_ns() < start + 5000 * 1000000LL) {
		bool early = now_ns() < start - 1000 * 1000000LL;

		cut_off = !udp_passes(world, NODE_A, NODE_B, AF_INET, PORT);
		passed |= !cut_off;
		assert_false(early && cut_off && now_ns() < start);
	}
	assert_true(passed);
	assert_true(cut_off);
	assert_int_equal(injector_finish(injector), 0);
}

static void a_link_that_appears_is_covered(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.id = "cut",
		.on = NODE_A,
		.from = NODE_B,
		.extra = "10.98.0.0/24",
		.for_ms = LONG_MS};
	const char *a = world_netns(world, NODE_A), *b = world_netns(world, NODE_B);
	int64_t give_up;

	injector_cut(injector, &cut);
	world_run("ip", "link", "add", "late0", "netns", a, "type", "veth", "peer", "name", "late0",
		"netns", b, NULL);
	world_run("ip", "-n", a, "addr", "add", "10.98.0.1/24", "dev", "late0", NULL);
	world_run("ip", "-n", b, "addr", "add", "10.98.0.2/24", "dev", "late0", NULL);
	world_run("ip", "-n", a, "link", "set", "late0", "up", NULL);
	world_run("ip", "-n", b, "link", "set", "late0", "up", NULL);
	/* The route over the new link is cut as soon as the injector has heard of it. */
	give_up = now_ns() + SOON_MS * 1000000LL;
	for (;;) {
		int64_t before = injector_packets(injector, "cut", "egress");

		udp_send(world, NODE_A, "10.98.0.2", PORT);
		if (injector_packets(injector, "cut", "egress") > before)
			break;
		assert_true(now_ns() < give_up);
		pause_ms(20);
	}
	world_run("ip", "-n", a, "link", "del", "late0", NULL);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(both_directions_vanish_and_come_back, 3),
		WORLD_TEST(one_direction_only, 2),
		WORLD_TEST(the_other_side_enforces_it_too, 2),
		WORLD_TEST(established_tcp_backs_off_and_resumes, 2),
		WORLD_TEST(new_tcp_waits_until_healed, 2),
		WORLD_TEST(other_ports_and_protocols_pass, 2),
		WORLD_TEST(overlapping_cuts_do_not_disturb_each_other, 2),
		WORLD_TEST(a_broad_cut_and_a_narrow_one, 3),
		WORLD_TEST(it_starts_when_it_says, 2),
		WORLD_TEST(a_link_that_appears_is_covered, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
