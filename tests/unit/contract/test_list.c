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
#include "contract/list.h"

static void a_list_grows_zeroed(void **state)
{
	(void)state;
	struct list list = {0};

	for (int64_t i = 0; i < 1000; i++) {
		int64_t *item = list_push(&list, sizeof(*item));

		assert_int_equal(*item, 0);
		*item = i + 1;
		memset(&item, 0, sizeof(item));
	}
	assert_int_equal(list.count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(*LIST_AT(list, int64_t, i), i + 1);
	free(list.items);
}

static void texts_are_copies(void **state)
{
	(void)state;
	struct list list = {0}, again = {0};
	char text[] = "one";
	cJSON *json;

	list_push_text(&list, text);
	text[0] = 'X';
	list_push_text(&list, "two");
	assert_true(list_has_text(&list, "one"));
	assert_false(list_has_text(&list, "Xne"));
	json = list_to_json(&list);
	json_append(json, cJSON_CreateNumber(3)); /* no text: skipped */
	list_from_json(&again, json);
	assert_int_equal(again.count, 2);
	assert_string_equal(*LIST_AT(again, char *, 1), "two");
	cJSON_Delete(json);
	list_free_texts(&list);
	list_free_texts(&again);
	assert_null(list.items);
	list_free_texts(&list);
}

static void each_of_none_is_none(void **state)
{
	(void)state;
	const struct list none = {0};
	size_t seen = 0;

	LIST_EACH(none, char *, item)
		seen += *item != NULL;
	assert_int_equal(seen, 0);
	assert_false(list_has_text(&none, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_grows_zeroed),
		cmocka_unit_test(texts_are_copies),
		cmocka_unit_test(each_of_none_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
