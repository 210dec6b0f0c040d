/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/json.h"

/* Exactly these bytes, with nothing behind them, so that a read too far is seen. */
static cJSON *parse_bytes(const char *text, size_t length, struct fail *fail)
{
	char *bytes = malloc(length ? length : 1);
	cJSON *value;

	memcpy(bytes, text, length);
	value = json_parse(bytes, length, fail);
	free(bytes);
	return value;
}

static void assert_refused(
	const char *text, size_t length, int line, const char *path, const char *expected)
{
	struct fail fail = FAIL_INIT;
	cJSON *value = parse_bytes(text, length, &fail);

	if (value)
		fail_msg("%s was taken", text);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_string_equal(fail.text, expected);
	assert_string_equal(fail.path, path);
	assert_int_equal(fail.line, line);
}

#define REFUSED(text, line, path, expected)                                                        \
	assert_refused(text, sizeof(text) - 1, line, path, expected)

static void good_text_is_parsed(void **state)
{
	(void)state;
	static const char *const good[] = {"1", " {} ", "[]\n", "\"x\"", "null",
		"{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}", "{\"A\":1,\"a\":2}"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct fail fail = FAIL_INIT;
		cJSON *value = parse_bytes(good[i], strlen(good[i]), &fail);

		if (!value)
			fail_msg("%s: %s", good[i], fail.text);
		cJSON_Delete(value);
	}
}

static void bad_text_is_refused_with_its_line(void **state)
{
	(void)state;
	REFUSED("", 1, "", "not valid JSON: the text ends before the value does");
	REFUSED("{\n\"a\":\n", 3, "", "not valid JSON: the text ends before the value does");
	REFUSED("{\n \"a\": tru }", 2, "", "not valid JSON near \"tru }\"");
	REFUSED("[1,\n2,\n]", 3, "", "not valid JSON near \"]\"");
	REFUSED("{} {}", 1, "", "not valid JSON: something follows the value");
	REFUSED("1\n\n x", 3, "", "not valid JSON: something follows the value");
	REFUSED("{\"a\":\n\"\0\"}", 2, "", "not JSON: a NUL byte");
	REFUSED("[1]\0", 1, "", "not JSON: a NUL byte");
	REFUSED("[1,\n\x19 2]", 2, "", "not JSON: the control character 0x19");
	REFUSED("\"a\nb\"", 1, "", "not JSON: the control character 0x0a");
	REFUSED("\xef\xbb\xbf{}", 1, "", "not valid JSON near \"\xef\xbb\xbf{}\"");
}

static void depth_is_bounded(void **state)
{
	(void)state;
	char text[2 * JSON_DEPTH_MAX + 3];
	struct fail fail = FAIL_INIT;
	cJSON *value;

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	value = parse_bytes(text, 2 * JSON_DEPTH_MAX, &fail);
	assert_non_null(value);
	cJSON_Delete(value);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_refused(text, 2 * JSON_DEPTH_MAX + 2, 1, "", "nested deeper than 32 levels");
	/* Brackets inside strings are no depth, and an escaped quote does not end one. */
	value = parse_bytes("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"", 48, &fail);
	assert_non_null(value);
	cJSON_Delete(value);
}

static void values_are_bounded(void **state)
{
	const size_t length = (size_t)2 * JSON_VALUES_MAX + 2;
	char *text = malloc(length);

	(void)state;
	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 1; i + 1 < length; i += 2) {
		text[i] = '0';
		text[i + 1] = ',';
	}
	text[length - 1] = ']';
	assert_refused(text, length, 1, "", "more than 1000000 values");
	free(text);
}

static void duplicate_keys_are_refused(void **state)
{
	(void)state;
	REFUSED("{\"a\":1,\n\"a\":2}", 1, "a", "the key \"a\" stands here twice");
	REFUSED("{\"x\":[\n{},\n{\"b\":1,\n\"c\":2,\"b\":3}]}", 3, "x[1].b",
		"the key \"b\" stands here twice");
	REFUSED("{\"odd.key\":{\n\"a\":1,\"a\":1}}", 2, "[\"odd.key\"].a",
		"the key \"a\" stands here twice");
	/* The same after unescaping. */
	REFUSED("{\"a\":1,\"\\u0061\":2}", 1, "a", "the key \"a\" stands here twice");
}

static void lines_are_found(void **state)
{
	(void)state;
	static const char text[] = "{\n"                                   /* 1 */
				   "  \"a\": { \"b\": [ 1, \"x]\\\"}\",\n" /* 2 */
				   "    { \"c\": [],\n"                    /* 3 */
				   "      \"d\" : -1.5e3 }, {}, [ [\n"     /* 4 */
				   "      2 ], 3 ] ] },\n"                 /* 5 */
				   "  \"odd.key\": { \"[x]\":\n"           /* 6 */
				   "    true, \"y\": null },\n"            /* 7 */
				   "  \"e\": \"a\", \"f\"\n"               /* 8 */
				   "  : \"f\" }\n";
	static const struct {
		const char *path;
		int line;
	} cases[] = {{"", 1}, {"a", 2}, {"a.b", 2}, {"a.b[0]", 2}, {"a.b[1]", 2}, {"a.b[2]", 3},
		{"a.b[2].c", 3}, {"a.b[2].d", 4}, {"a.b[3]", 4}, {"a.b[4][0][0]", 5},
		{"a.b[4][1]", 5}, {"[\"odd.key\"]", 6}, {"[\"odd.key\"][\"[x]\"]", 6},
		{"[\"odd.key\"].y", 7}, {"e", 8}, {"f", 8},
		/* not there */
		{"b", 0}, {"a.c", 0}, {"a.b[5]", 0}, {"a.b.c", 0}, {"a[0]", 0}, {"e.x", 0},
		{"e[0]", 0}, {"a.b[2].c[0]", 0}, {"odd", 0}, {"a.b[4][0][1]", 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int line = json_line_of(text, sizeof(text) - 1, cases[i].path);

		if (line != cases[i].line)
			fail_msg("%s: line %d, not %d", cases[i].path, line, cases[i].line);
	}
	/* A text that stops anywhere is walked no further than that. */
	for (size_t length = 0; length < sizeof(text); length++) {
		char *cut = malloc(length ? length : 1);

		memcpy(cut, text, length);
		assert_in_range(json_line_of(cut, length, "f"), 0, 9);
		assert_in_range(json_line_of(cut, length, "a.b[2].d"), 0, 9);
		free(cut);
	}
}

static void paths_are_built(void **state)
{
	(void)state;
	char path[JSON_PATH_MAX], longer[2 * JSON_PATH_MAX];

	assert_string_equal(json_path_key(path, "", "a"), "a");
	assert_string_equal(json_path_key(path, path, "b-1_$"), "a.b-1_$");
	assert_string_equal(json_path_index(path, path, 3), "a.b-1_$[3]");
	assert_string_equal(json_path_key(path, path, "c.d"), "a.b-1_$[3][\"c.d\"]");
	assert_string_equal(json_path_key(path, "", ""), "[\"\"]");
	assert_string_equal(json_path_index(path, "", 0), "[0]");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(strlen(json_path_key(path, "", longer)), JSON_PATH_MAX - 1);
}

static void the_nearest_word(void **state)
{
	(void)state;
	static const char *const words[] = {"nodes", "prefixes", "everything", "rate"};
	char longer[100];

	assert_string_equal(json_nearest("node", words, 4), "nodes");
	assert_string_equal(json_nearest("prefxies", words, 4), "prefixes");
	assert_string_equal(json_nearest("raet", words, 4), "rate");
	assert_null(json_nearest("zzz", words, 4));
	assert_null(json_nearest("node", words, 0));
	memset(longer, 'n', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(json_nearest(longer, words, 4));
}

static void integers_travel_as_text(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;
	cJSON *object = json_object();
	static const char odd[] = "{\"a\":12,\"b\":\"12x\",\"c\":\"\",\"d\":1e300,\"e\":"
				  "\"99999999999999999999\",\"f\":true}";

	json_put_i64(object, "low", INT64_MIN);
	json_put_i64(object, "high", INT64_MAX);
	assert_true(json_i64(object, "low", 0) == INT64_MIN);
	assert_true(json_i64(object, "high", 0) == INT64_MAX);
	assert_int_equal(json_i64(object, "none", 7), 7);
	cJSON_Delete(object);
	object = json_parse(odd, sizeof(odd) - 1, &fail);
	assert_int_equal(json_i64(object, "a", 0), 12);
	for (const char *key = "bcdef"; *key; key++)
		assert_int_equal(json_i64(object, (char[]){*key, '\0'}, -3), -3);
	cJSON_Delete(object);
}

static void files_are_bounded(void **state)
{
	(void)state;
	char path[] = "/tmp/backburn-json-XXXXXX";
	int fd = mkstemp(path);
	struct fail fail = FAIL_INIT;
	char *text = NULL, expected[128];
	size_t length = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	assert_int_equal(file_read(path, 10, &text, &length, &fail), 0);
	assert_int_equal(length, 10);
	assert_string_equal(text, "0123456789");
	free(text);
	assert_int_equal(file_read(path, 9, &text, &length, &fail), -1);
	snprintf(expected, sizeof(expected), "%s: 10 bytes; at most 9 are read", path);
	assert_string_equal(fail.text, expected);
	unlink(path);
	assert_int_equal(file_read(path, 9, &text, &length, &fail), -1);
	assert_int_equal(fail.error, ENOENT);
	assert_int_equal(file_read("/tmp", 9, &text, &length, &fail), -1);
	assert_string_equal(fail.text, "/tmp: not a regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_text_is_parsed),
		cmocka_unit_test(bad_text_is_refused_with_its_line),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(values_are_bounded),
		cmocka_unit_test(duplicate_keys_are_refused),
		cmocka_unit_test(lines_are_found),
		cmocka_unit_test(paths_are_built),
		cmocka_unit_test(the_nearest_word),
		cmocka_unit_test(integers_travel_as_text),
		cmocka_unit_test(files_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
