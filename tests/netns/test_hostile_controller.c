/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf/matcher.h"
#include "tests/netns/both_modes.h"
#include "tests/netns/launcher.h"
#include "tests/netns/world.h"

/*
 * A controller that means harm, against a real injector: it stays small, says what is wrong in
 * plain text, does nothing that its policy forbids, and heals when it is abandoned.
 */
enum {
	PORT = 7002,
	LONG_MS = 60000,
	SOON_MS = 15000,
	LINE_MAX_TO_INJECTOR = 1024 * 1024,
	MEMORY_MAX_KB = 96 * 1024, /* at its peak, a line of 1 MiB being decoded included */
	EXIT_LEASE = 3,
	EXIT_BROKEN = 70
};

static const struct cut whole = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = LONG_MS};

/* ---- what it costs ---- */

static void assert_small(const struct injector *injector)
{
	long kb = injector_status_kb(injector, "VmHWM:");

	/* A sanitizer's shadow and quarantine are not the injector's. */
#if !defined(__SANITIZE_ADDRESS__)
	if (kb > MEMORY_MAX_KB)
		fail_msg("the injector used %ld KiB", kb);
#else
	(void)kb;
#endif
}

/* User and system time so far, in ticks. */
static long cpu_ticks(const struct injector *injector)
{
	char path[64], text[1024] = "";
	unsigned long user, system;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)injector->pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_int_equal(
		sscanf(strrchr(text, ')') + 2,
			"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system),
		2);
	return (long)(user + system);
}

/* ---- saying things ---- */

/* True when all of it was taken within `within_ms`. */
static bool shove(struct injector *injector, const char *bytes, size_t count, int within_ms)
{
	int64_t give_up = now_ns() + within_ms * INT64_C(1000000);

	fcntl(injector->to, F_SETFL, O_NONBLOCK);
	while (count && now_ns() < give_up) {
		struct pollfd room = {.fd = injector->to, .events = POLLOUT};
		ssize_t written = write(injector->to, bytes, count);

		if (written > 0) {
			bytes += written;
			count -= (size_t)written;
		} else if (errno == EPIPE) {
			return false;
		} else {
			poll(&room, 1, 50);
		}
	}
	return count == 0;
}

static void say(struct injector *injector, const char *line, size_t length)
{
	assert_true(shove(injector, line, length, SOON_MS));
}

/* Reads what comes until a line holds `what`, and asserts that it is plain text. */
static void assert_answer(struct injector *injector, const char *what)
{
	static char text[256 * 1024];
	int64_t give_up = now_ns() + SOON_MS * INT64_C(1000000);
	size_t used = 0;

	for (;;) {
		struct pollfd wait = {.fd = injector->from, .events = POLLIN};
		ssize_t got;

		if (now_ns() > give_up || poll(&wait, 1, SOON_MS) != 1)
			fail_msg("no answer holds \"%s\": %.*s", what, (int)used, text);
		assert_true(used < sizeof(text) - 1);
		got = read(injector->from, text + used, sizeof(text) - 1 - used);
		if (got <= 0)
			fail_msg("it ended, and no answer holds \"%s\": %.*s", what, (int)used,
				text);
		used += (size_t)got;
		text[used] = '\0';
		if (text[used - 1] == '\n' && strstr(text, what))
			break;
	}
	for (size_t i = 0; i < used; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			fail_msg("byte %d in an answer", text[i]);
}

static struct injector *cut_off(struct world *world, const char *lease)
{
	struct injector *injector = injector_greeted(world, NODE_A, lease);

	injector_cut(injector, &whole);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	return injector;
}

static void assert_ended(struct world *world, struct injector *injector, int status)
{
	assert_int_equal(injector_wait(injector), status);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
}

/* ---- lines ---- */

static void an_endless_line_ends_the_session(struct world *world)
{
	struct injector *injector = cut_off(world, "30s");
	size_t size = (size_t)4 * LINE_MAX_TO_INJECTOR;
	char *bytes = malloc(size);

	assert_non_null(bytes);
	memset(bytes, 'x', size);
	/* Stops reading somewhere behind the bound. */
	assert_false(shove(injector, bytes, size, SOON_MS));
	free(bytes);
	assert_ended(world, injector, EXIT_BROKEN);
}

static void the_longest_line_is_read_and_one_byte_more_is_not(struct world *world)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":\"5\",\"method\":\"ping\",\"x\":\"";
	static const char tail[] = {'"', '}', '\n'};
	struct injector *injector = cut_off(world, "30s");
	char *line = malloc(LINE_MAX_TO_INJECTOR + 2);

	assert_non_null(line);
	memset(line, 'y', LINE_MAX_TO_INJECTOR + 2);
	memcpy(line, head, sizeof(head) - 1);
	memcpy(line + LINE_MAX_TO_INJECTOR - 2, tail, sizeof(tail));
	say(injector, line, LINE_MAX_TO_INJECTOR + 1);
	assert_answer(injector, "\"id\":\"5\"");
	assert_small(injector);
	memset(line, 'y', LINE_MAX_TO_INJECTOR + 1);
	line[LINE_MAX_TO_INJECTOR + 1] = '\n';
	shove(injector, line, LINE_MAX_TO_INJECTOR + 2, SOON_MS);
	free(line);
	assert_ended(world, injector, EXIT_BROKEN);
}

/* Each gets one answer, and the session goes on as if nothing had been said. */
static void nonsense_is_answered_and_changes_nothing(struct world *world)
{
	static const char *const lines[] = {
		"\x1b]0;owned\x07\x1b[2J",
		"\xff\xfe\x01\x02\x03",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"\x1b[31m\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"\\u001b[31mexplode\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"-1\",\"method\":\"ping\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"ping\",\"params\":[]}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"ping\",\"params\":{\"x\":1}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"heal\",\"params\":{\"faults\":"
		"\"cut\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"heal\",\"params\":{\"faults\":"
		"[\"\\u001b[2J\"]}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"renew\",\"params\":{\"lease\":\"-"
		"1s\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"renew\",\"params\":{\"lease\":"
		"\"9d\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"renew\",\"params\":{\"lease\":"
		"\"0s\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"audit\",\"params\":{\"page\":-1}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"audit\",\"params\":{\"page\":1e99}"
		"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"hello\",\"params\":{\"version\":1,"
		"\"session\":\"../../etc\",\"controller\":\"c\",\"lease\":\"5s\"}}",
	};
	struct injector *injector = cut_off(world, "30s");
	long before = cpu_ticks(injector);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say(injector, lines[i], strlen(lines[i]));
		say(injector, "\n", 1);
		assert_answer(injector, "\"error\"");
	}
	assert_true(cpu_ticks(injector) - before < sysconf(_SC_CLK_TCK) * 5);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	cJSON_Delete(injector_call(injector, "ping", "{}"));
	assert_int_equal(injector_finish(injector), 0);
}

static void deep_nesting_is_refused(struct world *world)
{
	enum {
		DEPTH = 10000
	};
	static const char member[] = {'{', '"', 'a', '"', ':'};
	struct injector *injector = cut_off(world, "30s");
	char *line = malloc(sizeof(member) * DEPTH + 1);

	assert_non_null(line);
	memset(line, '[', DEPTH);
	memset(line + DEPTH, ']', DEPTH);
	line[2 * DEPTH] = '\n';
	say(injector, line, 2 * DEPTH + 1);
	assert_answer(injector, "\"error\"");
	for (int i = 0; i < DEPTH; i++)
		memcpy(line + sizeof(member) * (size_t)i, member, sizeof(member));
	line[sizeof(member) * DEPTH] = '\n';
	say(injector, line, sizeof(member) * DEPTH + 1);
	assert_answer(injector, "\"error\"");
	free(line);
	assert_small(injector);
	assert_int_equal(injector_finish(injector), 0);
}

/* ---- floods ---- */

/* Asks without ever reading: the queue is bounded, and after one lease it heals and goes. */
static void flood(struct world *world, const char *method)
{
	enum {
		REQUESTS = 200000
	};
	char *block = malloc(REQUESTS * 128);
	struct injector *injector;
	size_t used = 0;

	assert_non_null(block);
	for (int i = 0; i < REQUESTS; i++)
		used += (size_t)snprintf(block + used, 128,
			"{\"jsonrpc\":\"2.0\",\"id\":\"%d\",\"method\":\"%s\"}\n", i + 1, method);
	injector = cut_off(world, "5s");
	assert_false(shove(injector, block, used, 1000));
	free(block);
	/* Long before its lease ends, unless the machine is busy beyond all measure. */
	assert_small(injector);
	/* Its output is still full, and nobody reads: it ends by itself. */
	assert_ended(world, injector, EXIT_LEASE);
}

static void a_flood_of_pings_is_not_queued(struct world *world)
{
	flood(world, "ping");
}

/* Some forty bytes that ask for a kilobyte and more. */
static void a_flood_of_audits_is_not_queued(struct world *world)
{
	flood(world, "audit");
}

static void half_a_line_does_not_keep_the_lease(struct world *world)
{
	static const char half[] = "{\"jsonrpc\":\"2.0\",\"id\":\"9\",\"method\":\"renew\",\"para";
	struct injector *injector = cut_off(world, "3s");

	for (size_t i = 0; i < sizeof(half) - 1; i++) {
		if (!shove(injector, half + i, 1, 100))
			break;
		pause_ms(80);
	}
	assert_ended(world, injector, EXIT_LEASE);
}

/* ---- orders ---- */

static void orders_without_end_have_an_end(struct world *world)
{
	enum {
		PEERS = 20000
	};
	struct injector *injector = injector_greeted(world, NODE_A, "60s");
	char *peers = malloc(PEERS * 40), *text, id[16];
	size_t used = 0;
	int armed = 0;

	assert_non_null(peers);
	for (int i = 0; i < PEERS; i++)
		used += (size_t)snprintf(peers + used, 40, "%s\"172.%d.%d.%d\"", i ? "," : "",
			16 + i % 16, i / 16 % 256, i / 4096);
	cJSON_Delete(injector_call(injector, "arm",
		"{\"id\":\"many\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.99.0.1\"]}],"
		"\"from\":[{\"node\":\"b\",\"prefixes\":[%s]}],\"start_ns\":\"%" PRId64
		"\",\"deadline_ns\":\"%" PRId64 "\"}",
		peers, now_ns(), now_ns() + LONG_MS * INT64_C(1000000)));
	free(peers);
	injector_heal(injector, NULL);
	for (int i = 0; i < BB_WIRE_FIRST + 6; i++) {
		struct cut cut = {.id = id,
			.on = NODE_A,
			.from = NODE_B,
			.for_ms = LONG_MS,
			.with = "{\"ports\":9}"};
		char *order, line[4096];

		snprintf(id, sizeof(id), "f%d", i);
		order = injector_cut_order(&cut, now_ns());
		snprintf(line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"id\":\"77\",\"method\":\"arm\",\"params\":%s}\n",
			order);
		free(order);
		say(injector, line, strlen(line));
		assert_answer(injector, i < BB_WIRE_FIRST ? "\"armed_ns\"" : "are the most");
		armed += i < BB_WIRE_FIRST;
	}
	text = injector_refusal(injector, "arm", "%s", "{\"id\":\"f3\"}");
	free(text);
	assert_int_equal(armed, BB_WIRE_FIRST);
	assert_small(injector);
	assert_int_equal(injector_finish(injector), 0);
}

struct forbidden {
	const char *fault, *with, *on, *from, *more; /* more: further members, or "" */
	int64_t for_ms;
	const char *said;
};

static void assert_forbidden(struct injector *injector, const struct forbidden *order)
{
	char *text = injector_refusal(injector, "arm",
		"{\"id\":\"x\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[%s]}],\"from\":[%s]%s,\"start_ns\":"
		"\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		order->fault, order->with, order->on, order->from, order->more, now_ns(),
		now_ns() + order->for_ms * 1000000);

	if (!strstr(text, order->said))
		fail_msg("\"%s\" is not in: %s", order->said, text);
	free(text);
}

#define OTHER "{\"node\":\"b\",\"prefixes\":[\"10.99.0.3\"]}"
#define BURSTS "{\"type\":\"gilbert_elliott\",\"to_bad\":0.1,\"to_good\":0.5}"

static void what_the_policy_forbids_is_not_done(struct world *world)
{
	static const char rules[] = "{\"backburn_policy\":1,\"faults\":{\"allow\":[\"partition\","
				    "\"loss\",\"corrupt\"]},\"max_loss\":0.1,"
				    "\"max_fault\":\"10s\",\"protect\":{\"prefixes\":[\"10.99.0.2/"
				    "32\"],\"ports\":[22]}}";
	static const struct forbidden orders[] = {
		{"kill", "{}", "", "", ",\"processes\":{\"exe\":\"/no/such/program\"}", 1000,
			"policy"},
		{"partition", "{}", "\"10.99.0.1\"",
			"{\"node\":\"b\",\"prefixes\":[\"10.99.0.3\"]}", "", 11000, "max_fault"},
		{"partition", "{}", "\"10.99.0.1\"",
			"{\"node\":\"b\",\"prefixes\":[\"10.99.0.2\"]}", "", 1000,
			"protect.prefixes"},
		{"partition", "{}", "\"10.99.0.1\"", "{\"node\":\"b\",\"prefixes\":[\"fd99::2\"]}",
			",\"processes\":{\"exe\":\"/sbin/init\"}", 1000, "no processes"},
		{"clock_warp", "{}", "\"10.99.0.1\"", "", "", 1000, "not known"},
		{"clock_step", "{\"offset\":\"+1h\"}", "\"10.99.0.1\"", "", "", 1000,
			"network namespace"},
		{"loss", "{\"ratio\":0.11}", "\"10.99.0.1\"", OTHER, "", 1000,
			"max_loss is 10 %, and loss would hit 11 % of the packets"},
		{"loss", "{\"type\":\"every\",\"every\":2}", "\"10.99.0.1\"", OTHER, "", 1000,
			"loss would hit 50 % of the packets"},
		{"loss", BURSTS, "\"10.99.0.1\"", OTHER, "", 1000, "max_loss"},
		{"corrupt", "{\"ratio\":1}", "\"10.99.0.1\"", OTHER, "", 1000,
			"corrupt would hit 100 % of the packets"},
		{"partition", "{\"strength\":2}", "\"10.99.0.1\"",
			"{\"node\":\"b\",\"prefixes\":[\"10.99.0.3\"]}", "", 1000, "strength"},
	};
	struct injector *injector;
	char path[256], *text;
	FILE *file;

	snprintf(path, sizeof(path), "%s/policy.json", world->runtime_dir);
	mkdir(world->runtime_dir, 0700);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(rules, file);
	fclose(file);
	injector = injector_start(world, NODE_A, "--policy", path, NULL);
	cJSON_Delete(injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"test\",\"controller\":\"c\",\"lease\":\"60s\","
		"\"attach\":\"%s\"}",
		world->attach));
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		assert_forbidden(injector, &orders[i]);
	/* A prefix around the protected one is allowed, and does not hit it. */
	cJSON_Delete(injector_call(injector, "arm",
		"{\"id\":\"wide\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.99.0.1\"]}],"
		"\"from\":[{\"node\":\"everything\",\"prefixes\":[\"0.0.0.0/"
		"0\"]}],\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		now_ns(), now_ns() + INT64_C(8000000000)));
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	text = injector_refusal(injector, "arm", "%s", "{\"id\":\"wide\"}");
	free(text);
	assert_int_equal(injector_finish(injector), 0);
	unlink(path);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(an_endless_line_ends_the_session, 2),
		WORLD_TEST(the_longest_line_is_read_and_one_byte_more_is_not, 2),
		WORLD_TEST(nonsense_is_answered_and_changes_nothing, 2),
		WORLD_TEST(deep_nesting_is_refused, 2),
		WORLD_TEST(a_flood_of_pings_is_not_queued, 2),
		WORLD_TEST(a_flood_of_audits_is_not_queued, 2),
		WORLD_TEST(half_a_line_does_not_keep_the_lease, 2),
		WORLD_TEST(orders_without_end_have_an_end, 2),
		WORLD_TEST(what_the_policy_forbids_is_not_done, 2),
	};

	signal(SIGPIPE, SIG_IGN);
	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}
