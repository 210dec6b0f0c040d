/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/texts/placeholder.h"
#include "given.h"

static enum placeholder_answer lookup(void *context, const char *name, char **out_value)
{
	int *asked = context;

	++*asked;
	if (strcmp(name, "n") == 0)
		return PLACEHOLDER_KEEP;
	if (strcmp(name, "node.addr") != 0 && strcmp(name, "empty") != 0)
		return PLACEHOLDER_UNKNOWN;
	*out_value = strdup(*name == 'e' ? "" : "{n} 10.0.0.1");
	return PLACEHOLDER_VALUE;
}

static int expand(const char *text, int *asked, char **out, struct fail *fail)
{
	const struct placeholders placeholders = {
		.lookup = lookup, .context = asked, .known = "{n}, {node.addr}"};

	return placeholder_expand(text, &placeholders, out, fail);
}

static void texts_are_expanded(void **state)
{
	(void)state;
	char too_long[160];
	const struct {
		const char *text, *expanded;
		int asked;
	} cases[] = {
		{"", "", 0},
		{"plain", "plain", 0},
		/* A value is not expanded again. */
		{"a{node.addr}b", "a{n} 10.0.0.1b", 1},
		{"{n}{empty}{n}", "{n}{n}", 3},
		/* These begin no placeholder. */
		{"{\"json\": {}}", "{\"json\": {}}", 0},
		{"{", "{", 0},
		{"{}", "{}", 0},
		{"{n", "{n", 0},
		{"{ n}", "{ n}", 0},
		{"{{n}}", "{{n}}", 1},
		{too_long, too_long, 0},
	};

	memset(too_long, 'x', sizeof(too_long));
	too_long[0] = '{';
	too_long[129] = '}'; /* a name of 128 characters */
	too_long[130] = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail fail = FAIL_INIT;
		char *out = NULL;
		int asked = 0;

		assert_int_equal(expand(cases[i].text, &asked, &out, &fail), 0);
		assert_string_equal(out, cases[i].expanded);
		assert_int_equal(asked, cases[i].asked);
		free(out);
	}
}

static void the_unknown_is_refused_with_the_known(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;
	char *out = NULL;
	int asked = 0;

	assert_int_equal(expand("x {n} {quark} {node.addr}", &asked, &out, &fail), -1);
	assert_null(out);
	assert_int_equal(asked, 2);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_string_equal(fail.path, "");
	assert_string_equal(fail.text, "unknown placeholder {quark}; known here: {n}, {node.addr}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_expanded),
		cmocka_unit_test(the_unknown_is_refused_with_the_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
