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

#include "contract/fail.h"

static void a_failure_reads_from_the_outside_in(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;

	assert_int_equal(fail_set(&fail, FAIL_REFUSED, "only %d allowed", 3), -1);
	assert_int_equal(fail_context(&fail, "node %s", "n1"), -1);
	assert_int_equal(fail_context(&fail, "100%% of run"), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_string_equal(fail.text, "100% of run: node n1: only 3 allowed");
}

static void errno_may_have_either_sign(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;

	assert_int_equal(fail_errno(&fail, -ENOENT, "/x"), -1);
	assert_int_equal(fail.kind, FAIL_SYSTEM);
	assert_int_equal(fail.error, ENOENT);
	assert_string_equal(fail.text, "/x: No such file or directory");
	fail_errno(&fail, ENOSPC, "disk");
	assert_int_equal(fail.error, ENOSPC);
}

static void a_new_failure_replaces_all_of_the_old(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;

	fail_errno(&fail, EPERM, "x");
	fail.line = 7;
	fail_at(&fail, "a.b[3]", "must be %s", "good");
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_int_equal(fail.error, 0);
	assert_int_equal(fail.line, 0);
	assert_string_equal(fail.path, "a.b[3]");
	assert_string_equal(fail.text, "must be good");
	fail_set(&fail, FAIL_BUSY, "locked");
	assert_string_equal(fail.path, "");
}

static void long_texts_are_cut(void **state)
{
	(void)state;
	char text[3 * FAIL_TEXT_MAX];
	struct fail fail = FAIL_INIT;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fail_set(&fail, FAIL_PEER, "%s", text);
	assert_int_equal(strlen(fail.text), FAIL_TEXT_MAX - 1);
	fail_context(&fail, "here");
	assert_int_equal(strlen(fail.text), FAIL_TEXT_MAX - 1);
	assert_memory_equal(fail.text, "here: xxx", 9);
	fail_context(&fail, "%s", text);
	assert_int_equal(strlen(fail.text), FAIL_TEXT_MAX - 1);
	fail_errno(&fail, EIO, "%s", text);
	assert_int_equal(strlen(fail.text), FAIL_TEXT_MAX - 1);
	fail_at(&fail, text, "%s", text);
	assert_int_equal(strlen(fail.path), FAIL_PATH_MAX - 1);
}

static void words_go_round(void **state)
{
	(void)state;
	for (int kind = FAIL_NONE + 1; kind < FAIL_KINDS; kind++) {
		const char *word = fail_kind_word((enum fail_kind)kind);

		assert_int_equal(fail_kind_of_word(word), kind);
		for (int other = 0; other < kind; other++)
			assert_string_not_equal(word, fail_kind_word((enum fail_kind)other));
	}
	assert_int_equal(fail_kind_of_word("quark"), FAIL_INTERNAL);
	/* Whoever answers with an error has failed, whatever he calls it. */
	assert_int_equal(fail_kind_of_word("none"), FAIL_INTERNAL);
	assert_string_equal(fail_kind_word((enum fail_kind)FAIL_KINDS), "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_reads_from_the_outside_in),
		cmocka_unit_test(errno_may_have_either_sign),
		cmocka_unit_test(a_new_failure_replaces_all_of_the_old),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(words_go_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
