/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"
#include "tests/netns/hang.h"
#include "tests/netns/world.h"

/* Other people's programs and rules, and what the host's owner protects, stay as they are. */

enum {
	PORT = 7001,
	OTHER_PORT = 7002,
	LONG_MS = 60000,
	SOON_MS = 15000,
	MANY = 200,
	MARKED_BYTES = 777, /* of a datagram that is told from all others by its length */
	MARKED_LENGTH = 14 + 20 + 8 + MARKED_BYTES
};

static const struct cut whole = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};

/*
 * A foreign program: counts packets in a map, and lets them go on to the next program. With a
 * length, only those that are as long, Ethernet header and all.
 */
struct foreign {
	int map, program, link;
};

static struct foreign load_foreign_for(int length)
{
	struct foreign foreign = {.link = -1};
	struct bpf_insn code[] = {
		/* if (skb->len != length) goto out */
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1},
		{.code = BPF_JMP | (length ? BPF_JNE : BPF_JSET) | BPF_K,
			.dst_reg = 2,
			.off = 9,
			.imm = length},
		/* *(u32 *)(fp - 4) = 0; r0 = map_lookup(map, fp - 4) */
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4},
		/* A 64-bit load takes two places; BPF_LD, BPF_IMM, BPF_ADD and BPF_K are 0. */
		{.code = BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10},
		{.code = BPF_ALU64, .dst_reg = 2, .imm = -4},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		/* if (r0) (*(u64 *)r0)++ */
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .off = 2},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 1},
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 0, .src_reg = 1, .imm = BPF_ADD},
		/* return TC_ACT_UNSPEC */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = TC_ACT_UNSPEC},
		{.code = BPF_JMP | BPF_EXIT},
	};

	foreign.map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 8, 1, NULL);
	assert_true(foreign.map >= 0);
	code[3].imm = foreign.map;
	foreign.program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", code,
		sizeof(code) / sizeof(code[0]), NULL);
	assert_true(foreign.program >= 0);
	return foreign;
}

static struct foreign load_foreign(void)
{
	return load_foreign_for(0);
}

static void unload_foreign(struct foreign *foreign)
{
	if (foreign->link >= 0)
		close(foreign->link);
	close(foreign->program);
	close(foreign->map);
}

static uint64_t foreign_count(const struct foreign *foreign)
{
	uint64_t count = 0;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(foreign->map, &zero, &count), 0);
	return count;
}

static void assert_foreign_is_listed(struct injector *injector, const char *name, bool ahead)
{
	char *order = injector_cut_order(&whole, now_ns());
	cJSON *inspected = injector_call(injector, "inspect", "%s", order), *each;
	bool found = false;

	free(order);
	cJSON_ArrayForEach(each, cJSON_GetObjectItem(inspected, "foreign")) {
		if (!strstr(cJSON_GetObjectItem(each, "name")->valuestring, name))
			continue;
		found = true;
		assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItem(each, "ahead")), ahead);
		assert_string_equal(cJSON_GetObjectItem(each, "direction")->valuestring, "egress");
	}
	assert_true(found);
	cJSON_Delete(inspected);
}

static void a_foreign_tcx_program_keeps_working(struct world *world)
{
	struct foreign foreign = load_foreign();
	struct injector *injector;
	uint64_t before;

	foreign.link = hang_tcx(world, NODE_A, foreign.program, HANG_TCX_EGRESS);
	if (foreign.link < 0) {
		close(foreign.program);
		close(foreign.map);
		print_message("skipped: this kernel has no tcx, so nothing foreign can be there\n");
		skip();
	}
	injector = injector_greeted(world, NODE_A, "30s");
	assert_foreign_is_listed(injector, "foreign", strcmp(world->attach, "clsact") == 0);
	injector_cut(injector, &whole);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	before = foreign_count(&foreign);
	/* Port and peer are nobody's: the packet passes us, and the foreign program sees it. */
	udp_send(world, NODE_A, "10.99.0.200", PORT);
	injector_heal(injector, NULL);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(foreign_count(&foreign) > before);
	assert_int_equal(injector_finish(injector), 0);
	before = foreign_count(&foreign);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(foreign_count(&foreign) > before);
	close(foreign.link);
	close(foreign.program);
	close(foreign.map);
}

static char *filters_of(struct world *world)
{
	int status;

	return world_output(&status, "tc", "-n", world_netns(world, NODE_A), "filter", "show",
		"dev", "eth0", "egress", NULL);
}

static void a_users_filter_keeps_working(struct world *world)
{
	struct foreign foreign = load_foreign();
	struct injector *injector;
	char *before, *after;
	uint64_t seen;

	hang_filter(world, NODE_A, foreign.program, (struct filter_place){true, 1});
	before = filters_of(world);
	assert_non_null(strstr(before, "foreign"));
	injector = injector_greeted(world, NODE_A, "30s");
	assert_foreign_is_listed(injector, "foreign", strcmp(world->attach, "clsact") == 0);
	injector_cut(injector, &whole);
	seen = foreign_count(&foreign);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	/* By clsact it stands in front of us and sees what we drop. */
	if (strcmp(world->attach, "clsact") == 0)
		assert_true(foreign_count(&foreign) > seen);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET6, PORT));
	injector_heal(injector, NULL);
	seen = foreign_count(&foreign);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(foreign_count(&foreign) > seen);
	assert_int_equal(injector_finish(injector), 0);
	after = filters_of(world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	hang_no_filters(world, NODE_A);
	close(foreign.program);
	close(foreign.map);
}

/* ---- with lanes ---- */

/* All that a user has on a device. */
struct belongings {
	struct foreign filters[2], programs[2]; /* by direction: into, out of */
	bool has_programs;
	char *qdiscs, *classes, *filters_shown, *rules;
};

static char *show(const struct world *world, const char *what)
{
	int status;

	return world_output(&status, "tc", "-n", world_netns(world, NODE_A), "-d", what, "show",
		"dev", "eth0", NULL);
}

static char *show_rules(const struct world *world)
{
	int status;

	return world_output(&status, "ip", "netns", "exec", world_netns(world, NODE_A), "nft", "-s",
		"list", "ruleset", NULL);
}

/* Packets that the root's class has passed on. */
static long class_packets(const struct world *world)
{
	int status;
	char *text = world_output(&status, "tc", "-n", world_netns(world, NODE_A), "-s", "class",
		"show", "dev", "eth0", "classid", "1:10", NULL);
	const char *sent = strstr(text, "Sent ");
	long bytes, packets;

	assert_non_null(sent);
	assert_int_equal(sscanf(sent, "Sent %ld bytes %ld pkt", &bytes, &packets), 2);
	free(text);
	return packets;
}

static void settle_in(struct belongings *own, const struct world *world)
{
	static const struct filter_place places[] = {{false, 7}, {true, 7}};
	static const int hooks[] = {HANG_TCX_INGRESS, HANG_TCX_EGRESS};
	const char *netns = world_netns(world, NODE_A);

	world_run("tc", "-n", netns, "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "htb",
		"default", "10", "r2q", "50", "direct_qlen", "1234", NULL);
	world_run("tc", "-n", netns, "class", "add", "dev", "eth0", "parent", "1:", "classid",
		"1:10", "htb", "rate", "900mbit", "burst", "64k", NULL);
	world_run("ip", "netns", "exec", netns, "nft", "add", "table", "inet", "user", NULL);
	world_run("ip", "netns", "exec", netns, "nft", "add", "chain", "inet", "user", "out",
		"{ type filter hook output priority 0; }", NULL);
	world_run("ip", "netns", "exec", netns, "nft", "add", "rule", "inet", "user", "out",
		"counter", NULL);
	/* By clsact a foreign tcx program stands in front of us, and sees delayed packets twice. */
	own->has_programs = strcmp(world->attach, "tcx") == 0;
	for (int i = 0; i < 2; i++) {
		own->filters[i] = load_foreign_for(MARKED_LENGTH);
		own->programs[i] = load_foreign_for(MARKED_LENGTH);
		hang_filter(world, NODE_A, own->filters[i].program, places[i]);
		if (own->has_programs)
			own->programs[i].link =
				hang_tcx(world, NODE_A, own->programs[i].program, hooks[i]);
		own->has_programs &= own->programs[i].link >= 0;
	}
	own->qdiscs = show(world, "qdisc");
	own->classes = show(world, "class");
	own->filters_shown = filters_of((struct world *)world);
	own->rules = show_rules(world);
	assert_non_null(strstr(own->qdiscs, "qdisc htb 1: root"));
	assert_non_null(strstr(own->filters_shown, "pref 7"));
	assert_non_null(strstr(own->rules, "hook output"));
}

static void move_out(struct belongings *own, const struct world *world)
{
	const char *netns = world_netns(world, NODE_A);

	world_run("ip", "netns", "exec", netns, "nft", "delete", "table", "inet", "user", NULL);
	world_run("tc", "-n", netns, "qdisc", "del", "dev", "eth0", "root", NULL);
	hang_no_filters(world, NODE_A);
	for (int i = 0; i < 2; i++) {
		unload_foreign(&own->filters[i]);
		unload_foreign(&own->programs[i]);
	}
	free(own->qdiscs);
	free(own->classes);
	free(own->filters_shown);
	free(own->rules);
}

static void assert_same(char *now, const char *before)
{
	assert_string_equal(now, before);
	free(now);
}

/* `ours_too`: our filter stands beside the user's. */
static void assert_shown_as_before(
	const struct belongings *own, const struct world *world, bool ours_too)
{
	char *filters = filters_of((struct world *)world);

	assert_same(show(world, "qdisc"), own->qdiscs);
	assert_same(show(world, "class"), own->classes);
	assert_same(show_rules(world), own->rules);
	if (ours_too)
		assert_non_null(strstr(filters, own->filters_shown));
	else
		assert_string_equal(filters, own->filters_shown);
	free(filters);
}

/*
 * Many datagrams each way, of which `arriving` come through. What stands behind us sees each of
 * those once, on both ways; so does the root qdisc.
 */
static void assert_seen_once(
	const struct belongings *own, const struct world *world, size_t arriving)
{
	uint64_t before[2][2];
	long passed = class_packets(world);

	for (int i = 0; i < 2; i++) {
		before[0][i] = foreign_count(&own->filters[i]);
		before[1][i] = foreign_count(&own->programs[i]);
	}
	for (int i = 0; i < 2; i++) {
		struct flood many = {.from = i ? NODE_A : NODE_B,
			.to = i ? NODE_B : NODE_A,
			.family = AF_INET,
			.port = PORT,
			.count = MANY,
			.bytes = MARKED_BYTES};
		struct flooded flooded = flood(world, &many);

		assert_int_equal(flooded.arrived, arriving);
		assert_int_equal(flooded.copies, 0);
		flooded_free(&flooded);
	}
	/* Address resolution may add a few. */
	passed = class_packets(world) - passed;
	assert_in_range(passed, arriving, arriving + 20);
	for (int i = 0; i < 2; i++) {
		/* What is dropped on the way in never comes to who stands behind us. */
		assert_int_equal(foreign_count(&own->filters[i]) - before[0][i], arriving);
		if (own->has_programs)
			assert_int_equal(foreign_count(&own->programs[i]) - before[1][i], arriving);
	}
}

static void users_of_the_device_beside_lanes(struct world *world)
{
	struct cut delay = {.fault = "delay",
		.id = "late",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"delay\":\"5ms\"}",
		.for_ms = LONG_MS};
	struct cut loss = delay, rate = delay;
	struct injector *injector;
	struct belongings own;

	loss.id = loss.fault = "loss";
	loss.with = "{\"type\":\"every\",\"every\":4}";
	rate.id = rate.fault = "rate";
	rate.with = "{\"bandwidth\":\"200Mbit\",\"limit\":\"1MiB\"}";
	settle_in(&own, world);
	assert_seen_once(&own, world, MANY);
	injector = injector_greeted(world, NODE_A, "60s");
	injector_cut(injector, &delay);
	injector_cut(injector, &loss);
	injector_cut(injector, &rate);
	assert_shown_as_before(&own, world, strcmp(world->attach, "clsact") == 0);
	assert_seen_once(&own, world, MANY - MANY / 4);
	assert_true(injector_counted(injector, "late", "egress").packets >= MANY - MANY / 4);
	assert_true(injector_counted(injector, "rate", "ingress").packets >= MANY - MANY / 4);
	injector_heal(injector, NULL);
	assert_shown_as_before(&own, world, false);
	assert_seen_once(&own, world, MANY);
	assert_int_equal(injector_finish(injector), 0);
	move_out(&own, world);
}

/* Somebody puts a filter into the clsact that we made: it is theirs then. */
static void a_clsact_that_others_came_to_use_stays(struct world *world)
{
	struct foreign foreign = load_foreign();
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	char *after;

	injector_cut(injector, &whole);
	hang_filter(world, NODE_A, foreign.program, (struct filter_place){true, 77});
	injector_heal(injector, NULL);
	after = filters_of(world);
	assert_non_null(strstr(after, "pref 77"));
	assert_null(strstr(after, "bb_egress"));
	free(after);
	hang_no_filters(world, NODE_A);
	assert_int_equal(injector_finish(injector), 0);
	close(foreign.program);
	close(foreign.map);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void greet(struct injector *injector, const struct world *world)
{
	cJSON_Delete(injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"test\",\"controller\":\"the test\",\"lease\":\"30s\","
		"\"attach\":\"%s\"}",
		world->attach));
}

static void what_the_policy_protects_is_not_hit(struct world *world)
{
	struct cut broad = {.id = "broad",
		.on = NODE_A,
		.from = NODE_B,
		.extra = "10.0.0.0/8",
		.for_ms = LONG_MS};
	struct cut refused = {.id = "refused", .on = NODE_A, .from = NODE_C, .for_ms = LONG_MS};
	struct injector *injector;
	char policy[128], *order, *text;

	snprintf(policy, sizeof(policy), "/tmp/%s-policy.json", world->prefix);
	write_file(policy,
		"{\"backburn_policy\":1,\"protect\":{\"ports\":[7002],"
		"\"prefixes\":[\"10.99.0.3/32\"]}}");
	injector = injector_start(world, NODE_A, "--policy", policy, NULL);
	greet(injector, world);
	order = injector_cut_order(&refused, now_ns());
	text = injector_refusal(injector, "arm", "%s", order);
	assert_non_null(strstr(text, "protect.prefixes"));
	free(text);
	free(order);
	injector_cut(injector, &broad);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	/* Inside the broad prefix, but exempt. */
	assert_true(udp_passes_within(world, NODE_A, NODE_C, AF_INET, SOON_MS));
	/* A local port of ours, whoever the peer is. */
	assert_true(udp_passes(world, NODE_B, NODE_A, AF_INET, OTHER_PORT));
	assert_int_equal(injector_finish(injector), 0);
	unlink(policy);
}

static void an_unusable_policy_allows_nothing(struct world *world)
{
	char policy[128], *order = injector_cut_order(&whole, now_ns()), *text;
	struct injector *injector;

	snprintf(policy, sizeof(policy), "/tmp/%s-policy.json", world->prefix);
	write_file(policy, "{\"backburn_policy\":1,\"protects\":{}}");
	injector = injector_start(world, NODE_A, "--policy", policy, NULL);
	greet(injector, world);
	text = injector_refusal(injector, "arm", "%s", order);
	assert_non_null(strstr(text, "nothing is allowed"));
	assert_non_null(strstr(text, "protects"));
	free(text);
	free(order);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_finish(injector), 0);
	unlink(policy);
}

static void inspect_finds_live_connections_and_touches_nothing(struct world *world)
{
	struct tcp_pair pair = tcp_connect(world, NODE_A, NODE_B, AF_INET6, PORT);
	/* To itself, by its own address: over loopback, where nothing is hooked. */
	struct tcp_pair self = tcp_connect(world, NODE_A, NODE_A, AF_INET6, PORT + 1);
	struct injector *injector = injector_greeted(world, NODE_A, "30s");
	struct cut everything = {
		.id = "cut", .on = NODE_A, .from = NODE_B, .extra = "fd99::/64", .for_ms = 10000};
	char *order = injector_cut_order(&everything, now_ns());
	cJSON *inspected = injector_call(injector, "inspect", "%s", order), *connection;

	free(order);
	assert_int_equal(cJSON_GetObjectItem(inspected, "connection_count")->valueint, 1);
	connection = cJSON_GetArrayItem(cJSON_GetObjectItem(inspected, "connections"), 0);
	assert_string_equal(
		cJSON_GetObjectItem(connection, "remote")->valuestring, "[fd99::2]:7001");
	assert_string_equal(cJSON_GetObjectItem(connection, "peer")->valuestring, "node-1");
	assert_string_equal(cJSON_GetObjectItem(connection, "state")->valuestring, "established");
	/* This end has opened it, and this test holds it. */
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(connection, "listens")));
	assert_int_equal(cJSON_GetObjectItem(connection, "pid")->valueint, getpid());
	assert_string_equal(
		cJSON_GetObjectItem(connection, "program")->valuestring, "test_coexistence");
	assert_string_equal(
		cJSON_GetArrayItem(cJSON_GetObjectItem(inspected, "interfaces"), 0)->valuestring,
		"eth0");
	cJSON_Delete(inspected);
	assert_int_equal(send(pair.client, "more", 4, 0), 4);
	assert_true(tcp_receives(pair.server, 4, SOON_MS));
	tcp_close(&pair);
	tcp_close(&self);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(a_foreign_tcx_program_keeps_working, 2),
		WORLD_TEST(a_users_filter_keeps_working, 2),
		WORLD_TEST(users_of_the_device_beside_lanes, 2),
		WORLD_TEST(a_clsact_that_others_came_to_use_stays, 2),
		WORLD_TEST(what_the_policy_protects_is_not_hit, 3),
		WORLD_TEST(an_unusable_policy_allows_nothing, 2),
		WORLD_TEST(inspect_finds_live_connections_and_touches_nothing, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
