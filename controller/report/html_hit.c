/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/words.h"

/* What was hit: each fault, and what was counted of it per pair of nodes and per process. */

enum {
	PAIRS_SHOWN = 200 /* of all faults: what people look through, and a page can carry */
};

struct not_shown {
	size_t shown, pairs;
	int64_t packets;
};

static void packets_cell(FILE *out, const char *did, const struct pair_effect *way)
{
	if (!way->packets)
		fputs("<td class=\"number none\">none</td>", out);
	else
		element(out, "td class=\"number\"", "%lld %s", (long long)way->packets, did);
}

/*
 * Only large packets, which the kernel cuts late, are more than one segment, and only faults that
 * choose among packets look at more than they hit.
 */
static bool segments_differ(const struct judgement *judgement)
{
	LIST_EACH(judgement->effects, struct effect_judgement, own)
		LIST_EACH(own->pairs, struct pair_effect, way)
			if (way->segments != way->packets || way->matched > way->segments)
				return true;
	return false;
}

static void segments_cell(FILE *out, const struct pair_effect ways[2])
{
	long long segments = ways[0].segments + ways[1].segments;
	long long matched = ways[0].matched + ways[1].matched;

	fprintf(out, "<td class=\"number\">%lld", segments);
	if (matched > segments)
		fprintf(out, " of %lld", matched);
	fputs("</td>", out);
}

/* Pairs come as a way and the way back. Of more than there is room for the rest is added up. */
static void pair_rows(
	FILE *out, const struct effect_judgement *own, bool segments, struct not_shown *rest)
{
	const struct pair_effect *ways = own->pairs.items;

	for (size_t i = 0; i + 1 < own->pairs.count; i += 2) {
		const char *did = judge_did(own->fault);

		if (rest->shown == PAIRS_SHOWN) {
			rest->pairs++;
			rest->packets += ways[i].packets + ways[i + 1].packets;
			continue;
		}
		rest->shown++;
		fputs("<tr>", out);
		element(out, "td", "%s", own->fault->spec->id);
		element(out, "th scope=\"row\"", "%s", ways[i].from);
		element(out, "td", "%s", ways[i].to);
		if (ways[i].connections == NEVER_NS)
			fputs("<td class=\"number\">not asked</td>", out);
		else
			fprintf(out, "<td class=\"number\">%lld</td>",
				(long long)ways[i].connections);
		packets_cell(out, did, &ways[i]);
		packets_cell(out, did, &ways[i + 1]);
		if (segments)
			segments_cell(out, &ways[i]);
		fputs("</tr>\n", out);
	}
}

static void pair_table(FILE *out, const struct judgement *judgement)
{
	static const char *const columns[] = {"Fault", "Node", "Peer", "Live connections before",
		"Packets to the peer", "Packets from the peer", "Segments", NULL};
	const char *shown[sizeof(columns) / sizeof(columns[0])];
	bool segments = segments_differ(judgement);
	struct not_shown rest = {0};

	memcpy(shown, columns, sizeof(columns));
	if (!segments)
		shown[sizeof(columns) / sizeof(columns[0]) - 2] = NULL;
	html_table_begin(out, "pairs", shown);
	LIST_EACH(judgement->effects, struct effect_judgement, own)
		pair_rows(out, own, segments, &rest);
	html_table_end(out);
	if (rest.pairs)
		element(out, "p class=\"note\"",
			"Not shown: %zu more pairs, with %lld packets; summary.json has them.",
			rest.pairs, (long long)rest.packets);
	fputs("<p class=\"note\">What was predicted – the connections that were live just before – "
	      "beside what was counted: packets, in the kernel where they were hit, at the "
	      "sender's way out or the receiver's way in.</p>\n",
		out);
}

static void hosts(FILE *out, const struct fault_record *fault)
{
	struct list lines = words_hosts(fault);

	LIST_EACH(lines, char *, line)
		element(out, "small", "%s", *line);
	list_free_texts(&lines);
}

static void effect(FILE *out, const struct effect_judgement *own)
{
	const struct fault_record *fault = own->fault;
	char text[SENTENCE_MAX];

	fputs("<li>", out);
	element(out, "b", "%s", fault->spec->id);
	words_fault(fault, text);
	markup(out, " (%s): effect ", text);
	html_word(out, tone_of_effect(own), effect_words[own->effect]);
	if (own->effect != EFFECT_NOT_INJECTED) {
		markup(out, ": %s. ", own->text);
		words_times(fault, text);
		element(out, "small", "%s", text);
	}
	hosts(out, fault);
	fputs("</li>\n", out);
}

static void measure_row(
	FILE *out, const struct fault_record *fault, const struct measure_judgement *own)
{
	const struct measure *measure = own->measure;
	char text[WORDS_MAX];

	fputs("<tr>", out);
	element(out, "td", "%s", fault->spec->id);
	element(out, "th scope=\"row\"", "%s", measure->name);
	element(out, "td", "%s", own->node);
	element(out, "td", "%s", words_direction(own));
	element(out, "td class=\"number\"", "%s", words_asked(measure, text));
	element(out, "td class=\"number\"", "%s", words_achieved(measure, text));
	element(out, "td", "%s", words_rests_on(own, text));
	fputs("<td>", out);
	html_word(out, tone_of_measure(own), words_measure_found(own));
	fputs("</td></tr>\n", out);
}

static void measure_table(FILE *out, const struct judgement *judgement)
{
	static const char *const columns[] = {"Fault", "Measure", "Node", "Direction", "Asked",
		"Achieved", "Rests on", "As asked?", NULL};
	size_t rows = 0;

	LIST_EACH(judgement->effects, struct effect_judgement, effect)
		LIST_EACH(effect->measures, struct measure_judgement, own) {
			if (!rows++)
				html_table_begin(out, "measures", columns);
			measure_row(out, effect->fault, own);
		}
	if (!rows)
		return;
	html_table_end(out);
	fputs("<p class=\"note\">What was asked beside what was counted, on each node and in each "
	      "direction as that node sees it. A share differs when the exact binomial test of "
	      "what was asked rejects at 0.1 %; the interval (Clopper and Pearson, 99.9 %) holds "
	      "all shares that it does not reject. A difference changes no exit code.</p>\n",
		out);
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
	element(out, "td class=\"number\"", "%s",
		process_came_later(process) ? "later" : duration_human(process->age_ns, age));
	element(out, "td", "%s", process->cmdline);
	fputs("<td>", out);
	html_word(out, own->proven ? TONE_GOOD : TONE_OPEN, words_signal(process, text));
	fputs("</td>", out);
	element(out, "td", "%s", process->result == SIGNAL_SENT ? words_exit(process, text) : "–");
	/* Of many strikes their own table tells who came back; who came later was nobody's service.
	 */
	element(out, "td", "%s",
		process->strike || process_came_later(process) ? "–"
			: *words_afterwards(record, own, text) ? text
							       : "not known");
	fputs("</tr>\n", out);
}

static void process_table(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Fault", "Node", "Pid", "Had run", "Command line",
		"What happened", "Then", "Afterwards", NULL};
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
	fputs("<p class=\"note\">Each was chosen by a pidfd, which never means another process; an "
	      "exit is when it was seen.</p>\n",
		out);
}

static void strike_row(
	FILE *out, const struct effect_judgement *effect, const struct strike_effect *own)
{
	char strike[WORDS_MAX], found[SENTENCE_MAX];

	words_strike_found(own, found);
	fputs("<tr>", out);
	element(out, "td", "%s", effect->fault->spec->id);
	element(out, "th scope=\"row\"", "%s", words_strike(own, strike));
	fputs("<td>", out);
	html_word(out, tone_of_strike(own), found);
	fputs("</td></tr>\n", out);
}

static void strike_table(FILE *out, const struct report *report)
{
	static const char *const columns[] = {"Fault", "Strike", "What became of it", NULL};
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, effect)
		LIST_EACH(effect->strikes, struct strike_effect, own) {
			if (!rows++)
				html_table_begin(out, "strikes", columns);
			strike_row(out, effect, own);
		}
	if (!rows)
		return;
	html_table_end(out);
	fputs("<p class=\"note\">Back is who the same selection means and who began after the "
	      "strike, by the kernel's own time of its start, which is told in hundredths of a "
	      "second: as many as were ended, but for those whose parent was ended with "
	      "them.</p>\n",
		out);
}

void html_hit(FILE *out, const struct report *report)
{
	const struct list *effects = &report->judgement.effects;
	size_t pairs = 0;

	fputs("<section id=\"hit\"><h2>What was hit</h2>\n", out);
	if (effects->count)
		fputs("<ul class=\"effects\">\n", out);
	LIST_EACH(*effects, struct effect_judgement, own) {
		effect(out, own);
		pairs += own->pairs.count;
	}
	if (effects->count)
		fputs("</ul>\n", out);
	measure_table(out, &report->judgement);
	if (pairs)
		pair_table(out, &report->judgement);
	html_touched(out, &report->judgement);
	process_table(out, report);
	strike_table(out, report);
	fputs("</section>\n", out);
}
