/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* It needs what socket headers define, and includes none. */
#include <linux/sctp.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"

/*
 * test_matching.c puts frames of rare protocols on the cable. Here a kernel's own SCTP and its VLAN
 * devices make them, where it has those; where not, the test is skipped and says why. Debian's
 * kernels have both (tests/vm/guest_ring sees to it).
 */
enum {
	PORT = 7001,
	OTHER_PORT = 7002,
	NODES = 3,
	LONG_MS = 120000,
	SOON_MS = 20000,
	LOST_MS = 500 /* what has not come by then does not come */
};

static const int families[] = {AF_INET, AF_INET6};

static void assert_no_hits(struct injector *injector, const char *id)
{
	assert_int_equal(injector_counted(injector, id, NULL).packets, 0);
}

/* ---- SCTP ---- */

/* One-to-one style: connected like TCP, and with the same calls. */
struct association {
	int listener, client, server;
};

/* Tries again soon, and does not give up while the cut lasts. */
static void be_patient(int sock)
{
	const struct sctp_rtoinfo times = {.srto_initial = 500, .srto_max = 2000, .srto_min = 200};
	const struct sctp_assocparams tries = {.sasoc_asocmaxrxt = 1000};

	assert_int_equal(setsockopt(sock, IPPROTO_SCTP, SCTP_RTOINFO, &times, sizeof(times)), 0);
	assert_int_equal(setsockopt(sock, IPPROTO_SCTP, SCTP_ASSOCINFO, &tries, sizeof(tries)), 0);
}

/* Bound, since SCTP would go round a cut by any other address that its node has. */
static int sctp_socket(const struct world *world, int node, int family, int port)
{
	int sock = world_socket_of(world, node, family, SOCK_STREAM, IPPROTO_SCTP);
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(node, family, port, &address);

	assert_true(sock >= 0);
	be_patient(sock);
	assert_int_equal(bind(sock, (struct sockaddr *)&address, size), 0);
	return sock;
}

static bool has_sctp(const struct world *world)
{
	int sock = world_socket_of(world, NODE_A, AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	if (sock < 0) {
		assert_int_equal(errno, EPROTONOSUPPORT);
		return false;
	}
	close(sock);
	return true;
}

static bool both_ways(const struct association *pair)
{
	assert_int_equal(send(pair->client, "ping", 4, 0), 4);
	assert_int_equal(send(pair->server, "pong", 4, 0), 4);
	return tcp_receives(pair->server, 4, SOON_MS) && tcp_receives(pair->client, 4, SOON_MS);
}

static struct association associate(const struct world *world, int to, int family, int port)
{
	struct association pair = {
		.listener = sctp_socket(world, to, family, port),
		.client = sctp_socket(world, NODE_A, family, 0),
	};
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(to, family, port, &address);

	assert_int_equal(listen(pair.listener, 1), 0);
	assert_int_equal(connect(pair.client, (struct sockaddr *)&address, size), 0);
	pair.server = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair.server >= 0);
	assert_true(both_ways(&pair));
	return pair;
}

static void dissolve(const struct association *pair)
{
	close(pair->client);
	close(pair->server);
	close(pair->listener);
}

static void await_hits(struct injector *injector, const char *id, const char *direction)
{
	int64_t give_up_ns = now_ns() + SOON_MS * INT64_C(1000000);

	while (injector_packets(injector, id, direction) == 0) {
		assert_true(now_ns() < give_up_ns);
		pause_ms(5);
	}
}

static void assert_heard_of_nothing(int sock)
{
	int error = 0;
	socklen_t size = sizeof(error);

	assert_int_equal(getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	assert_int_equal(error, 0);
}

/* What is sent on `pair` vanishes both ways, and comes after the heal. */
static void cut_it(struct injector *injector, const struct association *pair,
	const struct association *others, size_t count)
{
	struct cut cut = {.id = "sctp",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ports\":7001}",
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	assert_int_equal(send(pair->client, "late", 4, 0), 4);
	assert_int_equal(send(pair->server, "late", 4, 0), 4);
	await_hits(injector, cut.id, "egress");
	await_hits(injector, cut.id, "ingress");
	for (size_t i = 0; i < count; i++)
		assert_true(both_ways(&others[i]));
	assert_false(tcp_receives(pair->server, 1, LOST_MS));
	assert_false(tcp_receives(pair->client, 1, LOST_MS));
	assert_heard_of_nothing(pair->client);
	assert_heard_of_nothing(pair->server);
	injector_heal(injector, cut.id);
	assert_true(tcp_receives(pair->server, 4, SOON_MS));
	assert_true(tcp_receives(pair->client, 4, SOON_MS));
	assert_true(both_ways(pair));
}

static void sctp_by_its_port(struct world *world)
{
	struct cut udp = {.id = "udp",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"protocol\":\"udp\",\"ports\":7001}",
		.for_ms = LONG_MS};
	struct injector *injector;

	if (!has_sctp(world)) {
		print_message("skipped: this kernel has no SCTP\n");
		skip();
	}
	for (int i = 0; i < 2; i++) {
		const struct association pair = associate(world, NODE_B, families[i], PORT);
		const struct association others[] = {
			associate(world, NODE_B, families[i], OTHER_PORT),
			associate(world, NODE_C, families[i], PORT),
		};

		/* The same port of another protocol is another one. */
		injector = injector_greeted(world, NODE_A, "120s");
		injector_cut(injector, &udp);
		assert_true(both_ways(&pair));
		assert_no_hits(injector, udp.id);
		injector_heal(injector, udp.id);
		cut_it(injector, &pair, others, 2);
		assert_int_equal(injector_finish(injector), 0);
		dissolve(&pair);
		dissolve(&others[0]);
		dissolve(&others[1]);
	}
}

/* ---- VLANs ---- */

#define VLAN_ID 42
#define VLAN_DEVICE "eth0.42"

enum {
	DATAGRAMS = 10
};

/* Of a node in the VLAN. */
static const char *inside(int node, int family)
{
	static char addresses[NODES][2][32];
	char *address = addresses[node][family == AF_INET6];

	snprintf(address, sizeof(addresses[0][0]), family == AF_INET ? "10.98.0.%d" : "fd98::%d",
		node + 1);
	return address;
}

/* False: this kernel has no module 8021q, and none in it. Its name is what the kernel gives it. */
static bool add_vlan(const struct world *world, int node)
{
	struct vlan_ioctl_args order = {.cmd = ADD_VLAN_CMD, .device1 = "eth0", .u.VID = VLAN_ID};
	int sock = world_socket(world, node, AF_INET, SOCK_DGRAM);
	const char *netns = world_netns(world, node);
	char ipv4[64], ipv6[64];
	bool made = ioctl(sock, SIOCSIFVLAN, &order) == 0;

	if (!made)
		assert_int_equal(errno, ENOPKG);
	close(sock);
	if (!made)
		return false;
	snprintf(ipv4, sizeof(ipv4), "%.40s/24", inside(node, AF_INET));
	snprintf(ipv6, sizeof(ipv6), "%.40s/64", inside(node, AF_INET6));
	world_run("ip", "-n", netns, "link", "set", VLAN_DEVICE, "addrgenmode", "none", NULL);
	world_run("ip", "-n", netns, "addr", "add", ipv4, "dev", VLAN_DEVICE, NULL);
	world_run("ip", "-n", netns, "addr", "add", ipv6, "dev", VLAN_DEVICE, "nodad", NULL);
	world_run("ip", "-n", netns, "link", "set", VLAN_DEVICE, "up", NULL);
	return true;
}

static void remove_vlan(const struct world *world, int node)
{
	world_run("ip", "-n", world_netns(world, node), "link", "del", VLAN_DEVICE, NULL);
}

struct tagged {
	int from, to, family, port;
};

/* How many of DATAGRAMS come through the VLAN; the sender hears of no error. */
static int arrived(const struct world *world, const struct tagged *tagged)
{
	int in = world_socket(world, tagged->to, tagged->family, SOCK_DGRAM);
	int out = world_socket(world, tagged->from, tagged->family, SOCK_DGRAM);
	struct pollfd wait = {.fd = in, .events = POLLIN};
	struct sockaddr_storage address;
	socklen_t size = sockaddr_of(
		inside(tagged->to, tagged->family), tagged->family, tagged->port, &address);
	int count = 0;
	char byte;

	assert_int_equal(bind(in, (struct sockaddr *)&address, size), 0);
	assert_int_equal(connect(out, (struct sockaddr *)&address, size), 0);
	for (int i = 0; i < DATAGRAMS; i++)
		assert_int_equal(send(out, "x", 1, 0), 1);
	while (count < DATAGRAMS && poll(&wait, 1, LOST_MS) == 1)
		count += recv(in, &byte, 1, MSG_DONTWAIT) == 1;
	assert_heard_of_nothing(out);
	close(in);
	close(out);
	return count;
}

/* Both ways between NODE_A and another. */
static void assert_arrived(const struct world *world, int other, int family, int port, int wanted)
{
	const struct tagged there = {NODE_A, other, family, port},
			    back = {other, NODE_A, family, port};

	assert_int_equal(arrived(world, &there), wanted);
	assert_int_equal(arrived(world, &back), wanted);
}

/* A packet of a VLAN is seen at the link below it, with its tag, and counts once. */
static void cut_in_vlan(struct world *world, int family)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct cut untagged = {.id = "untagged",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ports\":7001}",
		.for_ms = LONG_MS};
	struct cut tagged = untagged;

	/* It is the address that is meant, not the cable below it. */
	injector_cut(injector, &untagged);
	assert_arrived(world, NODE_B, family, PORT, DATAGRAMS);
	assert_no_hits(injector, untagged.id);
	assert_false(udp_passes(world, NODE_A, NODE_B, family, PORT));
	injector_heal(injector, untagged.id);

	tagged.id = "tagged";
	tagged.extra = inside(NODE_B, family);
	injector_cut(injector, &tagged);
	assert_arrived(world, NODE_B, family, PORT, 0);
	assert_int_equal(injector_packets(injector, tagged.id, "egress"), DATAGRAMS);
	assert_int_equal(injector_packets(injector, tagged.id, "ingress"), DATAGRAMS);
	assert_arrived(world, NODE_B, family, OTHER_PORT, DATAGRAMS);
	assert_arrived(world, NODE_C, family, PORT, DATAGRAMS);
	assert_int_equal(injector_packets(injector, tagged.id, NULL), 2 * DATAGRAMS);
	injector_heal(injector, tagged.id);
	assert_arrived(world, NODE_B, family, PORT, DATAGRAMS);
	assert_true(udp_passes(world, NODE_A, NODE_B, family, PORT));
	assert_int_equal(injector_finish(injector), 0);
}

/* Decided on the spot, and by way of a lane, where the packet has its tag below our label. */
static void met_once_in_vlan(struct world *world, int family)
{
	static const struct {
		const char *fault, *with;
		int arriving;
	} faults[] = {
		{"loss", "{\"type\":\"every\",\"every\":2,\"ports\":7001}", DATAGRAMS / 2},
		{"duplicate", "{\"ratio\":0,\"ports\":7001}", DATAGRAMS},
		{"delay", "{\"delay\":\"20ms\",\"ports\":7001}", DATAGRAMS},
	};
	struct injector *injector = injector_greeted(world, NODE_A, "120s");

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct cut cut = {.fault = faults[i].fault,
			.id = faults[i].fault,
			.on = NODE_A,
			.from = NODE_B,
			.extra = inside(NODE_B, family),
			.with = faults[i].with,
			.for_ms = LONG_MS};

		injector_cut(injector, &cut);
		assert_arrived(world, NODE_B, family, PORT, faults[i].arriving);
		for (int out = 0; out < 2; out++)
			assert_int_equal(
				injector_counted(injector, cut.id, out ? "egress" : "ingress")
					.matched,
				DATAGRAMS);
		injector_heal(injector, cut.id);
		assert_arrived(world, NODE_B, family, PORT, DATAGRAMS);
	}
	assert_int_equal(injector_finish(injector), 0);
}

static void a_vlan_on_the_link(struct world *world)
{
	for (int node = 0; node < NODES; node++)
		if (!add_vlan(world, node)) {
			print_message("skipped: this kernel has no 8021q\n");
			skip();
		}
	for (int i = 0; i < 2; i++) {
		assert_arrived(world, NODE_B, families[i], PORT, DATAGRAMS);
		assert_arrived(world, NODE_C, families[i], PORT, DATAGRAMS);
		cut_in_vlan(world, families[i]);
		met_once_in_vlan(world, families[i]);
	}
	for (int node = 0; node < NODES; node++)
		remove_vlan(world, node);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(sctp_by_its_port, NODES),
		WORLD_TEST(a_vlan_on_the_link, NODES),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
