/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/spill.h"
#include "controller/report/escape.h"
#include "controller/report/trend.h"
#include "controller/report/words.h"
#include "controller/report/words_loads.h"

/*
 * report.md: for a pull request's comment or a job's summary. The verdict and the claims are
 * open, the rest is folded. It is written piece by piece, and a piece that would not fit any more
 * ends it: GitHub refuses comments above 64 KiB altogether.
 */
enum {
	PAGE_MAX = 60 * 1024, /* room is left for the ends of what is open, and for the note */
	PIECE_MAX = 8 * 1024
};

struct page {
	FILE *out;
	size_t used;
	bool cut;
	/* The piece that is being written. */
	FILE *piece;
	char *text;
	size_t length;
};

static FILE *begin(struct page *page)
{
	page->text = NULL;
	page->length = 0;
	page->piece = open_memstream(&page->text, &page->length);
	if (!page->piece)
		abort();
	return page->piece;
}

/* `always`: the end of something that is open; there is room for it. */
static void end(struct page *page, bool always)
{
	fclose(page->piece);
	if (page->length > PIECE_MAX || page->used + page->length > PAGE_MAX)
		page->cut = true;
	if (always || !page->cut) {
		fputs(page->text, page->out);
		page->used += page->length;
	}
	free(page->text);
}

/* Text of ours only. */
static void put(struct page *page, const char *text)
{
	fputs(text, begin(page));
	end(page, false);
}

/* --- verdict and claims ---------------------------------------------------------------- */

static const char *sign(enum tone tone)
{
	static const char *const signs[] = {
		[TONE_GOOD] = "✅", [TONE_BAD] = "❌", [TONE_OPEN] = "⚠️", [TONE_NONE] = "➖"};

	return signs[tone];
}

static void owner_line(FILE *out, const struct scenario *scenario)
{
	const cJSON *link;

	if (scenario->owner && scenario->owner->team)
		markdown(out, "Owner: %s%s%s", scenario->owner->team,
			scenario->owner->contact ? ", " : "",
			scenario->owner->contact ? scenario->owner->contact : "");
	cJSON_ArrayForEach(link, scenario->links) {
		if (!cJSON_IsString(link))
			continue;
		fputs(" · ", out);
		if (escape_is_link(link->valuestring)) {
			fputc('[', out);
			escape_markdown(out, link->string);
			/* No space, bracket or backslash can be in it; a parenthesis could. */
			fprintf(out, "](<%s>)", link->valuestring);
		} else {
			markdown(out, "%s: %s", link->string, link->valuestring);
		}
	}
	fputs("\n\n", out);
}

static void glances(FILE *out, const struct report *report)
{
	struct list list = words_glance(report);

	LIST_EACH(list, struct glance, own) {
		fprintf(out, "- %s ", sign(own->tone));
		escape_markdown(out, own->text);
		fputc('\n', out);
	}
	fputc('\n', out);
	free(list.items);
}

static void verdict(struct page *page, const struct report *report)
{
	const struct record *record = &report->record;
	const struct judgement *judgement = &report->judgement;
	char cut[SENTENCE_MAX], also[SENTENCE_MAX], started[WORDS_MAX], lasted[DURATION_TEXT_MAX];
	FILE *out = begin(page);

	fprintf(out, "## %s %s: ", sign(tone_of_run(judgement)), judgement->headline);
	escape_markdown(out, record->scenario.title);
	fputs("\n\n", out);
	markdown(out, "%s (exit %d).", judgement->reason, judgement->exit_code);
	fputs("\n\n", out);
	if (words_also(report, also)) {
		escape_markdown(out, also);
		fputs("\n\n", out);
	}
	if (words_cut(report, cut)) {
		fputs("> **", out);
		escape_markdown(out, cut);
		fputs("**\n\n", out);
	}
	if (words_unread(report, cut)) {
		fputs("> **", out);
		escape_markdown(out, cut);
		fputs("**\n\n", out);
	}
	glances(out, report);
	owner_line(out, &record->scenario);
	markdown(out, "Run %s in %s, %s, %s %s.", record->run_id ? record->run_id : "?",
		record->environment ? record->environment : "?", words_started(record, started),
		record->ended ? "lasted" : "known until",
		duration_human(words_length_ns(report), lasted));
	fputs("\n\n", out);
	end(page, false);
}

/* Of a run that was cut off. */
static void unknown(struct page *page, const struct report *report)
{
	struct list lines = words_unknown(report);

	LIST_EACH(lines, char *, line) {
		FILE *out = begin(page);

		fprintf(out, "%s- ", line == lines.items ? "What is not known:\n\n" : "");
		escape_markdown(out, *line);
		fprintf(out, "\n%s", line + 1 == (char **)lines.items + lines.count ? "\n" : "");
		end(page, false);
	}
	list_free_texts(&lines);
}

static void claim_row(
	struct page *page, const struct report *report, const struct claim_judgement *own)
{
	struct claim_numbers numbers;
	char word[WORDS_MAX], claimed[WORDS_MAX];
	FILE *out = begin(page);

	words_claim(report, own, &numbers);
	fprintf(out, "| %s ", sign(tone_of_claim(own)));
	escape_markdown(out, own->claim->id);
	fputs(" | ", out);
	escape_markdown(out, words_statement(&report->record.scenario, own->claim, claimed));
	fprintf(out, " | %s | ", gate_words[own->claim->gate]);
	escape_markdown(out, words_verdict(own, word));
	fprintf(out, " | %s | %s | %s | ", numbers.samples, numbers.bad, numbers.allowed);
	escape_markdown(out, own->text);
	fputs(" |\n", out);
	end(page, false);
}

static void claims(struct page *page, const struct report *report)
{
	if (!report->judgement.claims.count)
		return;
	put(page,
		"| Claim | What was claimed | Gate | Verdict | Samples | Bad | Allowed | Why |\n"
		"|---|---|---|---|--:|--:|--:|---|\n");
	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		claim_row(page, report, own);
	put(page, "\n");
}

/* Only what came near: how near the others came is in the other forms. */
static void near_misses(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX];

	LIST_EACH(report->closest, struct closest, own) {
		FILE *out;

		if (!closest_is_near(own))
			continue;
		out = begin(page);
		fprintf(out, "- %s Stop rule ", sign(tone_of_closest(own)));
		escape_markdown(out, words_closest(own, text));
		fputc('\n', out);
		end(page, false);
	}
}

static void cost(struct page *page, const struct report *report)
{
	struct list figures = words_cost(report);

	LIST_EACH(figures, struct figure, figure) {
		FILE *out = begin(page);

		fputs("- **", out);
		escape_markdown(out, figure->value);
		fputs("** ", out);
		escape_markdown(out, figure->text);
		fputc('\n', out);
		end(page, false);
	}
	near_misses(page, report);
	put(page, "\n");
	free(figures.items);
}

/* --- folded ---------------------------------------------------------------------------- */

/* False when there is no room for it any more: then nothing is open. */
static bool fold(struct page *page, const char *title)
{
	if (page->cut)
		return false;
	fprintf(begin(page), "<details><summary>%s</summary>\n\n", title);
	end(page, false);
	return !page->cut;
}

static void unfold(struct page *page)
{
	fputs("\n</details>\n\n", begin(page));
	end(page, true);
}

static void pair_row(
	struct page *page, const struct fault_record *fault, const struct pair_effect ways[2])
{
	FILE *out = begin(page);

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
	end(page, false);
}

/* Pairs come as a way and the way back. */
static void pair_table(struct page *page, const struct report *report)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		const struct pair_effect *ways = own->pairs.items;

		for (size_t i = 0; i + 1 < own->pairs.count; i += 2) {
			if (!rows++)
				put(page,
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
	FILE *out = begin(page);
	char text[SENTENCE_MAX];

	words_process(record, own, text);
	fprintf(out, "| %s ", sign(own->proven ? TONE_GOOD : TONE_OPEN));
	markdown(out, "%s", text);
	fputs(" | ", out);
	markdown(out, "%s", own->process->cmdline);
	fputs(" |\n", out);
	end(page, false);
}

static void process_table(struct page *page, const struct report *report)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		LIST_EACH(own->processes, struct process_effect, process) {
			if (!rows++)
				put(page, "\n| Process | Command line |\n|---|---|\n");
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
				put(page, "\n| Strike | What became of it |\n|---|---|\n");
			out = begin(page);
			words_strike_found(own, found);
			fprintf(out, "| %s ", sign(tone_of_strike(own)));
			markdown(out, "%s", words_strike(own, strike));
			fputs(" | ", out);
			markdown(out, "%s", found);
			fputs(" |\n", out);
			end(page, false);
		}
}

static void measure_row(
	struct page *page, const struct fault_record *fault, const struct measure_judgement *own)
{
	const struct measure *measure = own->measure;
	char asked[WORDS_MAX], achieved[WORDS_MAX], rests_on[WORDS_MAX];
	FILE *out = begin(page);

	fprintf(out, "| %s ", sign(tone_of_measure(own)));
	markdown(out, "%s", fault->spec->id);
	fputs(" | ", out);
	markdown(out, "%s", measure->name);
	fputs(" | ", out);
	markdown(out, "%s", own->node);
	fprintf(out, " | %s | %s | %s | %s | %s |\n", words_direction(own),
		words_asked(measure, asked), words_achieved(measure, achieved),
		words_rests_on(own, rests_on), words_measure_found(own));
	end(page, false);
}

static void measure_table(struct page *page, const struct report *report)
{
	size_t rows = 0;

	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		LIST_EACH(own->measures, struct measure_judgement, measure) {
			if (!rows++)
				put(page,
					"\n| Fault | Measure | Node | Direction | Asked | Achieved "
					"| Rests on | |\n|---|---|---|---|--:|--:|---|---|\n");
			measure_row(page, own->fault, measure);
		}
}

static void host_lines(struct page *page, const struct fault_record *fault)
{
	struct list lines = words_hosts(fault);

	LIST_EACH(lines, char *, line) {
		FILE *out = begin(page);

		fputs("  - ", out);
		markdown(out, "%s", *line);
		fputc('\n', out);
		end(page, false);
	}
	list_free_texts(&lines);
}

static void radius_table(struct page *page, const struct report *report)
{
	struct radius_words words;

	if (report->judgement.effects.count)
		put(page,
			"| Fault | Declared | Predicted just before | Measured "
			"|\n|---|---|---|---|\n");
	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		FILE *out = begin(page);

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
		end(page, false);
	}
	if (report->judgement.effects.count)
		put(page, "\n");
}

static void spills(struct page *page, const struct judgement *judgement)
{
	char text[SPILL_TEXT_MAX];

	LIST_EACH(judgement->spills, struct spill, spill) {
		FILE *out = begin(page);

		fprintf(out, "- %s ", sign(TONE_BAD));
		markdown(out, "spill: %s", spill_text(spill, text));
		fputc('\n', out);
		end(page, false);
	}
}

static void degraded(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX], amplification[WORDS_MAX];
	struct list nodes = words_degraded_nodes(report);
	FILE *out;

	if (!words_degraded(report, text))
		return;
	out = begin(page);
	fprintf(out, "%s ", sign(report->judgement.degradation.outside ? TONE_BAD : TONE_GOOD));
	markdown(out, "%s; %s.", text, words_amplification(report, amplification));
	fputs("\n\n", out);
	end(page, false);
	LIST_EACH(nodes, char *, line) {
		out = begin(page);
		fputs("- ", out);
		markdown(out, "%s", *line);
		fputc('\n', out);
		end(page, false);
	}
	out = begin(page);
	fputs(nodes.count ? "\n" : "", out);
	markdown(out, "%s", words_degraded_proof(report, text));
	fputs("\n\n", out);
	end(page, false);
	list_free_texts(&nodes);
}

static void hit(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX];

	if (!fold(page, "What was hit"))
		return;
	radius_table(page, report);
	spills(page, &report->judgement);
	degraded(page, report);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		FILE *out = begin(page);

		fprintf(out, "- %s ", sign(tone_of_effect(own)));
		words_fault(own->fault, text);
		markdown(out, "%s: %s; %s", own->fault->spec->id, text, effect_words[own->effect]);
		words_times(own->fault, text);
		markdown(out, ": %s; %s", own->text, text);
		fputc('\n', out);
		end(page, false);
		host_lines(page, own->fault);
	}
	measure_table(page, report);
	pair_table(page, report);
	process_table(page, report);
	strike_table(page, report);
	unfold(page);
}

static void differing(struct page *page, const char *what, const struct list *lines)
{
	LIST_EACH(*lines, char *, line) {
		FILE *out = begin(page);

		fprintf(out, "  - %s ", what);
		escape_markdown(out, *line);
		fputc('\n', out);
		end(page, false);
	}
}

static void certificate(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX];

	put(page, "\n| Node | Looked at | Boot | Digest of its state |\n|---|---|---|---|\n");
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		FILE *out = begin(page);

		fputs("| ", out);
		escape_markdown(out, own->node);
		fputs(" | ", out);
		escape_markdown(out, words_looked(report, own, text));
		fputs(" | ", out);
		escape_markdown(out, words_boot(own, text) ? text : "not told");
		fputs(" | ", out);
		escape_markdown(out, words_digests(own, text) ? text : "none");
		fputs(" |\n", out);
		end(page, false);
	}
}

static void revert(struct page *page, const struct report *report)
{
	bool confirmed = true;

	LIST_EACH(report->judgement.reverts, struct revert_judgement, own)
		confirmed = confirmed && own->confirmed;
	if (!fold(page, confirmed ? "Proof of the revert" : "Revert: NOT CONFIRMED"))
		return;
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		FILE *out = begin(page);

		fprintf(out, "- %s ", sign(tone_of_revert(report, own)));
		markdown(out, "%s: %s", own->node, own->text);
		fputc('\n', out);
		end(page, false);
		differing(page, "was there before:", &own->missing);
		differing(page, "is new:", &own->added);
		differing(page, "went with the boot:", &own->booted_away);
		differing(page, "came up with the boot:", &own->booted_up);
	}
	certificate(page, report);
	unfold(page);
}

static void time_line(struct page *page, const struct report *report)
{
	char at[WORDS_MAX], utc[WORDS_MAX];

	if (!fold(page, "Time line"))
		return;
	put(page, "| UTC | T+ | Who | What |\n|---|--:|---|---|\n");
	LIST_EACH(report->story.moments, struct moment, moment) {
		FILE *out = begin(page);

		fprintf(out, "| %s | %s | %s | ", words_utc(&report->record, moment->at_ns, utc),
			words_at(moment->at_ns, at), moment->actor);
		escape_markdown(out, moment->text);
		fputs(" |\n", out);
		end(page, false);
	}
	unfold(page);
}

static struct list value_lines(const struct record *record)
{
	struct list rows = words_values(record), lines = {0};
	char text[VALUE_ROW_MAX];

	LIST_EACH(rows, struct value_row, row)
		words_add(&lines, "%s", words_value_row(row, text));
	free(rows.items);
	return lines;
}

static void lines_of(struct page *page, const char *title, struct list lines)
{
	if (fold(page, title)) {
		LIST_EACH(lines, char *, line) {
			FILE *out = begin(page);

			fputs("- ", out);
			escape_markdown(out, *line);
			fputc('\n', out);
			end(page, false);
		}
		unfold(page);
	}
	list_free_texts(&lines);
}

static void trend(struct page *page, const struct report *report)
{
	struct list lines = {0};
	char text[SENTENCE_MAX];

	if (!report->trend.count)
		return;
	if (trend_words(report, text))
		words_add(&lines, "%s.", text);
	LIST_EACH(report->trend, struct trend_run, run)
		words_add(&lines, "%s %s: %s", tone_marks[run->tone], run->directory, run->verdict);
	lines_of(page, "Trend over earlier runs", lines);
}

static void findings(struct page *page, const struct report *report)
{
	struct list list = words_findings(report), lines = {0};

	LIST_EACH(list, struct finding_draft, own)
		words_add(&lines, "%s. Evidence: %s. Next: %s Owner: … Again on: …", own->weakness,
			own->evidence, own->next);
	if (lines.count)
		lines_of(page, "Draft findings", lines);
	free(list.items);
}

void report_markdown(FILE *out, const struct report *report)
{
	struct page page = {.out = out};
	struct list values, clearer;

	verdict(&page, report);
	unknown(&page, report);
	claims(&page, report);
	cost(&page, report);
	hit(&page, report);
	revert(&page, report);
	if (report->judgement.loads.count)
		lines_of(&page, "Load and retries", words_loads(report));
	lines_of(&page, "How events ended", words_events(report));
	values = value_lines(&report->record);
	if (values.count)
		lines_of(&page, "What probes read", values);
	trend(&page, report);
	lines_of(&page, "What this run can't tell", words_limits(report));
	clearer = words_clearer(report);
	if (clearer.count)
		lines_of(&page, "What would give a clearer answer", clearer);
	lines_of(&page, "How to reproduce", words_reproduce(report));
	findings(&page, report);
	time_line(&page, report);
	if (page.cut)
		fputs("\n*Cut here: the whole report is in report.html and report.txt.*\n", out);
}
