/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lists.h"
#include "injector/names.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* Orders that name hosts: they wait until the names are known, and look again while they act. */

#define LONG_NS (100 * NS_PER_SEC)

static struct session *greeted(void)
{
	struct session *session = talk_greeted("auto");

	cJSON_Delete(talk(session, "renew", "{\"lease\":\"200s\"}"));
	return session;
}

#define HOST(name) "{\"node\":\"" name "\",\"host\":\"" name "\"}"

static void ask(struct session *session, const char *verb, const char *id, const char *from)
{
	char line[4096];
	int length = snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":\"9\",\"method\":\"%s\",\"params\":{\"id\":\"%s\","
		"\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],\"from\":[%s],"
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}}",
		verb, id, from, (long long)fake.now_ns, (long long)fake.now_ns + LONG_NS);

	assert_true(length < (int)sizeof(line));
	session_line(session, line, (size_t)length);
}

/* The answer that has come by now: a result, or NULL and talk_error; "" when there is none. */
static cJSON *answered(struct session *session)
{
	size_t count;
	const char *bytes = outbox_peek(&session->out, &count), *newline;
	cJSON *message, *result, *error;

	snprintf(talk_error, sizeof(talk_error), "%s", "");
	if (!count)
		return NULL;
	newline = memchr(bytes, '\n', count);
	message = cJSON_ParseWithLength(bytes, (size_t)(newline - bytes));
	outbox_sent(&session->out, (size_t)(newline - bytes) + 1);
	if (!cJSON_GetObjectItem(message, "id")) {
		cJSON_Delete(message); /* evidence */
		return answered(session);
	}
	assert_string_equal(cJSON_GetObjectItem(message, "id")->valuestring, "9");
	result = cJSON_DetachItemFromObject(message, "result");
	error = cJSON_GetObjectItem(message, "error");
	if (error)
		snprintf(talk_error, sizeof(talk_error), "%s",
			cJSON_GetObjectItem(error, "message")->valuestring);
	cJSON_Delete(message);
	return result;
}

static bool arms(struct session *session, const char *id, const char *from)
{
	cJSON *armed;

	ask(session, "arm", id, from);
	session_names_came(session, fake.now_ns);
	armed = answered(session);
	cJSON_Delete(armed);
	return armed;
}

static void tick(struct session *session, int64_t later_ns)
{
	cJSON *said;

	fake.now_ns += later_ns;
	assert_true(session_tick(session, fake.now_ns));
	while ((said = talk_notification(session)))
		cJSON_Delete(said);
}

static void a_name_is_hit_by_its_addresses(void **state)
{
	struct session *session = greeted();
	cJSON *evidence, *hosts;

	(void)state;
	fake_name("s3.example.com", "10.0.0.5 fd00::5");
	fake_name("cdn.example.com", "10.0.0.5 10.0.0.6");
	assert_true(arms(session, "x", HOST("s3.example.com") "," HOST("cdn.example.com")));
	assert_int_equal(fake_lookup("10.0.0.5"), 1);
	assert_int_equal(fake_lookup("10.0.0.6"), 1);
	assert_int_equal(fake_lookup("fd00::5"), 1);
	assert_int_equal(fake_lookup("10.0.0.7"), 0);
	evidence = talk(session, "evidence", "{}");
	hosts = cJSON_GetObjectItem(cJSON_GetObjectItem(evidence, "faults")->child, "hosts");
	assert_int_equal(cJSON_GetArraySize(hosts), 2);
	assert_string_equal(
		cJSON_GetObjectItem(hosts->child, "host")->valuestring, "s3.example.com");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(hosts->child, "addresses")), 2);
	cJSON_Delete(evidence);
	talk_end(session);
}

static void inspect_says_what_a_name_stands_for(void **state)
{
	struct session *session = greeted();
	cJSON *result;
	char *text;

	(void)state;
	fake_name("s3.example.com", "10.0.0.5 fd00::5");
	ask(session, "inspect", "x", HOST("s3.example.com"));
	assert_null(answered(session));
	session_names_came(session, fake.now_ns);
	result = answered(session);
	assert_non_null(result);
	text = cJSON_PrintUnformatted(result);
	assert_non_null(strstr(text, "s3.example.com is 10.0.0.5, fd00::5 here"));
	assert_non_null(strstr(text, "from s3.example.com (2 addresses)"));
	free(text);
	cJSON_Delete(result);
	talk_end(session);
}

/* New ones are hit from then on; old ones stay, for connections there may live on. */
static void addresses_are_added_and_stay(void **state)
{
	struct session *session = greeted();
	cJSON *evidence;
	char *text;

	(void)state;
	fake_name("s3.example.com", "10.0.0.5");
	assert_true(arms(session, "x", HOST("s3.example.com")));
	fake_name("s3.example.com", "10.0.0.6 10.0.0.7");
	tick(session, 3 * NS_PER_SEC);
	tick(session, NS_PER_MS);
	assert_int_equal(fake_lookup("10.0.0.5"), 1);
	assert_int_equal(fake_lookup("10.0.0.6"), 1);
	assert_int_equal(fake_lookup("10.0.0.7"), 1);
	fake_name("s3.example.com", NULL);
	tick(session, 3 * NS_PER_SEC);
	tick(session, NS_PER_MS);
	assert_int_equal(fake_lookup("10.0.0.6"), 1);
	evidence = talk(session, "heal", "{}");
	text = cJSON_PrintUnformatted(evidence);
	assert_non_null(strstr(text, "[\"10.0.0.5\",\"10.0.0.6\",\"10.0.0.7\"]"));
	assert_non_null(strstr(text, "\"trouble\":\"Name or service not known\""));
	free(text);
	cJSON_Delete(evidence);
	/* Nobody looks for a fault that is over. */
	tick(session, 10 * NS_PER_SEC);
	assert_int_equal(fake.lookups, 0);
	talk_end(session);
}

static void what_can_not_be_resolved_is_refused(void **state)
{
	struct session *session = greeted();

	(void)state;
	fake_name("s3.example.com", "10.0.0.5");
	assert_false(arms(session, "x", HOST("s3.example.com") "," HOST("no.example")));
	assert_non_null(strstr(talk_error,
		"arm: host no.example can't be resolved on this node: Name or service not known"));
	assert_int_equal(fake.lookups, 0);
	assert_true(arms(session, "x", HOST("s3.example.com")));
	talk_end(session);
}

/* A resolver that hangs holds up neither other orders nor their healing. */
static void nobody_waits_for_a_resolver(void **state)
{
	struct session *session = greeted();

	(void)state;
	fake_hang("slow.example");
	talk_arm(session, "quick", "{}", LONG_NS);
	ask(session, "arm", "x", HOST("slow.example"));
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"200s\"}"));
	cJSON_Delete(talk(session, "heal", "{\"faults\":[\"quick\"]}"));
	assert_true(session_next_ns(session, fake.now_ns) <= fake.now_ns + 8 * NS_PER_SEC);
	fake.now_ns += 8 * NS_PER_SEC;
	session_tick(session, fake.now_ns);
	assert_null(answered(session));
	assert_non_null(strstr(talk_error,
		"host slow.example can't be resolved on this node: there was no answer in time"));
	talk_end(session);
}

static void a_heal_comes_before_an_order_that_waits(void **state)
{
	struct session *session = greeted();
	const char *line = "{\"jsonrpc\":\"2.0\",\"id\":\"9\",\"method\":\"heal\",\"params\":{}}";

	(void)state;
	fake_hang("slow.example");
	ask(session, "arm", "x", HOST("slow.example"));
	session_line(session, line, strlen(line));
	assert_null(answered(session));
	assert_non_null(strstr(talk_error, "healed before its host names were known"));
	cJSON_Delete(answered(session));
	assert_int_equal(fake.lookups, 0);
	/* And the end of a session does. */
	ask(session, "arm", "x", HOST("slow.example"));
	assert_int_equal(fake.lookups, 1);
	talk_end(session);
}

static void names_have_limits(void **state)
{
	static const struct {
		const char *from, *says;
	} wrong[] = {
		{"{\"node\":\"b\",\"host\":\"\"}", "from[0].host"},
		{"{\"node\":\"b\",\"host\":\"-f\"}", "from[0].host"},
		{"{\"node\":\"b\",\"host\":\"a b\"}", "from[0].host"},
		{"{\"node\":\"b\",\"host\":\"a/../b\"}", "from[0].host"},
		{"{\"node\":\"b\",\"host\":\"10.0.0.5\"}", "is an address"},
		{"{\"node\":\"b\",\"host\":\"s3.example\",\"prefixes\":[\"10.0.0.5\"]}",
			"leave out"},
		{"{\"node\":\"b\",\"host\":\"s3.example\",\"set\":\"cdn\"}", "leave out"},
	};
	struct session *session = greeted();
	char from[2048] = "", text[400];
	size_t used = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(arms(session, "x", wrong[i].from));
		if (!strstr(talk_error, wrong[i].says))
			fail_msg("%s: %s", wrong[i].from, talk_error);
	}
	memset(text, 'a', 254);
	text[254] = '\0';
	snprintf(from, sizeof(from), "{\"node\":\"b\",\"host\":\"%s\"}", text);
	assert_false(arms(session, "x", from));
	for (int i = 0; i < 17; i++) {
		used += (size_t)snprintf(from + used, sizeof(from) - used,
			"%s{\"node\":\"h%d\",\"host\":\"h%d.example\"}", i ? "," : "", i, i);
		assert_int_equal(fake.lookups, 0);
	}
	assert_false(arms(session, "x", from));
	assert_non_null(strstr(talk_error, "16 host names"));
	talk_end(session);
}

static void a_name_keeps_so_many_addresses(void **state)
{
	struct session *session = greeted();
	static char addresses[70 * 16];
	cJSON *evidence, *host;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 63; i++)
		used += (size_t)sprintf(addresses + used, "10.0.1.%d ", i);
	fake_name("s3.example.com", addresses);
	assert_true(arms(session, "x", HOST("s3.example.com")));
	fake_name("s3.example.com", "10.0.2.1 10.0.2.2");
	tick(session, 3 * NS_PER_SEC);
	tick(session, NS_PER_MS);
	assert_int_equal(fake_lookup("10.0.1.62"), 1);
	assert_int_equal(fake_lookup("10.0.2.1"), 1);
	assert_int_equal(fake_lookup("10.0.2.2"), 0);
	evidence = talk(session, "evidence", "{}");
	host = cJSON_GetObjectItem(cJSON_GetObjectItem(evidence, "faults")->child, "hosts")->child;
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(host, "addresses")), 64);
	assert_non_null(
		strstr(cJSON_GetObjectItem(host, "trouble")->valuestring, "more addresses than"));
	cJSON_Delete(evidence);
	talk_end(session);
}

static void what_the_policy_protects_is_not_hit(void **state)
{
	struct session *session;

	(void)state;
	fake_write("/etc/backburn/policy.json",
		"{\"backburn_policy\":1,\"protect\":{\"prefixes\":[\"10.0.9.0/24\"]}}");
	session = greeted();
	fake_name("s3.example.com", "10.0.9.5");
	assert_false(arms(session, "x", HOST("s3.example.com")));
	assert_non_null(strstr(talk_error, "protect.prefixes"));
	fake_name("s3.example.com", "10.0.0.5");
	assert_true(arms(session, "x", HOST("s3.example.com")));
	fake_name("s3.example.com", "10.0.9.5 10.0.0.6");
	tick(session, 3 * NS_PER_SEC);
	tick(session, NS_PER_MS);
	assert_int_equal(fake_lookup("10.0.0.6"), 1);
	assert_int_equal(fake_lookup("10.0.9.5"), 0);
	talk_end(session);
}

/* Whichever call fails: an order is answered once, and nothing is left. */
static void failures_are_answered(void **state)
{
	(void)state;
	for (int at = 1; at < 30; at++) {
		struct session *session;
		bool armed;

		fake_reset();
		session = greeted();
		fake_name("s3.example.com", "10.0.0.5");
		fake.effects = 0;
		fake.fail_at = at;
		armed = arms(session, "x", HOST("s3.example.com"));
		fake.fail_at = 0;
		assert_true(armed || *talk_error);
		assert_int_equal(fake_lookup("10.0.0.5"), armed);
		fake_name("s3.example.com", "10.0.0.6");
		fake.fail_name = armed && at % 2 ? "matcher_put" : NULL;
		tick(session, 3 * NS_PER_SEC);
		tick(session, NS_PER_MS);
		fake.fail_name = NULL;
		/* A ledger that can't be read may be a dead session's: it is left alone. */
		talk_end_leaving(session, !armed && strcmp(fake.failed_name, "file_read") == 0);
	}
}

/* What a resolver says, as text. */
static void answers_are_read(void **state)
{
	static const struct {
		const char *text;
		int count; /* -1: refused */
		const char *says;
	} cases[] = {
		{"10.0.0.1\nfd00::1\n.\n", 2, NULL},
		{"10.0.0.1\n", -1, "ended without an answer"},
		{"", -1, "ended without an answer"},
		{".\n", -1, "no address"},
		{"10.0.0.1\n.", -1, "ended without an answer"},
		{"!Name or service not known\n", -1, "Name or service not known"},
		{"!\x1b[31mred\n", -1, "?[31mred"},
		{"!\n", -1, "no reason"},
		{"10.0.0.0/8\n.\n", -1, "no address"},
		{"hello\n.\n", -1, "no address"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail fail = FAIL_INIT;
		struct list addresses;
		int result = names_read(cases[i].text, strlen(cases[i].text), &addresses, &fail);

		assert_int_equal(result, cases[i].count < 0 ? -1 : 0);
		assert_int_equal(addresses.count, cases[i].count < 0 ? 0 : cases[i].count);
		if (cases[i].says && !strstr(fail.text, cases[i].says))
			fail_msg("%s: %s", cases[i].text, fail.text);
		list_free(&addresses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_is_hit_by_its_addresses, talk_reset),
		cmocka_unit_test_setup(inspect_says_what_a_name_stands_for, talk_reset),
		cmocka_unit_test_setup(addresses_are_added_and_stay, talk_reset),
		cmocka_unit_test_setup(what_can_not_be_resolved_is_refused, talk_reset),
		cmocka_unit_test_setup(nobody_waits_for_a_resolver, talk_reset),
		cmocka_unit_test_setup(a_heal_comes_before_an_order_that_waits, talk_reset),
		cmocka_unit_test_setup(names_have_limits, talk_reset),
		cmocka_unit_test_setup(a_name_keeps_so_many_addresses, talk_reset),
		cmocka_unit_test_setup(what_the_policy_protects_is_not_hit, talk_reset),
		cmocka_unit_test_setup(failures_are_answered, talk_reset),
		cmocka_unit_test(answers_are_read),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
