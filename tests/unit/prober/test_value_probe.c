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
#include "harness.h"
#include "http_server.h"

/* Probes that read a number: from a server that says what it is told to, and from a program. */

/* The values of all windows of "p", a blank between each two. */
static char *values_of(const struct harness *harness)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < harness->note_count; i++) {
		const char *values = json_string(harness->notes[i].body, "values", "");

		if (*values)
			fprintf(out, "%s%s", ftell(out) > 0 ? " " : "", values);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

struct answer {
	struct probe_sum sum;
	char *values; /* to be freed */
};

static struct answer ask(struct http_server *server, const char *body, const char *more)
{
	struct harness *harness = harness_new(0);
	struct answer answer;
	char rest[768];

	server->body = body;
	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\"}],\"http\":{\"url\":\"http://127.0.0.1:%u/m\"%s",
		server->port, more);
	harness_probe(harness, 50, "20s", rest);
	harness_await_events(harness, 5);
	answer.sum = harness_stop(harness);
	answer.values = values_of(harness);
	assert_int_equal(harness_end(harness), 0);
	return answer;
}

/* Each of the events has that value. */
static void assert_all(const struct answer *answer, const char *value)
{
	int64_t count = 0;

	for (char *rest = answer->values, *word; (word = strsep(&rest, " ")); count++)
		assert_string_equal(word, value);
	assert_int_equal(count, answer->sum.events);
	free(answer->values);
}

static void a_page_of_metrics(void **state)
{
	static const char page[] = "depth{queue=\"mail\"} 3\ndepth{queue=\"web\"} 4\n";
	struct http_server *server = http_server_new(false);
	struct answer answer = ask(server, page,
		"},\"value\":{\"format\":\"metric\",\"metric\":\"depth\",\"labels\":{\"queue\":"
		"\"web\"}}");

	(void)state;
	assert_int_equal(answer.sum.outcomes[OUTCOME_OK], answer.sum.events);
	assert_all(&answer, "4");
	answer = ask(server, page, "},\"value\":{\"format\":\"metric\",\"metric\":\"depth\"}");
	assert_int_equal(answer.sum.outcomes[OUTCOME_CONTENT], answer.sum.events);
	assert_non_null(strstr(answer.sum.last_error, "n1: 2 series of depth match, not one: "));
	assert_all(&answer, "-");
	http_server_free(server);
}

static void an_empty_result_is_no_zero(void **state)
{
	static const char empty[] =
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
	struct http_server *server = http_server_new(false);
	struct answer answer = ask(server, empty,
		",\"query\":\"up{job=\\\"a b\\\"} > 0\"},\"value\":{\"format\":\"query\"}");

	(void)state;
	assert_int_equal(answer.sum.outcomes[OUTCOME_CONTENT], answer.sum.events);
	assert_non_null(strstr(
		answer.sum.last_error, "n1: no data: the query's result is empty: {\"status\""));
	assert_all(&answer, "-");
	if (!strstr(server->last_request,
		    "GET /m?query=up%7Bjob%3D%22a%20b%22%7D%20%3E%200 HTTP/1.1\r\n"))
		fail_msg("%s", server->last_request);
	/* What a query is wrong with is told. */
	http_server_set(server, SERVER_ANSWERS, 400);
	answer = ask(server, "{\"error\":\"parse error\"}",
		",\"query\":\"up{\"},\"value\":{\"format\":\"query\"}");
	assert_string_equal(answer.sum.last_error, "n1: HTTP 400: {\"error\":\"parse error\"}");
	assert_all(&answer, "-");
	http_server_free(server);
}

/* A gauge of 6 is good of one class and bad of the other. */
static void bounds_make_classes(void **state)
{
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	(void)state;
	server->body = "{\"depth\":6}";
	cJSON_Delete(harness_ask(harness, "probe",
		"{\"id\":\"p\",\"rate\":50,\"timeout\":\"20s\",\"start_ns\":\"%lld\",\"window\":"
		"\"100ms\",\"targets\":[{}],\"classes\":[{\"slo\":\"low\",\"bounds\":[{\"op\":"
		"\"lt\",\"value\":6}]},{\"slo\":\"some\",\"bounds\":[{\"op\":\"ge\",\"value\":6},{"
		"\"op\":\"le\",\"value\":6}]}],\"http\":{\"url\":\"http://127.0.0.1:%u/\"},"
		"\"value\":{\"format\":\"json\",\"pointer\":\"/depth\"}}",
		(long long)harness_now_ns(), server->port));
	harness_await_events(harness, 5);
	sum = harness_stop(harness);
	assert_int_equal(sum.good[0], 0);
	assert_int_equal(sum.bad[1], 0);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static void a_program_says_it(void **state)
{
	struct harness *harness = harness_new(0);
	struct answer answer;

	(void)state;
	harness_probe(harness, 20, "20s",
		"\"targets\":[{\"node\":\"n1\"}],\"exec\":{\"argv\":[\"echo\",\"12.5\"]},"
		"\"value\":{\"format\":\"first_line\"}");
	harness_await_events(harness, 3);
	answer.sum = harness_stop(harness);
	answer.values = values_of(harness);
	assert_int_equal(answer.sum.outcomes[OUTCOME_OK], answer.sum.events);
	assert_all(&answer, "12.5");
	assert_int_equal(harness_end(harness), 0);

	harness = harness_new(0);
	harness_probe(harness, 20, "20s",
		"\"targets\":[{\"node\":\"n1\"}],\"exec\":{\"argv\":[\"echo\",\"many\"]},"
		"\"value\":{\"format\":\"first_line\"}");
	harness_await_events(harness, 3);
	answer.sum = harness_stop(harness);
	assert_int_equal(answer.sum.outcomes[OUTCOME_CONTENT], answer.sum.events);
	assert_string_equal(answer.sum.last_error, "n1: its first line is no number: many?");
	assert_int_equal(harness_end(harness), 0);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *order, *error;
	} cases[] = {
		{"\"rate\":1,\"targets\":[{}],\"tcp\":{\"address\":\"x:1\"},\"value\":{\"format\":"
		 "\"query\"}",
			"probe p: a value is read of \"http\", \"exec\" and \"kernel\" only"},
		{"\"rate\":101,\"targets\":[{}],\"http\":{\"url\":\"http://x/\"},\"value\":{"
		 "\"format\":\"query\"}",
			"probe p: values are read at most 100 times a second"},
		{"\"rate\":1,\"targets\":[{}],\"http\":{\"url\":\"http://x/\"},\"value\":{"
		 "\"format\":\"metric\"}",
			"probe p: value: it is not said which one"},
		{"\"rate\":1,\"targets\":[{}],\"kernel\":{\"metric\":\"tcp_connects\"},\"value\":{"
		 "\"format\":\"query\"}",
			"probe p: value: the format is not the probe's"},
		{"\"rate\":1,\"targets\":[{\"node\":\"a\"},{\"node\":\"b\"}],\"http\":{\"url\":"
		 "\"http://x/\"},\"value\":{\"format\":\"query\",\"per_second\":true}",
			"probe p: value: per_second needs one target, whose counter is compared "
			"with itself"},
	};
	struct harness *harness = harness_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_message reply = harness_call(harness, "probe",
			"{\"id\":\"p\",\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
			"\"100ms\",%s}",
			(long long)harness_now_ns(), cases[i].order);

		assert_int_equal(reply.kind, WIRE_ERROR);
		assert_string_equal(reply.error.text, cases[i].error);
		wire_message_deinit(&reply);
	}
	assert_int_equal(harness_end(harness), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_metrics),
		cmocka_unit_test(an_empty_result_is_no_zero),
		cmocka_unit_test(bounds_make_classes),
		cmocka_unit_test(a_program_says_it),
		cmocka_unit_test(orders_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
