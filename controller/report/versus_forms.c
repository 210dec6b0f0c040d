/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/versus.h"

/* Two runs side by side, on a terminal and as data. */

static const char *word_of(enum tone tone)
{
	static const char *const words[] = {[TONE_GOOD] = "better",
		[TONE_BAD] = "worse",
		[TONE_OPEN] = "no change shown",
		[TONE_NONE] = ""};

	return words[tone];
}

static void print_run(FILE *out, const char *which, const struct report *report)
{
	char started[WORDS_MAX];

	plain_line(out, "%s  %s, %s (exit code %d), %s", which,
		report->record.run_id ? report->record.run_id : "?", report->judgement.headline,
		report->judgement.exit_code, words_started(&report->record, started));
}

static void print_row(FILE *out, const struct versus_row *row, const char *found)
{
	plain_line(out, "  %s %-32s %s -> %s%s%s%s%s",
		row->tone == TONE_NONE ? " " : tone_marks[row->tone], row->what, row->first,
		row->second, *row->change ? ": " : "", row->change, *found ? ", " : "", found);
}

static void print_rows(FILE *out, const char *title, const struct list *rows, bool measured)
{
	if (!rows->count)
		return;
	fprintf(out, "\n%s\n", title);
	LIST_EACH(*rows, struct versus_row, row)
		print_row(out, row, measured ? word_of(row->tone) : "");
}

void versus_text(FILE *out, const struct versus *versus)
{
	print_run(out, "first ", versus->first);
	print_run(out, "second", versus->second);
	fputs("\nnot the same in both\n", out);
	LIST_EACH(versus->unlike, char *, line)
		plain_line(out, "    %s", *line);
	if (!versus->unlike.count)
		fputs("    nothing that is in their journals\n", out);
	print_rows(out, "share of good events", &versus->slis, true);
	print_rows(out, "latency of answered events, step by step", &versus->latencies, true);
	print_rows(out, "recovery", &versus->recoveries, false);
	print_rows(out, "verdicts", &versus->verdicts, false);
	fputs("\nIntervals: 95 %, of shares Newcombe's for the difference, of latencies Hodges and "
	      "Lehmann's for the shift.\nThey hold each for itself: of twenty, one errs by chance. "
	      "Two runs are two runs: what differs between\nthem may be what changed, or the "
	      "day.\n",
		out);
}

/* --- as data --------------------------------------------------------------------------- */

/* `unit`: what a row's numbers are to be divided by; 0: it has none. */
static cJSON *rows_json(const struct list *rows, double unit)
{
	cJSON *list = json_array();

	LIST_EACH(*rows, struct versus_row, row) {
		cJSON *item = json_object();

		json_put_string(item, "what", row->what);
		json_put_string(item, "first", row->first);
		json_put_string(item, "second", row->second);
		if (unit > 0)
			json_put_string(
				item, "found", row->compared ? word_of(row->tone) : "not compared");
		if (row->compared) {
			json_put_number(item, "difference", row->difference / unit);
			json_put_number(item, "lower", row->interval.lower / unit);
			json_put_number(item, "upper", row->interval.upper / unit);
		}
		json_append(list, item);
	}
	return list;
}

static cJSON *run_json(const struct report *report)
{
	cJSON *json = json_object();

	json_put_string(json, "run", report->record.run_id ? report->record.run_id : "?");
	json_put_string(json, "verdict", report->judgement.headline);
	json_put_number(json, "exit_code", report->judgement.exit_code);
	return json;
}

cJSON *versus_json(const struct versus *versus)
{
	cJSON *json = json_object();

	json_put_number(json, "comparison", 1);
	json_put(json, "first", run_json(versus->first));
	json_put(json, "second", run_json(versus->second));
	json_put(json, "not_the_same", list_to_json(&versus->unlike));
	json_put(json, "good_events", rows_json(&versus->slis, 1));
	json_put(json, "latencies_s", rows_json(&versus->latencies, NS_PER_SEC));
	json_put(json, "recoveries", rows_json(&versus->recoveries, 0));
	json_put(json, "verdicts", rows_json(&versus->verdicts, 0));
	return json;
}
