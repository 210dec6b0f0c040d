/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_RUN_LIST_H
#define BACKBURN_REPORT_RUN_LIST_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "controller/report/words.h"

/* The runs of a directory, by what their summary.json says: nothing is judged anew. */

struct run_entry {
	char *directory; /* its name in the directory that was listed */
	char *name;      /* of the scenario, or of the suite; NULL: not known yet */
	bool suite;
	char *environment, *started; /* NULL: not known */
	char *verdict, *reason;      /* NULL: it has no verdict yet */
	int exit_code;
	double lasted_s, rto_s; /* the longest recovery of all; -1: not known, or none */
	double events, bad;     /* of all its SLOs */
};

/* What a run without summary.json is: "under way, or cut off: backburn report writes one". */
extern const char run_without_verdict[];

/*
 * List of struct run_entry, the latest first. What is no run is passed over; a summary.json that
 * can't be read makes an entry whose `reason` says why. FAIL_SYSTEM when the directory can't be
 * read.
 */
int run_list_read(const char *runs_dir, struct list *out, struct fail *fail);
/* Of the `most` latest only; the others are not read. */
int run_list_read_latest(const char *runs_dir, size_t most, struct list *out, struct fail *fail);
void run_list_free(struct list *entries);

/* The names in `entries`, each once, in the order of their latest runs; list of char *. */
struct list run_list_names(const struct list *entries);

enum {
	RUNS_TREND_MAX = 40 /* runs of a scenario whose verdicts are shown in a row: the latest */
};

/* What a run said of the system: good, bad, not known; none: it did not get that far. */
enum tone run_entry_tone(const struct run_entry *entry);
/* "77.8s, 259 of 3576 bad, RTO 1.29s": what is known of it. */
const char *run_entry_figures(const struct run_entry *entry, char text[WORDS_MAX]);

/* At most `most` runs (0: all), then each scenario with the verdicts of its runs. */
void run_list_text(FILE *out, const struct list *entries, size_t most);
cJSON *run_list_json(const struct list *entries);
/* index.html, as report.html is: it needs report.css beside it, and nothing else. */
void run_list_html(FILE *out, const struct list *entries);

#endif
