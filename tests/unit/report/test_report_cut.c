/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* A run whose controller was killed: each form is whole, says so, and names what is not known. */

typedef void form(FILE *out, const struct report *report);

/* Of the text, which is broken into lines, with blanks in the places of breaks. */
static char *unbroken(const struct report *report, form *print)
{
	char *text = told_form(report, print), *to = text;

	if (print != report_text)
		return text;
	for (const char *from = text; *from; from++) {
		bool blank = *from == '\n' || *from == ' ';

		if (!blank || to == text || to[-1] != ' ')
			*to++ = blank ? ' ' : *from;
	}
	*to = '\0';
	return text;
}

static form *const forms[] = {report_text, report_html, report_markdown, report_junit, report_json};

static void assert_form_has(const struct report *report, form *print, const char *part)
{
	char *text = unbroken(report, print);

	assert_has(text, part);
	free(text);
}

static void assert_every_form_has(const struct report *report, const char *part)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_form_has(report, forms[i], part);
}

/* The lines of a whole run, ended by NULL. */
static char **lines_of_a_run(size_t *out_count)
{
	char **lines = calloc(256, sizeof(*lines));
	struct told told;
	size_t room = 0, count = 0;
	FILE *file;

	assert_non_null(lines);
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	assert_int_equal(fflush(told.file), 0);
	file = fopen(told.path, "re");
	assert_non_null(file);
	for (; getline(&lines[count], &room, file) > 0; room = 0)
		assert_true(++count < 255);
	free(lines[count]);
	lines[count] = NULL;
	fclose(file);
	told_end(&told);
	*out_count = count;
	return lines;
}

/*
 * What must be said of a run of which that much is known; summary.json says `cut_off_at_s` in the
 * place of the first sentence.
 */
static void assert_says_what_is_unknown(const struct report *report)
{
	const struct record *record = &report->record;
	const struct fault_record *fault = record->faults.items;
	const struct phase_record *last =
		LIST_AT(record->phases, struct phase_record, record->phases.count - 1);

	for (size_t i = 0; i < 4; i++)
		assert_form_has(report, forms[i], "The run was cut off at T+");
	assert_every_form_has(report,
		"Not read back, so that nobody knows whether acknowledged writes were lost: "
		"acked.");
	if (fault->start_ns != NEVER_NS && fault->healed_ns == NEVER_NS)
		assert_every_form_has(report,
			report->story.last_ns < fault->deadline_ns
				? "was acting, or about to: when it ended is not known"
				: "that it was healed nobody told");
	if (last->start_ns == NEVER_NS)
		assert_every_form_has(report, "Not begun, as far as is known:");
	if (fault->nodes.count) {
		assert_every_form_has(report, "Touched, and not looked at afterwards: ");
		assert_int_equal(report->judgement.exit_code, 5);
	}
}

static void every_cut_is_told_in_every_form(void **state)
{
	size_t count, said = 0;
	char **lines = lines_of_a_run(&count);

	(void)state;
	assert_true(count > 90);
	for (size_t end = 1; end < count; end += end < 8 || end > 38 ? 5 : 2) {
		struct report report;
		struct told part;

		told_begin(&part, given_tree());
		for (size_t i = 1; i < end; i++)
			fputs(lines[i], part.file);
		/* The line that was being written. */
		fprintf(part.file, "%.*s", (int)strlen(lines[end]) / 2, lines[end]);
		told_report(&part, &report);
		if (!((struct workload_record *)report.record.workloads.items)->read_done) {
			assert_says_what_is_unknown(&report);
			said++;
		}
		report_deinit(&report);
		told_end(&part);
	}
	assert_true(said > 20);
	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
}

static void what_is_unknown_has_its_times(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "node", 0, "'node':'n7'");
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_event(&told, "phase_started", 0, "'phase':'before','start_ns':0");
	told_seconds(&told, 31, "g50");
	told_event(&told, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':['n1'],'start_ns':%lld,'deadline_ns':%lld",
		(long long)SECONDS(31), (long long)SECONDS(41));
	told_report(&told, &report);
	assert_every_form_has(&report,
		"Fault cut-leader (partition on n2, from n1) was acting, or about to: when it "
		"ended is not known. It acted no longer than to its deadline, T+41.000 s.");
	assert_every_form_has(&report, "Not touched, and not looked at afterwards: n7.");
	assert_every_form_has(&report, "Phase before had begun; how it ended is not known.");
	assert_every_form_has(&report, "Not begun, as far as is known: cut, settle, after.");
	assert_every_form_has(&report, "What probe put saw is known to T+31.000 s.");
	report_deinit(&report);
	told_end(&told);
}

/* A run that came to its end has no such list. */
static void a_run_that_ended_says_nothing_of_it(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_html);
	assert_has_not(text, "What is not known");
	assert_has_not(text, "cut off at");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_is_told_in_every_form),
		cmocka_unit_test(what_is_unknown_has_its_times),
		cmocka_unit_test(a_run_that_ended_says_nothing_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
