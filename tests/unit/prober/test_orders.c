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
#define PROBE_HEAD                                                                                 \
	"{\"id\":\"put\",\"rate\":50,\"timeout\":\"300ms\",\"start_ns\":\"9223372036854775807\","  \
	"\"window\":\"1s\",\"seed\":\"-7\",\"policy\":\"any\",\"targets\":[{\"node\":\"n1\","      \
	"\"addr\":\"10.0.0.1\"},{\"node\":\"n2\",\"addr\":\"[fd00::1]\"}],\"secrets\":[{\"name\":" \
	"\"token\",\"value\":\"hunter2\"}],\"classes\":[{\"slo\":\"avail\",\"latency_lt\":\"0s\"}" \
	","                                                                                        \
	"{\"slo\":\"fast\",\"latency_lt\":\"200ms\"}],"

static const char full_probe[] = PROBE_HEAD
	"\"http\":{\"method\":\"POST\",\"url\":\"http://{node.addr}/{n}\",\"headers\":[\"A: "
	"{secret.token}\"],\"body_json\":{\"key\":\"key-{n}\"},\"base64_at\":[\"/key\"],"
	"\"connection\":\"fresh\",\"expect_status\":[200,204],\"expect_body\":{\"json\":{"
	"\"pointer\":"
	"\"/health\",\"equals\":true}}}}";

static const char full_tcp_probe[] = PROBE_HEAD
	"\"tcp\":{\"address\":\"{node.addr}:6379\",\"send\":\"PING\\r\\n\",\"expect_answer\":"
	"{\"starts_with\":\"+PONG\"}}}";

static const char full_exec_probe[] =
	PROBE_HEAD "\"exec\":{\"argv\":[\"true\",\"{node.addr}\"],\"env\":[\"A=b\"],\"input\":\"{"
		   "secret.token}\","
		   "\"expect_exit_code\":3,\"expect_stdout\":{\"equals\":\"\"}}}";

static const char full_load[] =
	"{\"id\":\"shop\",\"rate\":100,\"timeout\":\"300ms\",\"start_ns\":\"5\",\"window\":\"1s\","
	"\"seed\":\"0\",\"policy\":\"any\",\"targets\":[{\"node\":\"n1\"}],\"classes\":[{\"slo\":"
	"\"once\",\"latency_lt\":\"0s\",\"attempts_le\":1}],\"http\":{\"method\":\"GET\",\"url\":"
	"\"http://x/"
	"\",\"connection\":\"keep_alive\"},\"load\":{\"arrivals\":[{\"rate\":50,\"to\":100,"
	"\"for\":\"5s\"},{\"rate\":7}],\"retry\":{\"attempts\":3,\"backoff\":\"0s\",\"factor\":1.5,"
	"\"max\":\"1s\",\"jitter\":0.5,\"on\":[\"timeout\",\"content\"],\"budget\":0.2}}}";

static const char load_window[] =
	"{\"probe\":\"shop\",\"first_index\":0,\"count\":3,\"start_ns\":\"1\",\"end_ns\":\"2\","
	"\"outcomes\":[3],\"classes\":[],\"latency\":[],\"latency_max\":\"0s\",\"lag_max\":\"0s\","
	"\"load\":{\"attempts\":\"2*1 "
	"1*3\",\"withheld\":4,\"shares\":[{\"node\":\"n1\",\"attempts\":5,"
	"\"failed\":2}]}}";

static const char full_window[] =
	"{\"probe\":\"put\",\"to\":\"n3\",\"first_index\":50,\"count\":3,\"start_ns\":\"1\",\"end_"
	"ns\":\"2\","
	"\"outcomes\":[2,1,0,0,0,0,0],\"classes\":[{\"slo\":\"avail\",\"runs\":\"g2b1\"},"
	"{\"slo\":\"none\",\"runs\":\"\"}],\"latency\":[{\"index\":0,\"count\":1},"
	"{\"index\":4235,\"count\":1}],\"latency_max\":\"700s\",\"lag_max\":\"12us\","
	"\"last_error\":\"n1: x\",\"target\":\"n2\"}";

static const char full_workload[] =
	"{\"id\":\"acked\",\"rate\":50,\"timeout\":\"1s\",\"start_ns\":\"5\",\"window\":\"1s\","
	"\"read_every\":\"2s\",\"read_timeout\":\"500ms\","
	"\"argv\":[\"client\",\"a b\"],\"env\":[\"TOKEN=x\"]}";

static const char full_read_back[] =
	"{\"workload\":\"acked\",\"sent_ns\":\"1\",\"ended_ns\":\"2\",\"ok\":true,\"reason\":\"r\","
	"\"expected\":50,\"missing_count\":2,\"missing\":[{\"first\":3,\"last\":4}]}";

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
		{&probe_order_shape, full_tcp_probe},
		{&probe_order_shape, full_exec_probe},
		{&probe_order_shape, full_load},
		{&probe_window_shape, load_window},
		{&probe_window_shape, full_window},
		{&workload_order_shape, full_workload},
		{&workload_window_shape, full_operations},
		{&read_back_shape, full_read_back},
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

/* The order in `text` with one member of `object` ("": of itself) replaced, checked; the refusal.
 */
static struct fail check_member(
	const char *text, const char *object, const char *key, const char *json)
{
	struct fail fail = FAIL_INIT;
	cJSON *value = json_parse(text, strlen(text), &fail);
	cJSON *owner = *object ? cJSON_GetObjectItemCaseSensitive(value, object) : value;
	struct probe_order order;

	assert_non_null(owner);
	cJSON_DeleteItemFromObjectCaseSensitive(owner, key);
	if (json)
		json_put(owner, key, cJSON_Parse(json));
	if (shape_decode(&probe_order_shape, value, "", &order, &fail) == 0) {
		if (probe_check(&order, &fail) == 0)
			assert_int_equal(fail.kind, FAIL_NONE);
		shape_free(&probe_order_shape, &order);
	}
	cJSON_Delete(value);
	return fail;
}

static enum fail_kind check_probe(const char *key, const char *json)
{
	return check_member(full_probe, "", key, json).kind;
}

static enum fail_kind check_http(const char *key, const char *json)
{
	return check_member(full_probe, "http", key, json).kind;
}

static void wrong_probes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(check_probe("seed", "\"3\""), FAIL_NONE);
	assert_int_equal(check_probe("policy", "\"each\""), FAIL_USAGE);
	assert_int_equal(check_probe("rate", "0"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("rate", "5001"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("timeout", "\"0s\""), FAIL_BAD_FILE);
	assert_int_equal(check_probe("targets", "[]"), FAIL_BAD_FILE);
	assert_int_equal(check_probe("targets", "[{}]"), FAIL_BAD_FILE); /* no {node.addr} */
	assert_int_equal(check_probe("secrets", NULL), FAIL_BAD_FILE);   /* no {secret.token} */
	assert_int_equal(check_probe("http", NULL), FAIL_USAGE);
	assert_int_equal(check_probe("tcp", "{\"address\":\"h:1\"}"), FAIL_USAGE);
	assert_int_equal(check_probe("window", "\"60s\""), FAIL_NONE);
	assert_int_equal(check_http("url", "\"ftp://x/\""), FAIL_USAGE);
	assert_int_equal(check_http("url", "\"https://x/\""), FAIL_NONE);
	assert_int_equal(check_http("url", "\"{nod.addr}/\""), FAIL_BAD_FILE);
	assert_int_equal(check_http("method", "\"GET /x HTTP/1.1\""), FAIL_USAGE);
	assert_int_equal(check_http("headers", "[\"A: b\\r\\nC: d\"]"), FAIL_USAGE);
	assert_int_equal(check_http("headers", "[\"no colon\"]"), FAIL_USAGE);
	assert_int_equal(check_http("headers", "[\"A b: c\"]"), FAIL_USAGE);
	assert_int_equal(check_http("body", "\"both\""), FAIL_USAGE);
	assert_int_equal(check_http("body_json", NULL), FAIL_USAGE);
	assert_int_equal(check_http("base64_at", "[\"/nothing\"]"), FAIL_BAD_FILE);
	assert_int_equal(check_http("expect_status", "[99]"), FAIL_BAD_FILE);
	assert_int_equal(check_http("expect_body", "{}"), FAIL_BAD_FILE);
	assert_int_equal(
		check_http("expect_body", "{\"equals\":\"a\",\"contains\":\"b\"}"), FAIL_BAD_FILE);
}

static void wrong_tcp_probes_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"\"10.0.0.1\"", "\"10.0.0.1:0\"", "\"10.0.0.1:65536\"",
		"\"10.0.0.1:\"", "\":80\"", "\"fd00::1:80\"", "\"[fd00::1]\"", "\"[]:80\"",
		"\"a b:80\"", "\"[fd00::1:80\"", "\"h:8x\""};

	assert_int_equal(check_member(full_tcp_probe, "tcp", "send", NULL).kind, FAIL_NONE);
	assert_int_equal(
		check_member(full_tcp_probe, "tcp", "address", "\"db.example:1\"").kind, FAIL_NONE);
	assert_int_equal(check_member(full_tcp_probe, "tcp", "address", "\"[fd00::1]:65535\"").kind,
		FAIL_NONE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(check_member(full_tcp_probe, "tcp", "address", wrong[i]).kind,
			FAIL_BAD_FILE);
	assert_int_equal(
		check_member(full_tcp_probe, "tcp", "expect_answer", "{\"equals\":\"x\"}").kind,
		FAIL_USAGE);
}

static void wrong_exec_probes_are_refused(void **state)
{
	(void)state;
	struct fail fail;

	assert_int_equal(check_member(full_exec_probe, "", "rate", "50").kind, FAIL_NONE);
	assert_int_equal(check_member(full_exec_probe, "", "rate", "51").kind, FAIL_USAGE);
	assert_int_equal(check_member(full_exec_probe, "exec", "env", "[\"=x\"]").kind, FAIL_USAGE);
	assert_int_equal(check_member(full_exec_probe, "exec", "env", "[\"x\"]").kind, FAIL_USAGE);
	assert_int_equal(check_member(full_exec_probe, "exec", "argv", "[]").kind, FAIL_BAD_FILE);
	fail = check_member(full_exec_probe, "exec", "argv", "[\"no-such-program-anywhere\"]");
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_non_null(strstr(fail.text, "there is no program \"no-such-program-anywhere\" here"));
	assert_int_equal(check_member(full_exec_probe, "exec", "argv", "[\"/etc/passwd\"]").kind,
		FAIL_REFUSED);
}

/* A secret with a line end would be a header more; the refusal does not say what it is. */
static void a_secret_may_not_break_a_header(void **state)
{
	(void)state;
	struct fail fail = check_member(full_probe, "", "secrets",
		"[{\"name\":\"token\",\"value\":\"hunter2\\r\\nHost: evil\"}]");

	assert_int_equal(fail.kind, FAIL_USAGE);
	assert_null(strstr(fail.text, "hunter2"));
	assert_non_null(strstr(fail.text, "{secret.token}"));
}

static void reports_too_long_for_a_line_are_refused(void **state)
{
	(void)state;
	struct list targets = {.items = &(struct probe_target){0}, .count = 1};
	struct http_order http = {.method = (char[]){"GET"}, .url = (char[]){"http://[::1]/"}};
	struct probe_order order = {.http = &http,
		.rate = 5000,
		.timeout_ns = 1,
		.window_ns = INT64_C(31000000000),
		.targets = targets};
	struct fail fail = FAIL_INIT;

	assert_int_equal(probe_check(&order, &fail), -1);
	assert_int_equal(fail.kind, FAIL_USAGE);
	order.window_ns = INT64_C(30000000000);
	assert_int_equal(probe_check(&order, &fail), 0);
}

static void attempts_follow_rate_and_timeout(void **state)
{
	(void)state;
	struct http_order http = {0};
	struct exec_order exec = {0};
	struct probe_order order = {.http = &http, .rate = 50, .timeout_ns = INT64_C(300000000)};

	assert_in_range(probe_attempts(&order), 15, 50);
	assert_int_equal(probe_descriptors(&order), 1);
	order.rate = 5000;
	order.timeout_ns = INT64_C(60000000000);
	assert_int_equal(probe_attempts(&order), 4096);
	order.http = NULL;
	order.exec = &exec;
	assert_int_equal(probe_attempts(&order), 64);
	assert_true(probe_descriptors(&order) >= 3);
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
		cmocka_unit_test(wrong_tcp_probes_are_refused),
		cmocka_unit_test(wrong_exec_probes_are_refused),
		cmocka_unit_test(a_secret_may_not_break_a_header),
		cmocka_unit_test(reports_too_long_for_a_line_are_refused),
		cmocka_unit_test(attempts_follow_rate_and_timeout),
		cmocka_unit_test(wrong_environments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
