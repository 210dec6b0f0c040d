/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/run_list.h"

/* Runs as a page that links to their reports, with the trend of each scenario. */

enum {
	MARK = 18 /* width of a run in the picture */
};

static void html_name(FILE *out, const struct run_entry *entry)
{
	/* A suite's own directory has no page, and neither has what was not reported. */
	if (!html_is_plain(entry->directory) || !entry->verdict || entry->suite) {
		element(out, "th scope=\"row\"", "%s", entry->directory);
		return;
	}
	fputs("<th scope=\"row\"><a href=\"", out);
	escape_markup(out, entry->directory);
	fputs("/report.html\">", out);
	escape_markup(out, entry->directory);
	fputs("</a></th>", out);
}

static void html_row(FILE *out, const struct run_entry *entry)
{
	char text[WORDS_MAX];

	fputs("<tr>", out);
	html_name(out, entry);
	fputs("<td>", out);
	html_word(out, run_entry_tone(entry), entry->verdict ? entry->verdict : "no verdict");
	fputs("</td>", out);
	element(out, "td", "%s", entry->environment ? entry->environment : "–");
	element(out, "td", "%s",
		entry->reason            ? entry->reason
			: entry->verdict ? ""
					 : run_without_verdict);
	element(out, "td", "%s", run_entry_figures(entry, text));
	fputs("</tr>\n", out);
}

/* The bars are recovery times, the marks verdicts; the oldest stands left. */
static void draw_trend(FILE *out, const struct list *entries, const char *name)
{
	static const char *const fills[] = {[TONE_GOOD] = "#1a7544",
		[TONE_BAD] = "#b42318",
		[TONE_OPEN] = "#8a5800",
		[TONE_NONE] = "#5c6470"};
	static const char *const classes[] = {[TONE_GOOD] = "c-good",
		[TONE_BAD] = "c-bad",
		[TONE_OPEN] = "c-open",
		[TONE_NONE] = "c-muted"};
	const struct run_entry *shown[RUNS_TREND_MAX];
	double most = 0;
	size_t count = 0;

	LIST_EACH(*entries, struct run_entry, entry)
		if (entry->name && strcmp(entry->name, name) == 0 && count < RUNS_TREND_MAX) {
			shown[count++] = entry;
			most = entry->rto_s > most ? entry->rto_s : most;
		}
	fprintf(out,
		"<svg class=\"trend\" viewBox=\"0 0 %zu 46\" width=\"%zu\" height=\"46\" "
		"role=\"img\" aria-label=\"Verdicts and recovery times, the oldest run first\">\n",
		count * MARK, count * MARK);
	for (size_t i = 0; i < count; i++) {
		const struct run_entry *entry = shown[count - 1 - i];
		enum tone tone = run_entry_tone(entry);
		double height = entry->rto_s > 0 ? 24 * entry->rto_s / most : 0;

		fprintf(out,
			"<g><rect x=\"%zu\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" "
			"class=\"c-bar\" fill=\"#aab0ba\"/><text x=\"%zu\" y=\"42\" class=\"%s\" "
			"fill=\"%s\" text-anchor=\"middle\" font-size=\"14\">%s</text><title>",
			i * MARK + 3, 26 - height, MARK - 6, height, i * MARK + MARK / 2,
			classes[tone], fills[tone], tone_marks[tone]);
		markup(out, "%s: %s", entry->directory,
			entry->verdict ? entry->verdict : "no verdict");
		if (entry->rto_s > 0)
			fprintf(out, ", RTO %.3g s", entry->rto_s);
		fputs("</title></g>\n", out);
	}
	fputs("</svg>\n", out);
}

static void html_runs_of(FILE *out, const struct list *entries, const char *name)
{
	static const char *const columns[] = {
		"Run", "Verdict", "Environment", "Why", "Figures", NULL};

	fputs("<section>", out);
	element(out, "h2", "%s", name ? name : "Without a verdict");
	if (name)
		draw_trend(out, entries, name);
	html_table_begin(out, "runs", columns);
	LIST_EACH(*entries, struct run_entry, entry)
		if (name ? entry->name && strcmp(entry->name, name) == 0 : !entry->name)
			html_row(out, entry);
	html_table_end(out);
	fputs("</section>\n", out);
}

static bool any_nameless(const struct list *entries)
{
	LIST_EACH(*entries, struct run_entry, entry)
		if (!entry->name)
			return true;
	return false;
}

void run_list_html(FILE *out, const struct list *entries)
{
	struct list names = run_list_names(entries);

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Runs</title>\n"
	      "<link rel=\"stylesheet\" href=\"report.css\">\n</head>\n<body>\n<main>\n<header>\n"
	      "<h1>Runs</h1>\n",
		out);
	fprintf(out,
		"<p class=\"reason\">%zu runs of %zu scenarios. Marks are verdicts, bars the "
		"longest recovery time of a run; the oldest run stands left.</p>\n</header>\n",
		entries->count, names.count);
	LIST_EACH(names, char *, name)
		html_runs_of(out, entries, *name);
	if (any_nameless(entries))
		html_runs_of(out, entries, NULL);
	fputs("</main>\n<footer>\n", out);
	element(out, "p", "Made by backburn %s from the summary.json of each run.",
		BACKBURN_VERSION);
	fputs("</footer>\n</body>\n</html>\n", out);
	list_free_texts(&names);
}
