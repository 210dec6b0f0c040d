/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/report/story.h"
#include "tests/pace.h"
#include "told.h"

/* From a journal to a report: what is no journal, what was cut off, what is told beyond verdicts.
 */

static void refused(struct told *told, const char *says)
{
	struct fail fail = FAIL_INIT;
	struct report report;
	char expected[256];

	assert_int_equal(fflush(told->file), 0);
	assert_int_equal(report_load(&report, told->path, &fail), -1);
	assert_int_not_equal(fail.kind, FAIL_SYSTEM);
	snprintf(expected, sizeof(expected), "%s:%s", told->path, says);
	if (strncmp(fail.text, expected, strlen(expected)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", fail.text, expected);
	told_end(told);
}

static void a_bad_first_line_is_named(void **state)
{
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	assert_int_equal(ftruncate(fileno(told.file), 0), 0);
	rewind(told.file);
	told_line(&told, "{\"event\":\"note\",");
	refused(&told, "1: not valid JSON");

	told_begin(&told, given_tree());
	assert_int_equal(ftruncate(fileno(told.file), 0), 0);
	rewind(told.file);
	told_event(&told, "surprise", 1, "'a':1");
	refused(&told, "1: journal: does not begin with run_started");
}

static void a_scenario_that_contradicts_itself_is_named(void **state)
{
	cJSON *tree = given_tree();
	struct told told;

	(void)state;
	given_set(tree, "invariants[0].in", "'nowhere'");
	told_begin(&told, tree);
	refused(&told, "1: journal: scenario: invariants[0].in");
}

static void a_file_that_is_no_journal_is_refused(void **state)
{
	struct fail fail = FAIL_INIT;
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	assert_int_equal(ftruncate(fileno(told.file), 0), 0);
	assert_int_equal(report_load(&report, told.path, &fail), -1);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	told_end(&told);
	assert_int_equal(report_load(&report, told.path, &fail), -1);
	assert_int_equal(fail.kind, FAIL_SYSTEM);
}

/* --- a run that was cut off -------------------------------------------------------------- */

static void a_run_that_was_cut_off_is_told_up_to_there(void **state)
{
	static const struct {
		void (*print)(FILE *, const struct report *);
		const char *says;
	} forms[] = {{report_text, "VIOLATED, as expected (must)"},
		{report_html, "VIOLATED, as expected"}, {report_markdown, "VIOLATED, as expected"},
		{report_junit, "VIOLATED, as expected"}};
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	fputs("{\"event\":\"note\",\"te", told.file); /* torn */
	told_report(&told, &report);
	assert_false(report.record.ended);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = told_form(&report, forms[i].print);

		assert_has(text, "The run was cut off at T+66.000 s");
		/* What was known by then is in it. */
		assert_has(text, "cut-leader");
		assert_has(text, forms[i].says);
		free(text);
	}
	report_deinit(&report);
	told_end(&told);
}

static void every_prefix_of_a_journal_has_a_report(void **state)
{
	struct told whole, part;
	char *lines[256];
	size_t count = 0, room = 0;
	FILE *file;

	(void)state;
	told_begin(&whole, given_tree());
	told_run(&whole);
	told_run_ends(&whole, 100);
	assert_int_equal(fflush(whole.file), 0);
	file = fopen(whole.path, "re");
	assert_non_null(file);
	for (lines[0] = NULL; getline(&lines[count], &room, file) > 0; lines[count] = NULL) {
		room = 0;
		assert_true(++count < 255);
	}
	free(lines[count]);
	fclose(file);
	assert_true(count > 90);
	for (size_t end = 1; end <= count; end += 3 * pace()) {
		struct report report;
		char *text;

		told_begin(&part, given_tree());
		for (size_t i = 1; i < end; i++)
			fputs(lines[i], part.file);
		told_report(&part, &report);
		text = told_form(&report, report_html);
		assert_has(text, "</html>");
		free(text);
		text = told_form(&report, report_text);
		assert_has(text, "what this run can't tell");
		free(text);
		report_deinit(&report);
		told_end(&part);
	}
	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	told_end(&whole);
}

/* --- beyond verdicts --------------------------------------------------------------------- */

static void lost_writes_are_told_with_their_time(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 98); /* 99 and 100 were acknowledged by T+46 s */
	told_report(&told, &report);
	assert_int_equal(report.story.losses.count, 1);
	text = told_form(&report, report_summary);
	assert_has(text,
		"ids 99 to 100 were acknowledged by T+46.000 s, in phase after, and absent "
		"from every final read");
	assert_has(text, "VIOLATED: ");
	free(text);
	text = told_form(&report, report_html);
	assert_has(text, "ids 99 to 100 were acknowledged");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void the_time_line_is_in_order(void **state)
{
	struct report report;
	struct told told;
	int64_t last_ns = 0;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	told_report(&told, &report);
	LIST_EACH(report.story.moments, struct moment, moment) {
		assert_true(moment->at_ns >= last_ns);
		last_ns = moment->at_ns;
	}
	text = told_form(&report, report_text);
	/* The run began half a minute before the end of January. */
	assert_has(text, "  2026-02-01 00:00:01   T+31.000 s  fault      cut-leader begins\n");
	assert_has(text, "T+33.000 s  probe      avail is good again: 2.00s");
	assert_has(text, "T+31.001 s  fault      cut-leader has its first effect");
	assert_has(text, "  $ backburn run x.json --param 'cut_for=it'\\''s'\n");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

/* Three nodes that do the same are one line, at the time of the last of them. */
static void nodes_that_do_the_same_share_a_moment(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	told_report(&told, &report);
	text = told_form(&report, report_text);
	assert_has(text, "T+0.000 s  node       state listed before: n1, n2, n3\n");
	assert_has(text, "T+71.000 s  node       state listed after: n1, n2, n3\n");
	assert_has(text, "node       armed cut-leader: n1, n2, n3\n");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

/* What was done, and whether all is as before, stands in the first lines of every form. */
static void the_first_lines_say_whether_all_is_clean(void **state)
{
	static void (*const forms[])(FILE *, const struct report *) = {
		report_summary, report_html, report_markdown};
	static const struct {
		bool ends;
		const char *lines[2];
	} runs[] = {
		{true,
			{"cut-leader: partition on n2, from n1, n3, for 10s; effect proven",
				"revert confirmed: 3 nodes as before"}},
		{false,
			{"cut-leader: partition on n2, from n1, n3, for 10s; effect proven",
				"revert NOT CONFIRMED on n1 (and on 2 others): not looked at since "
				"the run was cut off"}},
	};

	(void)state;
	for (size_t i = 0; i < 2 * 3; i++) {
		struct report report;
		struct told told;
		char *text;

		told_begin(&told, given_tree());
		told_run(&told);
		if (runs[i / 3].ends)
			told_run_ends(&told, 100);
		told_report(&told, &report);
		text = told_form(&report, forms[i % 3]);
		for (size_t j = 0; j < 2; j++) {
			const char *line = strstr(text, runs[i / 3].lines[j]);
			const char *claims = strstr(text, "steady");

			assert_non_null(line);
			assert_non_null(claims);
			assert_true(line < claims);
		}
		free(text);
		report_deinit(&report);
		told_end(&told);
	}
}

/* The longest gap is what a fault cost, also when it came with the heal. */
static void a_gap_after_the_heal_is_a_cost(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_seconds(&told, 3, "b50");
	told_seconds(&told, 1, "g50");
	told_run_ends(&told, 100);
	told_report(&told, &report);
	text = told_form(&report, report_html);
	assert_has(text,
		"<b>3.02s</b>\n<span>longest time without a good event in avail (± 20ms), "
		"after the heal of cut-leader; during cut-leader: 2.00s");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void no_name_can_forge_a_line(void **state)
{
	cJSON *tree = given_tree();
	struct report report;
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "title", "'nothing\\nHELD: all is well\\u001b[2J'");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 1);
	told_report(&told, &report);
	text = told_form(&report, report_summary);
	assert_has(text, "VIOLATED: nothing HELD: all is well[2J\n");
	assert_has_not(text, "\nHELD:");
	assert_has_not(text, "\x1b");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void files_are_whole_and_replaced(void **state)
{
	struct fail fail = FAIL_INIT;
	struct report report;
	struct told told;
	struct stat status;
	char path[160];

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	told_report(&told, &report);
	/* A link in the place of the part that is being written is not written through. */
	snprintf(path, sizeof(path), "%s/.report.html.part", told.dir);
	assert_int_equal(symlink("/dev/full", path), 0);
	for (int times = 0; times < 2; times++)
		assert_int_equal(report_write(&report, told.dir, &fail), 0);
	for (size_t i = 0; report_files[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", told.dir, report_files[i]);
		assert_int_equal(lstat(path, &status), 0);
		assert_true(S_ISREG(status.st_mode) && status.st_size > 1000);
	}
	assert_int_equal(report_write(&report, "/proc/nowhere", &fail), -1);
	assert_int_equal(fail.kind, FAIL_SYSTEM);
	report_deinit(&report);
	told_end(&told);
}

/* The heaviest code has one sentence: what else happened must not be lost behind it. */
static void what_the_heaviest_code_hides_is_said(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_event(&told, "stop", SECONDS(67),
		"'why':'guardrail','id':'outage','text':'avail had no good event for 12s'");
	told_run_ends(&told, 60);
	told_event(&told, "audit", SECONDS(71),
		"'node':'n2','when':'after','state':['link eth0','link eth1'],'residue':[]");
	told_report(&told, &report);
	text = told_form(&report, report_summary);
	assert_has(text, "REVERT NOT CONFIRMED: ");
	assert_has(text,
		"The run was stopped (guardrail): avail had no good event for 12s. Claims "
		"other than expected: no-loss.\n");
	free(text);
	report_deinit(&report);
	told_end(&told);

	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	told_report(&told, &report);
	text = told_form(&report, report_summary);
	/* One sentence is enough for one finding. */
	assert_has_not(text, "other than expected: ");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void bins_hold_a_handful_of_events(void **state)
{
	(void)state;
	assert_int_equal(story_bin_ns(SECONDS(60), 50), SECONDS(1));
	assert_int_equal(story_bin_ns(SECONDS(239), 50), SECONDS(1));
	assert_int_equal(story_bin_ns(SECONDS(240), 50), SECONDS(2));
	assert_int_equal(story_bin_ns(SECONDS(60), 1), SECONDS(8));
	assert_int_equal(story_bin_ns(SECONDS(60), 0.1), SECONDS(64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_first_line_is_named),
		cmocka_unit_test(a_scenario_that_contradicts_itself_is_named),
		cmocka_unit_test(a_file_that_is_no_journal_is_refused),
		cmocka_unit_test(a_run_that_was_cut_off_is_told_up_to_there),
		cmocka_unit_test(every_prefix_of_a_journal_has_a_report),
		cmocka_unit_test(lost_writes_are_told_with_their_time),
		cmocka_unit_test(the_time_line_is_in_order),
		cmocka_unit_test(nodes_that_do_the_same_share_a_moment),
		cmocka_unit_test(the_first_lines_say_whether_all_is_clean),
		cmocka_unit_test(a_gap_after_the_heal_is_a_cost),
		cmocka_unit_test(no_name_can_forge_a_line),
		cmocka_unit_test(files_are_whole_and_replaced),
		cmocka_unit_test(what_the_heaviest_code_hides_is_said),
		cmocka_unit_test(bins_hold_a_handful_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
