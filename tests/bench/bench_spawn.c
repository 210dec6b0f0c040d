/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/netns/world.h"

/* What one change of a rule costs: a store in a map, a verb of ours, a program that is started. */

enum {
	WORDS = 16,
	KEY_BYTES = 16
};

/* Adds and removes one rule against one peer; only the adding is timed. */
struct tool {
	const char *what;
	const char *prepare[WORDS], *add[WORDS], *remove[WORDS];
};

static const struct tool tools[] = {
	{"`tc filter add`, started and ended", {"tc", "qdisc", "add", "dev", "eth0", "clsact"},
		{"tc", "filter", "add", "dev", "eth0", "egress", "pref", "9", "protocol", "ip",
			"u32", "match", "ip", "dst", "10.77.0.1"},
		{"tc", "filter", "del", "dev", "eth0", "egress", "pref", "9"}},
	{"`iptables -A`, started and ended", {NULL},
		{"iptables", "-A", "OUTPUT", "-d", "10.77.0.1", "-j", "DROP"},
		{"iptables", "-D", "OUTPUT", "-d", "10.77.0.1", "-j", "DROP"}},
	{"`nft add rule`, started and ended",
		{"nft",
			"add table ip bench; add chain ip bench out { type filter hook output "
			"priority 0; }"},
		{"nft", "add rule ip bench out ip daddr 10.77.0.1 drop"},
		{"nft", "flush chain ip bench out"}},
};
enum {
	TOOLS = sizeof(tools) / sizeof(tools[0])
};

/* Its exit status; what it says is thrown away. */
static int run(const char *const *words)
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	if (!words[0])
		return 0;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&pid, words[0], &actions, NULL,
				 (char *const *)(uintptr_t)words, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void sample_tool(const struct world *world, const struct tool *tool, struct series *samples)
{
	int home = world_enter(world, NODE_A);
	int64_t from_ns = now_ns();
	int status = run(tool->add);

	if (status == 0) {
		series_add(samples, now_ns() - from_ns);
		assert_int_equal(run(tool->remove), 0);
	}
	world_leave(home);
}

static void sample_map(int map, struct series *samples)
{
	char key[KEY_BYTES] = {1};
	__u64 value = 1;
	int64_t from_ns = now_ns();

	assert_int_equal(bpf_map_update_elem(map, key, &value, BPF_ANY), 0);
	series_add(samples, now_ns() - from_ns);
}

/* A second fault: the programs are there already, as rules of others need their table. */
static void sample_verbs(
	struct injector *injector, int round, struct series *arm, struct series *heal)
{
	char id[16];
	struct cut cut = {.id = id, .on = NODE_A, .from = NODE_B, .for_ms = 60000};
	int64_t from_ns;

	snprintf(id, sizeof(id), "cut-%d", round);
	from_ns = now_ns();
	injector_cut(injector, &cut);
	series_add(arm, now_ns() - from_ns);
	from_ns = now_ns();
	injector_heal(injector, id);
	series_add(heal, now_ns() - from_ns);
}

void bench_spawn(struct page *page)
{
	struct cut first = {.id = "first", .on = NODE_A, .from = NODE_B, .for_ms = 600000};
	struct series map_times = {0}, arm = {0}, heal = {0}, tool_times[TOOLS] = {0};
	struct injector *injector;
	struct world world;
	int map, home;

	page_chapter(page, "One change of a rule",
		"Rivals start a program for each change. Here a change is a store in a map, and an "
		"order\n"
		"adds one line of JSON each way and a ledger record on disk (fsync) before it. "
		"Most of\n"
		"an `arm` is the search, among all processes and sockets of the host, for the "
		"connections\n"
		"that carry sessions and must not be cut.");
	map = bpf_map_create(BPF_MAP_TYPE_HASH, "bench", KEY_BYTES, 8, 1024, NULL);
	assert_true(map >= 0);
	world_up(&world, 2, "tcx");
	injector = injector_greeted(&world, NODE_A, "300s");
	injector_cut(injector, &first);
	home = world_enter(&world, NODE_A);
	for (int t = 0; t < TOOLS; t++)
		(void)run(tools[t].prepare);
	world_leave(home);
	for (int i = 0; i < page->rounds; i++) {
		sample_map(map, &map_times);
		sample_verbs(injector, i, &arm, &heal);
		for (int t = 0; t < TOOLS; t++)
			sample_tool(&world, &tools[t], &tool_times[t]);
	}
	home = world_enter(&world, NODE_A);
	(void)run((const char *const[]){"tc", "qdisc", "del", "dev", "eth0", "clsact", NULL});
	world_leave(home);
	assert_int_equal(injector_finish(injector), 0);
	world_assert_unchanged(&world);
	world_down(&world);
	close(map);
	page_times(page, "the store");
	page_time(page, "a store in a BPF map", &map_times, &map_times);
	page_time(page, "`arm` of a second fault, whole", &arm, &map_times);
	page_time(page, "`heal` of it, whole", &heal, &map_times);
	for (int t = 0; t < TOOLS; t++) {
		if (tool_times[t].values.count)
			page_time(page, tools[t].what, &tool_times[t], &map_times);
		else
			page_note(page, "%s: refused by this kernel.", tools[t].what);
		series_free(&tool_times[t]);
	}
	series_free(&map_times);
	series_free(&arm);
	series_free(&heal);
}
