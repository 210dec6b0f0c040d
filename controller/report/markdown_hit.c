/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/spill.h"
#include "controller/report/escape.h"
#include "controller/report/markdown_parts.h"

/* What was hit: tables of pairs, processes and measures, and who got worse. */

static void pair_row(
	struct page *page, const struct fault_record *fault, const struct pair_effect ways[2])
{
	FILE *out = page_begin(page);

	fputs("| ", out);
	markdown(out, "%s", fault->spec->id);
	fputs(" | ", out);
	markdown(out, "%s", ways[0].from);
	fputs(" | ", out);
	markdown(out, "%s", ways[0].to);
	if (ways[0].connections == NEVER_NS)
		fputs(" | not asked", out);
	else
		fprintf(out, " | %lld", (long long)ways[0].connections);
	fprintf(out, " | %lld | %lld | ", (long long)ways[0].packets, (long long)ways[1].packets);
	markdown(out, "%s", judge_did(fault));
	fputs(" |\n", out);
	page_end(page, false);
}

/* Pairs come as a way and the way back. */
static void pair_table(struct page *page, const struct report *report)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		const struct pair_effect *ways = own->pairs.items;

		for (size_t i = 0; i + 1 < own->pairs.count; i += 2) {
			if (!rows++)
				page_put(page,
					"\n| Fault | Node | Peer | Live connections before | "
					"Packets "
					"hit to the peer | from the peer | What became of "
					"them |\n"
					"|---|---|---|--:|--:|--:|---|\n");
			pair_row(page, own->fault, &ways[i]);
		}
	}
}

static void process_row(
	struct page *page, const struct record *record, const struct process_effect *own)
{
	FILE *out = page_begin(page);
	char text[SENTENCE_MAX];

	words_process(record, own, text);
	fprintf(out, "| %s ", page_sign(own->proven ? TONE_GOOD : TONE_OPEN));
	markdown(out, "%s", text);
	fputs(" | ", out);
	markdown(out, "%s", own->process->cmdline);
	fputs(" |\n", out);
	page_end(page, false);
}

static void process_table(struct page *page, const struct report *report)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		LIST_EACH(own->processes, struct process_effect, process) {
			if (!rows++)
				page_put(page, "\n| Process | Command line |\n|---|---|\n");
			process_row(page, &report->record, process);
		}
}

static void strike_table(struct page *page, const struct report *report)
{
	char strike[WORDS_MAX], found[SENTENCE_MAX];
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, effect)
		LIST_EACH(effect->strikes, struct strike_effect, own) {
			FILE *out;

			if (!rows++)
				page_put(page, "\n| Strike | What became of it |\n|---|---|\n");
			out = page_begin(page);
			words_strike_found(own, found);
			fprintf(out, "| %s ", page_sign(tone_of_strike(own)));
			markdown(out, "%s", words_strike(own, strike));
			fputs(" | ", out);
			markdown(out, "%s", found);
			fputs(" |\n", out);
			page_end(page, false);
		}
}

static void measure_row(
	struct page *page, const struct fault_record *fault, const struct measure_judgement *own)
{
	const struct measure *measure = own->measure;
	char asked[WORDS_MAX], achieved[WORDS_MAX], rests_on[WORDS_MAX];
	FILE *out = page_begin(page);

	fprintf(out, "| %s ", page_sign(tone_of_measure(own)));
	markdown(out, "%s", fault->spec->id);
	fputs(" | ", out);
	markdown(out, "%s", measure->name);
	fputs(" | ", out);
	markdown(out, "%s", own->node);
	fprintf(out, " | %s | %s | %s | %s | %s |\n", words_direction(own),
		words_asked(measure, asked), words_achieved(measure, achieved),
		words_rests_on(own, rests_on), words_measure_found(own));
	page_end(page, false);
}

static void measure_table(struct page *page, const struct report *report)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		LIST_EACH(own->measures, struct measure_judgement, measure) {
			if (!rows++)
				page_put(page,
					"\n| Fault | Measure | Node | Direction | Asked | Achieved "
					"| Rests on | |\n|---|---|---|---|--:|--:|---|---|\n");
			measure_row(page, own->fault, measure);
		}
}

static void host_lines(struct page *page, const struct fault_record *fault)
{
	struct list lines = words_hosts(fault);

	LIST_EACH(lines, char *, line) {
		FILE *out = page_begin(page);

		fputs("  - ", out);
		markdown(out, "%s", *line);
		fputc('\n', out);
		page_end(page, false);
	}
	list_free_texts(&lines);
}

static void radius_table(struct page *page, const struct report *report)
{
	struct radius_words words;

	if (report->judgement.effects.count)
		page_put(page,
			"| Fault | Declared | Predicted just before | Measured "
			"|\n|---|---|---|---|\n");
	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		FILE *out = page_begin(page);

		words_radius_of(own, &words);
		fputs("| ", out);
		markdown(out, "%s", own->fault->spec->id);
		fputs(" | ", out);
		markdown(out, "%s", words.declared);
		fputs(" | ", out);
		markdown(out, "%s", words.predicted);
		fputs(" | ", out);
		markdown(out, "%s", words.measured);
		fputs(" |\n", out);
		page_end(page, false);
	}
	if (report->judgement.effects.count)
		page_put(page, "\n");
}

static void spills(struct page *page, const struct judgement *judgement)
{
	char text[SPILL_TEXT_MAX];

	LIST_EACH(judgement->spills, struct spill, spill) {
		FILE *out = page_begin(page);

		fprintf(out, "- %s ", page_sign(TONE_BAD));
		markdown(out, "spill: %s", spill_text(spill, text));
		fputc('\n', out);
		page_end(page, false);
	}
}

static void degraded(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX], amplification[WORDS_MAX];
	struct list nodes = words_degraded_nodes(report);
	FILE *out;

	if (!words_degraded(report, text))
		return;
	out = page_begin(page);
	fprintf(out, "%s ",
		page_sign(report->judgement.degradation.outside ? TONE_BAD : TONE_GOOD));
	markdown(out, "%s; %s.", text, words_amplification(report, amplification));
	fputs("\n\n", out);
	page_end(page, false);
	LIST_EACH(nodes, char *, line) {
		out = page_begin(page);
		fputs("- ", out);
		markdown(out, "%s", *line);
		fputc('\n', out);
		page_end(page, false);
	}
	out = page_begin(page);
	fputs(nodes.count ? "\n" : "", out);
	markdown(out, "%s", words_degraded_proof(report, text));
	fputs("\n\n", out);
	page_end(page, false);
	list_free_texts(&nodes);
}

void markdown_hit(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX];

	if (!page_fold(page, "What was hit"))
		return;
	radius_table(page, report);
	spills(page, &report->judgement);
	degraded(page, report);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		FILE *out = page_begin(page);

		fprintf(out, "- %s ", page_sign(tone_of_effect(own)));
		words_fault(own->fault, text);
		markdown(out, "%s: %s; %s", own->fault->spec->id, text, effect_words[own->effect]);
		words_times(own->fault, text);
		markdown(out, ": %s; %s", own->text, text);
		fputc('\n', out);
		page_end(page, false);
		host_lines(page, own->fault);
	}
	measure_table(page, report);
	pair_table(page, report);
	process_table(page, report);
	strike_table(page, report);
	page_unfold(page);
}
