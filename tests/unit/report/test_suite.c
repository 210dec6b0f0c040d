/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/exit_code.h"
#include "controller/report/suite_report.h"
#include "junit_schema.h"

/* What a suite's runs come to: codes, what is forgiven, and what n of n mean. */

enum {
	END = -2
};

/* One entry of as many runs as there are codes, ended by END. */
static void add_part(struct suite *suite, struct suite_result *result, int64_t must_hold, ...)
{
	struct suite_part *part;
	struct suite_entry *entry;
	struct list runs = {0};
	va_list codes;

	va_start(codes, must_hold);
	for (int code = va_arg(codes, int); code != END; code = va_arg(codes, int)) {
		struct suite_run *run = list_push(&runs, sizeof(*run));
		char reason[32];

		snprintf(reason, sizeof(reason), "because of %d", code);
		*run = (struct suite_run){.code = code, .reason = must_copy(reason)};
	}
	va_end(codes);
	entry = list_push(&suite->scenarios, sizeof(*entry));
	entry->file = must_copy("x.json");
	entry->runs = (int64_t)runs.count;
	entry->must_hold = must_hold;
	part = list_push(&result->parts, sizeof(*part));
	part->runs = runs;
	for (size_t i = 0; i < result->parts.count; i++)
		LIST_AT(result->parts, struct suite_part, i)->entry =
			LIST_AT(suite->scenarios, struct suite_entry, i);
}

static void begin(struct suite *suite, struct suite_result *result)
{
	*suite = (struct suite){.name = must_copy("gate")};
	*result = (struct suite_result){.suite = suite};
}

static void end(struct suite *suite, struct suite_result *result)
{
	suite_result_deinit(result);
	suite_deinit(suite);
}

static void assert_code(
	struct suite *suite, struct suite_result *result, int code, const char *reason)
{
	suite_judge(result);
	assert_int_equal(result->exit_code, code);
	assert_string_equal(result->reason, reason);
	end(suite, result);
}

static void the_weightiest_code_wins(void **state)
{
	struct suite suite;
	struct suite_result result;

	(void)state;
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, 0, END);
	assert_code(&suite, &result, 0, "every scenario held as often as it must");
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, 2, END);
	add_part(&suite, &result, 0, 3, END);
	assert_code(&suite, &result, 3, "x.json, run 1: because of 3");
	begin(&suite, &result);
	add_part(&suite, &result, 0, 1, 5, SUITE_SKIPPED, END);
	add_part(&suite, &result, 0, 70, END);
	assert_code(&suite, &result, 5, "x.json, run 2: because of 5");
	/* What no run ends with is trouble of the tool: killed by a signal, a file that changed. */
	begin(&suite, &result);
	add_part(&suite, &result, 0, 1, 137, END);
	assert_code(&suite, &result, 70, "x.json, run 2: because of 137");
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, 143, SUITE_SKIPPED, END);
	result.stopped = 143;
	assert_code(&suite, &result, 143, "x.json, run 2: because of 143");
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, SUITE_SKIPPED, END);
	result.stopped = EXIT_STOPPED;
	assert_code(&suite, &result, 3, "the suite reached its run_limit");
}

static void enough_runs_forgive_what_is_the_systems(void **state)
{
	static const int forgiven[] = {1, 2, 3, 6}, never[] = {4, 5, 70, 75, 130, 143};
	struct suite suite;
	struct suite_result result;

	(void)state;
	for (size_t i = 0; i < sizeof(forgiven) / sizeof(forgiven[0]); i++) {
		begin(&suite, &result);
		add_part(&suite, &result, 2, 0, forgiven[i], 0, END);
		suite_judge(&result);
		assert_true(LIST_AT(result.parts, struct suite_part, 0)->forgiven);
		assert_code(&suite, &result, 0, "every scenario held as often as it must");
		begin(&suite, &result);
		add_part(&suite, &result, 3, 0, forgiven[i], 0, END);
		suite_judge(&result);
		assert_int_equal(result.exit_code, forgiven[i]);
		end(&suite, &result);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		begin(&suite, &result);
		add_part(&suite, &result, 2, 0, never[i], 0, END);
		suite_judge(&result);
		assert_int_equal(result.exit_code, never[i]);
		end(&suite, &result);
	}
}

static void assert_says(struct suite *suite, struct suite_result *result, const char *says)
{
	char text[256];

	suite_judge(result);
	assert_string_equal(
		suite_say_held(LIST_AT(result->parts, struct suite_part, 0), text, sizeof(text)),
		says);
	end(suite, result);
}

/* 1 - 0.05^(1/n): 1 run 95 %, 5 runs 45 %. With failures by Clopper and Pearson. */
static void n_of_n_say_how_sure_that_makes(void **state)
{
	struct suite suite;
	struct suite_result result;

	(void)state;
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, END);
	assert_says(&suite, &result,
		"1 of 1 held: the chance that one does not is at most 95.0 % (95 % confidence, 1 "
		"run)");
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, 0, 0, 0, 0, END);
	assert_says(&suite, &result,
		"5 of 5 held: the chance that one does not is at most 45.1 % (95 % confidence, 5 "
		"runs)");
	/* One of four: 1 - 0.751 (the exact lower bound of 3 of 4 at 95 % is 0.2486). */
	begin(&suite, &result);
	add_part(&suite, &result, 3, 0, 0, 1, 0, END);
	assert_says(&suite, &result,
		"3 of 4 held, 3 must: the chance that one does not is at most 75.1 % (95 % "
		"confidence, 4 runs)");
	/* A run that was refused or left out says nothing of the system. */
	begin(&suite, &result);
	add_part(&suite, &result, 0, 4, SUITE_SKIPPED, END);
	assert_says(&suite, &result, "0 of 2 held, 1 left out");
}

static void what_is_written_is_well_formed(void **state)
{
	struct suite suite;
	struct suite_result result;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	cJSON *json;

	(void)state;
	begin(&suite, &result);
	add_part(&suite, &result, 0, 0, 4, SUITE_SKIPPED, END);
	LIST_AT(LIST_AT(result.parts, struct suite_part, 0)->runs, struct suite_run, 1)->reason[0] =
		'<';
	suite_judge(&result);
	suite_junit(out, &result);
	fclose(out);
	assert_junit(text);
	assert_non_null(strstr(text,
		"<testsuites name=\"backburn\" tests=\"3\" failures=\"0\" errors=\"2\" time="));
	assert_non_null(strstr(text, "&lt;ecause of 4"));
	free(text);
	json = suite_summary_json(&result);
	assert_int_equal(json_number(json, "exit_code", -1), 4);
	assert_string_equal(json_string(json, "verdict", ""), "REFUSED");
	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItem(
			cJSON_GetArrayItem(cJSON_GetObjectItem(json, "scenarios"), 0), "runs")),
		3);
	cJSON_Delete(json);
	end(&suite, &result);
}

/* GitLab counts the second of two cases with one name as none. */
static void one_file_twice_has_other_names(void **state)
{
	struct suite suite;
	struct suite_result result;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	begin(&suite, &result);
	add_part(&suite, &result, 0, 4, END);
	add_part(&suite, &result, 0, 4, 4, END);
	suite_judge(&result);
	suite_junit(out, &result);
	fclose(out);
	assert_junit(text);
	assert_non_null(strstr(text, "classname=\"backburn.suite\""));
	assert_non_null(strstr(text, "classname=\"backburn.suite.entry2.run1\""));
	assert_non_null(strstr(text, "classname=\"backburn.suite.entry2.run2\""));
	free(text);
	end(&suite, &result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_weightiest_code_wins),
		cmocka_unit_test(enough_runs_forgive_what_is_the_systems),
		cmocka_unit_test(n_of_n_say_how_sure_that_makes),
		cmocka_unit_test(what_is_written_is_well_formed),
		cmocka_unit_test(one_file_twice_has_other_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
