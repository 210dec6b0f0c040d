/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json_arena.h"

/* Trees that are looked at and dropped: the same as others, and copies of them live on. */

static void trees_follow_one_another(void **state)
{
	struct json_arena arena = {0};
	struct fail fail = FAIL_INIT;
	cJSON *kept[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		char text[64];
		const cJSON *tree;

		snprintf(text, sizeof(text), "{\"number\":%d,\"list\":[1,\"two\",null]}", i);
		tree = json_arena_parse(&arena, text, strlen(text), &fail);
		assert_non_null(tree);
		kept[i] = cJSON_Duplicate(tree, true);
	}
	json_arena_deinit(&arena);
	for (int i = 0; i < 100; i++) {
		char *text = json_print(kept[i]), expected[64];

		snprintf(
			expected, sizeof(expected), "{\"number\":%d,\"list\":[1,\"two\",null]}", i);
		assert_string_equal(text, expected);
		free(text);
		cJSON_Delete(kept[i]);
	}
}

/* Larger than a block, in many values and in a single one; then small again. */
static void large_trees_take_what_they_need(void **state)
{
	enum {
		ITEMS = 50000,
		LONG = 1000000
	};
	struct json_arena arena = {0};
	struct fail fail = FAIL_INIT;
	char *text = malloc(LONG + 16);
	size_t used = 1;
	const cJSON *tree;

	(void)state;
	assert_non_null(text);
	text[0] = '[';
	for (int i = 0; i < ITEMS; i++)
		used += (size_t)sprintf(text + used, "%s%d", i ? "," : "", i);
	text[used++] = ']';
	tree = json_arena_parse(&arena, text, used, &fail);
	assert_int_equal(cJSON_GetArraySize(tree), ITEMS);
	assert_true(cJSON_GetArrayItem(tree, ITEMS - 1)->valuedouble == ITEMS - 1);

	text[0] = '"';
	memset(text + 1, 'x', LONG);
	text[LONG + 1] = '"';
	tree = json_arena_parse(&arena, text, LONG + 2, &fail);
	assert_int_equal(strlen(cJSON_GetStringValue(tree)), LONG);

	tree = json_arena_parse(&arena, "{}", 2, &fail);
	assert_true(cJSON_IsObject(tree));
	json_arena_deinit(&arena);
	free(text);
}

static void what_is_no_json_is_refused_as_ever(void **state)
{
	static const char *const bad[] = {"", "{", "[1,2", "{\"a\":1,\"a\":2}", "nul", "[1] x"};
	struct json_arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fail fail = FAIL_INIT, other = FAIL_INIT;

		assert_null(json_arena_parse(&arena, bad[i], strlen(bad[i]), &fail));
		assert_null(json_parse(bad[i], strlen(bad[i]), &other));
		assert_string_equal(fail.text, other.text);
		/* It serves on. */
		assert_non_null(json_arena_parse(&arena, "[1]", 3, &fail));
	}
	json_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_follow_one_another),
		cmocka_unit_test(large_trees_take_what_they_need),
		cmocka_unit_test(what_is_no_json_is_refused_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
