/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "http_server.h"

/* What is HTTP's own: connections, bodies, and what errors may quote. */

/* An orderly close would leave a port in TIME_WAIT for each event. */
static void fresh_connections_leave_no_ports_behind(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char rest[256];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{}],\"http\":{\"url\":\"http://127.0.0.1:%u/\","
		"\"connection\":\"fresh\"}",
		server->port);
	harness_probe(harness, 200, "5s", rest);
	harness_await_events(harness, 100);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(server->accepted, sum.events);
	assert_int_equal(ports_in_time_wait(server->port), 0);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static struct probe_sum expect_body(struct http_server *server, const char *body, const char *match)
{
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char rest[512];

	server->body = body;
	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\"}],\"http\":{\"url\":\"http://127.0.0.1:%u/\","
		"\"expect_body\":%s}",
		server->port, match);
	harness_probe(harness, 50, "20s", rest);
	harness_await_events(harness, 3);
	sum = harness_stop(harness);
	assert_int_equal(harness_end(harness), 0);
	return sum;
}

static void the_body_decides(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	static const char health[] = "{\"health\":\"true\",\"peers\":[{\"up\":3}]}\n";
	static const struct {
		const char *match;
		enum probe_outcome outcome;
		const char *error;
	} cases[] = {
		{"{\"contains\":\"true\"}", OUTCOME_OK, ""},
		{"{\"contains\":\"false\"}", OUTCOME_CONTENT,
			"n1: HTTP 200, but the body does not contain \"false\": "
			"{\"health\":\"true\",\"peers\":[{\"up\":3}]}?"},
		{"{\"starts_with\":\"{\\\"health\"}", OUTCOME_OK, ""},
		{"{\"starts_with\":\"health\"}", OUTCOME_CONTENT, NULL},
		{"{\"equals\":\"{\\\"health\\\":\\\"true\\\",\\\"peers\\\":[{\\\"up\\\":3}]}\"}",
			OUTCOME_OK, ""},
		{"{\"equals\":\"{\\\"health\\\":\\\"true\\\"\"}", OUTCOME_CONTENT, NULL},
		{"{\"json\":{\"pointer\":\"/health\",\"equals\":\"true\"}}", OUTCOME_OK, ""},
		{"{\"json\":{\"pointer\":\"/health\",\"equals\":true}}", OUTCOME_CONTENT, NULL},
		{"{\"json\":{\"pointer\":\"/peers/0/up\",\"equals\":3}}", OUTCOME_OK, ""},
		{"{\"json\":{\"pointer\":\"/peers/1/up\",\"equals\":3}}", OUTCOME_CONTENT, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe_sum sum = expect_body(server, health, cases[i].match);

		assert_int_equal(sum.outcomes[cases[i].outcome], sum.events);
		if (cases[i].error)
			assert_string_equal(sum.last_error, cases[i].error);
	}
	http_server_free(server);
}

static void a_body_that_is_no_json_or_too_large(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	size_t size = 2 * 1024 * 1024;
	char *large = malloc(size + 1);
	struct probe_sum sum;

	assert_non_null(large);
	memset(large, 'x', size);
	large[size] = '\0';
	sum = expect_body(server, "busy", "{\"json\":{\"pointer\":\"\",\"equals\":1}}");
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
	sum = expect_body(server, large, "{\"contains\":\"x\"}");
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], sum.events);
	assert_string_equal(sum.last_error, "n1: the answer is too large to be compared");
	http_server_free(server);
	free(large);
}

/*
 * What the far end sends back, and what a library says of a name, may hold the secret, in any
 * encoding: it is not quoted where one was sent.
 */
static void no_error_tells_a_secret(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char rest[512];

	server->body = "you sent aHVudGVyMg==, which is hunter2";
	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\"}],\"secrets\":[{\"name\":\"t\",\"value\":"
		"\"hunter2\"}],\"http\":{\"url\":\"http://127.0.0.1:%u/{secret.t}\","
		"\"expect_body\":{\"contains\":\"welcome\"}}",
		server->port);
	harness_probe(harness, 50, "5s", rest);
	harness_await_events(harness, 3);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
	assert_string_equal(
		sum.last_error, "n1: HTTP 200, but the body does not contain \"welcome\"");
	assert_int_equal(harness_end(harness), 0);

	/* The name of the host is the secret. */
	harness = harness_new(0);
	harness_probe(harness, 50, "20s",
		"\"targets\":[{}],\"secrets\":[{\"name\":\"t\",\"value\":\"hunter2.invalid\"}],"
		"\"http\":{\"url\":\"http://{secret.t}/\"}");
	harness_await_events(harness, 3);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], 0);
	assert_null(strstr(sum.last_error, "hunter2"));
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_connections_leave_no_ports_behind),
		cmocka_unit_test(the_body_decides),
		cmocka_unit_test(a_body_that_is_no_json_or_too_large),
		cmocka_unit_test(no_error_tells_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
