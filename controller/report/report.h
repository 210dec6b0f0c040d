/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_H
#define BACKBURN_REPORT_H

#include <stdio.h>

#include "controller/judge/judge.h"
#include "controller/report/closest.h"
#include "controller/report/story.h"

/*
 * A run's report in all its forms, from the journal alone: the same after a run, a year later, and
 * after a crash, where it is complete up to the journal's last line and says so.
 */
struct report {
	struct record record;
	struct judgement judgement;
	struct story story;
	struct list closest; /* of struct closest: a look at each stop rule */
	struct list trend;   /* of struct trend_run: the earliest first; empty until trend_read() */
};

/* An earlier run of the same scenario; texts are owned. */
struct trend_run {
	char *directory, *started, *verdict, *reason; /* reason may be NULL */
	int exit_code;
	double rto_s; /* the longest recovery of all; -1: not known, or none */
	int tone;     /* enum tone */
};

/*
 * Reads and judges a journal. Lines that can't be taken are left out, and told of in
 * record.unread. Failure: FAIL_SYSTEM when it can't be read; any other kind when it
 * is no journal, with file and line in front. Nothing is to be freed then.
 */
int report_load(struct report *out, const char *journal_path, struct fail *fail);
void report_deinit(struct report *report);

/* The files that report_write() leaves in a directory, NULL-terminated. */
extern const char *const report_files[];

/* Writes them all, each complete or not at all, over those of an earlier report. */
int report_write(const struct report *report, const char *dir, struct fail *fail);

/* Only report.css, for another page that looks the same. */
int report_write_css(const char *dir, struct fail *fail);

/* Replaces report.html there by one that needs no report.css. */
int report_write_single(const struct report *report, const char *dir, struct fail *fail);

/* --- the forms ------------------------------------------------------------------------- */

/* What a run prints at its end: verdict, claims, measures, effect, revert. */
void report_summary(FILE *out, const struct report *report);
/* The same on stdout, wrapped where that is a terminal, whole lines where a program reads them. */
void report_on_stdout(const struct report *report);
/* report.txt: the summary and everything else, in 80 columns. */
void report_text(FILE *out, const struct report *report);
/* report.html, which needs report.css beside it to look well and nothing to be read. */
void report_html(FILE *out, const struct report *report);
/* The same with the sheet inside, which a policy against inline styles would ignore. */
void report_html_single(FILE *out, const struct report *report);
void report_junit(FILE *out, const struct report *report);
struct junit_sums {
	size_t tests, failures, errors, skipped;
};
/* The file's beginning, up to the first suite; `</testsuites>` ends it. */
void report_junit_begin(FILE *out, const struct junit_sums *sums, int64_t took_ns);
/* Its <testsuite> alone, and what it adds to the sums; `suffix` tells one run from others. */
void report_junit_suite(
	FILE *out, const struct report *report, const char *suffix, struct junit_sums *sums);
/* report.md: less than 64 KiB, whatever the run was. */
void report_markdown(FILE *out, const struct report *report);
void report_json(FILE *out, const struct report *report);
/* What report_json() writes, as a tree that the caller deletes. */
cJSON *report_summary_json(const struct report *report);

/*
 * GitHub workflow commands: an annotation for each finding, at the claim's line in the scenario's
 * file where that can be read from here.
 */
void report_annotations(FILE *out, const struct report *report);
/* Of what has no journal: at the place that the reason begins with ("x.json:17: "), if it does. */
void report_annotate_refusal(FILE *out, const char *headline, const char *reason);

#endif
