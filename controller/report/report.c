/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/report.h"

#include <stdlib.h>

#include "controller/journal/journal.h"
#include "controller/plan/catalogue.h"
#include "controller/plan/check.h"
#include "controller/report/output.h"
#include "controller/report/story_parts.h"
#include "controller/report/words.h"

/* --- reading --------------------------------------------------------------------------- */

struct reader {
	struct report *report;
	bool begun;
};

/*
 * A journal's scenario was checked before the run, but who knows who edited it since. Whether its
 * claims could be shown is not asked again: a later version may be stricter about that.
 */
static int check_scenario(const struct record *record, struct fail *fail)
{
	struct catalogue catalogue = {0};
	int outcome = catalogue_builtin(&catalogue, fail);

	if (outcome == 0)
		outcome = check_references(&record->scenario, &catalogue, fail);
	catalogue_deinit(&catalogue);
	return outcome < 0 ? fail_context(fail, "journal: scenario: %s", fail->path) : 0;
}

static int take_event(void *context, const cJSON *event, struct fail *fail)
{
	struct reader *reader = context;
	struct report *report = reader->report;

	if (!reader->begun) {
		if (record_init(&report->record, event, fail) < 0)
			return -1;
		reader->begun = true;
		story_begin(&report->story, event);
		report->closest = closest_of(&report->record);
		return check_scenario(&report->record, fail);
	}
	closest_look(&report->closest, &report->record, event, false);
	if (record_apply(&report->record, event, fail) < 0)
		return -1;
	closest_look(&report->closest, &report->record, event, true);
	story_apply(&report->story, &report->record, event);
	return 0;
}

static void tell_near_misses(struct report *report)
{
	char text[SENTENCE_MAX];

	LIST_EACH(report->closest, struct closest, own)
		if (closest_is_near(own))
			story_tell(&report->story, own->at_ns, "guardrail", "%s",
				words_closest(own, text));
}

int report_load(struct report *out, const char *journal_path, struct fail *fail)
{
	struct reader reader = {.report = out};

	*out = (struct report){0};
	if (journal_each_readable(journal_path, take_event, &reader, &out->record.unread, fail) <
		0) {
		if (reader.begun) {
			free(out->closest.items);
			story_deinit(&out->story);
			record_deinit(&out->record);
		}
		return -1;
	}
	judge(&out->record, &out->judgement);
	closest_finish(&out->closest, &out->record);
	tell_near_misses(out);
	story_finish(&out->story, &out->record, &out->judgement);
	return 0;
}

void report_deinit(struct report *report)
{
	LIST_EACH(report->trend, struct trend_run, run) {
		free(run->directory);
		free(run->started);
		free(run->verdict);
		free(run->reason);
	}
	free(report->trend.items);
	free(report->closest.items);
	story_deinit(&report->story);
	judgement_deinit(&report->judgement);
	record_deinit(&report->record);
}

/* --- writing --------------------------------------------------------------------------- */

extern const char report_css[];
extern const size_t report_css_size;

static void css(FILE *out, const struct report *report)
{
	(void)report;
	fwrite(report_css, 1, report_css_size, out);
}

struct output_form {
	const char *name;
	void (*print)(FILE *out, const struct report *report);
};

static const struct output_form forms[] = {
	{"summary.json", report_json},
	{"report.txt", report_text},
	{"report.css", css},
	{"report.html", report_html},
	{"report.md", report_markdown},
	{"junit.xml", report_junit},
};

const char *const report_files[] = {
	"report.html", "report.css", "report.txt", "report.md", "junit.xml", "summary.json", NULL};

_Static_assert(
	sizeof(report_files) / sizeof(report_files[0]) == sizeof(forms) / sizeof(forms[0]) + 1,
	"each form is named");

static int write_form(const struct output_form *form, const struct report *report, const char *dir,
	struct fail *fail)
{
	struct output output;

	output_begin(&output);
	form->print(output.out, report);
	return output_end(&output, dir, form->name, fail);
}

int report_write_single(const struct report *report, const char *dir, struct fail *fail)
{
	static const struct output_form single = {"report.html", report_html_single};

	return write_form(&single, report, dir, fail);
}

int report_write_css(const char *dir, struct fail *fail)
{
	return output_write(dir, "report.css", report_css, report_css_size, fail);
}

int report_write(const struct report *report, const char *dir, struct fail *fail)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (write_form(&forms[i], report, dir, fail) < 0)
			return -1;
	return 0;
}
