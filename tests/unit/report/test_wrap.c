/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/report/wrap.h"
#include "told.h"

/* Lines that are broken, and those that are not. */

static char *wrapped(const char *text, size_t width)
{
	char *out = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&out, &length);

	assert_non_null(file);
	wrap_lines(file, text, width);
	assert_int_equal(fclose(file), 0);
	return out;
}

static void lines_go_on_below_their_column(void **state)
{
	static const struct {
		const char *text, *wrapped;
	} cases[] = {
		{"", ""},
		{"short\n\nand short\n", "short\n\nand short\n"},
		{"  gap    one two three four\n", "  gap    one two\n         three four\n"},
		{"         three four five six\n", "         three four\n         five six\n"},
		{"  a sentence that is long\n", "  a sentence that is\n    long\n"},
		/* exactly as wide, and a character more */
		{"  0123 567 9012345678\n", "  0123 567 9012345678\n"},
		{"  0123 567 90123456789\n", "  0123 567\n    90123456789\n"},
		/* a word that is wider stays whole */
		{"  a bcdefghijklmnopqrstuvwxyz z\n",
			"  a\n    bcdefghijklmnopqrstuvwxyz\n    z\n"},
		/* what is to be copied */
		{"  $ backburn run scenario.json\n", "  $ backburn run scenario.json\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = wrapped(cases[i].text, i == 5 || i == 6 ? 21 : 20);

		assert_string_equal(out, cases[i].wrapped);
		free(out);
	}
}

/* Characters are counted, not their bytes, and none is torn. */
static void characters_are_columns(void **state)
{
	char *out = wrapped("≥≥≥≥ ≥≥≥≥ ≥≥≥≥\n", 10);

	(void)state;
	assert_string_equal(out, "≥≥≥≥ ≥≥≥≥\n  ≥≥≥≥\n");
	free(out);
}

static size_t widest(const char *text)
{
	size_t most = 0, own = 0;

	for (; *text; text++) {
		own = *text == '\n' ? 0 : own + (((unsigned char)*text & 0xc0) != 0x80);
		most = own > most ? own : most;
	}
	return most;
}

static void a_report_is_no_wider_than_eighty_columns(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 98);
	told_report(&told, &report);
	text = told_form(&report, report_text);
	assert_true(widest(text) <= WRAP_TEXT);
	assert_true(widest(text) > WRAP_TEXT - 10);
	free(text);
	/* What programs read has whole lines. */
	text = told_form(&report, report_summary);
	assert_true(widest(text) > WRAP_TEXT);
	free(text);
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_go_on_below_their_column),
		cmocka_unit_test(characters_are_columns),
		cmocka_unit_test(a_report_is_no_wider_than_eighty_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
