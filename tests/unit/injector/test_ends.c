/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* What the dry run tells of both ends of connections: who serves, who holds them, who is served. */

#define HEAD "  sl  local_address rem_address\n"
/* 10.0.0.1:PORT to ADDRESS:PORT, in a state. */
#define SOCKET(port, remote, state, inode)                                                         \
	"   0: 0100000A:" port " " remote " " state                                                \
	" 00000000:00000000 00:00000000 00000000     0        0 " inode " 1 0\n"
#define LISTENING(port, inode)                                                                     \
	"   0: 00000000:" port " 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"    \
	"        0 " inode " 1 0\n"

static const struct fake_process db = {.pid = 90, .exe = "/usr/bin/db", .socket = 6001};
static const struct fake_process web = {.pid = 91, .exe = "/opt/a b/web", .socket = 6002};

static cJSON *seen(struct session *session, const char *table, const char *with)
{
	cJSON *answer;

	fake_add_process(&db);
	fake_add_process(&web);
	fake_write("/proc/self/net/tcp", table);
	answer = talk(session, "inspect", "%s", talk_order("cut", with, 0, 0));
	assert_non_null(answer);
	return answer;
}

static const cJSON *item(const cJSON *answer, const char *list, int index)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(answer, list), index);
}

static void the_end_where_somebody_listens_serves(void **state)
{
	struct session *session = talk_greeted("tcx");
	/* From 10.0.0.2 to port 1 of ours, which db serves; and web's own to port 80 there. */
	cJSON *answer = seen(session,
		HEAD LISTENING("0001", "5000") SOCKET("0001", "0200000A:C350", "01", "6001")
			SOCKET("C351", "0200000A:0050", "01", "6002")
				SOCKET("C352", "0200000A:0050", "01", "6003"),
		"{}");
	const cJSON *first = item(answer, "connections", 0),
		    *second = item(answer, "connections", 1),
		    *third = item(answer, "connections", 2);

	(void)state;
	assert_int_equal(json_number(answer, "connection_count", 0), 3);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(first, "listens")));
	assert_string_equal(json_string(first, "program", ""), "db");
	assert_int_equal(json_number(first, "pid", 0), 90);
	assert_false(cJSON_IsTrue(cJSON_GetObjectItem(second, "listens")));
	assert_string_equal(json_string(second, "program", ""), "web");
	/* Nobody that may be looked into holds it. */
	assert_string_equal(json_string(third, "program", "-"), "-");
	cJSON_Delete(answer);
	talk_end(session);
}

static void who_is_served_is_told_whether_hit_or_not(void **state)
{
	struct session *session = talk_greeted("tcx");
	/* Two of 10.0.0.9 and one of 10.0.0.2; one in time-wait; and one to itself. */
	cJSON *answer = seen(session,
		HEAD LISTENING("0001", "5000") SOCKET("0001", "0200000A:C350", "01", "6001")
			SOCKET("0001", "0900000A:C351", "01", "6002")
				SOCKET("0001", "0900000A:C352", "01", "6003")
					SOCKET("0001", "0900000A:C353", "06", "0")
						SOCKET("0001", "0100000A:C354", "01", "6005"),
		"{\"ports\":[9]}");
	const cJSON *first = item(answer, "clients", 0), *second = item(answer, "clients", 1);

	(void)state;
	assert_int_equal(json_number(answer, "connection_count", -1), 0);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "clients")), 2);
	assert_string_equal(json_string(first, "address", ""), "10.0.0.9");
	assert_int_equal(json_number(first, "connections", 0), 2);
	assert_int_equal(json_number(first, "port", 0), 1);
	assert_string_equal(json_string(second, "address", ""), "10.0.0.2");
	assert_string_equal(json_string(second, "program", ""), "db");
	cJSON_Delete(answer);
	talk_end(session);
}

static void each_way_is_named_with_its_peers(void **state)
{
	static const struct {
		const char *with;
		int ways;
		const char *first;
	} cases[] = {{"{}", 2, "ingress"}, {"{\"direction\":\"out\"}", 1, "egress"},
		{"{\"direction\":\"in\"}", 1, "ingress"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session *session = talk_greeted("tcx");
		cJSON *answer = seen(session, HEAD, cases[i].with);
		const cJSON *way = item(answer, "matches", 0);

		assert_int_equal(
			cJSON_GetArraySize(cJSON_GetObjectItem(answer, "matches")), cases[i].ways);
		assert_string_equal(json_string(way, "direction", ""), cases[i].first);
		assert_string_equal(item(way, "peers", 0)->valuestring, "b");
		cJSON_Delete(answer);
		talk_end(session);
	}
}

enum {
	MANY = 3000
};

/* What an answer can't hold is counted. */
static void an_answer_stays_within_a_line(void **state)
{
	struct session *session = talk_greeted("tcx");
	char *table = malloc(MANY * 160), *text;
	size_t used = (size_t)sprintf(table, "%s%s", HEAD, LISTENING("0001", "5000"));
	cJSON *answer;
	int listed;

	(void)state;
	/* Half of them come from the counterpart, and would be hit. */
	for (int i = 0; i < MANY; i++)
		used += (size_t)sprintf(table + used,
			"   0: 0100000A:0001 %02X%02X000A:%04X 01 00000000:00000000 00:00000000 "
			"00000000     0        0 %d 1 0\n",
			i % 2 ? 2 : i / 2 % 250 + 3, i % 2 ? 0 : i / 500, 40000 + i, 7000 + i);
	answer = seen(session, table, "{}");
	text = json_print(answer);
	assert_true(strlen(text) < 60000);
	assert_int_equal(json_number(answer, "connection_count", 0), MANY / 2);
	listed = cJSON_GetArraySize(cJSON_GetObjectItem(answer, "connections"));
	assert_in_range(listed, 100, 256);
	listed = cJSON_GetArraySize(cJSON_GetObjectItem(answer, "clients"));
	assert_in_range(listed, 20, 1024);
	/* The counterpart is one of them, the first, and all of the others told or counted. */
	assert_string_equal(json_string(item(answer, "clients", 0), "address", ""), "10.0.0.2");
	assert_int_equal(json_number(item(answer, "clients", 0), "connections", 0), MANY / 2);
	assert_int_equal(listed + json_number(answer, "more_clients", 0), 1 + MANY / 2);
	free(text);
	free(table);
	cJSON_Delete(answer);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_end_where_somebody_listens_serves, talk_reset),
		cmocka_unit_test_setup(who_is_served_is_told_whether_hit_or_not, talk_reset),
		cmocka_unit_test_setup(each_way_is_named_with_its_peers, talk_reset),
		cmocka_unit_test_setup(an_answer_stays_within_a_line, talk_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
