/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "contract/units.h"
#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"

/* Address sets: as many as there may be, and sets that grow while a fault acts on them. */
enum {
	PEERS = 100000,
	CHUNK = 2000,
	PORT = 7001,
	ARM_MOST_MS = 14000, /* the controller waits for 15 s; usual is half a second */
	CYCLES = 4,
	GREAT_CHUNK = 20000,
	/* What the allocator keeps of the first cycle's tables it may use for the next. */
	SLACK_KB = 4096,
	RESTING_MOST_KB = 32768,
	PEAK_MOST_KB = 65536
};

/* A fault on a node, from all that a set holds. */
static void arm(struct injector *injector, const char *id, const char *fault, const char *set)
{
	int64_t now = now_ns();
	cJSON *armed = injector_call(injector, "arm",
		"{\"id\":\"%s\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"%s\"]}],"
		"\"from\":[{\"node\":\"many\",\"set\":\"%s\"}],"
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
		id, fault, world_address(NODE_A, AF_INET), set, (long long)now,
		(long long)now + 300 * NS_PER_SEC);

	cJSON_Delete(armed);
}

static void add(struct injector *injector, const char *set, const char *prefixes, int size)
{
	cJSON *result = injector_call(
		injector, "peers", "{\"set\":\"%s\",\"prefixes\":[%s]}", set, prefixes);

	assert_int_equal(cJSON_GetObjectItem(result, "size")->valueint, size);
	cJSON_Delete(result);
}

/* Fills a set with addresses that nobody here has, and at its very end with that of a node. */
static void fill(struct injector *injector, const char *set, int count, int last_node)
{
	char *chunk = malloc(CHUNK * 24);

	assert_non_null(chunk);
	for (int first = 0; first < count; first += CHUNK) {
		int end = first + CHUNK < count ? first + CHUNK : count;
		size_t used = 0;

		for (int i = first; i < end - (end == count); i++)
			used += (size_t)sprintf(chunk + used, "%s\"11.%d.%d.%d\"",
				i == first ? "" : ",", i >> 16, i >> 8 & 255, i & 255);
		if (end == count)
			sprintf(chunk + used, "%s\"%s\"", used ? "," : "",
				world_address(last_node, AF_INET));
		add(injector, set, chunk, end);
	}
	free(chunk);
}

/* BPF maps that the injector has open. */
static int maps_of(const struct injector *injector)
{
	char path[64], name[300], line[256];
	struct dirent *entry;
	int maps = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)injector->pid);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		FILE *file;

		snprintf(name, sizeof(name), "%s/%.200s", path, entry->d_name);
		file = fopen(name, "re");
		while (file && fgets(line, sizeof(line), file))
			maps += strncmp(line, "map_id:", 7) == 0;
		if (file)
			fclose(file);
	}
	closedir(directory);
	return maps;
}

static int counters_of(struct injector *injector, const char *id)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"%s\"]}", id);
	cJSON *fault = cJSON_GetObjectItem(evidence, "faults")->child;
	int count = cJSON_GetArraySize(cJSON_GetObjectItem(fault, "counters"));

	cJSON_Delete(evidence);
	return count;
}

/* Not an address of a set is told, but its name and size. */
static void assert_described(struct injector *injector)
{
	cJSON *result = injector_call(injector, "inspect",
		"{\"id\":\"look\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\"}],\"from\":[{\"node\":\"many\",\"set\":\"cdn\"}]}");
	char *text = cJSON_PrintUnformatted(result);

	assert_non_null(strstr(text, "from many (100000 in set cdn)"));
	assert_null(strstr(text, "11.0.0.1"));
	free(text);
	cJSON_Delete(result);
}

/* A sanitizer keeps memory for itself, and so its own count. */
static void assert_at_most(const struct injector *injector, const char *key, long most_kb)
{
	long kb = injector_status_kb(injector, key);

#if !defined(__SANITIZE_ADDRESS__)
	if (kb >= most_kb)
		fail_msg("%s %ld kB, and less than %ld were expected", key, kb, most_kb);
#else
	(void)most_kb;
	(void)kb;
#endif
}

static void the_last_of_many_is_hit(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	int maps = maps_of(injector);
	long first_kb = 0;

	fill(injector, "cdn", PEERS, NODE_B);
	assert_described(injector);
	for (int cycle = 0; cycle < CYCLES; cycle++) {
		char id[16];
		int64_t begun_ns = now_ns(), armed_ns, healed_ns;

		snprintf(id, sizeof(id), "cut-%d", cycle);
		arm(injector, id, "partition", "cdn");
		armed_ns = now_ns();
		assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
		assert_false(udp_passes(world, NODE_B, NODE_A, AF_INET, PORT));
		assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
		assert_int_equal(injector_packets(injector, id, "egress"), 1);
		assert_int_equal(injector_packets(injector, id, "ingress"), 1);
		assert_int_equal(counters_of(injector, id), 2);
		assert_true(maps_of(injector) > maps);
		healed_ns = now_ns();
		injector_heal(injector, id);
		printf("armed within %lld ms, healed within %lld ms, %ld kB\n",
			(long long)(armed_ns - begun_ns) / NS_PER_MS,
			(long long)(now_ns() - healed_ns) / NS_PER_MS,
			injector_status_kb(injector, "VmRSS:"));
		assert_true(armed_ns - begun_ns < ARM_MOST_MS * NS_PER_MS);
		assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
		assert_int_equal(injector_packets(injector, id, NULL), 2);
		assert_int_equal(maps_of(injector), maps);
		if (cycle == 0)
			first_kb = injector_status_kb(injector, "VmRSS:");
		assert_at_most(injector, "VmRSS:", first_kb + SLACK_KB);
	}
	assert_at_most(injector, "VmRSS:", RESTING_MOST_KB);
	printf("at most %ld kB\n", injector_status_kb(injector, "VmHWM:"));
	assert_at_most(injector, "VmHWM:", PEAK_MOST_KB);
	assert_int_equal(injector_finish(injector), 0);
}

static void a_set_grows_under_an_armed_fault(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");
	char b[64], c[64], *refusal;

	snprintf(b, sizeof(b), "\"%s\"", world_address(NODE_B, AF_INET));
	snprintf(c, sizeof(c), "\"%s\"", world_address(NODE_C, AF_INET));
	add(injector, "cdn", b, 1);
	arm(injector, "cut", "partition", "cdn");
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	add(injector, "cdn", c, 2);
	assert_false(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_packets(injector, "cut", "egress"), 3);
	add(injector, "cdn", c, 2);
	/* Maps do not grow: there must have been room from the start. */
	fill(injector, "other", PEERS - 2, NODE_C);
	refusal = injector_refusal(
		injector, "peers", "{\"set\":\"cdn\",\"prefixes\":[\"12.0.0.1\"]}");
	assert_non_null(strstr(refusal, "100000"));
	free(refusal);
	injector_heal(injector, "cut");
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	assert_int_equal(injector_finish(injector), 0);
}

static void it_grows_to_the_most_there_may_be(struct world *world)
{
	struct injector *injector = injector_greeted(world, NODE_A, "120s");

	fill(injector, "cdn", 10, NODE_B);
	arm(injector, "cut", "partition", "cdn");
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	/* What it has is named once more, and is one of 100,000 in the end. */
	for (int first = 0; first < PEERS - 10; first += GREAT_CHUNK) {
		char *chunk = malloc(GREAT_CHUNK * 24);
		int count = first + GREAT_CHUNK < PEERS - 10 ? GREAT_CHUNK : PEERS - 10 - first;
		size_t used = 0;

		assert_non_null(chunk);
		for (int i = first; i < first + count; i++)
			used += (size_t)sprintf(chunk + used, "%s\"12.%d.%d.%d\"",
				i == first ? "" : ",", i >> 16, i >> 8 & 255, i & 255);
		add(injector, "cdn", chunk, 10 + first + count);
		free(chunk);
	}
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	assert_int_equal(injector_packets(injector, "cut", "egress"), 2);
	injector_heal(injector, "cut");
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(the_last_of_many_is_hit, 3),
		WORLD_TEST(a_set_grows_under_an_armed_fault, 3),
		WORLD_TEST(it_grows_to_the_most_there_may_be, 3),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
