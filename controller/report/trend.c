/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/trend.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/report/run_list.h"

/* Of confidence 95 % to one side. */
#define TREND_ALPHA 0.10

static void take_entry(struct report *report, const struct run_entry *entry)
{
	struct trend_run *run = list_push(&report->trend, sizeof(*run));

	run->directory = must_copy(entry->directory);
	run->started = must_copy(entry->started);
	run->verdict = must_copy(entry->verdict);
	run->reason = must_copy_if(entry->reason);
	run->exit_code = entry->exit_code;
	run->rto_s = entry->rto_s;
	run->tone = run_entry_tone(entry);
}

/* Times are of one form, so that their order is that of their letters. */
static bool is_earlier(const struct report *report, const struct run_entry *entry)
{
	const struct record *record = &report->record;

	return entry->name && entry->verdict && entry->started && !entry->suite && record->wall &&
		strcmp(entry->name, record->scenario.name) == 0 &&
		strcmp(entry->started, record->wall) < 0;
}

void trend_read(struct report *report, const char *run_dir)
{
	char *dir = realpath(run_dir, NULL);
	struct list entries = {0};
	struct fail fail = FAIL_INIT;

	if (dir && run_list_read_latest(dirname(dir), TREND_RUNS_MAX, &entries, &fail) == 0)
		for (size_t i = entries.count; i-- > 0;) {
			const struct run_entry *entry = LIST_AT(entries, struct run_entry, i);

			if (is_earlier(report, entry))
				take_entry(report, entry);
		}
	run_list_free(&entries);
	free(dir);
}

double trend_failure_chance(size_t failed, size_t runs)
{
	return statistics_clopper_pearson((int64_t)failed, (int64_t)runs, TREND_ALPHA).upper;
}

static void count(enum tone tone, size_t *runs, size_t *held)
{
	*runs += tone == TONE_GOOD || tone == TONE_BAD;
	*held += tone == TONE_GOOD;
}

const char *trend_words(const struct report *report, char buffer[SENTENCE_MAX])
{
	size_t runs = 0, held = 0;
	char chance[PERCENT_TEXT_MAX];

	LIST_EACH(report->trend, struct trend_run, run)
		count(run->tone, &runs, &held);
	count(tone_of_run(&report->judgement), &runs, &held);
	if (!runs)
		return NULL;
	snprintf(buffer, SENTENCE_MAX,
		"%zu of %zu runs held: at 95 %% the failure chance of the next is still up to "
		"%s%s",
		held, runs, percent_human(trend_failure_chance(runs - held, runs), chance),
		held == runs && runs < 59 ? " (5 of 5: 45 %, 59 of 59: 5 %)" : "");
	return buffer;
}
