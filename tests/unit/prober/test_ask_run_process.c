/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/prober/asker_run.h"

/* What `where.exec` runs at a node. */

static int run(const char *const *words, int64_t timeout_ns, struct ask_ran *ran, struct fail *fail)
{
	struct ask_run run = {.timeout_ns = timeout_ns};
	int outcome;

	for (; *words; words++)
		list_push_text(&run.argv, *words);
	*fail = FAIL_INIT;
	outcome = asker_run(&run, ran, fail);
	list_free_texts(&run.argv);
	return outcome;
}
#define RUN(timeout_ns, ...) run((const char *[]){__VA_ARGS__, NULL}, timeout_ns, &ran, &fail)

static void the_status_and_the_first_line_are_told(void **state)
{
	struct ask_ran ran;
	struct fail fail;

	(void)state;
	assert_int_equal(RUN(NS_PER_SEC, "printf", "master\\n17\\n"), 0);
	assert_int_equal(ran.exit_code, 0);
	assert_string_equal(ran.first_line, "master");
	assert_int_equal(RUN(NS_PER_SEC, "printf", "a\\tb\\303"), 0);
	assert_string_equal(ran.first_line, "a?b?");
	assert_int_equal(RUN(NS_PER_SEC, "false"), 0);
	assert_int_equal(ran.exit_code, 1);
	assert_string_equal(ran.first_line, "");
}

/* More than a pipe holds: it is read to its end, or the program would never end. */
static void a_long_output_is_read_and_cut(void **state)
{
	struct ask_ran ran;
	struct fail fail;

	(void)state;
	assert_int_equal(RUN(5 * NS_PER_SEC, "head", "-c", "1000000", "/dev/zero"), 0);
	assert_int_equal(strlen(ran.first_line), sizeof(ran.line) - 1);
}

static void what_gives_no_answer_is_an_error(void **state)
{
	struct ask_ran ran;
	struct fail fail;

	(void)state;
	assert_int_equal(RUN(NS_PER_SEC, "there-is-no-such-program"), -1);
	assert_non_null(strstr(fail.text, "there-is-no-such-program"));
	assert_int_equal(RUN(100 * NS_PER_MS, "sleep", "100"), -1);
	assert_string_equal(fail.text, "sleep did not end in time");
	/* One that has closed its output and lives on is late too. */
	assert_int_equal(RUN(200 * NS_PER_MS, "sh", "-c", "exec sleep 100 >&-"), -1);
	assert_string_equal(fail.text, "sh did not end in time");
	assert_int_equal(RUN(NS_PER_SEC, "sh", "-c", "kill -9 $$"), -1);
	assert_string_equal(fail.text, "sh was ended by signal 9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_and_the_first_line_are_told),
		cmocka_unit_test(a_long_output_is_read_and_cut),
		cmocka_unit_test(what_gives_no_answer_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
