/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

/* --- shapes ------------------------------------------------------------------------------ */

/* An order that names no counterpart, for one of the first nodes. To be freed. */
static char *order_among(const char *id, int nodes, int self, const char *with)
{
	char *on = NULL, *order;
	int64_t start_ns = now_ns();

	for (int i = 0; i < nodes; i++) {
		char *before = on;

		assert_true(asprintf(&on, "%s%s{\"node\":\"node-%d\",\"prefixes\":[\"%s\",\"%s\"]}",
				    before ? before : "", before ? "," : "", i,
				    world_address(i, AF_INET), world_address(i, AF_INET6)) > 0);
		free(before);
	}
	assert_true(
		asprintf(&order,
			"{\"id\":\"%s\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\","
			"\"self\":\"node-%d\",\"with\":%s,\"on\":[%s],\"from\":[],"
			"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
			id, self, with, on, start_ns, start_ns + LONG_MS * INT64_C(1000000)) > 0);
	free(on);
	return order;
}

static const struct parted {
	const char *id, *with;
	const char *ways[WORLD_NODES_MAX]; /* from the row to the column; x: packets vanish */
} shapes[] = {
	{"halves", "{\"shape\":\"halves\"}", {"..xx", "..xx", "xx..", "xx.."}},
	{"ring", "{\"shape\":\"ring\"}", {"..x.", "...x", "x...", ".x.."}},
	{"bridge", "{\"shape\":\"bridge\"}", {"...x", "...x", "....", "xx.."}},
	{"one", "{\"shape\":\"one\",\"who\":\"node-1\"}", {".x..", "x.xx", ".x..", ".x.."}},
	{"drops", "{\"drops\":{\"node-0\":[\"node-1\",\"node-2\"]}}",
		{"....", "x...", "x...", "...."}},
};

static bool is_parted(const struct parted *parted, int node)
{
	for (int i = 0; i < WORLD_NODES_MAX; i++)
		if (parted->ways[i][node] == 'x' || parted->ways[node][i] == 'x')
			return true;
	return false;
}

static void assert_ways(const struct world *world, const struct parted *parted, int family)
{
	for (int from = 0; from < WORLD_NODES_MAX; from++)
		for (int to = 0; to < WORLD_NODES_MAX; to++) {
			if (from == to)
				continue;
			if (parted->ways[from][to] == 'x'
					? udp_passes(world, from, to, family, PORT)
					: !udp_passes_within(world, from, to, family, SOON_MS))
				fail_msg("%s: %d to %d", parted->id, from, to);
		}
}

static void arm_among(struct injector *const *injectors, const struct parted *parted)
{
	for (int i = 0; i < WORLD_NODES_MAX; i++) {
		char *order = order_among(parted->id, WORLD_NODES_MAX, i, parted->with);

		cJSON_Delete(injector_call(injectors[i], "arm", "%s", order));
		free(order);
	}
}

/* A packet is dropped by its sender, before its receiver could; who has no part in it, by none. */
static void assert_counted(struct injector *const *injectors, const struct parted *parted)
{
	for (int i = 0; i < WORLD_NODES_MAX; i++) {
		int64_t cut_off = 0;

		for (int to = 0; to < WORLD_NODES_MAX; to++)
			cut_off += parted->ways[i][to] == 'x';
		assert_true(injector_packets(injectors[i], parted->id, "egress") >= cut_off);
		assert_int_equal(injector_packets(injectors[i], parted->id, "ingress"), 0);
		if (!is_parted(parted, i))
			assert_int_equal(injector_packets(injectors[i], parted->id, NULL), 0);
	}
}

static void shapes_part_nodes_among_themselves(struct world *world)
{
	const struct parted whole = {"healed", NULL, {"....", "....", "....", "...."}};
	struct injector *injectors[WORLD_NODES_MAX];

	for (int i = 0; i < WORLD_NODES_MAX; i++)
		injectors[i] = injector_greeted(world, i, "60s");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		arm_among(injectors, &shapes[i]);
		assert_ways(world, &shapes[i], families[i % 2]);
		assert_counted(injectors, &shapes[i]);
		for (int node = 0; node < WORLD_NODES_MAX; node++)
			injector_heal(injectors[node], NULL);
		assert_ways(world, &whole, families[i % 2]);
	}
	for (int i = 0; i < WORLD_NODES_MAX; i++)
		assert_int_equal(injector_finish(injectors[i]), 0);
}

/* The receiver alone keeps a cut one-way: its sender's side may be the one that is not there. */
static void the_receiver_of_a_drop_is_enough(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	char *order = order_among("parted", 3, NODE_A, "{\"drops\":{\"node-0\":[\"node-1\"]}}");

	cJSON_Delete(injector_call(injector, "arm", "%s", order));
	free(order);
	assert_false(udp_passes(world, NODE_B, NODE_A, AF_INET, PORT));
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(udp_passes_within(world, NODE_C, NODE_A, AF_INET, SOON_MS));
	assert_true(injector_packets(injector, "parted", "ingress") >= 1);
	assert_int_equal(injector_packets(injector, "parted", "egress"), 0);
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
		WORLD_TEST(shapes_part_nodes_among_themselves, WORLD_NODES_MAX),
		WORLD_TEST(the_receiver_of_a_drop_is_enough, 3),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
