/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/exit_code.h"
#include "controller/report/escape.h"
#include "controller/report/run_list.h"

/* Runs as a list: on a terminal, and as data. */

enum tone run_entry_tone(const struct run_entry *entry)
{
	if (!entry->verdict)
		return TONE_NONE;
	switch (entry->exit_code) {
	case EXIT_HELD:
		return TONE_GOOD;
	case EXIT_INCONCLUSIVE:
	case EXIT_NOT_STEADY:
		return TONE_OPEN;
	case EXIT_REFUSED:
		return TONE_NONE;
	default:
		return TONE_BAD;
	}
}

const char *run_entry_figures(const struct run_entry *entry, char text[WORDS_MAX])
{
	char lasted[DURATION_TEXT_MAX] = "", rto[DURATION_TEXT_MAX] = "", bad[48] = "";

	if (entry->lasted_s >= 0)
		duration_human((int64_t)(entry->lasted_s * 1e9), lasted);
	if (entry->rto_s > 0)
		duration_human((int64_t)(entry->rto_s * 1e9), rto);
	if (entry->events > 0)
		snprintf(bad, sizeof(bad), "%.0f of %.0f bad", entry->bad, entry->events);
	snprintf(text, WORDS_MAX, "%s%s%s%s%s", lasted, *bad ? ", " : "", bad, *rto ? ", RTO " : "",
		rto);
	return text;
}

/* --- on a terminal ----------------------------------------------------------------------- */

static void print_entry(FILE *out, const struct run_entry *entry)
{
	char text[WORDS_MAX];

	plain_line(out, "%s %-11s %s%s%s", tone_marks[run_entry_tone(entry)],
		entry->verdict ? entry->verdict : "–", entry->directory,
		entry->environment ? " on " : "", entry->environment ? entry->environment : "");
	plain_line(out, "              %s",
		entry->reason            ? entry->reason
			: entry->verdict ? ""
					 : run_without_verdict);
	if (*run_entry_figures(entry, text))
		plain_line(out, "              %s", text);
}

/* The oldest first, as one reads. */
static void print_trend(FILE *out, const struct list *entries, const char *name)
{
	const struct run_entry *all = entries->items;
	char marks[RUNS_TREND_MAX * 4 + 1] = "";
	size_t runs = 0, held = 0, shown = 0, used = 0;

	LIST_EACH(*entries, struct run_entry, entry)
		if (entry->name && strcmp(entry->name, name) == 0) {
			runs++;
			held += run_entry_tone(entry) == TONE_GOOD;
		}
	for (size_t i = entries->count, left = runs; i-- > 0;) {
		if (!all[i].name || strcmp(all[i].name, name) != 0 || left-- > RUNS_TREND_MAX)
			continue;
		used += (size_t)snprintf(marks + used, sizeof(marks) - used, "%s",
			tone_marks[run_entry_tone(&all[i])]);
		shown++;
	}
	plain_line(out, "  %-32s %s%s  %zu of %zu held", name, shown < runs ? "…" : "", marks, held,
		runs);
}

void run_list_text(FILE *out, const struct list *entries, size_t most)
{
	struct list names = run_list_names(entries);
	size_t printed = 0;

	LIST_EACH(*entries, struct run_entry, entry)
		if (!most || printed++ < most)
			print_entry(out, entry);
	if (most && entries->count > most)
		fprintf(out, "… and %zu earlier ones (--all)\n", entries->count - most);
	if (!entries->count)
		fputs("no runs\n", out);
	if (names.count)
		fputs("\nby scenario, the oldest run first\n", out);
	LIST_EACH(names, char *, name)
		print_trend(out, entries, *name);
	list_free_texts(&names);
}

/* --- as data ----------------------------------------------------------------------------- */

static void put_text(cJSON *json, const char *key, const char *text)
{
	if (text)
		json_put_string(json, key, text);
}

static cJSON *entry_json(const struct run_entry *entry)
{
	cJSON *json = json_object();

	json_put_string(json, "directory", entry->directory);
	put_text(json, entry->suite ? "suite" : "scenario", entry->name);
	put_text(json, "environment", entry->environment);
	put_text(json, "started", entry->started);
	put_text(json, "verdict", entry->verdict);
	put_text(json, "reason", entry->reason);
	if (entry->verdict)
		json_put_number(json, "exit_code", entry->exit_code);
	if (entry->lasted_s >= 0)
		json_put_number(json, "lasted_s", entry->lasted_s);
	if (entry->rto_s >= 0)
		json_put_number(json, "rto_s", entry->rto_s);
	if (entry->events > 0) {
		json_put_number(json, "events", entry->events);
		json_put_number(json, "bad", entry->bad);
	}
	return json;
}

cJSON *run_list_json(const struct list *entries)
{
	cJSON *json = json_object(), *runs = json_array();

	LIST_EACH(*entries, struct run_entry, entry)
		json_append(runs, entry_json(entry));
	json_put_number(json, "runs_version", 1);
	json_put(json, "runs", runs);
	return json;
}
