/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "contract/wire.h"
#include "injector/lists.h"
#include "injector/recover.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

#define LONG_NS (60 * NS_PER_SEC)

static int empty(void **state)
{
	(void)state;
	fake_reset();
	list_free(&fake.links);
	return 0;
}

static void assert_refused(
	struct session *session, const char *method, const char *params, const char *because)
{
	cJSON *result = talk(session, method, "%s", params);

	assert_null(result);
	if (!strstr(talk_error, because))
		fail_msg("\"%s\" does not say \"%s\"", talk_error, because);
}

static void hello_comes_first_and_once(void **state)
{
	struct session *session = talk_new();

	(void)state;
	assert_refused(session, "ping", "{}", "say hello");
	assert_refused(session, "hello",
		"{\"version\":2,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"5s\"}",
		"version 1");
	assert_refused(session, "hello",
		"{\"version\":1,\"session\":\".x\",\"controller\":\"c\",\"lease\":\"5s\"}",
		"is not a name");
	assert_refused(session, "hello",
		"{\"version\":1,\"session\":\"lock\",\"controller\":\"c\",\"lease\":\"5s\"}",
		"can't name a session");
	assert_refused(session, "hello",
		"{\"version\":1,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"1ms\"}",
		"lease");
	fake.uid = 1000;
	assert_refused(session, "hello",
		"{\"version\":1,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"5s\"}",
		"runs as uid 1000, not as root");
	fake.uid = 0;
	session_free(session);
	session = talk_greeted("auto");
	assert_refused(session, "hello",
		"{\"version\":1,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"5s\"}",
		"already");
	assert_refused(session, "explode", "{}", "no verb \"explode\"");
	talk_end(session);
}

static void hello_says_what_will_be_used(void **state)
{
	struct session *session = talk_new();
	cJSON *hello;

	(void)state;
	fake.has_tcx = false;
	assert_refused(session, "hello",
		"{\"version\":1,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"5s\","
		"\"attach\":\"tcx\"}",
		"tcx was asked for");
	hello = talk(session, "hello",
		"{\"version\":1,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"5s\"}");
	assert_non_null(hello);
	assert_string_equal(cJSON_GetObjectItem(hello, "attach")->valuestring, "clsact");
	assert_string_equal(cJSON_GetObjectItem(hello, "netns_cookie")->valuestring, "7");
	assert_string_equal(
		cJSON_GetArrayItem(cJSON_GetObjectItem(hello, "addresses"), 0)->valuestring,
		"10.0.0.1");
	cJSON_Delete(hello);
	talk_end(session);
}

static void malformed_lines_get_an_error_and_change_nothing(void **state)
{
	static const char *const lines[] = {"", "{", "[]", "null", "{\"jsonrpc\":\"2.0\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":5}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"id\":\"2\",\"method\":\"ping\"}"};
	struct session *session = talk_greeted("auto");

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		size_t count;
		const char *bytes;

		session_line(session, lines[i], strlen(lines[i]));
		bytes = outbox_peek(&session->out, &count);
		assert_true(count > 0);
		assert_non_null(memmem(bytes, count, "\"error\"", 7));
		outbox_sent(&session->out, count);
	}
	cJSON_Delete(talk(session, "ping", "{}"));
	assert_string_equal(talk_error, "");
	talk_end(session);
}

static void two_sessions_exclude_each_other(void **state)
{
	struct session *first = talk_greeted("auto"), *second = talk_new();

	(void)state;
	assert_refused(second, "hello",
		"{\"version\":1,\"session\":\"y\",\"controller\":\"me\",\"lease\":\"5s\"}",
		"held by the test (session run-1, injector pid 42)");
	session_free(second);
	talk_end(first);
	second = talk_greeted("auto");
	assert_non_null(second);
	talk_end(second);
}

static void arming_attaches_and_healing_takes_it_all_away(void **state)
{
	static const char *const modes[] = {"tcx", "clsact"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct session *session = talk_greeted(modes[i]);

		talk_arm(session, "cut", "{}", LONG_NS);
		/* eth0 and eth1, both directions; not lo. */
		assert_int_equal(fake.attachments.count, 4);
		assert_int_equal(fake.clsacts.count, i == 0 ? 0 : 2);
		assert_int_equal(fake.control.slots[0].in_use, 1);
		assert_int_equal(fake.control.slots[0].directions, 3);
		assert_int_equal(fake.entries.count, 2);
		assert_non_null(fake_text("/run/backburn/7/run-1/ledger"));
		cJSON_Delete(talk(session, "heal", "{}"));
		assert_true(fake_is_clean());
		assert_null(fake_text("/run/backburn/7/run-1/ledger"));
		talk_end(session);
	}
}

static void bad_orders_are_refused_by_name(void **state)
{
	struct session *session = talk_greeted("auto");
	int64_t now = fake.now_ns;

	(void)state;
	assert_refused(session, "arm", talk_order("x", "{}", now, now), "in this order");
	assert_refused(session, "arm", talk_order("x", "{}", now - 9, now - 1), "is over");
	assert_refused(session, "arm", talk_order("x", "{\"direction\":\"up\"}", now, now + 5),
		"direction");
	assert_refused(session, "arm", talk_order("x", "{\"portz\":1}", now, now + 5), "ports");
	assert_refused(session, "arm",
		talk_order("x", "{\"protocol\":\"icmp\",\"ports\":5}", now, now + 5), "no ports");
	assert_refused(session, "arm",
		"{\"id\":\"x\",\"fault\":\"partitio\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"start_ns\":"
		"\"1000000000000\","
		"\"deadline_ns\":\"1000000000009\"}",
		"did you mean \"partition\"");
	assert_refused(session, "arm",
		"{\"id\":\"x\",\"fault\":\"partition\",\"scope\":{\"container\":\"c\"},\"role\":"
		"\"on\","
		"\"with\":{},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],"
		"\"start_ns\":\"1000000000000\",\"deadline_ns\":\"1000000000009\"}",
		"scope container: not supported in this version");
	assert_refused(session, "arm",
		"{\"id\":\"x\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[{\"node\":\"b\","
		"\"prefixes\":[]}],\"start_ns\":\"1000000000000\",\"deadline_ns\":"
		"\"1000000000009\"}",
		"no address");
	assert_true(fake_is_clean());
	talk_arm(session, "x", "{}", LONG_NS);
	assert_refused(session, "arm", talk_order("x", "{}", now, now + LONG_NS), "exists already");
	assert_refused(session, "heal", "{\"faults\":[\"y\"]}", "no fault \"y\"");
	talk_end(session);
}

static void healing_one_leaves_the_others(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *evidence, *fault;

	(void)state;
	talk_arm(session, "one", "{\"ports\":1}", LONG_NS);
	talk_arm(session, "two", "{\"ports\":2}", LONG_NS);
	assert_int_equal(fake.entries.count, 2);
	fake_hit("10.0.0.2", 0, BB_EGRESS);
	fake_hit("10.0.0.2", 1, BB_EGRESS);
	cJSON_Delete(talk(session, "heal", "{\"faults\":[\"one\"]}"));
	assert_int_equal(fake.control.slots[0].in_use, 0);
	assert_int_equal(fake.control.slots[1].in_use, 1);
	fake_hit("10.0.0.2", 1, BB_EGRESS);
	evidence = talk(session, "evidence", "{}");
	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")));
	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 1);
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")));
	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "counters"), 1);
	assert_string_equal(cJSON_GetObjectItem(fault, "packets")->valuestring, "2");
	assert_string_equal(cJSON_GetObjectItem(fault, "segments")->valuestring, "4");
	cJSON_Delete(evidence);
	talk_end(session);
}

static void deadlines_heal_and_evidence_says_so(void **state)
{
	struct session *session = talk_greeted("clsact");
	cJSON *said;

	(void)state;
	talk_arm(session, "cut", "{}", 2 * NS_PER_SEC);
	assert_true(session_next_ns(session, fake.now_ns) <= fake.now_ns + 2 * NS_PER_SEC);
	assert_true(session_tick(session, fake.now_ns));
	cJSON_Delete(talk_notification(session));
	/* Nothing changed: nothing is said. */
	fake.now_ns += NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	assert_null(talk_notification(session));
	fake_hit("fd00::2", 0, BB_INGRESS);
	fake.now_ns += 600 * NS_PER_MS;
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	cJSON_Delete(said);
	fake.now_ns += NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	assert_true(fake_is_clean());
	said = talk_notification(session);
	assert_non_null(said);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(said, "faults"), 0), "healed")));
	cJSON_Delete(said);
	talk_end(session);
}

static void evidence_waits_while_something_waits(void **state)
{
	struct session *session = talk_greeted("tcx");
	size_t count;

	(void)state;
	talk_arm(session, "cut", "{}", LONG_NS);
	outbox_put(&session->out, strdup("unread\n"));
	assert_true(session_tick(session, fake.now_ns + NS_PER_SEC));
	outbox_peek(&session->out, &count);
	assert_int_equal(count, strlen("unread\n"));
	outbox_sent(&session->out, count);
	talk_end(session);
}

static void the_lease_is_kept_in_the_kernel_and_here(void **state)
{
	struct session *session = talk_greeted("tcx");
	int64_t start = fake.now_ns;

	(void)state;
	talk_arm(session, "cut", "{}", LONG_NS);
	assert_int_equal(fake.control.lease_until_ns, start + 5 * NS_PER_SEC);
	fake.now_ns += 4 * NS_PER_SEC;
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"3s\"}"));
	assert_int_equal(fake.control.lease_until_ns, start + 7 * NS_PER_SEC);
	assert_true(session_tick(session, start + 6 * NS_PER_SEC));
	assert_false(session_tick(session, start + 7 * NS_PER_SEC));
	talk_end(session);
}

static void new_links_are_covered_and_lost_ones_forgotten(void **state)
{
	static const char *const modes[] = {"tcx", "clsact"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct session *session = talk_greeted(modes[i]);

		talk_arm(session, "cut", "{}", LONG_NS);
		fake_add_link(9, "late0");
		session_links_changed(session);
		assert_int_equal(fake.attachments.count, 6);
		/* Its packets pass the others. */
		fake_add_link(10, "br0");
		((struct host_link *)fake.links.items)[fake.links.count - 1].stacked = true;
		session_links_changed(session);
		assert_int_equal(fake.attachments.count, 6);
		fake_remove_link(9);
		session_links_changed(session);
		assert_int_equal(fake.attachments.count, 4);
		talk_end(session);
	}
}

/* A namespace with loopback only has nothing to hook, and that is fine. */
static void a_namespace_without_links(void **state)
{
	struct session *session = talk_greeted("tcx");

	(void)state;
	talk_arm(session, "cut", "{}", LONG_NS);
	assert_int_equal(fake.attachments.count, 0);
	talk_end(session);
}

static void the_transport_is_protected(void **state)
{
	struct session *session;
	const struct bb_flow *flow;

	(void)state;
	/* 10.0.0.1:22 to 10.0.0.2:50000, held by the parent process. */
	fake_write("/proc/self/net/tcp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   "
		"uid\n"
		"   0: 0100000A:0016 0200000A:C350 01 00000000:00000000 00:00000000 00000000     0"
		"        0 5555 1 0\n"
		"   1: 0100000A:0017 0200000A:C350 01 00000000:00000000 00:00000000 00000000     0"
		"        0 5556 1 0\n");
	session = talk_greeted("tcx");
	talk_arm(session, "cut", "{}", LONG_NS);
	assert_int_equal(fake.flows.count, 1);
	flow = fake.flows.items;
	assert_int_equal(flow->local_port, 22);
	assert_int_equal(flow->remote_port, 50000);
	assert_memory_equal(flow->remote.bytes + 10, "\xff\xff\x0a\x00\x00\x02", 6);
	fake_write("/proc/self/net/tcp", "");
	talk_arm(session, "again", "{}", LONG_NS);
	assert_int_equal(fake.flows.count, 0);
	session_end(session, &FAIL_INIT);
	session_free(session);
	assert_true(fake_is_clean());
}

/* One line of /proc/net/tcp: 10.0.0.1:PORT to 10.0.0.2:50000. */
#define SOCKET(port, inode)                                                                        \
	"   0: 0100000A:" port " 0200000A:C350 01 00000000:00000000 00:00000000 00000000     0"    \
	"        0 " inode " 1 0\n"

static bool is_protected(uint16_t local_port)
{
	LIST_EACH(fake.flows, const struct bb_flow, flow) {
		if (flow->local_port == local_port)
			return true;
	}
	return false;
}

/* A prober has an ssh of its own, and a controller may run on the host that is cut off. */
static void what_carries_other_parts_is_protected_too(void **state)
{
	static const struct fake_process processes[] = {
		{.pid = 50, .exe = "/usr/sbin/sshd", .socket = 6001},
		{.pid = 51,
			.parent = 50,
			.exe = "/opt/backburn",
			.cmdline = "backburn probe",
			.socket = 6002},
		{.pid = 52, .parent = 51, .exe = "/usr/bin/client", .socket = 6003},
		{.pid = 60, .exe = "/bin/bash", .socket = 6004},
		{.pid = 61,
			.parent = 60,
			.exe = "/my tools/backburn",
			.cmdline = "/my tools/backburn run x.json"},
		{.pid = 62, .parent = 61, .exe = "/usr/bin/ssh"},
		{.pid = 63, .parent = 62, .exe = "/usr/bin/ssh", .socket = 6005},
		{.pid = 64,
			.parent = 61,
			.exe = "/my tools/backburn",
			.cmdline = "/my tools/backburn probe"},
		{.pid = 65, .parent = 64, .exe = "/usr/bin/run", .socket = 6006},
		{.pid = 70, .exe = "/opt/backburn", .cmdline = "backburn lab up run"},
		{.pid = 71, .parent = 70, .exe = "/usr/bin/etcd", .socket = 6007},
		/* A lab that `run` brought up: its supervisor has the command line of the run. */
		{.pid = 80,
			.parent = 1,
			.exe = "/my tools/backburn",
			.cmdline = "/my tools/backburn run x.json",
			.name = "backburn-lab"},
		{.pid = 81, .parent = 80, .exe = "/usr/bin/etcd", .socket = 6008},
	};
	struct session *session;

	(void)state;
	for (size_t i = 0; i < sizeof(processes) / sizeof(processes[0]); i++)
		fake_add_process(&processes[i]);
	fake_write("/proc/self/net/tcp",
		"  sl  local_address rem_address\n" SOCKET("0001", "6001") SOCKET("0002", "6002")
			SOCKET("0003", "6003") SOCKET("0004", "6004") SOCKET("0005", "6005") SOCKET(
				"0006", "6006") SOCKET("0007", "6007") SOCKET("0008", "6008"));
	session = talk_greeted("tcx");
	talk_arm(session, "cut", "{}", LONG_NS);
	assert_true(is_protected(1));  /* the prober's sshd */
	assert_false(is_protected(2)); /* what the prober measures */
	assert_false(is_protected(3));
	assert_true(is_protected(4)); /* the terminal of whoever runs the controller */
	assert_true(is_protected(5)); /* its ssh, through a jump host */
	assert_false(is_protected(6));
	assert_false(is_protected(7)); /* a service of a lab */
	assert_false(is_protected(8)); /* and of one that this run brought up */
	session_end(session, &FAIL_INIT);
	session_free(session);
	assert_true(fake_is_clean());
}

static void audit_comes_in_pages_of_one_snapshot(void **state)
{
	struct session *session = talk_greeted("tcx");
	int pages, lines = 0;

	(void)state;
	assert_refused(session, "audit", "{\"page\":1}", "page 0 first");
	for (int i = 10; i < 4000; i++)
		fake_add_link(i, "a-longer-name");
	pages = 1;
	for (int page = 0; page < pages; page++) {
		cJSON *audit = talk(session, "audit", "{\"page\":%d}", page);

		assert_non_null(audit);
		pages = cJSON_GetObjectItem(audit, "pages")->valueint;
		lines += cJSON_GetArraySize(cJSON_GetObjectItem(audit, "state"));
		lines += cJSON_GetArraySize(cJSON_GetObjectItem(audit, "residue"));
		cJSON_Delete(audit);
		fake_add_link(5000 + page, "not-seen");
	}
	assert_true(pages > 1);
	assert_int_equal(lines, 3 + 3990 + 1);
	assert_refused(session, "audit", "{\"page\":99}", "pages");
	talk_end(session);
}

/* ---- torture ---- */

/* A whole session in which effect number `n` fails. False: there were fewer effects. */
static bool torture(const char *mode, int n)
{
	struct fail fail = FAIL_INIT;
	struct host_facts facts;
	struct list said = {0};
	struct session *session;

	fake_reset();
	fake.fail_at = n;
	session = talk_greeted(mode);
	if (session) {
		const char *order = talk_order("a", "{}", fake.now_ns, fake.now_ns + LONG_NS);

		cJSON_Delete(talk(session, "arm", "%s", order));
		order = talk_order("b", "{\"ports\":5}", fake.now_ns, fake.now_ns + LONG_NS);
		cJSON_Delete(talk(session, "arm", "%s", order));
		cJSON_Delete(talk(session, "heal", "{}"));
		if (session_end(session, &fail) == 0 && !fake_is_clean())
			fail_msg("%s, effect %d (%s): it said that all was undone", mode, n,
				fake.failed_name);
		session_free(session);
	}
	/* What one failure left, the next run of recovery undoes. */
	fake_kill();
	assert_int_equal(host_facts(&facts, &fail), 0);
	if (fake.effects >= n)
		fake.fail_at = 0;
	assert_int_equal(recover_namespace("/run/backburn", &facts, 7, &said), 0);
	list_free_texts(&said);
	if (!fake_is_clean())
		fail_msg("%s, effect %d (%s)", mode, n, fake.failed_name);
	return fake.effects >= n;
}

static void whatever_fails_nothing_is_left(void **state)
{
	static const char *const modes[] = {"tcx", "clsact"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		int n = 1;

		while (torture(modes[i], n))
			n++;
		assert_true(n > 20);
	}
}

/* As after SIGKILL at each point in turn: effects stop, the kernel keeps what it keeps. */
static void killed_anywhere_recovery_undoes_it(void **state)
{
	static const char *const names[] = {
		"filter_add", "clsact_add", "matcher_put", "matcher_count", "links", "file_append"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fail fail = FAIL_INIT;
		struct host_facts facts;
		struct list said = {0};
		struct session *session;

		fake_reset();
		session = talk_greeted("clsact");
		talk_arm(session, "cut", "{}", LONG_NS);
		fake.fail_name = names[i];
		cJSON_Delete(talk(session, "arm", "%s",
			talk_order("two", "{}", fake.now_ns, fake.now_ns + LONG_NS)));
		fake.fail_name = NULL;
		fake_kill();
		assert_int_equal(fake.attachments.count, 4);
		host_facts(&facts, &fail);
		assert_int_equal(recover_namespace("/run/backburn", &facts, 7, &said), 0);
		assert_true(fake_is_clean());
		list_free_texts(&said);
		/* The process is dead: its memory goes without another word to the host. */
		fake_reset();
		session->lock = -1;
		session_free(session);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hello_comes_first_and_once, talk_reset),
		cmocka_unit_test_setup(hello_says_what_will_be_used, talk_reset),
		cmocka_unit_test_setup(malformed_lines_get_an_error_and_change_nothing, talk_reset),
		cmocka_unit_test_setup(two_sessions_exclude_each_other, talk_reset),
		cmocka_unit_test_setup(arming_attaches_and_healing_takes_it_all_away, talk_reset),
		cmocka_unit_test_setup(bad_orders_are_refused_by_name, talk_reset),
		cmocka_unit_test_setup(healing_one_leaves_the_others, talk_reset),
		cmocka_unit_test_setup(deadlines_heal_and_evidence_says_so, talk_reset),
		cmocka_unit_test_setup(evidence_waits_while_something_waits, talk_reset),
		cmocka_unit_test_setup(the_lease_is_kept_in_the_kernel_and_here, talk_reset),
		cmocka_unit_test_setup(new_links_are_covered_and_lost_ones_forgotten, talk_reset),
		cmocka_unit_test_setup(a_namespace_without_links, empty),
		cmocka_unit_test_setup(the_transport_is_protected, talk_reset),
		cmocka_unit_test_setup(what_carries_other_parts_is_protected_too, talk_reset),
		cmocka_unit_test_setup(audit_comes_in_pages_of_one_snapshot, talk_reset),
		cmocka_unit_test_setup(whatever_fails_nothing_is_left, talk_reset),
		cmocka_unit_test_setup(killed_anywhere_recovery_undoes_it, talk_reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
