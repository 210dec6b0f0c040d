/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/list.h"

static void test_growth_keeps_items_and_zeroes_new_ones(void **state)
{
	struct list list = {0};

	(void)state;
	for (int64_t i = 0; i < 1000; i++) {
		int64_t *item = list_push(&list, sizeof(*item));

		assert_true(*item == 0);
		*item = i;
	}
	assert_int_equal(list.count, 1000);
	for (int64_t i = 0; i < 1000; i++)
		assert_true(*LIST_AT(list, int64_t, i) == i);
	free(list.items);
}

static void test_each_visits_all_and_survives_empty_lists(void **state)
{
	struct list empty = {0}, list = {0};
	size_t seen = 0;

	(void)state;
	LIST_EACH(empty, char *, text) {
		fail_msg("visited %s", *text);
	}
	list_push_text(&list, "a");
	list_push_text(&list, "b");
	LIST_EACH(list, char *, text) {
		seen += (size_t) * *text;
	}
	assert_int_equal(seen, 'a' + 'b');
	list_free_texts(&list);
}

static void test_texts(void **state)
{
	cJSON *mixed = cJSON_Parse("[\"x\", 1, null, \"y\"]"), *back;
	struct list list = {0};
	char *text;

	(void)state;
	list_from_json(&list, mixed);
	assert_int_equal(list.count, 2);
	assert_true(list_has_text(&list, "y"));
	assert_false(list_has_text(&list, "z"));
	back = list_to_json(&list);
	text = json_print(back);
	assert_string_equal(text, "[\"x\",\"y\"]");
	free(text);
	cJSON_Delete(back);
	cJSON_Delete(mixed);
	list_free_texts(&list);
	assert_int_equal(list.count, 0);
	assert_null(list.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth_keeps_items_and_zeroes_new_ones),
		cmocka_unit_test(test_each_visits_all_and_survives_empty_lists),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
