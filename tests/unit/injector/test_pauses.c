/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* The fault pause: who is handed to the guardian, what is in the ledger, and what becomes of it. */

#define LONG_NS (60 * NS_PER_SEC)

static struct talk_fault order(const char *processes, const char *with)
{
	return (struct talk_fault){.id = "p",
		.fault = "pause",
		.with = with,
		.processes = processes,
		.for_ns = LONG_NS};
}

static cJSON *ask(
	struct session *session, const char *verb, const char *processes, const char *with)
{
	struct talk_fault own = order(processes, with);

	return talk_fault(session, verb, &own);
}

static void arm(struct session *session, const char *processes, const char *with)
{
	struct talk_fault own = order(processes, with);

	talk_arm_fault(session, &own);
}

static void assert_refused(
	struct session *session, const char *processes, const char *with, const char *part)
{
	assert_null(ask(session, "arm", processes, with));
	if (!strstr(talk_error, part))
		fail_msg("\"%s\" is not in: %s", part, talk_error);
}

static char *ledger_text(void)
{
	LIST_EACH(fake.files, struct fake_file *, file) {
		if (strstr((*file)->path, "/ledger"))
			return strndup((*file)->text, (*file)->length);
	}
	return strdup("");
}

static void assert_noted(const char *part, bool noted)
{
	char *text = ledger_text();

	if (!strstr(text, part) == noted)
		fail_msg("\"%s\" is %sin: %s", part, noted ? "not " : "", text);
	free(text);
}

static void what_ptrace_holds_needs_no_undo(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "\"exe\":\"/usr/bin/db\"", "{}");
	assert_noted("\"undo\":\"group\"", true);
	assert_noted("\"undo\":\"stop\"", false);
	cJSON_Delete(talk(session, "heal", "{}"));
	talk_end(session);
}

static void the_rest_is_noted_before(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "\"exe\":\"/usr/bin/db\"", "{\"how\":\"stop\"}");
	assert_noted("\"undo\":\"stop\"", true);
	fake.frozen = true;
	cJSON_Delete(talk(session, "heal", "{}"));
	assert_false(fake.frozen);
	talk_end(session);
	session = kill_among();
	arm(session, "\"cgroup\":\"/apps/db\"", "{}");
	assert_noted("\"undo\":\"freeze\"", true);
	assert_noted("\"interface\":\"/apps/db\"", true);
	fake.frozen = true;
	talk_end(session);
	assert_false(fake.frozen);
	/* A unit is its cgroup. */
	session = kill_among();
	kill_process(102)->cgroup = "/system.slice/db.service/worker";
	arm(session, "\"unit\":\"db.service\"", "{}");
	assert_noted("\"undo\":\"freeze\"", true);
	assert_noted("\"interface\":\"/system.slice/db.service\"", true);
	talk_end(session);
}

static void a_cgroup_is_held_whole_or_not_at_all(void **state)
{
	struct session *session = kill_among();

	(void)state;
	assert_refused(
		session, "\"exe\":\"/usr/bin/db\"", "{\"how\":\"freeze\"}", "holds a whole cgroup");
	assert_refused(session, "\"cgroup\":\"/system.slice/ssh.service\"", "{}",
		"all of cgroup /system.slice/ssh.service would be hit");
	talk_end(session);
}

static void a_guardian_that_refuses(void **state)
{
	static const struct {
		int error;
		const char *said;
	} cases[] = {
		{EBUSY, "another process traces it already"},
		{EALREADY, "it stands still already"},
		{EPERM, "does not let the injector hold it"},
	};
	struct session *session = kill_among();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.hold_error = cases[i].error;
		assert_refused(
			session, "\"exe\":\"/usr/bin/db\"", "{\"how\":\"stop\"}", cases[i].said);
		assert_noted("\"undo\":\"stop\"", true);
	}
	fake.hold_error = 0;
	arm(session, "\"exe\":\"/usr/bin/db\"", "{}");
	talk_end(session);
}

static void one_that_can_not_be_started(void **state)
{
	struct session *session = kill_among();

	(void)state;
	fake.fail_name = "guardian_start";
	assert_refused(session, "\"exe\":\"/usr/bin/db\"", "{}", "guardian_start");
	fake.fail_name = NULL;
	arm(session, "\"exe\":\"/usr/bin/db\"", "{}");
	talk_end(session);
}

/* Its death ends the fault: what it held by ptrace goes on, the rest is let go by the session. */
static void one_that_dies(void **state)
{
	struct session *session = kill_among();

	(void)state;
	arm(session, "\"exe\":\"/usr/bin/db\"", "{\"how\":\"stop\"}");
	fake.frozen = true;
	fake.guardian_dies = true;
	fake.now_ns += NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	assert_false(fake.frozen);
	cJSON_Delete(talk_notification(session));
	fake.guardian_dies = false;
	cJSON_Delete(talk(session, "heal", "{}"));
	talk_end(session);
}

static void the_dry_run_touches_nobody(void **state)
{
	struct session *session = kill_among();
	cJSON *seen = ask(session, "inspect", "\"cgroup\":\"/apps/db\"",
		"{\"duty\":{\"held\":\"200ms\",\"every\":\"1s\"}}");
	char *said;

	(void)state;
	assert_non_null(seen);
	said = cJSON_PrintUnformatted(seen);
	assert_non_null(strstr(said, "for 200ms of every 1.00s"));
	assert_non_null(strstr(said, "backburn-injector recover"));
	free(said);
	cJSON_Delete(seen);
	assert_refused(session, "\"cgroup\":\"/apps/db\"",
		"{\"duty\":{\"held\":\"1s\",\"every\":\"1s\"}}", "must be shorter than");
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_ptrace_holds_needs_no_undo, talk_reset),
		cmocka_unit_test_setup(the_rest_is_noted_before, talk_reset),
		cmocka_unit_test_setup(a_cgroup_is_held_whole_or_not_at_all, talk_reset),
		cmocka_unit_test_setup(a_guardian_that_refuses, talk_reset),
		cmocka_unit_test_setup(one_that_can_not_be_started, talk_reset),
		cmocka_unit_test_setup(one_that_dies, talk_reset),
		cmocka_unit_test_setup(the_dry_run_touches_nobody, talk_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
