/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/list.h"
#include "contract/units.h"
#include "injector/halts.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

#define RUNTIME "/run/backburn"
#define LONG_NS (60 * NS_PER_SEC)
#define HELLO "{\"version\":1,\"session\":\"x\",\"controller\":\"c\",\"lease\":\"5s\"%s}"
#define BY_ROOT                                                                                    \
	"halt engaged by root on gate because the pager went off (environment etcd, since "        \
	"2026-01-31T23:59:30Z)"

static uint64_t cookie(void)
{
	struct host_facts facts;
	struct fail fail = FAIL_INIT;

	assert_int_equal(host_facts(&facts, &fail), 0);
	return facts.netns_cookie;
}

static void engage(const char *environment, const char *because)
{
	const struct halt halt = {.environment = (char *)environment,
		.by = (char *)"root on gate",
		.because = (char *)because,
		.since = (char *)"2026-01-31T23:59:30Z"};
	struct fail fail = FAIL_INIT;

	assert_int_equal(halts_engage(RUNTIME, cookie(), &halt, &fail), 0);
}

static void release(const char *environment)
{
	struct fail fail = FAIL_INIT;

	assert_int_equal(halts_release(RUNTIME, cookie(), environment, &fail), 0);
}

static size_t standing(void)
{
	struct list texts = {0};
	size_t count;

	halts_list(RUNTIME, cookie(), &texts);
	count = texts.count;
	list_free_texts(&texts);
	return count;
}

static void first_one_stays_and_release_is_idempotent(void **state)
{
	char text[HALT_TEXT_MAX] = "";

	(void)state;
	release("etcd");
	assert_false(halts_engaged(RUNTIME, cookie(), text));
	engage("etcd", "the pager went off");
	engage("etcd", "of another reason");
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	assert_string_equal(text, BY_ROOT);
	/* Whoever shares a host with others releases none but his own. */
	engage("shop", "of a sale");
	assert_int_equal(standing(), 2);
	release("etcd");
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	assert_non_null(strstr(text, "because of a sale (environment shop"));
	release("shop");
	release("shop");
	assert_int_equal(standing(), 0);
	assert_int_equal(fake_file_count(), 0);
}

static void what_cannot_be_read_counts_as_engaged(void **state)
{
	char path[128], text[HALT_TEXT_MAX] = "";

	(void)state;
	engage("etcd", "the pager went off");
	snprintf(path, sizeof(path), RUNTIME "/halts/%llu/etcd", (unsigned long long)cookie());
	fake_write(path, "{\"environment\":");
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	assert_non_null(strstr(text, "halts/"));
	assert_non_null(strstr(text, "can't be read, which counts as that"));
	fake_write(path, "");
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	fake.fail_name = "file_read";
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	fake.fail_name = "dir_list";
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	fake.fail_name = NULL;
	release("etcd");
	assert_false(halts_engaged(RUNTIME, cookie(), text));
}

static void a_file_made_by_hand_halts_the_machine(void **state)
{
	struct session *session = talk_greeted("tcx");
	struct fail fail = FAIL_INIT;
	char text[HALT_TEXT_MAX];

	(void)state;
	assert_int_equal(host_dir_make(RUNTIME "/halts/all", &fail), 0);
	fake_write(RUNTIME "/halts/all/stop", "");
	assert_true(halts_engaged(RUNTIME, cookie(), text));
	assert_true(session_look_at_halts(session));
	assert_int_equal(host_file_remove(RUNTIME "/halts/all/stop", &fail), 0);
	assert_false(session_look_at_halts(session));
	session_end(session, &fail);
	session_free(session);
}

static void hello_is_refused_but_for_who_only_looks(void **state)
{
	struct session *session = talk_new();
	struct fail fail = FAIL_INIT;
	cJSON *answer;

	(void)state;
	engage("etcd", "the pager went off");
	assert_null(talk(session, "hello", HELLO, ""));
	assert_string_equal(talk_error, "hello: " BY_ROOT);
	/* The same session, and nothing of the first try is left. */
	answer = talk(session, "hello", HELLO, ",\"looks\":true");
	assert_non_null(answer);
	cJSON_Delete(answer);
	assert_false(session_look_at_halts(session));
	release("etcd");
	assert_null(talk(
		session, "arm", "%s", talk_order("a", "{}", fake.now_ns, fake.now_ns + LONG_NS)));
	assert_string_equal(
		talk_error, "arm: this session said that it only looks: it arms nothing");
	assert_int_equal(session_end(session, &fail), 0);
	session_free(session);
}

static void a_session_heals_says_so_and_arms_nothing(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *said;

	(void)state;
	talk_arm(session, "cut", "{}", LONG_NS);
	assert_true(session_is_armed(session));
	engage("etcd", "the pager went off");
	assert_true(session_look_at_halts(session));
	assert_false(session_is_armed(session));
	said = talk_said(session, "halted");
	assert_non_null(said);
	assert_string_equal(cJSON_GetObjectItem(said, "text")->valuestring, BY_ROOT);
	cJSON_Delete(said);
	/* What became of the fault is told as always. */
	session_tick(session, fake.now_ns);
	said = talk_notification(session);
	assert_non_null(said);
	cJSON_Delete(said);
	/* It is said once. */
	assert_true(session_look_at_halts(session));
	assert_null(talk_notification(session));
	assert_null(talk(session, "arm", "%s",
		talk_order("more", "{}", fake.now_ns, fake.now_ns + LONG_NS)));
	assert_string_equal(talk_error, "arm: " BY_ROOT);
	release("etcd");
	assert_false(session_look_at_halts(session));
	talk_arm(session, "again", "{}", LONG_NS);
	talk_end(session);
}

/* Nobody has looked yet: the refusal must not be the first that the controller hears of it. */
static void arm_finds_the_halt_first(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *said;
	char *line;

	(void)state;
	talk_arm(session, "cut", "{}", LONG_NS);
	engage("etcd", "the pager went off");
	assert_true(asprintf(&line,
			    "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"arm\",\"params\":%s}",
			    talk_order("more", "{}", fake.now_ns, fake.now_ns + LONG_NS)) > 0);
	session_line(session, line, strlen(line));
	free(line);
	assert_false(session_is_armed(session));
	said = talk_said(session, "halted");
	assert_non_null(said);
	cJSON_Delete(said);
	release("etcd");
	session_end(session, &FAIL_INIT);
	session_free(session);
	assert_true(fake_is_clean());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(first_one_stays_and_release_is_idempotent, talk_reset),
		cmocka_unit_test_setup(what_cannot_be_read_counts_as_engaged, talk_reset),
		cmocka_unit_test_setup(a_file_made_by_hand_halts_the_machine, talk_reset),
		cmocka_unit_test_setup(hello_is_refused_but_for_who_only_looks, talk_reset),
		cmocka_unit_test_setup(a_session_heals_says_so_and_arms_nothing, talk_reset),
		cmocka_unit_test_setup(arm_finds_the_halt_first, talk_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
