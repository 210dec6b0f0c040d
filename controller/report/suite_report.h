/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SUITE_REPORT_H
#define BACKBURN_SUITE_REPORT_H

#include <stdio.h>

#include "controller/files/suite.h"

/* What became of a suite, its verdict, and its report in all forms. Pure but for suite_report(). */

enum {
	SUITE_SKIPPED = -1,
	SUITE_REASON_MAX = 512,
	SUITE_CODES_MAX = 16
};

struct suite_run {
	int code;        /* the run's exit code; SUITE_SKIPPED: it never began, `reason` says why */
	char *directory; /* NULL: it was refused before it had one */
	char *headline;  /* "HELD", …; NULL with no directory */
	char *reason;    /* one sentence; never NULL */
};

struct suite_part {
	const struct suite_entry *entry;
	struct list runs; /* of struct suite_run */
	/* --- suite_judge() --- */
	size_t held;  /* runs that ended with 0 */
	size_t shown; /* runs that say something of the system: ended with 0, 1, 2 or 3 */
	/* Upper bound of the chance that a run does not hold, at 95 %; 1 when nothing is shown. */
	double chance;
	bool forgiven; /* some did not hold, but as many as must have */
};

struct suite_result {
	const struct suite *suite;
	const char *environment; /* --on, or NULL */
	char started[32];        /* UTC */
	int64_t lasted_ns;
	struct list parts; /* of struct suite_part, one for each entry */
	int stopped; /* what ended the suite early: EXIT_STOPPED for its limit, 128 + signal; 0 */
	/* --- suite_judge() --- */
	int codes[SUITE_CODES_MAX]; /* all that apply, weightiest first */
	size_t code_count;
	int exit_code;
	const char *headline;
	char reason[SUITE_REASON_MAX];
};

/*
 * Runs that ended with 1, 2, 3 or 6 do not count when as many of their entry held as must; whatever
 * says that the system or the tool is not in order (5, 70, 75, 4, signals) always does. Of several
 * codes the weightiest wins, as in a run.
 *
 * With x of n runs not held the chance that the next one does not hold is at most the upper bound
 * of Clopper and Pearson, one-sided at 95 %: 1 - 0.05^(1/n) for x = 0.
 */
void suite_judge(struct suite_result *result);
void suite_result_deinit(struct suite_result *result);

/* "5 of 5 held: the chance that one does not is at most 45.1 % (95 % confidence)". */
const char *suite_say_held(const struct suite_part *part, char *text, size_t size);

/* One line a scenario, one a run, and the verdict. */
void suite_text(FILE *out, const struct suite_result *result);
void suite_markdown(FILE *out, const struct suite_result *result);
/* Reads the runs' journals, one after the other: all of their cases in one file. */
void suite_junit(FILE *out, const struct suite_result *result);
cJSON *suite_summary_json(const struct suite_result *result);

/* summary.json, report.md and junit.xml. */
int suite_report(const struct suite_result *result, const char *dir, struct fail *fail);
extern const char *const suite_report_files[];

#endif
