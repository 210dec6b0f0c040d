/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/world.h"

/* A hundred injectors at once: greeting, arming, beginning together, healing. */

enum {
	WORLDS = 25,
	NODES = WORLDS * WORLD_NODES_MAX,
	PORT = 7303,
	ROUNDS = 3,
	AHEAD_MS = 15000, /* two cores verify and attach a hundred programs in that time */
	FIRE_MS = 200
};

struct member {
	struct world *world;
	int node;
	struct injector *injector;
	int sock; /* sends to the next node of its world */
};

struct crowd {
	struct world worlds[WORLDS];
	struct member members[NODES];
	struct series greeted, armed, healed, late, spread, turn;
};

static int peer_of(const struct member *member)
{
	return (member->node + 1) % WORLD_NODES_MAX;
}

static void open_member(struct crowd *crowd, int index)
{
	struct member *member = &crowd->members[index];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	member->world = &crowd->worlds[index / WORLD_NODES_MAX];
	member->node = index % WORLD_NODES_MAX;
	member->sock = world_socket(member->world, member->node, AF_INET, SOCK_DGRAM);
	inet_pton(AF_INET, world_address(peer_of(member), AF_INET), &to.sin_addr);
	assert_int_equal(connect(member->sock, (struct sockaddr *)&to, sizeof(to)), 0);
}

static void greet(struct crowd *crowd)
{
	int64_t from_ns = now_ns();

	for (int i = 0; i < NODES; i++) {
		struct member *member = &crowd->members[i];

		member->injector = injector_start(member->world, member->node, NULL);
		injector_ask(member->injector, "hello",
			"{\"version\":1,\"session\":\"bench\",\"controller\":\"bench\","
			"\"lease\":\"120s\"}");
	}
	for (int i = 0; i < NODES; i++)
		cJSON_Delete(injector_answer(crowd->members[i].injector));
	series_add(&crowd->greeted, now_ns() - from_ns);
}

/* All are to begin at start_ns. */
static void arm(struct crowd *crowd, int64_t start_ns)
{
	int64_t from_ns = now_ns();

	for (int i = 0; i < NODES; i++) {
		struct member *member = &crowd->members[i];
		struct cut cut = {
			.id = "cut", .on = member->node, .from = peer_of(member), .for_ms = 60000};
		char *order = injector_cut_order(&cut, start_ns);

		injector_ask(member->injector, "arm", "%s", order);
		free(order);
	}
	for (int i = 0; i < NODES; i++)
		cJSON_Delete(injector_answer(crowd->members[i].injector));
	series_add(&crowd->armed, now_ns() - from_ns);
	assert_true(now_ns() < start_ns);
}

/* A datagram from each in turn, from before the start until well after it. */
static void fire(struct crowd *crowd, int64_t start_ns)
{
	int64_t begin_ns, turns = 0;

	while (now_ns() < start_ns - 20000000)
		pause_ms(1);
	begin_ns = now_ns();
	do {
		for (int i = 0; i < NODES; i++)
			(void)send(crowd->members[i].sock, "x", 1, 0);
		turns++;
	} while (now_ns() < start_ns + FIRE_MS * 1000000LL);
	series_add(&crowd->turn, (now_ns() - begin_ns) / turns);
}

static int64_t first_egress_ns(struct injector *injector)
{
	cJSON *evidence = injector_call(injector, "evidence", "{}"), *counter;
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);
	int64_t first_ns = 0;

	cJSON_ArrayForEach(counter, cJSON_GetObjectItem(fault, "counters")) {
		if (cJSON_GetObjectItem(counter, "direction")->valuestring[0] == 'e')
			first_ns = strtoll(
				cJSON_GetObjectItem(counter, "first_ns")->valuestring, NULL, 10);
	}
	cJSON_Delete(evidence);
	assert_true(first_ns > 0);
	return first_ns;
}

static void look(struct crowd *crowd, int64_t start_ns)
{
	int64_t first_ns = INT64_MAX, last_ns = 0;

	for (int i = 0; i < NODES; i++) {
		int64_t began_ns = first_egress_ns(crowd->members[i].injector);

		series_add(&crowd->late, began_ns - start_ns);
		first_ns = began_ns < first_ns ? began_ns : first_ns;
		last_ns = began_ns > last_ns ? began_ns : last_ns;
	}
	series_add(&crowd->spread, last_ns - first_ns);
}

static void end_all(struct crowd *crowd)
{
	int64_t from_ns = now_ns();

	for (int i = 0; i < NODES; i++) {
		close(crowd->members[i].injector->to);
		crowd->members[i].injector->to = -1;
	}
	for (int i = 0; i < NODES; i++)
		assert_int_equal(injector_wait(crowd->members[i].injector), 0);
	series_add(&crowd->healed, now_ns() - from_ns);
}

static void print(struct page *page, struct crowd *crowd)
{
	struct {
		const char *what;
		struct series *samples;
	} rows[] = {{"100 sessions started and greeted", &crowd->greeted},
		{"100 faults armed, first order to last reply", &crowd->armed},
		{"start to first drop, each injector", &crowd->late},
		{"first injector's first drop to the last one's", &crowd->spread},
		{"one turn of the sender: what the row above can't be finer than", &crowd->turn},
		{"end of all inputs to the last injector gone", &crowd->healed}};

	page_times(page, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		page_time(page, rows[i].what, rows[i].samples, NULL);
		series_free(rows[i].samples);
	}
}

void bench_crowd(struct page *page)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	assert_non_null(crowd);
	page_chapter(page, "100 injectors",
		"A hundred injectors in a hundred network namespaces of this one machine: all its "
		"work\n"
		"shares these few cores, which a real cluster's does not. Each has a neighbour to "
		"be cut\n"
		"from; one process sends a datagram from each in turn.");
	for (int i = 0; i < WORLDS; i++)
		world_up(&crowd->worlds[i], WORLD_NODES_MAX, "tcx");
	for (int i = 0; i < NODES; i++)
		open_member(crowd, i);
	for (int round = 0; round < ROUNDS; round++) {
		int64_t start_ns;

		greet(crowd);
		start_ns = now_ns() + AHEAD_MS * 1000000LL;
		arm(crowd, start_ns);
		fire(crowd, start_ns);
		look(crowd, start_ns);
		end_all(crowd);
	}
	for (int i = 0; i < NODES; i++)
		close(crowd->members[i].sock);
	for (int i = 0; i < WORLDS; i++) {
		world_assert_unchanged(&crowd->worlds[i]);
		world_down(&crowd->worlds[i]);
	}
	print(page, crowd);
	free(crowd);
}
