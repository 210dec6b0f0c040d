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
#include "contract/wire.h"

static struct wire_message parse(char *line)
{
	struct wire_message message;
	struct fail fail = FAIL_INIT;
	size_t length = strlen(line);

	assert_int_equal(line[length - 1], '\n');
	assert_null(memchr(line, '\n', length - 1)); /* one object a line */
	if (wire_parse(line, length - 1, &message, &fail) < 0)
		fail_msg("%s: %s", line, fail.text);
	free(line);
	return message;
}

static cJSON *body(void)
{
	cJSON *object = json_object();

	json_put_string(object, "text", "line\nbreak \"quoted\"");
	json_put_i64(object, "id", INT64_C(9007199254740993));
	return object;
}

static void assert_body(const struct wire_message *message)
{
	assert_string_equal(json_string(message->body, "text", ""), "line\nbreak \"quoted\"");
	assert_true(json_i64(message->body, "id", 0) == INT64_C(9007199254740993));
}

static void each_kind_goes_round(void **state)
{
	(void)state;
	struct wire_message message = parse(wire_request(UINT64_MAX, "arm", body()));

	assert_int_equal(message.kind, WIRE_REQUEST);
	assert_true(message.id == UINT64_MAX);
	assert_string_equal(message.method, "arm");
	assert_body(&message);
	wire_message_deinit(&message);

	message = parse(wire_notification("evidence", body()));
	assert_int_equal(message.kind, WIRE_NOTIFICATION);
	assert_int_equal(message.id, 0);
	assert_string_equal(message.method, "evidence");
	assert_body(&message);
	wire_message_deinit(&message);

	message = parse(wire_reply(7, body()));
	assert_int_equal(message.kind, WIRE_REPLY);
	assert_int_equal(message.id, 7);
	assert_body(&message);
	wire_message_deinit(&message);

	message = parse(wire_reply(7, NULL));
	assert_int_equal(cJSON_GetArraySize(message.body), 0);
	wire_message_deinit(&message);
}

static void errors_keep_all_they_say(void **state)
{
	(void)state;
	for (int kind = 1; kind < FAIL_KINDS; kind++) {
		struct fail fail = {.kind = (enum fail_kind)kind, .error = 28, .path = "a.b[1]"};
		struct wire_message message;

		snprintf(fail.text, sizeof(fail.text), "No space \"left\"");
		message = parse(wire_error(kind % 2 ? 9 : 0, &fail));
		assert_int_equal(message.kind, WIRE_ERROR);
		assert_int_equal(message.id, kind % 2 ? 9 : 0);
		assert_int_equal(message.error.kind, kind);
		assert_int_equal(message.error.error, 28);
		assert_string_equal(message.error.path, "a.b[1]");
		assert_string_equal(message.error.text, "No space \"left\"");
		assert_non_null(message.body);
		wire_message_deinit(&message);
	}
}

static void malformed_messages_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *line, *text;
	} bad[] = {
		{"", "malformed message: not valid JSON: the text ends before the value does"},
		{"[]", "malformed message: not an object"},
		{"{}", "malformed message: jsonrpc: must be \"2.0\""},
		{"{'jsonrpc':'1.0','method':'x'}", "malformed message: jsonrpc: must be \"2.0\""},
		{"{'jsonrpc':2.0,'method':'x'}", "malformed message: jsonrpc: must be \"2.0\""},
		{"{'jsonrpc':'2.0'}", "malformed message: neither a request nor a reply"},
		{"{'jsonrpc':'2.0','id':'1'}", "malformed message: neither a request nor a reply"},
		{"{'jsonrpc':'2.0','result':{}}",
			"malformed message: neither a request nor a reply"},
		{"{'jsonrpc':'2.0','id':1,'method':'x'}",
			"malformed message: id: must be a decimal string above 0"},
		{"{'jsonrpc':'2.0','id':'0','method':'x'}",
			"malformed message: id: must be a decimal string above 0"},
		{"{'jsonrpc':'2.0','id':'18446744073709551616','method':'x'}",
			"malformed message: id: must be a decimal string above 0"},
		{"{'jsonrpc':'2.0','method':7}",
			"malformed message: method: must be a string of at most 32 characters"},
		{"{'jsonrpc':'2.0','method':'123456789012345678901234567890123'}",
			"malformed message: method: must be a string of at most 32 characters"},
		{"{'jsonrpc':'2.0','method':'x','params':[]}",
			"malformed message: params: must be an object"},
		{"{'jsonrpc':'2.0','id':'1','result':3}",
			"malformed message: result: must be an object"},
		{"{'jsonrpc':'2.0','id':'1','id':'2','result':{}}",
			"malformed message: the key \"id\" stands here twice"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *line = strdup(bad[i].line);
		struct wire_message message;
		struct fail fail = FAIL_INIT;

		for (char *c = line; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		if (wire_parse(line, strlen(line), &message, &fail) == 0)
			fail_msg("%s was taken", line);
		assert_int_equal(fail.kind, FAIL_PEER);
		assert_string_equal(fail.text, bad[i].text);
		free(line);
	}
}

static void odd_errors_are_still_errors(void **state)
{
	(void)state;
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":\"3\",\"error\":{\"data\":"
				   "{\"kind\":\"quark\",\"errno\":1e300}}}\n";
	struct wire_message message = parse(strdup(line));

	assert_int_equal(message.kind, WIRE_ERROR);
	assert_int_equal(message.error.kind, FAIL_INTERNAL);
	assert_string_equal(message.error.text, "(no message)");
	wire_message_deinit(&message);
}

/* --- lines ---------------------------------------------------------------------------------- */

static const char stream[] = "one\n\nthree is longer\nfour\nrest";
static const char *const lines[] = {"one", "", "three is longer", "four"};

static void a_stream_is_cut_anyhow(void **state)
{
	(void)state;
	for (size_t step = 1; step <= sizeof(stream) - 1; step++) {
		struct wire_reader reader;
		struct fail fail = FAIL_INIT;
		size_t seen = 0, length;
		const char *line;

		wire_reader_init(&reader, 16);
		for (size_t at = 0; at < sizeof(stream) - 1; at += step) {
			size_t count = sizeof(stream) - 1 - at;

			assert_int_equal(wire_reader_feed(&reader, stream + at,
						 count < step ? count : step, &fail),
				0);
			while ((line = wire_reader_line(&reader, &length))) {
				assert_true(seen < 4);
				assert_string_equal(line, lines[seen]);
				assert_int_equal(length, strlen(lines[seen]));
				seen++;
			}
		}
		assert_int_equal(seen, 4);
		wire_reader_deinit(&reader);
	}
}

static void lines_may_be_taken_late(void **state)
{
	(void)state;
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;
	size_t length;

	wire_reader_init(&reader, 4);
	assert_int_equal(wire_reader_feed(&reader, "ab\ncd", 5, &fail), 0);
	assert_string_equal(wire_reader_line(&reader, &length), "ab");
	assert_int_equal(wire_reader_feed(&reader, "\nef\n", 4, &fail), 0);
	assert_string_equal(wire_reader_line(&reader, &length), "cd");
	assert_string_equal(wire_reader_line(&reader, &length), "ef");
	assert_null(wire_reader_line(&reader, &length));
	assert_null(wire_reader_line(&reader, &length));
	wire_reader_deinit(&reader);
}

static void a_line_too_long_fails_for_good(void **state)
{
	(void)state;
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;

	wire_reader_init(&reader, 4);
	assert_int_equal(wire_reader_feed(&reader, "abcd", 4, &fail), 0);
	assert_int_equal(wire_reader_feed(&reader, "e", 1, &fail), -1);
	assert_int_equal(fail.kind, FAIL_PEER);
	assert_string_equal(fail.text, "a line is longer than 4 bytes");
	assert_int_equal(wire_reader_feed(&reader, "\n", 1, &fail), -1);
	assert_string_equal(fail.text, "the stream has failed before");
	wire_reader_deinit(&reader);
	assert_int_equal(wire_reader_feed(&reader, "x\n", 2, &fail), -1);
}

static void a_finished_line_is_bounded_as_well(void **state)
{
	(void)state;
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;

	/* The same line, whether its newline comes with it or later. */
	wire_reader_init(&reader, 4);
	assert_int_equal(wire_reader_feed(&reader, "abcde\n", 6, &fail), -1);
	wire_reader_deinit(&reader);
	wire_reader_init(&reader, 4);
	assert_int_equal(wire_reader_feed(&reader, "ab\nabcde\nx", 10, &fail), -1);
	wire_reader_deinit(&reader);
	wire_reader_init(&reader, 4);
	assert_int_equal(wire_reader_feed(&reader, "abcd\nabcd\n", 10, &fail), 0);
	wire_reader_deinit(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_goes_round),
		cmocka_unit_test(errors_keep_all_they_say),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(odd_errors_are_still_errors),
		cmocka_unit_test(a_stream_is_cut_anyhow),
		cmocka_unit_test(lines_may_be_taken_late),
		cmocka_unit_test(a_line_too_long_fails_for_good),
		cmocka_unit_test(a_finished_line_is_bounded_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
