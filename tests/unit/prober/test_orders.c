/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "controller/prober/orders.h"
#include "controller/prober/probe.h"
#include "controller/prober/workload.h"

/* Everything set: decoding and encoding must give back the same text. */
static const char full_probe[] =
	"{\"id\":\"put\",\"rate\":50,\"timeout\":\"300ms\",\"start_ns\":\"9223372036854775807\","
	"\"window\":\"1s\",\"seed\":\"-7\",\"policy\":\"any\",\"targets\":[{\"node\":\"n1\","
	"\"url\":\"http://10.0.0.1/{n}\"},{\"url\":\"http://[fd00::1]/\"}],\"method\":\"POST\","
	"\"headers\":[\"A: b\"],\"body_json\":{\"key\":\"key-{n}\"},\"base64_at\":[\"/key\"],"
	"\"expect_status\":[200,204],\"classes\":[{\"slo\":\"avail\",\"latency_lt\":\"0s\"},"
	"{\"slo\":\"fast\",\"latency_lt\":\"200ms\"}]}";

static const char full_window[] =
	"{\"probe\":\"put\",\"first_index\":50,\"count\":3,\"start_ns\":\"1\",\"end_ns\":\"2\","
	"\"outcomes\":[2,1,0,0,0,0],\"classes\":[{\"slo\":\"avail\",\"runs\":\"g2b1\"},"
	"{\"slo\":\"none\",\"runs\":\"\"}],\"latency\":[{\"index\":0,\"count\":1},"
	"{\"index\":4235,\"count\":1}],\"latency_max\":\"700s\",\"lag_max\":\"12us\","
	"\"last_error\":\"n1: x\",\"target\":\"n2\"}";

static const char full_workload[] =
	"{\"id\":\"acked\",\"rate\":50,\"timeout\":\"1s\",\"start_ns\":\"5\",\"window\":\"1s\","
	"\"argv\":[\"client\",\"a b\"],\"env\":[\"TOKEN=x\"]}";

static const char full_operations[] =
	"{\"workload\":\"acked\",\"start_ns\":\"1\",\"end_ns\":\"2\",\"attempted\":[{\"first\":1,"
	"\"last\":50}],\"acked\":[],\"failed\":[{\"first\":3,\"last\":3}],\"unknown\":[],"
	"\"last_error\":\"e\"}";

static const char full_read[] =
	"{\"workload\":\"acked\",\"timeout\":\"10s\",\"targets\":[{\"node\":\"n1\","
	"\"argv\":[\"client\",\"10.0.0.1\"]}],\"env\":[\"TOKEN=x\"]}";

static const char full_read_result[] =
	"{\"workload\":\"acked\",\"reads\":[{\"node\":\"n1\",\"ok\":true,\"present\":[{\"first\":1,"
	"\"last\":9}],\"duplicates\":2},{\"node\":\"n2\",\"ok\":false,\"reason\":\"down\","
	"\"present\":[],\"duplicates\":0}]}";

static void orders_go_round(void **state)
{
	(void)state;
	static const struct {
		const struct shape *shape;
		const char *text;
	} cases[] = {
		{&prober_hello_shape, "{\"version\":1,\"pid\":7}"},
		{&probe_order_shape, full_probe},
		{&probe_window_shape, full_window},
		{&workload_order_shape, full_workload},
		{&workload_window_shape, full_operations},
		{&final_read_order_shape, full_read},
		{&final_read_result_shape, full_read_result},
		{&stop_result_shape, "{\"stopped_ns\":\"1\"}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail fail = FAIL_INIT;
		cJSON *value = json_parse(cases[i].text, strlen(cases[i].text), &fail), *encoded;
		void *decoded = calloc(1, cases[i].shape->size);
		char *text;

		assert_non_null(value);
		assert_non_null(decoded);
		if (shape_decode(cases[i].shape, value, "", decoded, &fail) < 0)
			fail_msg("%s: %s: %s", cases[i].shape->name, fail.path, fail.text);
		encoded = shape_encode(cases[i].shape, decoded);
		text = json_print(encoded);
		assert_string_equal(text, cases[i].text);
		free(text);
		cJSON_Delete(encoded);
		cJSON_Delete(value);
		shape_free(cases[i].shape, decoded);
		free(decoded);
	}
}

/* The order in `text` with one member replaced, checked; the kind of its refusal. */
static enum fail_kind check_probe(const char *key, const char *json)
{
	struct fail fail = FAIL_INIT;
	cJSON *value = json_parse(full_probe, strlen(full_probe), &fail);
	struct probe_order order;

	assert_non_null(value);
	cJSON_DeleteItemFromObjectCaseSensitive(value, key);
	if (json)
		json_put(value, key, cJSON_Parse(json));
	if (shape_decode(&probe_order_shape, value, "", &order, &fail) == 0) {
		if (probe_check(&order, &fail) == 0)
			assert_int_equal(fail.kind, FAIL_NONE);
		shape_free(&probe_order_shape, &order);
	}
	cJSON_Delete(value);
	return fail.kind;
}

static void wrong_probes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(check_probe("seed", "\"3\""), FAIL_NONE);
	assert_int_equal(check_probe("policy", "\"each\""), FAIL_UNSUPPORTED);
	assert_int_equal(check_probe("rate", "0"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("rate", "5001"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("timeout", "\"0s\""), FAIL_BAD_FILE);
	assert_int_equal(check_probe("targets", "[]"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("targets", "[{\"url\":\"ftp://x/\"}]"), FAIL_USAGE);
	assert_int_equal(
		check_probe("targets", "[{\"url\":\"http://{node.addr}/\"}]"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("method", "\"GET /x HTTP/1.1\""), FAIL_USAGE);
	assert_int_equal(check_probe("headers", "[\"A: b\\r\\nC: d\"]"), FAIL_USAGE);
	assert_int_equal(check_probe("headers", "[\"no colon\"]"), FAIL_USAGE);
	assert_int_equal(check_probe("headers", "[\"A b: c\"]"), FAIL_USAGE);
	assert_int_equal(check_probe("body", "\"both\""), FAIL_USAGE);
	assert_int_equal(check_probe("body_json", NULL), FAIL_USAGE);
	assert_int_equal(check_probe("base64_at", "[\"/nothing\"]"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("window", "\"60s\""), FAIL_NONE);
	assert_int_equal(check_probe("expect_status", "[99]"), FAIL_BAD_FILE);
}

static void reports_too_long_for_a_line_are_refused(void **state)
{
	(void)state;
	struct list targets = {
		.items = &(struct probe_target){.url = (char[]){"http://[::1]/"}}, .count = 1};
	struct probe_order order = {.method = (char[]){"GET"},
		.rate = 5000,
		.timeout_ns = 1,
		.window_ns = INT64_C(61000000000),
		.targets = targets};
	struct fail fail = FAIL_INIT;

	assert_int_equal(probe_check(&order, &fail), -1);
	assert_int_equal(fail.kind, FAIL_USAGE);
	order.window_ns = INT64_C(60000000000);
	assert_int_equal(probe_check(&order, &fail), 0);
}

static void connections_follow_rate_and_timeout(void **state)
{
	(void)state;
	struct probe_order order = {.rate = 50, .timeout_ns = INT64_C(300000000)};

	assert_in_range(probe_connections(&order), 15, 50);
	order.rate = 5000;
	order.timeout_ns = INT64_C(60000000000);
	assert_int_equal(probe_connections(&order), 4096);
}

static void wrong_environments_are_refused(void **state)
{
	(void)state;
	char *wrong[] = {(char[]){"=x"}}, *right[] = {(char[]){"A="}};
	struct workload_order order = {
		.rate = 1, .window_ns = 1, .env = {.items = wrong, .count = 1}};
	struct fail fail = FAIL_INIT;

	assert_int_equal(workload_check(&order, &fail), -1);
	order.env.items = right;
	assert_int_equal(workload_check(&order, &fail), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_go_round),
		cmocka_unit_test(wrong_probes_are_refused),
		cmocka_unit_test(reports_too_long_for_a_line_are_refused),
		cmocka_unit_test(connections_follow_rate_and_timeout),
		cmocka_unit_test(wrong_environments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
