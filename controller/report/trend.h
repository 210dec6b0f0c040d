/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_TREND_H
#define BACKBURN_REPORT_TREND_H

#include "controller/report/words.h"

/*
 * The earlier runs of a run's scenario, by the summary.json of the directories beside its own. This
 * is all of a report that is not from its journal: another directory makes another trend.
 */
enum {
	TREND_RUNS_MAX = 200 /* directories that are looked at: the latest */
};

/*
 * Reads what lies beside `run_dir`, once. What can't be read is no run; nothing beside it is no
 * trend.
 */
void trend_read(struct report *report, const char *run_dir);

/*
 * "5 of 5 runs held: at 95 % the failure chance of the next is still up to 45 %", with this run as
 * the last of them. Runs that were refused, or not steady before, say nothing of it: none is
 * counted.
 */
const char *trend_words(const struct report *report, char buffer[SENTENCE_MAX]);

/*
 * The upper bound of confidence 95 % for the chance that a run fails, after `failed` of `runs` did
 * (exact, Clopper and Pearson; 1 − 0.05^(1/n) when none did).
 */
double trend_failure_chance(size_t failed, size_t runs);

#endif
