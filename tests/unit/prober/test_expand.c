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
#include "controller/prober/expand.h"

static void uuids_are_reproducible_and_well_formed(void **state)
{
	(void)state;
	char seen[300][UUID_TEXT_SIZE];
	size_t count = 0;

	for (int64_t seed = -1; seed <= 1; seed++) {
		for (int64_t n = 0; n < 100; n++) {
			struct event_values values = event_values_of(seed, n);
			struct event_values again = event_values_of(seed, n);

			assert_string_equal(values.uuid, again.uuid);
			assert_int_equal(strlen(values.uuid), 36);
			assert_int_equal(strspn(values.uuid, "0123456789abcdef-"), 36);
			assert_int_equal(values.uuid[14], '4');
			assert_non_null(strchr("89ab", values.uuid[19]));
			for (size_t i = 0; i < count; i++)
				assert_string_not_equal(values.uuid, seen[i]);
			memcpy(seen[count++], values.uuid, UUID_TEXT_SIZE);
		}
	}
}

static void texts_are_expanded(void **state)
{
	(void)state;
	struct event_values values = event_values_of(7, 42);
	struct fail fail = FAIL_INIT;
	char expected[128], *text;

	assert_int_equal(expand_text("/{n}/{uuid}?{\"a\":1}", &values, &text, &fail), 0);
	snprintf(expected, sizeof(expected), "/42/%s%s", values.uuid, "?{\"a\":1}");
	assert_string_equal(text, expected);
	free(text);
	assert_int_equal(expand_text("{node.addr}", &values, &text, &fail), -1);
	assert_non_null(strstr(fail.text, "node.addr"));
}

static void base64_of_every_remainder(void **state)
{
	(void)state;
	static const struct {
		const char *text, *encoded;
	} cases[] = {/* RFC 4648, section 10 */
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *encoded = base64_encode(cases[i].text, strlen(cases[i].text));

		assert_string_equal(encoded, cases[i].encoded);
		free(encoded);
	}
}

static char *expand(const char *json, const char *const *pointers, size_t count, struct fail *fail)
{
	struct event_values values = event_values_of(7, 42);
	struct list list = {.items = (void *)pointers, .count = count};
	cJSON *body = json_parse(json, strlen(json), fail);
	char *text = NULL;

	assert_non_null(body);
	if (expand_json(body, &list, &values, &text, fail) < 0)
		text = NULL;
	cJSON_Delete(body);
	return text;
}

static void bodies_are_expanded_then_encoded(void **state)
{
	(void)state;
	static const char *const pointers[] = {"/key", "/list/1", "/a~1b/c~0d"};
	struct fail fail = FAIL_INIT;
	char *text = expand("{\"key\":\"key-{n}\",\"{n}\":1,\"list\":[\"{n}\",\"foo\"],"
			    "\"a/b\":{\"c~d\":\"foobar\"}}",
		pointers, 3, &fail);

	assert_string_equal(text,
		"{\"key\":\"a2V5LTQy\",\"{n}\":1,\"list\":[\"42\",\"Zm9v\"],"
		"\"a/b\":{\"c~d\":\"Zm9vYmFy\"}}");
	free(text);
}

static void pointers_to_nothing_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"/missing", "key", "/list/9", "/list/01", "/list/x",
		"/key/deeper", "/number", "", "/a~2b"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fail fail = FAIL_INIT;

		assert_null(expand("{\"key\":\"a\",\"list\":[\"b\"],\"number\":3,\"a~2b\":\"c\"}",
			&wrong[i], 1, &fail));
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		assert_non_null(strstr(fail.text, wrong[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids_are_reproducible_and_well_formed),
		cmocka_unit_test(texts_are_expanded),
		cmocka_unit_test(base64_of_every_remainder),
		cmocka_unit_test(bodies_are_expanded_then_encoded),
		cmocka_unit_test(pointers_to_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
