/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/cli.h"
#include "told.h"

/* `backburn report` as people and pipelines call it. */

static struct cli_result report_of(const char *run, const char *option, const char *value)
{
	const char *const args[] = {"report", run, option, value, NULL};
	struct cli_result result;

	cli_run(args, &result);
	return result;
}

static void ended(struct cli_result result, int code)
{
	if (result.code != code)
		fail_msg("exit %d, expected %d: %s%s", result.code, code, result.out, result.err);
	cli_result_free(&result);
}

static void begin(struct told *told, int64_t last_id)
{
	told_begin(told, given_tree());
	told_run(told);
	told_run_ends(told, last_id);
	assert_int_equal(fflush(told->file), 0);
}

static void a_directory_and_a_file_are_both_a_run(void **state)
{
	struct cli_result result;
	char path[160];
	struct told told;

	(void)state;
	begin(&told, 60);
	result = report_of(told.dir, NULL, NULL);
	/* Written: that is what was asked. The verdict is in the files. */
	assert_int_equal(result.code, 0);
	assert_int_equal(strncmp(result.out, "VIOLATED: claim no-loss", 23), 0);
	for (size_t i = 0; report_files[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", told.dir, report_files[i]);
		assert_has(result.out, path);
		assert_int_equal(unlink(path), 0);
	}
	cli_result_free(&result);
	ended(report_of(told.path, NULL, NULL), 0);
	snprintf(path, sizeof(path), "%s/report.html", told.dir);
	assert_int_equal(access(path, R_OK), 0);
	told_end(&told);
}

static void a_directory_may_be_named(void **state)
{
	char out[96], path[160];
	struct told told;

	(void)state;
	begin(&told, 100);
	snprintf(out, sizeof(out), "%s/there", told.dir);
	ended(report_of(told.dir, "--out", out), 0);
	for (size_t i = 0; report_files[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", out, report_files[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(out), 0);
	ended(report_of(told.dir, "--out", "/proc/nowhere"), 70);
	told_end(&told);
}

static void what_is_no_journal_is_named(void **state)
{
	struct cli_result result;
	char expected[160];
	struct told told;

	(void)state;
	begin(&told, 100);
	assert_int_equal(ftruncate(fileno(told.file), 0), 0);
	rewind(told.file);
	told_line(&told, "{}");
	assert_int_equal(fflush(told.file), 0);
	result = report_of(told.dir, NULL, NULL);
	assert_int_equal(result.code, 65);
	snprintf(expected, sizeof(expected),
		"backburn: %s:1: journal: does not begin with run_started", told.path);
	assert_has(result.err, expected);
	assert_string_equal(result.out, "");
	cli_result_free(&result);
	told_end(&told);
	ended(report_of(told.dir, NULL, NULL), 65);
	ended(report_of("--nonsense", NULL, NULL), 64);
}

/* What comes from outside stands between two lines that nobody could have written beforehand. */
static void foreign_text_can_not_command_the_runner(void **state)
{
	cJSON *tree = given_tree();
	struct cli_result result;
	char *stop, *title, word[64];
	struct told told;

	(void)state;
	given_set(tree, "title", "'##[error]::x'");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	assert_int_equal(fflush(told.file), 0);
	result = report_of(told.dir, "--github", NULL);
	assert_int_equal(result.code, 0);
	assert_int_equal(
		strncmp(result.out, "::notice file=scenarios/x.json,line=1,title=HELD", 48), 0);
	stop = strstr(result.out, "\n::stop-commands::");
	assert_non_null(stop);
	title = strstr(stop, "HELD: ##[error]::x");
	assert_non_null(title);
	snprintf(word, sizeof(word), "\n::%.32s::\n", stop + strlen("\n::stop-commands::"));
	assert_non_null(strstr(title, word));
	/* It is the last line. */
	assert_string_equal(strstr(title, word), word);
	cli_result_free(&result);
	told_end(&told);
}

static void a_single_file_is_written_in_its_place(void **state)
{
	struct cli_result result;
	char path[160], *text;
	struct told told;
	FILE *file;

	(void)state;
	begin(&told, 100);
	ended(report_of(told.dir, "--single-file", NULL), 0);
	snprintf(path, sizeof(path), "%s/report.html", told.dir);
	file = fopen(path, "re");
	assert_non_null(file);
	text = calloc(1, 4096);
	assert_non_null(text);
	assert_true(fread(text, 1, 4095, file) > 1000);
	assert_has(text, "<style>");
	fclose(file);
	free(text);
	result = report_of("--compare", "--single-file", told.dir);
	assert_int_equal(result.code, 64);
	cli_result_free(&result);
	told_end(&told);
}

static struct cli_result compared(const char *const *args)
{
	struct cli_result result;

	cli_run(args, &result);
	return result;
}

static void two_runs_are_compared_and_nothing_is_written(void **state)
{
	struct cli_result result;
	struct told one, two;

	(void)state;
	begin(&one, 100);
	begin(&two, 60);
	result = compared((const char *[]){"report", "--compare", one.dir, two.path, NULL});
	assert_int_equal(result.code, 0);
	assert_has(result.out, "first   r1, HELD (exit code 0)");
	assert_has(result.out, "second  r1, VIOLATED (exit code 1)");
	assert_has(result.out, "    nothing that is in their journals\n");
	assert_has(result.out, "avail in cut");
	assert_has(result.out, "no-loss                          HELD -> VIOLATED\n");
	cli_result_free(&result);
	result =
		compared((const char *[]){"report", "--compare", "--json", one.dir, two.dir, NULL});
	assert_int_equal(result.code, 0);
	assert_int_equal(strncmp(result.out, "{\n", 2), 0);
	assert_has(result.out, "\"found\":\t\"no change shown\"");
	cli_result_free(&result);
	/* told_end() fails when there is a file that it does not know of. */
	told_end(&one);
	told_end(&two);
}

static void what_can_not_be_compared_is_said(void **state)
{
	struct cli_result result;
	struct told told;

	(void)state;
	begin(&told, 100);
	result = compared((const char *[]){"report", "--compare", told.dir, NULL});
	assert_int_equal(result.code, 64);
	assert_has(result.err, "--compare needs two runs");
	cli_result_free(&result);
	result = compared((const char *[]){"report", told.dir, told.dir, NULL});
	assert_int_equal(result.code, 64);
	assert_has(result.err, "(--compare takes two)");
	cli_result_free(&result);
	ended(compared((const char *[]){"report", "--json", told.dir, NULL}), 64);
	ended(compared((const char *[]){
		      "report", "--compare", told.dir, told.dir, "--github", NULL}),
		64);
	result = compared((const char *[]){"report", "--compare", told.dir, "/nowhere", NULL});
	assert_int_equal(result.code, 65);
	assert_has(result.err, "/nowhere");
	cli_result_free(&result);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_and_a_file_are_both_a_run),
		cmocka_unit_test(a_directory_may_be_named),
		cmocka_unit_test(what_is_no_journal_is_named),
		cmocka_unit_test(foreign_text_can_not_command_the_runner),
		cmocka_unit_test(a_single_file_is_written_in_its_place),
		cmocka_unit_test(two_runs_are_compared_and_nothing_is_written),
		cmocka_unit_test(what_can_not_be_compared_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
