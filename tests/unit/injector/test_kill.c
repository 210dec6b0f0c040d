/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/processes.h"
#include "contract/units.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* The fault kill on a host in memory: when the signal is sent, and when it is not. */

static const cJSON *hit(const cJSON *evidence, int index)
{
	return kill_item(evidence, "processes", index);
}

static const char *text_at(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItem(object, key)->valuestring;
}

static void it_is_sent_at_its_start_and_over_at_once(void **state)
{
	struct session *session;
	int64_t start_ns;
	cJSON *said;

	(void)state;
	session = kill_among();
	start_ns = fake.now_ns + NS_PER_SEC;
	kill_arm(session, "\"exe\":\"/usr/bin/db\",\"count\":1", NS_PER_SEC);
	assert_true(session_tick(session, start_ns - 1));
	assert_int_equal(fake_last_signal(102), 0);
	assert_true(session_next_ns(session, start_ns - 1) <= start_ns);
	cJSON_Delete(talk_notification(session));
	fake.now_ns = start_ns;
	assert_true(session_tick(session, start_ns));
	assert_int_equal(fake_last_signal(102), SIGKILL);
	assert_int_equal(fake_last_signal(101), 0);
	assert_false(session_is_armed(session));
	said = talk_notification(session);
	assert_non_null(said);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(said, "faults"), 0), "healed")));
	assert_string_equal(text_at(hit(said, 0), "result"), "sent");
	assert_string_equal(text_at(hit(said, 0), "exited_ns"), "0");
	cJSON_Delete(said);
	/* The exit is seen a moment later, and said. */
	fake.now_ns = session_next_ns(session, fake.now_ns);
	assert_true(fake.now_ns <= start_ns + 2 * NS_PER_MS);
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	assert_true(strtoll(text_at(hit(said, 0), "exited_ns"), NULL, 10) >= start_ns);
	cJSON_Delete(said);
	/* Somebody starts it again. */
	fake.now_ns += 50 * NS_PER_MS;
	kill_begin(300, "/usr/bin/db");
	said = kill_pass(session, fake.now_ns + NS_PER_SEC);
	assert_int_equal(kill_number(kill_item(said, "strikes", 0), "back_pid"), 300);
	cJSON_Delete(said);
	/* Nothing more to be done. */
	assert_int_equal(session_next_ns(session, fake.now_ns) - fake.now_ns,
		session->lease_until_ns - fake.now_ns);
	talk_end(session);
}

static void news_wait_for_room_and_are_not_lost(void **state)
{
	struct session *session;
	size_t count;
	cJSON *said;

	(void)state;
	session = kill_among();
	kill_arm(session, "\"exe\":\"/usr/bin/db\",\"count\":1", 0);
	/* Something waits to be sent. */
	session_line(session, "{", 1);
	assert_true(session_tick(session, fake.now_ns));
	outbox_peek(&session->out, &count);
	outbox_sent(&session->out, count);
	fake.now_ns = session_next_ns(session, fake.now_ns);
	while (!(said = talk_notification(session))) {
		assert_true(fake.now_ns < session->lease_until_ns);
		assert_true(session_tick(session, fake.now_ns));
		fake.now_ns = session_next_ns(session, fake.now_ns);
	}
	assert_string_equal(text_at(hit(said, 0), "result"), "sent");
	cJSON_Delete(said);
	talk_end(session);
}

static void who_survives_is_looked_at_less_and_less(void **state)
{
	struct session *session;
	cJSON *said;
	int looks = 0;

	(void)state;
	fake_reset();
	kill_databases();
	kill_process(102)->survives = true;
	session = kill_greeted(&kill_config);
	said = kill_ask(
		session, "arm", "\"exe\":\"/usr/bin/db\",\"count\":1", "\"signal\":\"TERM\"", 0);
	assert_non_null(said);
	cJSON_Delete(said);
	while (fake.now_ns < session->lease_until_ns) {
		assert_true(session_tick(session, fake.now_ns));
		cJSON_Delete(talk_notification(session));
		fake.now_ns = session_next_ns(session, fake.now_ns);
		looks++;
	}
	assert_int_equal(fake_last_signal(102), SIGTERM);
	assert_in_range(looks, 10, 40);
	talk_end(session);
}

static void disarmed_it_sends_nothing(void **state)
{
	struct session *session;
	struct fail fail = FAIL_INIT;
	cJSON *said;

	(void)state;
	/* By a heal before its start. */
	session = kill_among();
	kill_arm(session, "\"exe\":\"/usr/bin/db\"", NS_PER_SEC);
	said = talk(session, "heal", "{\"faults\":[\"k\"]}");
	assert_non_null(said);
	assert_string_equal(text_at(hit(said, 3), "result"), "not_sent");
	cJSON_Delete(said);
	fake.now_ns += 2 * NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	talk_end(session);
	assert_int_equal(fake_last_signal(102), 0);

	/* By the end of the session. */
	session = kill_greeted(&kill_config);
	kill_arm(session, "\"exe\":\"/usr/bin/db\"", NS_PER_SEC);
	fake.now_ns += 2 * NS_PER_SEC;
	assert_int_equal(session_end(session, &fail), 0);
	session_free(session);
	assert_int_equal(fake_last_signal(102), 0);

	/* By a lease that was lost before anybody looked again. */
	session = kill_greeted(&kill_config);
	kill_arm(session, "\"exe\":\"/usr/bin/db\"", NS_PER_SEC);
	fake.now_ns += 6 * NS_PER_SEC;
	assert_false(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(102), 0);
	talk_end(session);

	/* By its deadline, which is the latest start. */
	session = kill_greeted(&kill_config);
	kill_arm(session, "\"exe\":\"/usr/bin/db\"", 0);
	session->lease_until_ns += 60 * NS_PER_SEC;
	fake.now_ns += 10 * NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(102), 0);
	assert_false(session_is_armed(session));
	talk_end(session);
}

static void what_went_wrong_is_told_of_each(void **state)
{
	struct session *session;
	cJSON *said;

	(void)state;
	session = kill_among();
	kill_arm(session, "\"exe\":\"/usr/bin/db\",\"count\":2", NS_PER_SEC);
	kill_process(102)->dead = true;
	fake.now_ns += NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	assert_string_equal(text_at(hit(said, 0), "result"), "gone");
	assert_string_equal(text_at(hit(said, 1), "result"), "sent");
	cJSON_Delete(said);
	talk_end(session);

	fake_reset();
	kill_databases();
	fake.fail_name = "process_signal";
	session = kill_greeted(&kill_config);
	kill_arm(session, "\"exe\":\"/usr/bin/db\",\"count\":1", 0);
	assert_true(session_tick(session, fake.now_ns));
	cJSON_Delete(talk_notification(session));
	said = talk(session, "evidence", "{}");
	assert_string_equal(text_at(hit(said, 0), "result"), "failed");
	assert_non_null(strstr(text_at(hit(said, 0), "reason"), "process_signal"));
	cJSON_Delete(said);
	talk_end(session);
}

/* ---- a cgroup in one go ---- */

static void a_cgroup_is_killed_in_one_go(void **state)
{
	struct session *session;
	cJSON *said;

	(void)state;
	session = kill_among();
	/* By none of its signals. */
	fake.fail_name = "process_signal";
	kill_arm(session, "\"cgroup\":\"/apps\"", NS_PER_SEC);
	fake.now_ns += NS_PER_SEC / 2;
	kill_begin(104, "/usr/bin/other");
	said = kill_pass(session, fake.now_ns + NS_PER_SEC);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(kill_item(said, "strikes", 0), "whole")));
	assert_int_equal(kill_number(kill_item(said, "strikes", 0), "exited"), 5);
	for (int i = 0; i < 5; i++)
		assert_string_equal(text_at(hit(said, i), "result"), "sent");
	assert_int_equal(kill_number(hit(said, 4), "pid"), 104);
	cJSON_Delete(said);
	assert_int_equal(fake_last_signal(104), SIGKILL);
	assert_int_equal(fake_last_signal(1), 0);
	talk_end(session);

	/* A unit's; another signal, or fewer, go one by one. */
	session = kill_among();
	kill_process(100)->cgroup = "/system.slice/db.service/worker";
	kill_process(101)->cgroup = "/system.slice/db.service";
	kill_arm(session, "\"unit\":\"db.service\"", 0);
	said = kill_pass(session, fake.now_ns + NS_PER_SEC);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(kill_item(said, "strikes", 0), "whole")));
	assert_int_equal(kill_number(kill_item(said, "strikes", 0), "exited"), 2);
	assert_int_equal(fake_last_signal(102), 0);
	cJSON_Delete(said);
	talk_end(session);
	session = kill_among();
	kill_arm(session, "\"cgroup\":\"/apps\",\"count\":4", 0);
	said = kill_pass(session, fake.now_ns + NS_PER_SEC);
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(kill_item(said, "strikes", 0), "whole")));
	cJSON_Delete(said);
	talk_end(session);
}

static void a_cgroup_is_whole_or_it_is_none(void **state)
{
	static const char by_cgroup[] = "\"how\":\"cgroup\"";
	struct session *session;
	cJSON *said;

	(void)state;
	session = kill_among();
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\"", by_cgroup, "kills a whole cgroup");
	assert_kill_refused(
		session, "\"cgroup\":\"/apps\",\"count\":1", by_cgroup, "kills a whole cgroup");
	assert_kill_refused(session, "\"cgroup\":\"/apps\"",
		"\"how\":\"cgroup\",\"signal\":\"TERM\"", "kills a whole cgroup");
	assert_kill_refused(
		session, "\"cgroup\":\"/none\"", by_cgroup, "nobody is in cgroup /none");
	talk_end(session);

	/* Somebody in it is never hit: the others one by one, or nobody. */
	session = kill_among();
	kill_process(103)->exe = "/x/backburn";
	assert_kill_refused(session, "\"cgroup\":\"/apps\"", by_cgroup,
		"all of cgroup /apps would be hit: 1 that match are left alone (1 part of");
	assert_null(kill_ask(session, "inspect", "\"cgroup\":\"/apps\"", by_cgroup, NS_PER_SEC));
	assert_non_null(strstr(talk_error, "all of cgroup /apps would be hit"));
	assert_kill_chosen(session, "\"cgroup\":\"/apps\"", "102 101 100");
	kill_arm(session, "\"cgroup\":\"/apps\"", 0);
	said = kill_pass(session, fake.now_ns + NS_PER_SEC);
	assert_int_equal(kill_number(kill_item(said, "strikes", 0), "sent"), 3);
	cJSON_Delete(said);
	assert_int_equal(fake_last_signal(103), 0);
	talk_end(session);

	/* Who came into it after it was armed is not hit either. */
	session = kill_among();
	said = kill_ask(session, "arm", "\"cgroup\":\"/apps\"", by_cgroup, NS_PER_SEC);
	assert_non_null(said);
	cJSON_Delete(said);
	kill_begin(104, "/x/backburn-injector");
	said = kill_pass(session, fake.now_ns + 2 * NS_PER_SEC);
	assert_int_equal(kill_number(kill_item(said, "strikes", 0), "chosen"), 0);
	assert_non_null(strstr(text_at(kill_item(said, "strikes", 0), "trouble"), "all of cgroup"));
	cJSON_Delete(said);
	assert_int_equal(fake_last_signal(100), 0);
	talk_end(session);
}

/* One that another user made may not be ours to write to. */
static void a_cgroup_that_can_not_be_killed(void **state)
{
	static const char *const with[] = {"\"how\":\"cgroup\"", ""};

	(void)state;
	for (int is_auto = 0; is_auto < 2; is_auto++) {
		struct session *session = kill_among();
		cJSON *said =
			kill_ask(session, "arm", "\"cgroup\":\"/apps\"", with[is_auto], NS_PER_SEC);

		assert_non_null(said);
		cJSON_Delete(said);
		fake.fail_name = "cgroup_kill";
		said = kill_pass(session, fake.now_ns + 2 * NS_PER_SEC);
		assert_string_equal(text_at(hit(said, 0), "result"), is_auto ? "sent" : "failed");
		assert_int_equal(fake_last_signal(100), is_auto ? SIGKILL : 0);
		cJSON_Delete(said);
		fake.fail_name = NULL;
		talk_end(session);
	}
}

/*
 * Everything that a strike needs fails in turn. Who was not hit is told as that, and who is told to
 * have been hit was.
 */
static void torture_of_a_strike(void **state)
{
	static const char *const selectors[] = {"\"cgroup\":\"/apps\"", "\"exe\":\"/usr/bin/db\""};
	bool failed = true;

	(void)state;
	for (int at = 1; failed; at++) {
		failed = false;
		for (size_t i = 0; i < 2; i++) {
			struct session *session = kill_among();
			cJSON *said;

			kill_arm(session, selectors[i], 0);
			fake.fail_at = fake.effects + at;
			said = kill_pass(session, fake.now_ns + 100 * NS_PER_MS);
			failed = failed || fake.failed_name;
			for (int hits = 0; hit(said, hits); hits++)
				assert_true(
					(strcmp(text_at(hit(said, hits), "result"), "sent") == 0) ==
					(fake_last_signal(kill_number(hit(said, hits), "pid")) ==
						SIGKILL));
			if (!hit(said, 0))
				assert_int_equal(fake_last_signal(100), 0);
			cJSON_Delete(said);
			fake.fail_at = 0;
			talk_end(session);
			assert_int_equal(fake.handles.count, 0);
		}
		assert_true(at < 60);
	}
}

/* Every effect fails in turn: a refusal leaves nothing, and nobody is hit by half an order. */
static void torture(void **state)
{
	bool failed = true;

	(void)state;
	for (int at = 1; failed; at++) {
		struct session *session;
		int before;
		cJSON *armed;

		fake_reset();
		kill_databases();
		session = kill_greeted(&kill_config);
		before = fake.effects;
		fake.fail_at = before + at;
		armed = kill_ask(session, "arm", "\"exe\":\"/usr/bin/db\"", "", NS_PER_SEC);
		failed = fake.failed_name != NULL;
		assert_true(failed == !armed);
		if (!armed)
			assert_int_equal(fake.handles.count, 0);
		cJSON_Delete(armed);
		assert_int_equal(fake_last_signal(102), 0);
		fake.fail_at = 0;
		talk_end(session);
		assert_true(at < 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_sent_at_its_start_and_over_at_once),
		cmocka_unit_test(news_wait_for_room_and_are_not_lost),
		cmocka_unit_test(who_survives_is_looked_at_less_and_less),
		cmocka_unit_test(disarmed_it_sends_nothing),
		cmocka_unit_test(what_went_wrong_is_told_of_each),
		cmocka_unit_test(a_cgroup_is_killed_in_one_go),
		cmocka_unit_test(a_cgroup_is_whole_or_it_is_none),
		cmocka_unit_test(a_cgroup_that_can_not_be_killed),
		cmocka_unit_test(torture_of_a_strike),
		cmocka_unit_test(torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
