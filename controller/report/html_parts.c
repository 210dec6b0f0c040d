/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/html_parts.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

static void line_list(FILE *out, struct list lines, size_t skipped)
{
	fputs("<ul>\n", out);
	for (size_t i = skipped; i < lines.count; i++)
		element(out, "li", "%s", *LIST_AT(lines, char *, i));
	fputs("</ul>\n", out);
	list_free_texts(&lines);
}

static void word(FILE *out, enum tone tone, const char *text)
{
	fprintf(out, "<strong class=\"%s\">%s ", tone_names[tone], tone_marks[tone]);
	escape_markup(out, text);
	fputs("</strong>", out);
}

/* --- what was hit ----------------------------------------------------------------------- */

static void packets_cell(FILE *out, const struct pair_effect *pair)
{
	if (!pair->packets)
		fputs("<td class=\"number none\">none</td>", out);
	else
		fprintf(out, "<td class=\"number\">%lld</td>", (long long)pair->packets);
}

/* Pairs come as a way and the way back. */
static void pair_rows(FILE *out, const struct effect_judgement *own)
{
	const struct pair_effect *pairs = own->pairs.items;

	for (size_t i = 0; i + 1 < own->pairs.count; i += 2) {
		long long segments = pairs[i].segments + pairs[i + 1].segments;

		fputs("<tr>", out);
		element(out, "td", "%s", own->fault->spec->id);
		element(out, "th scope=\"row\"", "%s", pairs[i].from);
		element(out, "td", "%s", pairs[i].to);
		if (pairs[i].connections == NEVER_NS)
			fputs("<td class=\"number\">not asked</td>", out);
		else
			fprintf(out, "<td class=\"number\">%lld</td>",
				(long long)pairs[i].connections);
		packets_cell(out, &pairs[i]);
		packets_cell(out, &pairs[i + 1]);
		fprintf(out, "<td class=\"number\">%lld</td></tr>\n", segments);
	}
}

static void effect(FILE *out, const struct effect_judgement *own)
{
	const struct fault_record *fault = own->fault;
	char text[SENTENCE_MAX];

	fputs("<li>", out);
	element(out, "b", "%s", fault->spec->id);
	words_fault(fault, text);
	markup(out, " (%s): effect ", text);
	word(out, tone_of_effect(own), effect_words[own->effect]);
	markup(out, ", %s. ", own->text);
	words_times(fault, text);
	element(out, "small", "%s", text);
	fputs("</li>\n", out);
}

static void process_row(FILE *out, const struct record *record,
	const struct effect_judgement *effect, const struct process_effect *own)
{
	const struct process_evidence *process = own->process;
	char age[DURATION_TEXT_MAX], text[WORDS_MAX];

	fputs("<tr>", out);
	element(out, "td", "%s", effect->fault->spec->id);
	element(out, "th scope=\"row\"", "%s", own->node);
	element(out, "td class=\"number\"", "%lld", (long long)process->pid);
	element(out, "td class=\"number\"", "%s", duration_human(process->age_ns, age));
	element(out, "td", "%s", process->cmdline);
	fputs("<td>", out);
	word(out, own->proven ? TONE_GOOD : TONE_OPEN, words_signal(process, text));
	fputs("</td>", out);
	element(out, "td", "%s", process->result == SIGNAL_SENT ? words_exit(process, text) : "–");
	element(out, "td", "%s", *words_afterwards(record, own, text) ? text : "not known");
	fputs("</tr>\n", out);
}

static void process_table(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Fault", "Node", "Pid", "Had run", "Command line",
		"Signal", "Exit", "Afterwards", NULL};
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, effect)
		LIST_EACH(effect->processes, struct process_effect, own) {
			if (!rows++)
				html_table_begin(out, "processes", columns);
			process_row(out, &report->record, effect, own);
		}
	if (!rows)
		return;
	html_table_end(out);
	fputs("<p class=\"note\">Signals went through pidfds, which never mean another process; "
	      "an exit is when it was seen.</p>\n",
		out);
}

void html_hit(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Fault", "Node", "Peer", "Live connections before",
		"Dropped to the peer", "Dropped from the peer", "Segments", NULL};
	const struct list *effects = &report->judgement.effects;
	char radius[SENTENCE_MAX];
	size_t pairs = 0;

	fputs("<section id=\"hit\"><h2>What was hit</h2>\n", out);
	words_radius(report, radius);
	element(out, "p", "Blast radius: %s.", radius);
	if (effects->count)
		fputs("<ul class=\"effects\">\n", out);
	LIST_EACH(*effects, struct effect_judgement, own) {
		effect(out, own);
		pairs += own->pairs.count;
	}
	if (effects->count)
		fputs("</ul>\n", out);
	if (pairs) {
		html_table_begin(out, "pairs", columns);
		LIST_EACH(*effects, struct effect_judgement, own)
			pair_rows(out, own);
		html_table_end(out);
		fputs("<p class=\"note\">Packets counted in the kernel where they were dropped, at "
		      "the sender's way out or the receiver's way in.</p>\n",
			out);
	}
	process_table(out, report);
	fputs("</section>\n", out);
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
	if (own->lost) {
		fputs("<p>", out);
		word(out, own->reads_failed ? TONE_OPEN : TONE_BAD, "Lost writes");
		markup(out, " of %s%s:", own->workload->spec->name,
			own->reads_failed ? ", as far as members could be read" : "");
		fputs("</p>\n", out);
		line_list(out, words_losses(report, own), 0);
	}
	if (!own->workload->read_done)
		element(out, "p", "%s was not read back: what became of its writes is not known.",
			own->workload->spec->name);
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
		word(out, own->confirmed ? TONE_GOOD : TONE_BAD,
			own->confirmed ? "confirmed" : "NOT CONFIRMED");
		fputs("</td><td>", out);
		escape_markup(out, own->text);
		differing(out, own);
		fputs("</td></tr>\n", out);
	}
	html_table_end(out);
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
	line_list(out, words_reproduce(report), 1);
	fputs("</section>\n", out);
	free(command);
}

void html_events(FILE *out, const struct report *report)
{
	if (!report->record.sources.count)
		return;
	fputs("<section id=\"events\"><h2>How events ended</h2>\n", out);
	line_list(out, words_events(report), 0);
	fputs("</section>\n", out);
}

void html_limits(FILE *out, const struct report *report)
{
	fputs("<section id=\"limits\"><h2>What this run can’t tell</h2>\n", out);
	line_list(out, words_limits(report), 0);
	fputs("</section>\n", out);
}
