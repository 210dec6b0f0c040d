/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/lists.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* A session whose fault acts between the nodes of `on`: a, b and c. */

#define LONG_NS (60 * NS_PER_SEC)

#define AMONG(self, drops)                                                                         \
	"{\"id\":\"x\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"self\":\"" self      \
	"\",\"with\":{\"drops\":" drops                                                            \
	"},\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]},{\"node\":\"b\",\"prefixes\":["    \
	"\"10.0.0.2\"]},{\"node\":\"c\",\"prefixes\":[\"10.0.0.3\"]}],\"from\":[],"                \
	"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}"

static void one_way_is_dropped_at_its_end(void **state)
{
	struct session *session = talk_greeted("auto");
	cJSON *armed, *evidence, *counters;

	(void)state;
	/* a drops what comes from b, and c what comes from a. */
	armed = talk(session, "arm", AMONG("a", "{\"a\":[\"b\"],\"c\":[\"a\"]}"),
		(long long)fake.now_ns, (long long)fake.now_ns + LONG_NS);
	assert_non_null(armed);
	cJSON_Delete(armed);
	assert_int_equal(fake.entries.count, 2);
	fake_hit("10.0.0.2", 0, BB_INGRESS);
	fake_hit("10.0.0.3", 1, BB_EGRESS);
	evidence = talk(session, "heal", "{}");
	counters = cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0), "counters");
	assert_int_equal(cJSON_GetArraySize(counters), 2);
	for (int i = 0; i < 2; i++) {
		const cJSON *own = cJSON_GetArrayItem(counters, i);

		assert_string_equal(cJSON_GetObjectItem(own, "peer")->valuestring, i ? "c" : "b");
		assert_string_equal(cJSON_GetObjectItem(own, "direction")->valuestring,
			i ? "egress" : "ingress");
		assert_string_equal(cJSON_GetObjectItem(own, "packets")->valuestring, "1");
	}
	cJSON_Delete(evidence);
	talk_end(session);
}

/* The fault is on this node, and leaves it all its peers: it touches nothing, and can be healed. */
static void a_node_that_nothing_is_asked_of_is_armed_all_the_same(void **state)
{
	struct session *session = talk_greeted("auto");
	cJSON *answer, *fault;

	(void)state;
	answer = talk(session, "inspect", AMONG("c", "{\"a\":[\"b\"]}"), 0LL, 0LL);
	assert_non_null(answer);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "effects")), 1);
	cJSON_Delete(answer);
	answer = talk(session, "arm", AMONG("c", "{\"a\":[\"b\"]}"), (long long)fake.now_ns,
		(long long)fake.now_ns + LONG_NS);
	assert_non_null(answer);
	assert_string_equal(cJSON_GetObjectItem(answer, "attach")->valuestring, "nothing");
	cJSON_Delete(answer);
	assert_true(fake_is_clean());
	answer = talk(session, "heal", "{\"faults\":[\"x\"]}");
	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "faults"), 0);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(fault, "counters")), 0);
	cJSON_Delete(answer);
	talk_end(session);
}

static void a_node_that_is_not_in_the_order_is_refused(void **state)
{
	struct session *session = talk_greeted("auto");

	(void)state;
	assert_null(talk(session, "arm", AMONG("z", "{\"a\":[\"b\"]}"), (long long)fake.now_ns,
		(long long)fake.now_ns + LONG_NS));
	assert_non_null(strstr(talk_error, "does not say which of the nodes"));
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_way_is_dropped_at_its_end, talk_reset),
		cmocka_unit_test_setup(
			a_node_that_nothing_is_asked_of_is_armed_all_the_same, talk_reset),
		cmocka_unit_test_setup(a_node_that_is_not_in_the_order_is_refused, talk_reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	list_free(&fake.links);
	return failed;
}
