/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"
#include "tests/netns/way.h"
#include "tests/netns/world.h"

/* What all network faults share, on this kernel: when they act, on which connections, and where. */

enum {
	PORT = 7001,
	OTHER_PORT = 7002,
	LONG_MS = 60000,
	SOON_MS = 15000
};

/* --- flap ---------------------------------------------------------------------------------- */

enum {
	FLAP_ON_MS = 300,
	FLAP_OFF_MS = 500,
	FLAP_LOOKS = 4 * (FLAP_ON_MS + FLAP_OFF_MS) / 5
};

/* 1: all of the instant lies where it acts; 0: where it pauses; -1: it reaches over a border. */
static int flaps(int64_t start_ns, int64_t before_ns, int64_t after_ns)
{
	const int64_t on_ns = FLAP_ON_MS * INT64_C(1000000);
	const int64_t period_ns = (FLAP_ON_MS + FLAP_OFF_MS) * INT64_C(1000000);
	int64_t first = before_ns - start_ns, last = after_ns - start_ns;

	if (first / period_ns != last / period_ns ||
		(first % period_ns < on_ns) != (last % period_ns < on_ns))
		return -1;
	return first % period_ns < on_ns;
}

static void note_arrived(int sock, bool *arrived)
{
	int number;

	while (recv(sock, &number, sizeof(number), MSG_DONTWAIT) == sizeof(number))
		arrived[number] = true;
}

static void a_flapping_cut_comes_and_goes(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.id = "flapping",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"direction\":\"out\",\"flap\":{\"on\":\"300ms\",\"off\":\"500ms\"}}"};
	int in = world_socket(world, NODE_B, AF_INET, SOCK_DGRAM);
	int out = world_socket(world, NODE_A, AF_INET, SOCK_DGRAM);
	int64_t start_ns = now_ns() + 20 * INT64_C(1000000);
	bool arrived[FLAP_LOOKS] = {false};
	char *order = injector_cut_order(&cut, start_ns);
	int phase[FLAP_LOOKS], seen[2] = {0};
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(NODE_B, AF_INET, PORT, &address);
	int number;

	assert_int_equal(bind(in, (struct sockaddr *)&address, size), 0);
	assert_int_equal(connect(out, (struct sockaddr *)&address, size), 0);
	/* Neighbours are found while packets pass. */
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	cJSON_Delete(injector_call(injector, "arm", "%s", order));
	free(order);
	for (number = 0; number < FLAP_LOOKS; number++) {
		int64_t before_ns = now_ns();

		assert_int_equal(send(out, &number, sizeof(number), 0), sizeof(number));
		phase[number] = before_ns < start_ns ? -1 : flaps(start_ns, before_ns, now_ns());
		pause_ms(5);
		note_arrived(in, arrived);
	}
	note_arrived(in, arrived);
	for (int i = 0; i < FLAP_LOOKS; i++) {
		if (phase[i] < 0)
			continue;
		seen[phase[i]]++;
		assert_int_equal(arrived[i], !phase[i]);
	}
	/* Of each kind there were many: nothing was judged by luck. */
	assert_true(seen[0] > FLAP_LOOKS / 4);
	assert_true(seen[1] > FLAP_LOOKS / 8);
	assert_true(injector_packets(injector, "flapping", "egress") >= seen[1]);
	close(in);
	close(out);
	assert_int_equal(injector_finish(injector), 0);
}

/* --- connections ---------------------------------------------------------------------------- */

static bool connects_within(const struct world *world, int port, int within_ms)
{
	int listener = world_socket(world, NODE_B, AF_INET, SOCK_STREAM);
	int client = world_socket(world, NODE_A, AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
	struct pollfd wait = {.fd = client, .events = POLLOUT};
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(NODE_B, AF_INET, port, &address);
	bool connected;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, size), -1);
	assert_int_equal(errno, EINPROGRESS);
	connected = poll(&wait, 1, within_ms) == 1;
	if (connected)
		assert_int_equal(wait.revents, POLLOUT); /* and no error */
	close(client);
	close(listener);
	return connected;
}

static bool both_ways(const struct tcp_pair *pair, int within_ms)
{
	assert_int_equal(send(pair->client, "ping", 4, 0), 4);
	assert_int_equal(send(pair->server, "pong", 4, 0), 4);
	return tcp_receives(pair->server, 4, within_ms) && tcp_receives(pair->client, 4, within_ms);
}

static void new_connections_only(struct world *world)
{
	struct tcp_pair old = tcp_connect(world, NODE_A, NODE_B, AF_INET, PORT);
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.id = "new",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"connections\":\"new\"}"};

	injector_cut(injector, &cut);
	assert_true(both_ways(&old, SOON_MS));
	assert_false(connects_within(world, OTHER_PORT, 1500));
	assert_true(both_ways(&old, SOON_MS));
	/* It is about TCP: what has no connections is not meant. */
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(injector_packets(injector, "new", "egress") >= 1);
	injector_heal(injector, "new");
	assert_true(connects_within(world, OTHER_PORT + 1, SOON_MS));
	tcp_close(&old);
	assert_int_equal(injector_finish(injector), 0);
}

static void established_connections_only(struct world *world)
{
	struct tcp_pair old = tcp_connect(world, NODE_A, NODE_B, AF_INET, PORT), young;
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	struct cut cut = {.id = "old",
		.on = NODE_A,
		.from = NODE_B,
		.for_ms = LONG_MS,
		.with = "{\"connections\":\"established\"}"};

	injector_cut(injector, &cut);
	assert_int_equal(send(old.client, "ping", 4, 0), 4);
	young = tcp_connect(world, NODE_A, NODE_B, AF_INET, OTHER_PORT);
	assert_true(both_ways(&young, SOON_MS));
	assert_false(tcp_receives(old.server, 4, 500));
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(injector_packets(injector, "old", "egress") >= 1);
	injector_heal(injector, "old");
	assert_true(tcp_receives(old.server, 4, LONG_MS));
	assert_true(both_ways(&young, SOON_MS));
	tcp_close(&young);
	tcp_close(&old);
	assert_int_equal(injector_finish(injector), 0);
}

/* --- a link on another ------------------------------------------------------------------------ */

enum {
	STACKED_COUNT = 1000,
	STACKED_DELAY_MS = 40
};

/* As on a host of virtual machines: the node's addresses are those of a bridge, eth0 is its port.
 */
static void move_onto_bridge(const struct world *world)
{
	const char *netns = world_netns(world, NODE_A);

	world_run("ip", "-n", netns, "link", "add", "br1", "type", "bridge", NULL);
	world_run("ip", "-n", netns, "link", "set", "br1", "addrgenmode", "none", NULL);
	world_run("ip", "-n", netns, "addr", "del", "10.99.0.1/24", "dev", "eth0", NULL);
	world_run("ip", "-n", netns, "link", "set", "eth0", "master", "br1", NULL);
	world_run("ip", "-n", netns, "addr", "add", "10.99.0.1/24", "dev", "br1", NULL);
	world_run("ip", "-n", netns, "link", "set", "br1", "up", NULL);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
}

static void move_off_bridge(const struct world *world)
{
	const char *netns = world_netns(world, NODE_A);

	world_run("ip", "-n", netns, "link", "del", "br1", NULL);
	world_run("ip", "-n", netns, "addr", "add", "10.99.0.1/24", "dev", "eth0", NULL);
}

static void assert_half_arrives(const struct world *world, int from, int to)
{
	struct flood many = {
		.from = from, .to = to, .family = AF_INET, .port = PORT, .count = STACKED_COUNT};
	struct flooded flooded = flood(world, &many);

	assert_int_equal(flooded.arrived, STACKED_COUNT / 2);
	flooded_free(&flooded);
}

static void assert_delayed_once(const struct world *world, int from, int to)
{
	const struct way way = {from, to, AF_INET};
	int64_t best_ns = way_best_ns(world, &way, 20);

	assert_true(best_ns >= STACKED_DELAY_MS * INT64_C(1000000));
	assert_true(best_ns < 2 * STACKED_DELAY_MS * INT64_C(1000000));
}

/* A packet passes the bridge and its port, and meets a fault once, as on a node without a bridge.
 */
static void a_link_on_another_is_not_hit_twice(struct world *world)
{
	struct injector *injector;
	struct cut loss = {.fault = "loss",
		.id = "half",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"type\":\"every\",\"every\":2,\"ports\":7001}",
		.for_ms = LONG_MS};
	struct cut delay = {.fault = "delay",
		.id = "late",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"delay\":\"40ms\"}",
		.for_ms = LONG_MS};

	move_onto_bridge(world);
	injector = injector_greeted(world, NODE_A, "60s");
	injector_cut(injector, &loss);
	assert_half_arrives(world, NODE_A, NODE_B);
	assert_half_arrives(world, NODE_B, NODE_A);
	assert_int_equal(injector_counted(injector, "half", "egress").matched, STACKED_COUNT);
	assert_int_equal(injector_counted(injector, "half", "ingress").matched, STACKED_COUNT);
	injector_heal(injector, "half");
	injector_cut(injector, &delay);
	assert_delayed_once(world, NODE_A, NODE_B);
	assert_delayed_once(world, NODE_B, NODE_A);
	injector_heal(injector, "late");
	assert_int_equal(injector_finish(injector), 0);
	move_off_bridge(world);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(a_flapping_cut_comes_and_goes, 2),
		WORLD_TEST(new_connections_only, 2),
		WORLD_TEST(established_connections_only, 2),
		WORLD_TEST(a_link_on_another_is_not_hit_twice, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
