/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/json.h"
#include "controller/journal/lines.h"
#include "controller/judge/record_apply.h"
#include "controller/report/story_parts.h"
#include "told.h"

/* Journals that are damaged, or written to do harm: what can be read is told, and what can't. */

typedef void form(FILE *out, const struct report *report);
static form *const forms[] = {
	report_text, report_html, report_markdown, report_junit, report_json, report_annotations};

enum {
	FORMS = sizeof(forms) / sizeof(forms[0])
};

static void assert_every_form_has(const struct report *report, const char *part)
{
	for (size_t i = 0; i < FORMS; i++) {
		char *text = told_form(report, forms[i]), *at = text;

		/* Only the text is broken into lines. */
		for (; i == 0 && *at; at++)
			if (*at == '\n' && strspn(at + 1, " ") >= 2)
				memmove(at + 1, at + 1 + strspn(at + 1, " "),
					strlen(at + 1 + strspn(at + 1, " ")) + 1),
					*at = ' ';
		assert_has(text, part);
		free(text);
	}
}

/* A run that would have held, with lines in it that a test writes; the report is the caller's. */
static void with_lines(struct told *told, const char *const *lines, struct report *report)
{
	told_begin(told, given_tree());
	told_run(told);
	for (; *lines; lines++)
		told_line(told, *lines);
	told_run_ends(told, 100);
	told_report(told, report);
}

static void lines_that_nobody_can_read_are_counted_and_named(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"{\"event\":\"note\",", "not valid JSON"},
		{"not json", "not valid JSON near"},
		{"", "not valid JSON: the text ends before the value does"},
		{"{\"event\":\"surprise\",\"t_ns\":1}", "journal: unknown event"},
		{"{\"event\":\"note\",\"t_ns\":1,\"t_ns\":2}", "stands here twice"},
		{"{\"event\":\"fault_over\",\"fault\":\"x\"}", "names the unknown fault"},
		{"{\"event\":\"note\",\"text\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"
		 "]]]]]]]]]]]]]]]]]]]]}",
			"nested deeper than 32 levels"},
		{"{\"event\":\"no\1te\"}", "the control character 0x01"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *lines[] = {cases[i].line, "{\"event\":\"quark\"}", NULL};
		struct report report;
		struct told told;

		with_lines(&told, lines, &report);
		assert_int_equal(report.record.unread.lines, 2);
		assert_int_equal(report.record.unread.first_line, 92);
		assert_has(report.record.unread.first_why, cases[i].why);
		assert_every_form_has(
			&report, "2 lines of the journal could not be read, the first at line 92");
		/* All else is there. */
		assert_true(report.record.ended);
		assert_int_equal(report.judgement.exit_code, 2);
		report_deinit(&report);
		told_end(&told);
	}
}

/* What was read may be told; that the rest says nothing else nobody knows. */
static void nothing_is_proven_by_a_damaged_journal(void **state)
{
	static const char *const damaged[] = {"x", NULL}, *const sound[] = {NULL};
	struct report report;
	struct told told;

	(void)state;
	with_lines(&told, sound, &report);
	assert_int_equal(report.judgement.exit_code, 0);
	report_deinit(&report);
	told_end(&told);

	with_lines(&told, damaged, &report);
	assert_string_equal(report.judgement.headline, "INCONCLUSIVE");
	LIST_EACH(report.judgement.claims, struct claim_judgement, own) {
		assert_int_not_equal(own->finding, FINDING_AS_EXPECTED);
		if (own->verdict == VERDICT_INCONCLUSIVE)
			assert_has(own->text, "; but 1 line of the journal could not be read");
	}
	report_deinit(&report);
	told_end(&told);

	/* A violation rests on what was read. */
	told_begin(&told, given_tree());
	told_run(&told);
	told_line(&told, "x");
	told_run_ends(&told, 60);
	told_report(&told, &report);
	assert_int_equal(report.judgement.exit_code, 1);
	assert_has(report.judgement.reason, "claim no-loss is VIOLATED");
	report_deinit(&report);
	told_end(&told);
}

/* A node of which nothing was read may have been touched in a line that could not be. */
static void an_unread_line_leaves_no_node_untouched(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "node", 0, "'node':'n9'");
	told_line(&told, "x");
	told_event(&told, "run_ended", SECONDS(1), "'end':true");
	told_report(&told, &report);
	assert_int_equal(report.judgement.exit_code, 5);
	report_deinit(&report);
	told_end(&told);
}

/* The windows behind one that is damaged are told all the same, if it can have held what is
 * missing. */
static void windows_go_on_behind_a_damaged_one(void **state)
{
	struct report report;
	struct told told;
	const struct source_record *source;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_seconds(&told, 3, "g50");
	told_line(&told, "{\"event\":\"window\",\"t_ns\":4000000000,\"pro");
	told.index += 50;
	told_seconds(&told, 3, "g50");
	told_report(&told, &report);
	source = report.record.sources.items;
	assert_int_equal(report.record.unread.lines, 1);
	assert_int_equal(source->next_index, 350);
	assert_int_equal(report.record.slis.count > 0, true);
	assert_int_equal(((struct sli_record *)report.record.slis.items)->samples.count, 300);
	report_deinit(&report);
	told_end(&told);

	/* Without such a line it is an impossible window. */
	told_begin(&told, given_tree());
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_seconds(&told, 3, "g50");
	told.index += 50;
	told_seconds(&told, 1, "g50");
	told_report(&told, &report);
	assert_has(report.record.unread.first_why, "window: begins at event 200, expected 150");
	report_deinit(&report);
	told_end(&told);
}

static void the_end_that_was_not_finished_is_said(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	fputs("{\"event\":\"heal\"", told.file);
	told_report(&told, &report);
	assert_int_equal(report.record.unread.torn_bytes, 15);
	assert_int_equal(report.judgement.exit_code, 0);
	assert_every_form_has(
		&report, "The journal goes on for 15 bytes of a line that was never finished");
	report_deinit(&report);
	told_end(&told);
}

/* --- what would fill memory, or take forever -------------------------------------------- */

static char *long_line(size_t length, const char *item)
{
	size_t step = strlen(item), used;
	char *text = malloc(length + 64);

	assert_non_null(text);
	used = (size_t)sprintf(
		text, "{\"event\":\"note\",\"t_ns\":5,\"text\":%s", *item == 'x' ? "\"" : "[");
	while (used + step < length) {
		for (const char *c = item; *c; c++)
			text[used++] = *c;
	}
	snprintf(text + used, length + 64 - used, "%s", *item == 'x' ? "\"}" : "0]}");
	return text;
}

static void long_lines_are_short_in_the_report(void **state)
{
	static const struct {
		size_t length;
		const char *item, *why;
	} cases[] = {
		{10000000, "x", NULL},
		{LINE_BYTES_MAX + 1000, "x", "; at most 20971520 can be read"},
		{10000000, "0,", "more than 1000000 values"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = long_line(cases[i].length, cases[i].item), *text;
		const char *lines[] = {line, NULL};
		struct report report;
		struct told told;

		with_lines(&told, lines, &report);
		assert_int_equal(report.record.unread.lines, cases[i].why ? 1 : 0);
		if (cases[i].why)
			assert_has(report.record.unread.first_why, cases[i].why);
		for (size_t j = 0; j < FORMS; j++) {
			text = told_form(&report, forms[j]);
			assert_true(strlen(text) < 200000);
			free(text);
		}
		report_deinit(&report);
		told_end(&told);
		free(line);
	}
}

static void names_without_end_are_not_kept(void **state)
{
	enum {
		NAMES = RECORD_NAMES_MAX + 10
	};
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	for (int i = 0; i < NAMES; i++) {
		told_event(&told, "node", 0, "'node':'m%d'", i);
		told_event(&told, "group_resolved", 0, "'group':'g%d','nodes':[]", i);
		told_event(&told, "source", 0, "'probe':'p%d','from':'c','start_ns':0,'rate':5", i);
		told_event(&told, "fault_armed", 0,
			"'fault':'cut-leader','node':'f%d','role':'on','armed_ns':0,'late_ns':0",
			i);
	}
	told_report(&told, &report);
	assert_int_equal(report.record.nodes.count, RECORD_NAMES_MAX);
	assert_int_equal(report.record.groups.count, RECORD_NAMES_MAX);
	assert_int_equal(record_fault(&report.record, "cut-leader")->nodes.count, RECORD_NAMES_MAX);
	assert_int_equal(report.record.sources.count, 0);
	assert_int_equal(report.record.unread.lines, NAMES + 3 * 10);
	report_deinit(&report);
	told_end(&told);
}

/* Each line of one node's doing makes the moment that they share longer, up to a bound. */
static void a_moment_has_an_end(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	for (int i = 0; i < 5000; i++)
		told_event(&told, "node_recovered", 0, "'node':'n%d'", i % 4000);
	told_report(&told, &report);
	LIST_EACH(report.story.moments, struct moment, moment)
		assert_true(strlen(moment->text) < 12000);
	report_deinit(&report);
	told_end(&told);
}

static void a_journal_of_nothing_else_is_given_up(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	for (int i = 0; i < UNREAD_MAX + 5; i++)
		fputs("?\n", told.file);
	told_report(&told, &report);
	assert_int_equal(report.record.unread.lines, UNREAD_MAX);
	assert_every_form_has(&report, "Nothing behind them was looked at.");
	report_deinit(&report);
	told_end(&told);
}

static void times_and_numbers_beyond_reason_are_none(void **state)
{
	static const char *const lines[] = {"{\"event\":\"note\",\"t_ns\":1e308,\"text\":\"far\"}",
		"{\"event\":\"note\",\"t_ns\":-5,\"text\":\"negative\"}",
		"{\"event\":\"phase_started\",\"t_ns\":1e999,\"phase\":\"after\",\"start_ns\":-"
		"1e308}",
		"{\"event\":\"stop\",\"why\":\"signal\",\"signal\":1e300,\"t_ns\":7}", NULL};
	struct report report;
	struct told told;

	(void)state;
	with_lines(&told, lines, &report);
	for (size_t i = 0; i < FORMS; i++)
		free(told_form(&report, forms[i]));
	LIST_EACH(report.story.moments, struct moment, moment) {
		assert_true(moment->at_ns >= 0);
		assert_has_not(moment->text, "negative");
	}
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_nobody_can_read_are_counted_and_named),
		cmocka_unit_test(nothing_is_proven_by_a_damaged_journal),
		cmocka_unit_test(an_unread_line_leaves_no_node_untouched),
		cmocka_unit_test(windows_go_on_behind_a_damaged_one),
		cmocka_unit_test(the_end_that_was_not_finished_is_said),
		cmocka_unit_test(long_lines_are_short_in_the_report),
		cmocka_unit_test(names_without_end_are_not_kept),
		cmocka_unit_test(a_moment_has_an_end),
		cmocka_unit_test(a_journal_of_nothing_else_is_given_up),
		cmocka_unit_test(times_and_numbers_beyond_reason_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
