/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/victims.h"
#include "tests/netns/world.h"

/*
 * Faults that mean one cgroup's packets. A socket belongs to the cgroup in which it was made, so
 * the test steps into one, makes it there, and steps out again.
 */
enum {
	OWN_PORT = 7101,   /* of a socket of the cgroup */
	OTHER_PORT = 7102, /* of the same node's other socket */
	LONG_MS = 120000,
	ARRIVES_WITHIN_MS = 10000,
	LOST_AFTER_MS = 200
};

static const int families[] = {AF_INET, AF_INET6};

struct ground {
	struct world *world;
	struct victims victims;
};

static void ground_init(struct ground *ground, struct world *world)
{
	ground->world = world;
	victims_init(&ground->victims);
}

static int bound(const struct ground *ground, int node, int family, int port)
{
	int sock = world_socket(ground->world, node, family, SOCK_DGRAM);
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(node, family, port, &address);

	assert_int_equal(bind(sock, (struct sockaddr *)&address, size), 0);
	return sock;
}

/* Both on node A: one of the cgroup (of the one below it, to be exact), one of nobody. */
struct pair {
	int family, own, other, far; /* far: on node B, at OWN_PORT */
};

static struct pair pair_open(const struct ground *ground, int family)
{
	struct pair pair = {.family = family};

	victims_enter(ground->victims.inside);
	pair.own = bound(ground, NODE_A, family, OWN_PORT);
	victims_leave(&ground->victims);
	pair.other = bound(ground, NODE_A, family, OTHER_PORT);
	pair.far = bound(ground, NODE_B, family, OWN_PORT);
	return pair;
}

static void pair_close(struct pair *pair)
{
	close(pair->own);
	close(pair->other);
	close(pair->far);
}

/* How many arrive of one datagram: as many as there are when none came for a while. */
static int arrive(int from, int to, int node, int family, int port)
{
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(node, family, port, &address);
	struct pollfd wait = {.fd = to, .events = POLLIN};
	int count = 0;
	char byte;

	assert_int_equal(sendto(from, "x", 1, 0, (struct sockaddr *)&address, size), 1);
	while (poll(&wait, 1, LOST_AFTER_MS) == 1) {
		assert_int_equal(recv(to, &byte, 1, 0), 1);
		count++;
	}
	return count;
}

static void assert_arrive(const struct pair *pair, int own, int other)
{
	assert_int_equal(arrive(pair->own, pair->far, NODE_B, pair->family, OWN_PORT), own);
	assert_int_equal(arrive(pair->far, pair->own, NODE_A, pair->family, OWN_PORT), own);
	assert_int_equal(arrive(pair->other, pair->far, NODE_B, pair->family, OWN_PORT), other);
	assert_int_equal(arrive(pair->far, pair->other, NODE_A, pair->family, OTHER_PORT), other);
}

static void cut_cgroup(struct injector *injector, const struct ground *ground, struct cut cut)
{
	char with[256];

	snprintf(with, sizeof(with), "{\"cgroup\":\"%s\"%s%s}", ground->victims.cgroup,
		cut.with ? "," : "", cut.with ? cut.with : "");
	cut.with = with;
	cut.on = NODE_A;
	cut.from = NODE_B;
	cut.for_ms = LONG_MS;
	injector_cut(injector, &cut);
}

static void datagrams_of_its_sockets_only(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct ground ground;

	ground_init(&ground, world);
	for (int f = 0; f < 2; f++) {
		struct pair pair = pair_open(&ground, families[f]);

		assert_arrive(&pair, 1, 1);
		cut_cgroup(injector, &ground, (struct cut){.id = f ? "six" : "four"});
		assert_arrive(&pair, 0, 1);
		assert_int_equal(injector_packets(injector, f ? "six" : "four", "egress"), 1);
		assert_int_equal(injector_packets(injector, f ? "six" : "four", "ingress"), 1);
		injector_heal(injector, NULL);
		assert_arrive(&pair, 1, 1);
		pair_close(&pair);
	}
	assert_int_equal(injector_finish(injector), 0);
	victims_deinit(&ground.victims);
}

/* Behind the wire and in a lane a packet has no socket of its own any more. */
static void through_wire_and_lane(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct ground ground;

	ground_init(&ground, world);
	cut_cgroup(injector, &ground,
		(struct cut){.id = "twice", .fault = "duplicate", .with = "\"ratio\":1"});
	cut_cgroup(injector, &ground,
		(struct cut){.id = "late", .fault = "delay", .with = "\"delay\":\"20ms\""});
	for (int f = 0; f < 2; f++) {
		struct pair pair = pair_open(&ground, families[f]);

		assert_arrive(&pair, 2, 1);
		pair_close(&pair);
	}
	/* Two families, two ways, two copies. */
	assert_int_equal(injector_packets(injector, "late", NULL), 8);
	assert_int_equal(injector_packets(injector, "twice", NULL), 4);
	assert_int_equal(injector_finish(injector), 0);
	victims_deinit(&ground.victims);
}

static bool connects(const struct ground *ground, int family, int port)
{
	int sock = world_socket(ground->world, NODE_B, family, SOCK_STREAM | SOCK_NONBLOCK);
	struct pollfd wait = {.fd = sock, .events = POLLOUT};
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(NODE_A, family, port, &address);
	bool connected;

	(void)connect(sock, (struct sockaddr *)&address, size);
	connected = poll(&wait, 1, LOST_AFTER_MS) == 1 && !(wait.revents & (POLLERR | POLLHUP));
	close(sock);
	return connected;
}

static void connections_and_listeners(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct ground ground;

	ground_init(&ground, world);
	for (int f = 0; f < 2; f++) {
		struct tcp_pair own, other;

		victims_enter(ground.victims.inside);
		own = tcp_connect(world, NODE_B, NODE_A, families[f], OWN_PORT);
		victims_leave(&ground.victims);
		other = tcp_connect(world, NODE_B, NODE_A, families[f], OTHER_PORT);
		assert_true(connects(&ground, families[f], OWN_PORT));
		cut_cgroup(injector, &ground, (struct cut){.id = f ? "six" : "four"});
		assert_int_equal(send(own.client, "lost", 4, 0), 4);
		assert_int_equal(send(own.server, "lost", 4, 0), 4);
		assert_int_equal(send(other.client, "kept", 4, 0), 4);
		assert_true(tcp_receives(other.server, 4, ARRIVES_WITHIN_MS));
		assert_false(tcp_receives(own.server, 4, LOST_AFTER_MS));
		assert_false(tcp_receives(own.client, 4, LOST_AFTER_MS));
		assert_false(connects(&ground, families[f], OWN_PORT));
		assert_true(connects(&ground, families[f], OTHER_PORT));
		injector_heal(injector, NULL);
		assert_true(tcp_receives(own.server, 4, ARRIVES_WITHIN_MS));
		assert_true(tcp_receives(own.client, 4, ARRIVES_WITHIN_MS));
		tcp_close(&own);
		tcp_close(&other);
	}
	assert_int_equal(injector_finish(injector), 0);
	victims_deinit(&ground.victims);
}

/* What systemd does when it starts a service again. */
static void a_cgroup_that_is_made_anew(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	struct ground ground;
	struct pair pair;

	ground_init(&ground, world);
	cut_cgroup(injector, &ground, (struct cut){.id = "cut"});
	assert_int_equal(rmdir(ground.victims.inside), 0);
	assert_int_equal(rmdir(ground.victims.outer), 0);
	assert_int_equal(mkdir(ground.victims.outer, 0755), 0);
	assert_int_equal(mkdir(ground.victims.inside, 0755), 0);
	pair = pair_open(&ground, AF_INET);
	cJSON_Delete(injector_call(injector, "renew", "{\"lease\":\"120s\"}"));
	assert_arrive(&pair, 0, 1);
	pair_close(&pair);
	assert_int_equal(injector_finish(injector), 0);
	victims_deinit(&ground.victims);
}

static void assert_refused(struct injector *injector, const char *with, const char *part)
{
	struct cut cut = {
		.id = "no", .with = with, .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};
	char *order = injector_cut_order(&cut, now_ns());
	char *said = injector_refusal(injector, "arm", "%s", order);

	if (!strstr(said, part))
		fail_msg("\"%s\" is not in: %s", part, said);
	free(said);
	free(order);
}

static void cgroups_that_are_none(struct world *world)
{
	struct ground ground;
	struct injector *injector;
	char with[256];

	ground_init(&ground, world);
	injector = injector_greeted(world, NODE_A, "120s");
	assert_refused(injector, "{\"cgroup\":\"/no/such\"}", "there is no cgroup /no/such");
	assert_refused(injector, "{\"cgroup\":\"/a/../b\"}", "no . and .. in it");
	assert_refused(
		injector, "{\"cgroup\":\"/a\",\"protocol\":\"icmp\"}", "leave \"cgroup\" out");
	assert_int_equal(injector_finish(injector), 0);
	victims_write_policy(&ground.victims,
		"{\"backburn_policy\":1,\"protect\":{\"cgroups\":[\"/backburn-victims-0\"]}}");
	injector = injector_start(world, NODE_A, "--policy", ground.victims.policy, "--cgroup",
		ground.victims.inside, NULL);
	cJSON_Delete(injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"s\",\"controller\":\"c\",\"lease\":"
		"\"120s\"}"));
	assert_refused(injector, "{\"cgroup\":\"/backburn-victims-0/x\"}", "is protected");
	snprintf(with, sizeof(with), "{\"cgroup\":\"%s\"}", ground.victims.cgroup);
	assert_refused(injector, with, "confined to");
	assert_int_equal(injector_finish(injector), 0);
	victims_deinit(&ground.victims);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(datagrams_of_its_sockets_only, 2),
		WORLD_TEST(through_wire_and_lane, 2),
		WORLD_TEST(connections_and_listeners, 2),
		WORLD_TEST(a_cgroup_that_is_made_anew, 2),
		WORLD_TEST(cgroups_that_are_none, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
