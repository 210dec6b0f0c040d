/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/verbs.h"

/* One message of each verb as it stands on the wire: decoding and encoding must not change it. */
static const struct {
	const char *name;
	const struct shape *shape;
	const char *text;
} messages[] = {
	{"hello", &hello_params_shape,
		"{\"version\":1,\"session\":\"r1\",\"controller\":\"me\",\"lease\":\"5s\","
		"\"attach\":\"tcx\"}"},
	{"hello result", &hello_result_shape,
		"{\"version\":1,\"tool\":\"t\",\"host\":\"h\",\"kernel\":\"6.1\",\"machine\":\"x86_"
		"64\","
		"\"boot_id\":\"b\",\"netns_cookie\":\"18\",\"pid\":5,\"cgroup\":\"/"
		"x\",\"attach\":\"tcx\","
		"\"capabilities\":[{\"name\":\"tcx\",\"ok\":false,\"reason\":\"no\"}],"
		"\"addresses\":[\"10.0.0.1\",\"fd00::1\"],\"policy\":{\"a\":1}}"},
	{"ping result", &ping_result_shape, "{\"monotonic_ns\":\"9223372036854775807\"}"},
	{"arm", &fault_order_shape,
		"{\"id\":\"cut\",\"fault\":\"partition\",\"scope\":{},\"role\":\"from\",\"with\":{"
		"\"ports\":[1]},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],"
		"\"from\":[{\"node\":\"everything\",\"prefixes\":[\"0.0.0.0/0\",\"::/0\"]}],"
		"\"start_ns\":\"5\",\"deadline_ns\":\"9\"}"},
	{"arm result", &arm_result_shape,
		"{\"armed_ns\":\"1\",\"late_ns\":\"0\",\"attach\":\"clsact\",\"interfaces\":["
		"\"eth0\"]}"},
	{"inspect result", &inspect_result_shape,
		"{\"effects\":[\"e\"],\"undo\":[\"u\"],\"interfaces\":[\"eth0\"],\"foreign\":[{"
		"\"interface\":\"eth0\","
		"\"direction\":\"egress\",\"name\":\"x\",\"ahead\":true}],\"connections\":[{"
		"\"local\":\"a\","
		"\"remote\":\"b\",\"peer\":\"n\",\"state\":\"established\"}],\"connection_count\":"
		"1}"},
	{"renew", &renew_params_shape, "{\"lease\":\"2s\"}"},
	{"renew result", &renew_result_shape, "{\"until_ns\":\"7\"}"},
	{"heal", &heal_params_shape, "{\"faults\":[\"a\",\"b\"]}"},
	{"heal everything", &heal_params_shape, "{}"},
	{"evidence", &evidence_shape,
		"{\"now_ns\":\"3\",\"faults\":[{\"id\":\"cut\",\"start_ns\":\"1\",\"deadline_ns\":"
		"\"2\","
		"\"healed\":true,\"healed_ns\":\"2\",\"counters\":[{\"peer\":\"n\",\"direction\":"
		"\"ingress\","
		"\"packets\":\"5\",\"segments\":\"6\",\"bytes\":\"7\",\"first_ns\":\"1\",\"last_"
		"ns\":\"2\"}]}]}"},
	{"audit", &audit_params_shape, "{\"page\":3}"},
	{"audit result", &audit_result_shape,
		"{\"page\":0,\"pages\":1,\"state\":[\"link eth0\"],\"residue\":[]}"},
};

static void test_messages_survive_the_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		cJSON *before = cJSON_Parse(messages[i].text), *after;
		void *decoded = calloc(1, messages[i].shape->size + 1);
		struct fail fail = FAIL_INIT;

		assert_non_null(before);
		if (shape_decode(messages[i].shape, before, "", decoded, &fail) < 0)
			fail_msg("%s: %s: %s", messages[i].name, fail.path, fail.text);
		after = shape_encode(messages[i].shape, decoded);
		/* Ports get one spelling, which is not the one above. */
		if (strcmp(messages[i].name, "arm") != 0 && !cJSON_Compare(before, after, true))
			fail_msg("%s became %s", messages[i].text, json_print(after));
		shape_free(messages[i].shape, decoded);
		free(decoded);
		cJSON_Delete(before);
		cJSON_Delete(after);
	}
}

static void test_every_touching_verb_needs_its_scope(void **state)
{
	cJSON *order = cJSON_Parse(messages[3].text);
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_string_equal(messages[3].name, "arm");
	cJSON_DeleteItemFromObject(order, "scope");
	assert_int_equal(shape_decode(&fault_order_shape, order, "", NULL, &fail), -1);
	assert_string_equal(fail.text, "fault order needs the key \"scope\"");
	cJSON_Delete(order);
}

static void test_leases_are_bounded(void **state)
{
	static const char *const bad[] = {
		"{\"lease\":\"100ms\"}", "{\"lease\":\"301s\"}", "{\"lease\":\"0s\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *params = cJSON_Parse(bad[i]);
		struct fail fail = FAIL_INIT;

		assert_int_equal(shape_decode(&renew_params_shape, params, "", NULL, &fail), -1);
		assert_string_equal(fail.path, "lease");
		cJSON_Delete(params);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_survive_the_tables),
		cmocka_unit_test(test_every_touching_verb_needs_its_scope),
		cmocka_unit_test(test_leases_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
