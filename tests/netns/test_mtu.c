/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"

/* What mtu promises, on this kernel, with real packets. */
enum {
	PORT = 7001,
	BYTES = 500,
	UDP_HEADER = 8,
	LONG_MS = 120000
};

static const struct {
	int family;
	size_t headers;
} families[] = {{AF_INET, 20 + UDP_HEADER}, {AF_INET6, 40 + UDP_HEADER}};

static size_t arrived(struct world *world, int from, int to, int family, size_t bytes)
{
	struct flood some = {.from = from,
		.to = to,
		.family = family,
		.port = PORT,
		.count = 10,
		.bytes = bytes};
	struct flooded out = flood(world, &some);
	size_t count = out.arrived;

	flooded_free(&out);
	return count;
}

static void the_longest_that_passes_is_as_asked(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "mtu",
		.id = "hole",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bytes\":500}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	for (int i = 0; i < 2; i++) {
		int family = families[i].family;
		size_t fits = BYTES - families[i].headers;

		assert_int_equal(arrived(world, NODE_A, NODE_B, family, fits), 10);
		assert_int_equal(arrived(world, NODE_A, NODE_B, family, fits + 1), 0);
		assert_int_equal(arrived(world, NODE_B, NODE_A, family, fits), 10);
		assert_int_equal(arrived(world, NODE_B, NODE_A, family, fits + 1), 0);
		assert_int_equal(arrived(world, NODE_A, NODE_C, family, fits + 1), 10);
	}
	assert_int_equal(injector_counted(injector, "hole", "egress").packets, 20);
	assert_int_equal(injector_counted(injector, "hole", "ingress").matched, 40);
	injector_heal(injector, "hole");
	assert_int_equal(arrived(world, NODE_A, NODE_B, AF_INET, BYTES), 10);
	assert_int_equal(injector_finish(injector), 0);
}

/* The connection stands and small things pass; what fills a segment does not arrive. */
static void a_train_is_as_long_as_its_segments(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "mtu",
		.id = "hole",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bytes\":1000}",
		.for_ms = LONG_MS};
	struct tcp_pair pair = tcp_connect(world, NODE_A, NODE_B, AF_INET, PORT);
	static char bytes[16 * 1024];

	injector_cut(injector, &cut);
	assert_int_equal(send(pair.client, "small", 5, 0), 5);
	assert_true(tcp_receives(pair.server, 5, 10000));
	assert_int_equal(send(pair.client, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_false(tcp_receives(pair.server, 1, 1000));
	injector_heal(injector, "hole");
	assert_true(tcp_receives(pair.server, sizeof(bytes), LONG_MS));
	tcp_close(&pair);
	/* And one whose segments fit passes whole. */
	cut.id = "wide";
	cut.with = "{\"bytes\":1500}";
	injector_cut(injector, &cut);
	tcp_stream(world, NODE_A, NODE_B, AF_INET, 1 << 20);
	assert_int_equal(injector_counted(injector, "wide", NULL).packets, 0);
	assert_int_equal(injector_finish(injector), 0);
}

/* What the kernel has learned of the path to the peer of a connected socket. */
static int path_mtu(int sock, int family)
{
	int mtu = 0;
	socklen_t size = sizeof(mtu);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_MTU : IPV6_MTU;

	assert_int_equal(getsockopt(sock, level, option, &mtu, &size), 0);
	return mtu;
}

static int connected(struct world *world, int from, int to, int family)
{
	int sock = world_socket(world, from, family, SOCK_DGRAM);
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(to, family, PORT, &address);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = family == AF_INET ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER;
	int yes = IP_PMTUDISC_DO; /* IPv6 has the same number for it */

	assert_int_equal(setsockopt(sock, level, option, &yes, sizeof(yes)), 0);
	assert_int_equal(connect(sock, (struct sockaddr *)&address, size), 0);
	return sock;
}

/* Told of it, either side shrinks its path to what passes, and TCP does not hang. */
static void with_icmp_the_path_shrinks(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut cut = {.fault = "mtu",
		.id = "narrow",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"bytes\":1340,\"icmp\":true}",
		.for_ms = LONG_MS};
	static const char bytes[1400];

	injector_cut(injector, &cut);
	for (int i = 0; i < 4; i++) {
		bool out = i % 2 == 0;
		int from = out ? NODE_A : NODE_B, to = out ? NODE_B : NODE_A;
		int family = families[i / 2].family, sock = connected(world, from, to, family);
		int64_t give_up = now_ns() + 15000 * 1000000LL;

		while (path_mtu(sock, family) != 1340 && now_ns() < give_up) {
			(void)send(sock, bytes, sizeof(bytes), 0);
			pause_ms(5);
		}
		assert_int_equal(path_mtu(sock, family), 1340);
		close(sock);
		tcp_stream(world, from, to, family, 1 << 20);
	}
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(the_longest_that_passes_is_as_asked, 3),
		WORLD_TEST(with_icmp_the_path_shrinks, 2),
		WORLD_TEST(a_train_is_as_long_as_its_segments, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
