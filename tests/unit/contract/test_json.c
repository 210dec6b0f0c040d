/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"

static void assert_refused(const char *text, size_t length, int line, const char *says)
{
	struct fail fail = FAIL_INIT;
	cJSON *value = json_parse(text, length, &fail);

	if (value)
		fail_msg("taken: %s", text);
	if (!strstr(fail.text, says))
		fail_msg("\"%s\" said: %s", text, fail.text);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_int_equal(fail.line, line);
}

static void test_strictness(void **state)
{
	char deep[2 * JSON_DEPTH_MAX + 8];

	(void)state;
	assert_refused("", 0, 1, "ends before");
	assert_refused("{\"a\": 1,\n \"b\": }", 16, 2, "not valid JSON near");
	assert_refused("{\"a\": 1}\n\n x", 12, 3, "something follows");
	assert_refused("{\"a\": 1\n", 8, 2, "ends before");
	assert_refused("{\"a\":\n\"x\0y\"}", 12, 2, "a NUL byte");
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_refused(deep, 2 * (JSON_DEPTH_MAX + 1), 1, "nested deeper than 32");
}

static void test_greatest_depth_is_taken(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 1];
	struct fail fail = FAIL_INIT;
	cJSON *value;

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	value = json_parse(text, sizeof(text) - 1, &fail);
	assert_non_null(value);
	cJSON_Delete(value);
}

static void test_brackets_inside_strings_are_no_depth(void **state)
{
	static const char text[] = "{\"a\": \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"}";
	struct fail fail = FAIL_INIT;
	cJSON *value = json_parse(text, sizeof(text) - 1, &fail);

	(void)state;
	assert_non_null(value);
	cJSON_Delete(value);
}

static void test_duplicates_are_found_with_their_path(void **state)
{
	static const char text[] = "{\n \"a\": [\n  {\"x.y\": 1,\n   \"x.y\": 2}\n ]\n}";
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_null(json_parse(text, sizeof(text) - 1, &fail));
	assert_string_equal(fail.path, "a[0][\"x.y\"]");
	assert_int_equal(fail.line, 3);
	assert_string_equal(fail.text, "the key \"x.y\" stands here twice");
}

static void test_many_keys_are_no_quadratic_work(void **state)
{
	size_t count = 100000, size;
	struct fail fail = FAIL_INIT;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	cJSON *value;

	(void)state;
	fputc('{', out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\"k%zu\":1", i ? "," : "", i);
	fputc('}', out);
	fclose(out);
	value = json_parse(text, size, &fail);
	assert_non_null(value);
	cJSON_Delete(value);
	free(text);
}

static void test_lines_of_paths(void **state)
{
	static const char text[] = "{\n"
				   "  \"a\": 1,\n"
				   "  \"phases\": [\n"
				   "    { \"id\": \"x\" },\n"
				   "    { \"id\": \"}],\\\"\",\n"
				   "      \"on\": { \"nodes\":\n"
				   "         [\"n1\", \"n2\"] } }\n"
				   "  ],\n"
				   "  \"odd.key\": { \"b\": true }\n"
				   "}\n";
	static const struct {
		const char *path;
		int line;
	} cases[] = {
		{"", 1},
		{"a", 2},
		{"phases", 3},
		{"phases[0]", 4},
		{"phases[1].id", 5},
		{"phases[1].on.nodes", 6},
		{"phases[1].on.nodes[1]", 7},
		{"[\"odd.key\"]", 9},
		{"[\"odd.key\"].b", 9},
		{"phases[2]", 0},
		{"nothing", 0},
		{"a.b", 0},
		{"phases.id", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int line = json_line_of(text, sizeof(text) - 1, cases[i].path);

		if (line != cases[i].line)
			fail_msg("\"%s\" is on line %d", cases[i].path, line);
	}
}

static void test_paths_are_built_in_place(void **state)
{
	char path[JSON_PATH_MAX];

	(void)state;
	assert_string_equal(json_path_key(path, "", "a"), "a");
	assert_string_equal(json_path_index(path, path, 3), "a[3]");
	assert_string_equal(json_path_key(path, path, "b c"), "a[3][\"b c\"]");
	assert_string_equal(json_path_key(path, path, "$d-e_f"), "a[3][\"b c\"].$d-e_f");
}

static void test_nearest_word(void **state)
{
	static const char *const words[] = {"direction", "protocol", "ports", "enforce"};

	(void)state;
	assert_string_equal(json_nearest("directoin", words, 4), "direction");
	assert_string_equal(json_nearest("port", words, 4), "ports");
	assert_null(json_nearest("colour", words, 4));
	assert_null(json_nearest("", words, 4));
}

static void test_numbers_of_64_bits_travel_whole(void **state)
{
	cJSON *object = json_object();

	(void)state;
	json_put_i64(object, "low", INT64_MIN);
	json_put_i64(object, "high", INT64_MAX);
	json_put_string(object, "none", "12x");
	assert_true(json_i64(object, "low", 0) == INT64_MIN);
	assert_true(json_i64(object, "high", 0) == INT64_MAX);
	assert_true(json_i64(object, "none", 7) == 7);
	assert_true(json_i64(object, "absent", 8) == 8);
	cJSON_Delete(object);
}

static void test_files_are_bounded(void **state)
{
	char path[] = "/tmp/backburn-json-XXXXXX";
	struct fail fail = FAIL_INIT;
	int fd = mkstemp(path);
	size_t length = 0;
	char *text = NULL;

	(void)state;
	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	assert_int_equal(json_read_file(path, 10, &text, &length, &fail), 0);
	assert_int_equal(length, 10);
	assert_string_equal(text, "0123456789");
	free(text);
	assert_int_equal(json_read_file(path, 9, &text, &length, &fail), -1);
	assert_non_null(strstr(fail.text, "10 bytes; at most 9 are read"));
	unlink(path);
	assert_int_equal(json_read_file(path, 9, &text, &length, &fail), -1);
	assert_int_equal(json_read_file("/dev/zero", 9, &text, &length, &fail), -1);
	assert_non_null(strstr(fail.text, "not a regular file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strictness),
		cmocka_unit_test(test_greatest_depth_is_taken),
		cmocka_unit_test(test_brackets_inside_strings_are_no_depth),
		cmocka_unit_test(test_duplicates_are_found_with_their_path),
		cmocka_unit_test(test_many_keys_are_no_quadratic_work),
		cmocka_unit_test(test_lines_of_paths),
		cmocka_unit_test(test_paths_are_built_in_place),
		cmocka_unit_test(test_nearest_word),
		cmocka_unit_test(test_numbers_of_64_bits_travel_whole),
		cmocka_unit_test(test_files_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
