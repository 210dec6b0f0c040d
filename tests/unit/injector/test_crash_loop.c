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
#include "injector/mechanisms/signals.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* A kill that strikes again and again, and who comes back after each strike. */

#define DB "/usr/bin/db"
#define BY_EXE "\"exe\":\"" DB "\""

static struct session *among(int64_t pid)
{
	fake_reset();
	kill_add(pid, 900, DB, "db");
	return kill_greeted(&kill_config);
}

static void arm(struct session *session, const char *processes, const char *with)
{
	cJSON *armed = kill_ask(session, "arm", processes, with, 0);

	if (!armed)
		fail_msg("%s", talk_error);
	cJSON_Delete(armed);
}

static int64_t strike(const cJSON *said, int index, const char *key)
{
	const cJSON *item = kill_item(said, "strikes", index);

	assert_non_null(item);
	return kill_number(item, key);
}

static bool is_healed(const cJSON *said)
{
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(said, "faults"), 0);

	return cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed"));
}

static void whoever_runs_by_then_is_struck(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;
	cJSON *said;

	(void)state;
	arm(session, BY_EXE, "\"every\":\"1s\",\"times\":3");
	cJSON_Delete(kill_pass(session, start_ns + 400 * NS_PER_MS));
	assert_int_equal(fake_last_signal(200), SIGKILL);
	kill_begin(201, DB);
	said = kill_pass(session, start_ns + 900 * NS_PER_MS);
	assert_int_equal(strike(said, 0, "back_pid"), 201);
	assert_int_equal(strike(said, 0, "back_ns"), start_ns + 400 * NS_PER_MS);
	assert_int_equal(fake_last_signal(201), 0);
	assert_false(is_healed(said));
	cJSON_Delete(said);
	/* The second finds the new one, the third nobody; with that it is over. */
	said = kill_pass(session, start_ns + 2500 * NS_PER_MS);
	assert_int_equal(fake_last_signal(201), SIGKILL);
	assert_int_equal(strike(said, 1, "at_ns"), start_ns + NS_PER_SEC);
	assert_int_equal(strike(said, 1, "exited"), 1);
	assert_int_equal(strike(said, 2, "chosen"), 0);
	assert_non_null(cJSON_GetObjectItem(kill_item(said, "strikes", 2), "trouble"));
	assert_null(kill_item(said, "strikes", 3));
	assert_int_equal(kill_number(kill_item(said, "processes", 1), "pid"), 201);
	assert_int_equal(kill_number(kill_item(said, "processes", 1), "strike"), 2);
	assert_true(is_healed(said));
	cJSON_Delete(said);
	/* One that comes after that was waited for by the second, the last that hit somebody. */
	kill_begin(202, DB);
	said = kill_pass(session, start_ns + 3500 * NS_PER_MS);
	assert_int_equal(strike(said, 1, "back_pid"), 202);
	assert_int_equal(fake_last_signal(202), 0);
	cJSON_Delete(said);
	talk_end(session);
}

/* A supervisor that is at once; each strike has its victim and its successor. */
static void it_ends_with_its_deadline(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;
	cJSON *said = NULL;

	(void)state;
	arm(session, BY_EXE, "\"every\":\"1s\"");
	for (int i = 1; i <= 12; i++) {
		cJSON_Delete(said);
		said = kill_pass(session, start_ns + i * NS_PER_SEC - NS_PER_SEC / 2);
		kill_begin(200 + i, DB);
	}
	/* The deadline is 10 s after the start: nothing is struck at it. */
	assert_int_equal(strike(said, 9, "at_ns"), start_ns + 9 * NS_PER_SEC);
	assert_null(kill_item(said, "strikes", 10));
	assert_true(is_healed(said));
	for (int i = 0; i < 10; i++)
		assert_int_equal(strike(said, i, "back_pid"), 201 + i);
	assert_int_equal(fake_last_signal(210), 0);
	cJSON_Delete(said);
	talk_end(session);
}

static void healed_or_without_a_lease_it_strikes_no_more(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;

	(void)state;
	arm(session, BY_EXE, "\"every\":\"1s\"");
	cJSON_Delete(kill_pass(session, start_ns + 500 * NS_PER_MS));
	kill_begin(201, DB);
	cJSON_Delete(talk(session, "heal", "{}"));
	cJSON_Delete(kill_pass(session, start_ns + 5 * NS_PER_SEC));
	assert_int_equal(fake_last_signal(201), 0);
	talk_end(session);

	session = among(200);
	start_ns = fake.now_ns;
	arm(session, BY_EXE, "\"every\":\"1s\"");
	cJSON_Delete(kill_pass(session, start_ns + 500 * NS_PER_MS));
	kill_begin(201, DB);
	fake.now_ns = session->lease_until_ns;
	assert_false(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(201), 0);
	talk_end(session);
}

static void guards_are_asked_each_time(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;
	cJSON *said;

	(void)state;
	arm(session, "\"cgroup\":\"/apps/db\"", "\"every\":\"1s\"");
	cJSON_Delete(kill_pass(session, start_ns + 500 * NS_PER_MS));
	kill_begin(201, "/x/backburn");
	said = kill_pass(session, start_ns + 1500 * NS_PER_MS);
	assert_int_equal(strike(said, 1, "chosen"), 0);
	assert_int_equal(fake_last_signal(201), 0);
	cJSON_Delete(said);
	talk_end(session);
}

static void what_was_slept_through_is_not_made_up_for(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;
	cJSON *said;

	(void)state;
	kill_process(200)->survives = true;
	arm(session, BY_EXE, "\"every\":\"1s\"");
	cJSON_Delete(kill_pass(session, start_ns + 500 * NS_PER_MS));
	fake.now_ns = start_ns + 3400 * NS_PER_MS;
	assert_true(session_tick(session, fake.now_ns));
	cJSON_Delete(talk_notification(session));
	said = kill_pass(session, start_ns + 4500 * NS_PER_MS);
	assert_int_equal(strike(said, 1, "at_ns"), start_ns + 3400 * NS_PER_MS);
	assert_int_equal(strike(said, 2, "at_ns"), start_ns + 4 * NS_PER_SEC);
	assert_null(kill_item(said, "strikes", 3));
	cJSON_Delete(said);
	talk_end(session);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
	struct session *session = among(200);

	(void)state;
	assert_kill_refused(session, BY_EXE, "\"times\":3", "needs the key \"every\"");
	assert_kill_refused(session, BY_EXE, "\"every\":\"10ms\"", "every");
	assert_kill_refused(session, BY_EXE, "\"every\":\"1s\",\"times\":101", "times");
	for (int i = 0; i < STRIKE_PROCESSES_MAX; i++)
		kill_add(300 + i, 900, DB, "db");
	assert_kill_refused(session, BY_EXE, "\"every\":\"1s\"", "at most 48 at a time");
	talk_end(session);
	/* It has a length, and the host's policy bounds that. */
	fake_reset();
	kill_add(200, 900, DB, "db");
	fake_write(POLICY_FILE, "{\"backburn_policy\":1,\"max_fault\":\"1s\"}");
	session = kill_greeted(&kill_config);
	assert_kill_refused(session, BY_EXE, "\"every\":\"1s\"", "max_fault");
	talk_end(session);
}

static void the_longest_evidence_fits_a_line(void **state)
{
	static char cmdline[4096];
	struct session *session;
	cJSON *said;

	(void)state;
	fake_reset();
	fake.now_ns = fake.wall_ns = INT64_C(1) << 60;
	memset(cmdline, '"', sizeof(cmdline) - 1);
	for (int i = 0; i < STRIKE_PROCESSES_MAX; i++) {
		kill_add(4000000 + i, 4, DB, cmdline);
		kill_process(4000000 + i)->survives = true;
	}
	session = kill_greeted(&kill_config);
	arm(session, BY_EXE, "\"every\":\"100ms\"");
	/* talk() asserts the length of each line. */
	said = kill_pass(session, fake.now_ns + 9950 * NS_PER_MS);
	assert_non_null(kill_item(said, "strikes", STRIKES_MAX - 1));
	assert_null(kill_item(said, "strikes", STRIKES_MAX));
	assert_int_equal(kill_number(kill_item(said, "processes", 0), "strike"), STRIKES_MAX);
	assert_non_null(kill_item(said, "processes", STRIKE_PROCESSES_MAX - 1));
	assert_null(kill_item(said, "processes", STRIKE_PROCESSES_MAX));
	assert_true(is_healed(said));
	cJSON_Delete(said);
	assert_int_equal(fake.handles.count, STRIKE_PROCESSES_MAX);
	talk_end(session);
	assert_int_equal(fake.handles.count, 0);
}

/* ---- who comes back ---- */

static void children_of_the_ended_are_not_waited_for(void **state)
{
	struct session *session;
	int64_t start_ns;
	cJSON *said;

	(void)state;
	/* A master with two workers, and another beside it. */
	session = among(200);
	kill_add(201, 901, DB, "db");
	kill_add(202, 901, DB, "db");
	kill_add(203, 901, DB, "db");
	kill_process(201)->parent = kill_process(202)->parent = 200;
	start_ns = fake.now_ns;
	arm(session, BY_EXE, "");
	cJSON_Delete(kill_pass(session, start_ns + 100 * NS_PER_MS));
	kill_begin(210, DB);
	kill_begin(211, DB);
	kill_process(211)->parent = 210;
	said = kill_pass(session, start_ns + NS_PER_SEC);
	assert_int_equal(strike(said, 0, "exited"), 4);
	assert_int_equal(strike(said, 0, "wanted"), 2);
	assert_int_equal(strike(said, 0, "back"), 1);
	assert_int_equal(strike(said, 0, "back_pid"), 0);
	assert_true(strike(said, 0, "looked_ns") > start_ns + 800 * NS_PER_MS);
	cJSON_Delete(said);
	kill_begin(212, DB);
	said = kill_pass(session, start_ns + 2 * NS_PER_SEC);
	assert_int_equal(strike(said, 0, "back_pid"), 212);
	assert_int_equal(strike(said, 0, "back_ns"), start_ns + NS_PER_SEC);
	cJSON_Delete(said);
	talk_end(session);
}

static void who_never_comes_back_is_looked_for_less_and_less(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns, last_ns;
	int looks = 0;
	cJSON *said;

	(void)state;
	arm(session, BY_EXE, "");
	while (fake.now_ns < start_ns + 100 * NS_PER_SEC) {
		assert_true(session_tick(session, fake.now_ns));
		cJSON_Delete(talk_notification(session));
		session->lease_until_ns = fake.now_ns + 60 * NS_PER_SEC;
		fake.now_ns = session_next_ns(session, fake.now_ns);
		looks++;
	}
	assert_in_range(looks, 30, 100);
	/* The report is never more than an eighth of the time behind. */
	said = talk(session, "evidence", "{}");
	last_ns = strike(said, 0, "looked_ns");
	assert_true(last_ns >= start_ns + 87 * NS_PER_SEC);
	assert_int_equal(strike(said, 0, "back"), 0);
	cJSON_Delete(said);
	/* In the end nobody is waited for any more. */
	said = kill_pass(session, start_ns + 4000 * NS_PER_SEC);
	assert_true(strike(said, 0, "looked_ns") < start_ns + 3610 * NS_PER_SEC);
	cJSON_Delete(said);
	talk_end(session);
}

static void a_look_that_fails_proves_nothing(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;
	cJSON *said;

	(void)state;
	arm(session, BY_EXE, "");
	cJSON_Delete(kill_pass(session, start_ns + 10 * NS_PER_MS));
	fake.fail_name = "process_list";
	said = kill_pass(session, start_ns + 4 * NS_PER_SEC);
	assert_int_equal(strike(said, 0, "looked_ns"), 0);
	cJSON_Delete(said);
	fake.fail_name = NULL;
	said = kill_pass(session, start_ns + 8 * NS_PER_SEC);
	assert_true(strike(said, 0, "looked_ns") > start_ns + 4 * NS_PER_SEC);
	cJSON_Delete(said);
	talk_end(session);
}

static void a_pidfile_that_is_not_written_again_names_nobody(void **state)
{
	struct session *session = among(200);
	int64_t start_ns = fake.now_ns;
	cJSON *said;

	(void)state;
	fake_write("/run/db.pid", "200");
	fake.pidfile = (struct host_pidfile){.written_ns = 10 * NS_PER_SEC, .uid = 500};
	arm(session, "\"pidfile\":\"/run/db.pid\"", "");
	cJSON_Delete(kill_pass(session, start_ns + NS_PER_SEC));
	assert_int_equal(fake_last_signal(200), SIGKILL);
	kill_begin(201, DB);
	said = kill_pass(session, start_ns + 2 * NS_PER_SEC);
	assert_int_equal(strike(said, 0, "back"), 0);
	assert_true(strike(said, 0, "looked_ns") > start_ns + NS_PER_SEC);
	cJSON_Delete(said);
	fake_write("/run/db.pid", "201");
	fake.pidfile.written_ns = fake.now_ns;
	fake.wall_ns = fake.now_ns;
	said = kill_pass(session, start_ns + 3 * NS_PER_SEC);
	assert_int_equal(strike(said, 0, "back_pid"), 201);
	cJSON_Delete(said);
	assert_int_equal(host_file_remove("/run/db.pid", &FAIL_INIT), 0);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_runs_by_then_is_struck),
		cmocka_unit_test(it_ends_with_its_deadline),
		cmocka_unit_test(healed_or_without_a_lease_it_strikes_no_more),
		cmocka_unit_test(guards_are_asked_each_time),
		cmocka_unit_test(what_was_slept_through_is_not_made_up_for),
		cmocka_unit_test(orders_that_make_no_sense_are_refused),
		cmocka_unit_test(the_longest_evidence_fits_a_line),
		cmocka_unit_test(children_of_the_ended_are_not_waited_for),
		cmocka_unit_test(who_never_comes_back_is_looked_for_less_and_less),
		cmocka_unit_test(a_look_that_fails_proves_nothing),
		cmocka_unit_test(a_pidfile_that_is_not_written_again_names_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
