/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/wire.h"

/* Parses a line that one of the builders made. */
static struct wire_message taken(char *line)
{
	struct wire_message message;
	struct fail fail = FAIL_INIT;
	size_t length = strlen(line);

	assert_true(length > 1 && line[length - 1] == '\n');
	assert_null(memchr(line, '\n', length - 1));
	if (wire_parse(line, length - 1, &message, &fail) < 0)
		fail_msg("%s: %s", line, fail.text);
	free(line);
	return message;
}

static void test_each_kind_comes_back(void **state)
{
	struct fail error = {.kind = FAIL_REFUSED, .error = 5, .path = "with.ports", .text = "no"};
	struct wire_message message;
	cJSON *body = json_object();

	(void)state;
	json_put_string(body, "a", "line\nbreak");
	message = taken(wire_request(UINT64_MAX, "arm", body));
	assert_int_equal(message.kind, WIRE_REQUEST);
	assert_true(message.id == UINT64_MAX);
	assert_string_equal(message.method, "arm");
	assert_string_equal(json_string(message.body, "a", ""), "line\nbreak");
	wire_message_deinit(&message);
	message = taken(wire_notification("evidence", NULL));
	assert_int_equal(message.kind, WIRE_NOTIFICATION);
	assert_true(message.id == 0);
	wire_message_deinit(&message);
	message = taken(wire_reply(7, NULL));
	assert_int_equal(message.kind, WIRE_REPLY);
	assert_true(message.id == 7);
	wire_message_deinit(&message);
	message = taken(wire_error(8, &error));
	assert_int_equal(message.kind, WIRE_ERROR);
	assert_true(message.id == 8);
	assert_int_equal(message.error.kind, FAIL_REFUSED);
	assert_int_equal(message.error.error, 5);
	assert_string_equal(message.error.path, "with.ports");
	assert_string_equal(message.error.text, "no");
	wire_message_deinit(&message);
	message = taken(wire_error(0, &error));
	assert_int_equal(message.kind, WIRE_ERROR);
	assert_true(message.id == 0);
	wire_message_deinit(&message);
}

static void test_malformed_lines_are_the_peers_fault(void **state)
{
	static const char *const bad[] = {"", "x", "[]", "1", "{}",
		"{\"jsonrpc\":\"1.0\",\"method\":\"m\"}", "{\"jsonrpc\":\"2.0\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"0\",\"method\":\"m\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"-1\",\"method\":\"m\"}",
		"{\"jsonrpc\":\"2.0\",\"method\":5}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[]}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":5}",
		"{\"jsonrpc\":\"2.0\",\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"a_method_with_a_name_that_is_too_long\"}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"m\"} {}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wire_message message;
		struct fail fail = FAIL_INIT;

		if (wire_parse(bad[i], strlen(bad[i]), &message, &fail) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(fail.kind, FAIL_PEER);
	}
}

static void test_lines_however_they_arrive(void **state)
{
	static const char stream[] = "one\n\ntwo\nthree";
	static const char *const expected[] = {"one", "", "two"};

	(void)state;
	for (size_t chunk = 1; chunk <= sizeof(stream) - 1; chunk++) {
		struct wire_reader reader;
		struct fail fail = FAIL_INIT;
		size_t found = 0, length;
		const char *line;

		wire_reader_init(&reader, 16);
		for (size_t at = 0; at < sizeof(stream) - 1; at += chunk) {
			size_t left = sizeof(stream) - 1 - at;

			assert_int_equal(wire_reader_feed(&reader, stream + at,
						 left < chunk ? left : chunk, &fail),
				0);
			while ((line = wire_reader_line(&reader, &length))) {
				assert_true(found < 3);
				assert_int_equal(length, strlen(expected[found]));
				assert_string_equal(line, expected[found++]);
			}
		}
		assert_int_equal(found, 3);
		wire_reader_deinit(&reader);
	}
}

static void test_an_endless_line_is_not_kept(void **state)
{
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;
	char block[1000];

	(void)state;
	memset(block, 'x', sizeof(block));
	wire_reader_init(&reader, 2500);
	assert_int_equal(wire_reader_feed(&reader, block, sizeof(block), &fail), 0);
	assert_int_equal(wire_reader_feed(&reader, block, sizeof(block), &fail), 0);
	assert_int_equal(wire_reader_feed(&reader, block, sizeof(block), &fail), -1);
	assert_int_equal(fail.kind, FAIL_PEER);
	assert_int_equal(wire_reader_feed(&reader, "\n", 1, &fail), -1);
	assert_true(reader.capacity < 10000);
	wire_reader_deinit(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_comes_back),
		cmocka_unit_test(test_malformed_lines_are_the_peers_fault),
		cmocka_unit_test(test_lines_however_they_arrive),
		cmocka_unit_test(test_an_endless_line_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
