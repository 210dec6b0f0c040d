/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/html_parts.h"

#include <stdlib.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/prober/orders.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

void html_lines(FILE *out, struct list lines, size_t skipped)
{
	fputs("<ul>\n", out);
	for (size_t i = skipped; i < lines.count; i++)
		element(out, "li", "%s", *LIST_AT(lines, char *, i));
	fputs("</ul>\n", out);
	list_free_texts(&lines);
}

void html_word(FILE *out, enum tone tone, const char *text)
{
	fprintf(out, "<strong class=\"%s\">%s ", tone_names[tone], tone_marks[tone]);
	escape_markup(out, text);
	fputs("</strong>", out);
}

/* --- data ------------------------------------------------------------------------------- */

static void data_row(FILE *out, const struct data_summary *own)
{
	int64_t counts[] = {own->attempted, own->acked, own->failed, own->unknown};
	int64_t found[] = {own->lost, own->recovered, own->unexpected, own->on_some};
	bool known = own->workload->read_done && own->reads_ok;

	fputs("<tr>", out);
	element(out, "th scope=\"row\"", "%s", own->workload->spec->name);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		fprintf(out, "<td class=\"number\">%lld</td>", (long long)counts[i]);
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		if (known)
			fprintf(out, "<td class=\"number\">%lld</td>", (long long)found[i]);
		else
			fputs("<td class=\"number none\">not read</td>", out);
	}
	fputs("</tr>\n", out);
}

static void data_story(FILE *out, const struct report *report, const struct data_summary *own)
{
	char reads[SENTENCE_MAX];

	if (own->lost) {
		struct list story = words_data_story(report, own);

		if (story.count) {
			element(out, "h3", "The first lost write of %s", own->workload->spec->name);
			fputs("<p class=\"story\">", out);
		}
		LIST_EACH(story, char *, line)
			markup(out, "%s ", *line);
		if (story.count)
			fputs("</p>\n", out);
		list_free_texts(&story);
		fputs("<p>", out);
		html_word(out, own->reads_failed ? TONE_OPEN : TONE_BAD, "Lost writes");
		markup(out, " of %s%s:", own->workload->spec->name,
			own->reads_failed ? ", as far as members could be read" : "");
		fputs("</p>\n", out);
		html_lines(out, words_losses(report, own), 0);
	}
	if (!own->workload->read_done)
		element(out, "p", "%s was not read back: what became of its writes is not known.",
			own->workload->spec->name);
	if (words_read_backs(own, reads))
		element(out, "p", "%s was %s.", own->workload->spec->name, reads);
	LIST_EACH(own->workload->reads, struct read_record, read)
		if (!read->ok)
			element(out, "p", "%s could not be read from %s: %s.",
				own->workload->spec->name, read->node,
				read->reason ? read->reason : "no reason given");
}

void html_data(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Workload", "Attempted", "Acknowledged", "Failed",
		"Unknown", "Lost", "Recovered", "Unexpected", "Not on every member", NULL};

	if (!report->judgement.data.count)
		return;
	fputs("<section id=\"data\"><h2>Data</h2>\n", out);
	html_table_begin(out, "data", columns);
	LIST_EACH(report->judgement.data, struct data_summary, own)
		data_row(out, own);
	html_table_end(out);
	LIST_EACH(report->judgement.data, struct data_summary, own)
		data_story(out, report, own);
	fputs("<p class=\"note\">Lost: acknowledged, and on no member that was read at the end. "
	      "Recovered: not "
	      "acknowledged, but there. Unexpected: there, but never written.</p>\n</section>\n",
		out);
}

/* --- revert ----------------------------------------------------------------------------- */

static void differing(FILE *out, const struct revert_judgement *own)
{
	LIST_EACH(own->missing, char *, line)
		element(out, "div class=\"line gone\"", "− %s", *line);
	LIST_EACH(own->added, char *, line)
		element(out, "div class=\"line new\"", "+ %s", *line);
	LIST_EACH(own->booted_away, char *, line)
		element(out, "div class=\"line\"", "went with the boot: %s", *line);
	LIST_EACH(own->booted_up, char *, line)
		element(out, "div class=\"line\"", "came up with the boot: %s", *line);
}

static void certificate_of(
	FILE *out, const struct report *report, const struct revert_judgement *own)
{
	char text[SENTENCE_MAX];

	fputs("<div class=\"certificate\">", out);
	element(out, "h4", "%s", own->node);
	fputs("<p>", out);
	html_word(out, tone_of_revert(report, own), words_confirmed(report, own));
	markup(out, ": %s", own->text);
	fputs("</p>\n", out);
	element(out, "p", "Looked at %s.", words_looked(report, own, text));
	if (words_boot(own, text))
		element(out, "p class=\"digest\"", "%s", text);
	if (words_digests(own, text))
		element(out, "p class=\"digest\"", "%s", text);
	fputs("</div>\n", out);
}

enum {
	CERTIFICATES_OPEN = 12
};

/* By itself it says what it is of: a reviewer may file it apart. */
static void certificate(FILE *out, const struct report *report)
{
	const struct record *record = &report->record;
	char started[WORDS_MAX];

	/* What is folded is not printed. */
	fprintf(out,
		"<details class=\"certificates\" id=\"certificate\"%s><summary>Certificate of the "
		"revert</summary>\n<p>",
		report->judgement.reverts.count <= CERTIFICATES_OPEN ? " open" : "");
	markup(out,
		"Run %s of scenario %s in environment %s, started %s. Each node’s state was listed "
		"before the first fault and after the last, one fact a line: addresses, links, "
		"qdiscs, filters, routes, rules, cgroups, whether its clock was stepped. The "
		"digests are of the sorted lines, which journal.ndjson holds in its audit events.",
		record->run_id ? record->run_id : "?", record->scenario.name,
		record->environment ? record->environment : "?", words_started(record, started));
	fputs("</p>\n", out);
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own)
		if (own->before.look || own->after.look)
			certificate_of(out, report, own);
	fputs("</details>\n", out);
}

static void residue(FILE *out, const struct record *record)
{
	bool open = false;

	LIST_EACH(record->nodes, struct node_record, node)
		LIST_EACH(node->residue_after, char *, line) {
			if (list_has_text(&node->residue_before, *line))
				continue;
			if (!open)
				fputs("<details><summary>Natural residue, not "
				      "compared</summary><ul>\n",
					out);
			open = true;
			element(out, "li", "%s: %s", node->node, *line);
		}
	if (open)
		fputs("</ul></details>\n", out);
}

void html_revert(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Node", "Touched", "Revert", "Compared", NULL};

	fputs("<section id=\"revert\"><h2>Proof of the revert</h2>\n", out);
	if (!report->judgement.reverts.count) {
		fputs("<p>No node was looked at, and none was touched.</p></section>\n", out);
		return;
	}
	html_table_begin(out, "revert", columns);
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		fputs("<tr>", out);
		element(out, "th scope=\"row\"", "%s", own->node);
		fprintf(out, "<td>%s</td><td>", own->touched ? "yes" : "no");
		html_word(out, tone_of_revert(report, own), words_confirmed(report, own));
		fputs("</td><td>", out);
		escape_markup(out, own->text);
		differing(out, own);
		fputs("</td></tr>\n", out);
	}
	html_table_end(out);
	certificate(out, report);
	residue(out, &report->record);
	fputs("</section>\n", out);
}

/* --- time line, reproduction, limits ---------------------------------------------------- */

void html_time_line(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"UTC", "T+", "Who", "What", NULL};
	char at[WORDS_MAX], utc[WORDS_MAX];

	fputs("<section id=\"moments\"><h2>Time line</h2>\n", out);
	html_table_begin(out, "moments", columns);
	LIST_EACH(report->story.moments, struct moment, moment) {
		fputs("<tr>", out);
		element(out, "td class=\"number\"", "%s",
			words_utc(&report->record, moment->at_ns, utc));
		element(out, "td class=\"number\"", "%s", words_at(moment->at_ns, at) + 2);
		element(out, "td", "%s", moment->actor);
		element(out, "td class=\"what\"", "%s", moment->text);
		fputs("</tr>\n", out);
	}
	html_table_end(out);
	if (report->story.moments_left_out)
		element(out, "p", "And %zu more, in the journal.", report->story.moments_left_out);
	fputs("</section>\n", out);
}

void html_reproduce(FILE *out, const struct report *report)
{
	char *command = words_command(report);

	fputs("<section id=\"again\"><h2>How to reproduce</h2>\n<pre class=\"box\" "
	      "tabindex=\"0\"><code>",
		out);
	escape_markup(out, command);
	fputs("</code></pre>\n", out);
	/* The command, which is the first, has been shown to be copied. */
	html_lines(out, words_reproduce(report), 1);
	fputs("</section>\n", out);
	free(command);
}

/* Outcomes that occurred, of all sources; "ok" always. */
static void outcomes_seen(const struct record *record, bool seen[OUTCOME_COUNT])
{
	LIST_EACH(record->sources, struct source_record, source)
		for (int i = 0; i < OUTCOME_COUNT; i++)
			seen[i] = seen[i] || i == OUTCOME_OK || source->outcomes[i];
}

static void quantile_cell(FILE *out, const struct source_record *source, double share)
{
	struct histogram_edges edges;
	char text[DURATION_TEXT_MAX];

	element(out, "td class=\"number\"", "%s",
		histogram_quantile(source->latency, share, &edges) == 0
			? duration_human(edges.upper_ns, text)
			: "–");
}

static void source_row(
	FILE *out, const struct source_record *source, const bool seen[OUTCOME_COUNT])
{
	char lag[DURATION_TEXT_MAX];

	fputs("<tr>", out);
	element(out, "th scope=\"row\"", "%s", source->probe);
	element(out, "td", "%s%s%s", source->from, source->to ? " to " : "",
		source->to ? source->to : "");
	element(out, "td class=\"number\"", "%lld", (long long)source->next_index);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (seen[i])
			element(out, "td class=\"number\"", "%lld", (long long)source->outcomes[i]);
	quantile_cell(out, source, 0.5);
	quantile_cell(out, source, 0.99);
	element(out, "td class=\"number\"", "%s", duration_human(source->lag_max_ns, lag));
	element(out, "td", "%s", source->last_error ? source->last_error : "–");
	fputs("</tr>\n", out);
}

void html_events(FILE *out, const struct report *report)
{
	const char *columns[3 + OUTCOME_COUNT + 5] = {"Probe", "From", "Events"};
	bool seen[OUTCOME_COUNT] = {false};
	size_t count = 3;

	if (!report->record.sources.count)
		return;
	outcomes_seen(&report->record, seen);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (seen[i])
			columns[count++] = probe_outcome_words[i];
	columns[count++] = "Median";
	columns[count++] = "p99";
	columns[count++] = "Send lag";
	columns[count++] = "Last error";
	columns[count] = NULL;
	fputs("<section id=\"events\"><h2>How events ended</h2>\n", out);
	html_table_begin(out, "events", columns);
	LIST_EACH(report->record.sources, struct source_record, source)
		source_row(out, source, seen);
	html_table_end(out);
	fputs("<p class=\"note\">Latencies are of answered events, counted from the intended "
	      "send.</p>\n</section>\n",
		out);
}

static void value_cells(FILE *out, const struct values_summary *summary)
{
	const double numbers[] = {summary->min, summary->median, summary->max, summary->last};

	element(out, "td class=\"number\"", "%zu", summary->count);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (summary->count)
			element(out, "td class=\"number\"", "%.6g", numbers[i]);
		else
			element(out, "td class=\"number\"", "–");
}

void html_values(FILE *out, const struct report *report)
{
	static const char *const columns[] = {
		"Probe", "From", "Phase", "Values", "Least", "Median", "Most", "Last", NULL};
	struct list rows = words_values(&report->record);

	if (rows.count) {
		fputs("<section id=\"values\"><h2>What probes read</h2>\n", out);
		html_table_begin(out, "values", columns);
	}
	LIST_EACH(rows, struct value_row, row) {
		fputs("<tr>", out);
		element(out, "th scope=\"row\"", "%s", row->source->probe);
		element(out, "td", "%s%s%s", row->source->from, row->source->to ? " to " : "",
			row->source->to ? row->source->to : "");
		element(out, "td", "%s", row->phase->spec->id);
		value_cells(out, &row->summary);
		fputs("</tr>\n", out);
	}
	if (rows.count) {
		html_table_end(out);
		fputs("</section>\n", out);
	}
	free(rows.items);
}

void html_limits(FILE *out, const struct report *report)
{
	struct list clearer;

	fputs("<section id=\"limits\"><h2>What this run can’t tell</h2>\n", out);
	html_lines(out, words_limits(report), 0);
	clearer = words_clearer(report);
	if (clearer.count) {
		fputs("<h3>What would give a clearer answer</h3>\n", out);
		html_lines(out, clearer, 0);
	}
	fputs("</section>\n", out);
}
