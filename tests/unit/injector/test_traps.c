/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lists.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* What the injector makes of a process that is to be killed at a call, on a host in memory. */

#define DATABASES "\"exe\":\"/usr/bin/db\""

static cJSON *ask(struct session *session, const char *verb, const char *with)
{
	static int orders;

	return talk(session, verb,
		"{\"id\":\"k%d\",\"fault\":\"kill_on_call\",\"scope\":{},\"role\":\"on\",\"with\":{"
		"%"
		"s},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"processes\":{" DATABASES
		",\"count\":1},\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		++orders, with, fake.now_ns, fake.now_ns + 3 * NS_PER_SEC);
}

static void arm(struct session *session, const char *with, const char *by)
{
	cJSON *armed = ask(session, "arm", with);

	if (!armed)
		fail_msg("%s", talk_error);
	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, by);
	cJSON_Delete(armed);
}

static void assert_refused(struct session *session, const char *with, const char *said)
{
	size_t open = fake.handles.count;

	assert_null(ask(session, "arm", with));
	if (!strstr(talk_error, said))
		fail_msg("\"%s\" is not in: %s", said, talk_error);
	assert_null(fake_trap());
	assert_int_equal(fake.handles.count, open);
}

static void assert_evidence(struct session *session, const char *key, const char *expected)
{
	cJSON *evidence = talk(session, "evidence", "{}"), *fault, *process;

	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);
	process = cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "processes"), 0);
	assert_string_equal(cJSON_GetObjectItem(process, key)->valuestring, expected);
	cJSON_Delete(evidence);
}

static void pass(struct session *session, int64_t ns)
{
	fake.now_ns += ns;
	session_tick(session, fake.now_ns);
	cJSON_Delete(talk_notification(session));
}

/* 102 is the oldest of them. */
static void it_is_told_what_happened(void **state)
{
	struct session *session = kill_among();

	(void)state;
	fake.has_lsm = true;
	arm(session, "\"call\":\"write\",\"nth\":3", "lsm");
	pass(session, NS_PER_MS);
	for (int i = 0; i < 2; i++)
		fake_call(102);
	fake_call(101);
	pass(session, 100 * NS_PER_MS);
	assert_evidence(session, "result", "not_sent");
	assert_evidence(session, "calls", "2");
	fake_call(102);
	pass(session, 100 * NS_PER_MS);
	assert_evidence(session, "result", "sent");
	assert_evidence(session, "trap", "before its write number 3");
	assert_evidence(session, "signal", "KILL");
	assert_true(kill_process(102)->dead);
	assert_false(kill_process(101)->dead);
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_null(fake_trap());
	assert_evidence(session, "result", "sent");
	talk_end(session);
}

/* The dry run names who it would be, and says what would be done. */
static void it_is_told_before(void **state)
{
	struct session *session = kill_among();
	cJSON *said = ask(session, "inspect", "\"call\":\"sync\",\"nth\":9"), *processes;

	(void)state;
	assert_non_null(said);
	processes = cJSON_GetObjectItem(said, "processes");
	assert_int_equal(cJSON_GetArraySize(processes), 1);
	assert_int_equal(
		cJSON_GetObjectItem(cJSON_GetArrayItem(processes, 0), "pid")->valueint, 102);
	assert_non_null(
		strstr(cJSON_GetArrayItem(cJSON_GetObjectItem(said, "effects"), 0)->valuestring,
			"the oldest 1 at its sync number 9"));
	assert_null(fake_trap());
	cJSON_Delete(said);
	talk_end(session);
}

static void it_is_after_where_it_can_t_be_before(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "\"call\":\"write\"", "tracepoint");
	pass(session, NS_PER_MS);
	assert_evidence(session, "trap", "after its write number 1");
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_refused(session, "\"call\":\"write\",\"when\":\"before\"", "no LSM here");
	assert_refused(session, "\"call\":\"rename\",\"path\":\"/tmp\"", "not known then");
	talk_end(session);
}

static void the_kernel_is_told_the_times(void **state)
{
	struct session *session = kill_among();
	int64_t now_ns = fake.now_ns;

	(void)state;
	arm(session, "\"call\":\"send\",\"port\":443,\"nth\":7", "tracepoint");
	assert_int_equal(fake_trap()->start_ns, now_ns);
	assert_int_equal(fake_trap()->deadline_ns, now_ns + 3 * NS_PER_SEC);
	assert_int_equal(fake_trap()->lease_until_ns, now_ns + 5 * NS_PER_SEC);
	assert_int_equal(fake_trap()->port, 443);
	assert_int_equal(fake_trap()->nth, 7);
	assert_true(fake_trap()->filtered);
	pass(session, NS_PER_SEC);
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"5s\"}"));
	assert_int_equal(fake_trap()->lease_until_ns, now_ns + 6 * NS_PER_SEC);
	/* At its end it goes by itself. */
	pass(session, 2 * NS_PER_SEC);
	assert_null(fake_trap());
	talk_end(session);
}

static void a_path_is_looked_up(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "\"call\":\"write\",\"path\":\"/data\"", "tracepoint");
	assert_int_equal(fake_trap()->inode, 77);
	assert_int_equal(fake_trap()->device, 7);
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_refused(session, "\"call\":\"write\",\"path\":\"/none\"", "path /none");
	assert_refused(session, "\"call\":\"write\",\"path\":\"data\"", "absolute path");
	talk_end(session);
}

static void what_makes_no_sense(void **state)
{
	struct session *session = kill_among();

	(void)state;
	assert_refused(session, "", "call");
	assert_refused(session, "\"call\":\"write\",\"nth\":0", "nth");
	assert_refused(session, "\"call\":\"write\",\"port\":1", "write has none");
	assert_refused(session, "\"call\":\"connect\",\"path\":\"/x\"", "connect has none");
	assert_refused(session, "\"call\":\"sync\",\"when\":\"before\"", "refuse a sync");
	talk_end(session);
}

/* Each call to the host fails in turn; nothing is left, whichever it was. */
static void nothing_is_left_when_it_fails(void **state)
{
	static const char *const names[] = {"trap_open", "trap_add", "path_identity"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct session *session = kill_among();

		fake.fail_name = names[i];
		assert_refused(session, "\"call\":\"write\",\"path\":\"/data\"", names[i]);
		fake.fail_name = NULL;
		talk_end(session);
		assert_true(fake_is_clean());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_what_happened),
		cmocka_unit_test(it_is_told_before),
		cmocka_unit_test(it_is_after_where_it_can_t_be_before),
		cmocka_unit_test(the_kernel_is_told_the_times),
		cmocka_unit_test(a_path_is_looked_up),
		cmocka_unit_test(what_makes_no_sense),
		cmocka_unit_test(nothing_is_left_when_it_fails),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
