/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/world.h"

/* What a packet pays that no fault is meant for. */

enum {
	PORT = 7302,
	WARM_PACKETS = 2000,
	PACKETS = 20000,
	PAIRED_PACKETS = 2500, /* a few hundredths of a second: both halves meet the same noise */
	PAIRS = 8,
	MANY = 1000,
	CROWD = 100000,
	SET_PIECE = 2000 /* addresses in a line */
};

/* One way of being in the path of node A's packets. */
struct variant {
	const char *what;
	void (*begin)(struct world *world, const struct variant *variant);
	void (*end)(struct world *world);
	int count; /* of peers or rules */
};

static struct injector *armed;

static void nothing(struct world *world, const struct variant *variant)
{
	(void)world;
	(void)variant;
}

static void nothing_to_end(struct world *world)
{
	(void)world;
}

/* Peers in 10.77.0.0/16, where nobody is. */
static char *peers(int count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (int i = 0; i < count; i++)
		fprintf(out, "%s{\"node\":\"p%d\",\"prefixes\":[\"10.77.%d.%d\"]}", i ? "," : "", i,
			i / 250, 1 + i % 250);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void arm(struct world *world, const struct variant *variant)
{
	char *from = peers(variant->count);
	int64_t start_ns = now_ns();

	armed = injector_greeted(world, NODE_A, "60s");
	cJSON_Delete(injector_call(armed, "arm",
		"{\"id\":\"cut\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"%s\"]}],\"from\":[%s],"
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
		world_address(NODE_A, AF_INET), from, (long long)start_ns,
		(long long)(start_ns + 60000000000LL)));
	free(from);
}

/* As a named set, which is sent in pieces. */
static void send_set(int first, int count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (int i = first; i < first + count; i++)
		fprintf(out, "%s\"10.%d.%d.%d\"", i > first ? "," : "", 100 + i / 62500,
			i / 250 % 250, 1 + i % 250);
	assert_int_equal(fclose(out), 0);
	cJSON_Delete(injector_call(armed, "peers", "{\"set\":\"crowd\",\"prefixes\":[%s]}", text));
	free(text);
}

static void arm_crowd(struct world *world, const struct variant *variant)
{
	int64_t start_ns;

	armed = injector_greeted(world, NODE_A, "120s");
	for (int first = 0; first < variant->count; first += SET_PIECE)
		send_set(first, SET_PIECE);
	start_ns = now_ns();
	cJSON_Delete(injector_call(armed, "arm",
		"{\"id\":\"cut\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"%s\"]}],"
		"\"from\":[{\"node\":\"crowd\",\"set\":\"crowd\"}],"
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
		world_address(NODE_A, AF_INET), (long long)start_ns,
		(long long)start_ns + 100000000000LL));
}

/* With the links that lanes need in place. */
static void arm_lanes(struct world *world, const struct variant *variant)
{
	static const char *const faults[][2] = {
		{"loss", "{\"ratio\":0.1}"}, {"delay", "{\"delay\":\"10ms\"}"}};
	char *from = peers(variant->count);
	int64_t start_ns = now_ns();

	armed = injector_greeted(world, NODE_A, "60s");
	for (size_t i = 0; i < 2; i++)
		cJSON_Delete(injector_call(armed, "arm",
			"{\"id\":\"%s\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
			"\"on\":[{\"node\":\"a\",\"prefixes\":[\"%s\"]}],\"from\":[%s],"
			"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
			faults[i][0], faults[i][0], faults[i][1], world_address(NODE_A, AF_INET),
			from, (long long)start_ns, (long long)(start_ns + 60000000000LL)));
	free(from);
}

static void disarm(struct world *world)
{
	(void)world;
	assert_int_equal(injector_finish(armed), 0);
}

static void write_rules(const char *path, int count)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs("*filter\n", out);
	for (int i = 0; i < count; i++)
		fprintf(out, "-A OUTPUT -d 10.77.%d.%d/32 -j DROP\n", i / 250, 1 + i % 250);
	fputs("COMMIT\n", out);
	assert_int_equal(fclose(out), 0);
}

static void add_rules(struct world *world, const struct variant *variant)
{
	char path[96];

	snprintf(path, sizeof(path), "/run/%s.rules", world->prefix);
	write_rules(path, variant->count);
	world_run(
		"ip", "netns", "exec", world_netns(world, NODE_A), "iptables-restore", path, NULL);
	assert_int_equal(unlink(path), 0);
}

static void remove_rules(struct world *world)
{
	world_run(
		"ip", "netns", "exec", world_netns(world, NODE_A), "nft", "flush", "ruleset", NULL);
}

static int open_socket(const struct world *world, int node)
{
	int sock = world_socket(world, node, AF_INET, SOCK_DGRAM);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	inet_pton(AF_INET, world_address(NODE_B, AF_INET), &to.sin_addr);
	assert_int_equal(connect(sock, (struct sockaddr *)&to, sizeof(to)), 0);
	return sock;
}

static void send_packets(int sock, int count)
{
	char bytes[64] = {0};

	for (int i = 0; i < count; i++)
		(void)send(sock, bytes, sizeof(bytes), 0);
}

static int64_t per_packet_ns(int sock, int count)
{
	int64_t from_ns = now_ns();

	send_packets(sock, count);
	return (now_ns() - from_ns) / count;
}

/* What a packet takes longer from `one` than from `other`, in turns. */
static void add_pairs(int one, int other, struct series *differences)
{
	for (int i = 0; i < PAIRS; i++) {
		int64_t other_ns = per_packet_ns(other, PAIRED_PACKETS);

		series_add(differences, per_packet_ns(one, PAIRED_PACKETS) - other_ns);
	}
}

static const struct variant variants[] = {
	{"nothing in the path", nothing, nothing_to_end, 0},
	{"nothing, once more (what the same thing differs by)", nothing, nothing_to_end, 0},
	{"partition armed, 1 peer, no match", arm, disarm, 1},
	{"partition armed, 1,000 peers, no match", arm, disarm, MANY},
	{"partition armed, 100,000 addresses, no match", arm_crowd, disarm, CROWD},
	{"loss and delay armed, 1 peer, no match", arm_lanes, disarm, 1},
	{"iptables, 1 rule, no match", add_rules, remove_rules, 1},
	{"iptables, 1,000 rules, no match", add_rules, remove_rules, MANY},
};
enum {
	VARIANTS = sizeof(variants) / sizeof(variants[0]),
	FIRST_PROGRAM = 2, /* and so many, with our program in the path */
	PROGRAMS = 4
};

struct cost {
	uint64_t run_ns, runs;
};

/* Of all programs of that name; statistics are of the time in which somebody holds them enabled. */
static struct cost cost_of(const char *name)
{
	struct cost cost = {0};
	__u32 id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int file = bpf_prog_get_fd_by_id(id);

		if (file < 0)
			continue;
		if (bpf_obj_get_info_by_fd(file, &info, &size) == 0 &&
			strcmp(info.name, name) == 0) {
			cost.run_ns += info.run_time_ns;
			cost.runs += info.run_cnt;
		}
		close(file);
	}
	return cost;
}

/* The kernel's own count of what our program takes, while nothing else is asked to pay for it. */
static void count_cost(
	struct world *world, int sock, const struct variant *variant, struct series *samples)
{
	struct cost before, after;
	int statistics;

	variant->begin(world, variant);
	statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	assert_true(statistics >= 0);
	before = cost_of("bb_egress");
	send_packets(sock, PACKETS);
	after = cost_of("bb_egress");
	if (after.runs - before.runs < PACKETS - PACKETS / 100)
		bench_say("%d packets, but %llu runs of the program", PACKETS,
			(unsigned long long)(after.runs - before.runs));
	else
		series_add(samples,
			(int64_t)((after.run_ns - before.run_ns) / (after.runs - before.runs)));
	close(statistics);
	variant->end(world);
}

struct prices {
	struct series times, differences, program;
};

static void sample_all(struct page *page, struct world *world, struct prices prices[VARIANTS])
{
	int sock = open_socket(world, NODE_A), bare = open_socket(world, NODE_C);

	for (int i = 0; i < page->rounds; i++) {
		for (int v = 0; v < VARIANTS; v++) {
			variants[v].begin(world, &variants[v]);
			send_packets(sock, WARM_PACKETS);
			series_add(&prices[v].times, per_packet_ns(sock, PACKETS));
			add_pairs(sock, bare, &prices[v].differences);
			variants[v].end(world);
		}
		if (i % 4 == 0)
			for (int v = FIRST_PROGRAM; v < FIRST_PROGRAM + PROGRAMS; v++)
				count_cost(world, sock, &variants[v], &prices[v].program);
	}
	close(sock);
	close(bare);
}

static void tell(struct page *page, const struct prices prices[VARIANTS])
{
	page_times(page, "nothing");
	for (int v = 0; v < VARIANTS; v++)
		page_time(page, variants[v].what, &prices[v].times, &prices[0].times);
	page_note(page,
		"What a packet of that node pays more than one of a node beside it, which "
		"has nothing\n"
		"in its path; both send in turns of some hundredths of a second:");
	page_times(page, NULL);
	for (int v = 0; v < VARIANTS; v++)
		page_time(page, variants[v].what, &prices[v].differences, NULL);
	page_note(page,
		"The program by itself, by the kernel's statistics (`BPF_ENABLE_STATS`), "
		"which read\n"
		"a clock twice for each run and count that in:");
	page_times(page, NULL);
	for (int v = FIRST_PROGRAM; v < FIRST_PROGRAM + PROGRAMS; v++)
		page_time(page, variants[v].what, &prices[v].program, NULL);
}

void bench_packets(struct page *page)
{
	struct prices prices[VARIANTS] = {0};
	struct world world;

	page_chapter(page, "What a packet pays that no fault is meant for",
		"Datagrams of 64 bytes from node to node, over veth and a bridge, sent by one "
		"process;\n"
		"the time is that of the whole way through the kernel, receiving included. All "
		"rows take\n"
		"turns, so that noise hits them alike; the second row measures the first once "
		"more, and\n"
		"a difference below the one between these two is none.");
	world_up(&world, 3, "tcx");
	sample_all(page, &world, prices);
	world_assert_unchanged(&world);
	world_down(&world);
	tell(page, prices);
	for (int v = 0; v < VARIANTS; v++) {
		series_free(&prices[v].times);
		series_free(&prices[v].differences);
		series_free(&prices[v].program);
	}
}
