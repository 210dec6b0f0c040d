/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/report/escape.h"
#include "controller/report/markdown_parts.h"
#include "controller/report/trend.h"
#include "controller/report/words_loads.h"

/*
 * report.md: for a pull request's comment or a job's summary. The verdict and the claims are
 * open, the rest is folded. GitHub refuses comments above 64 KiB altogether.
 */

/* --- verdict and claims ---------------------------------------------------------------- */

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
		fprintf(out, "- %s ", page_sign(own->tone));
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
	FILE *out = page_begin(page);

	fprintf(out, "## %s %s: ", page_sign(tone_of_run(judgement)), judgement->headline);
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
	page_end(page, false);
}

/* Of a run that was cut off. */
static void unknown(struct page *page, const struct report *report)
{
	struct list lines = words_unknown(report);

	LIST_EACH(lines, char *, line) {
		FILE *out = page_begin(page);

		fprintf(out, "%s- ", line == lines.items ? "What is not known:\n\n" : "");
		escape_markdown(out, *line);
		fprintf(out, "\n%s", line + 1 == (char **)lines.items + lines.count ? "\n" : "");
		page_end(page, false);
	}
	list_free_texts(&lines);
}

static void claim_row(
	struct page *page, const struct report *report, const struct claim_judgement *own)
{
	struct claim_numbers numbers;
	char word[WORDS_MAX], claimed[WORDS_MAX];
	FILE *out = page_begin(page);

	words_claim(report, own, &numbers);
	fprintf(out, "| %s ", page_sign(tone_of_claim(own)));
	escape_markdown(out, own->claim->id);
	fputs(" | ", out);
	escape_markdown(out, words_statement(&report->record.scenario, own->claim, claimed));
	fprintf(out, " | %s | ", gate_words[own->claim->gate]);
	escape_markdown(out, words_verdict(own, word));
	fprintf(out, " | %s | %s | %s | ", numbers.samples, numbers.bad, numbers.allowed);
	escape_markdown(out, own->text);
	fputs(" |\n", out);
	page_end(page, false);
}

static void claims(struct page *page, const struct report *report)
{
	if (!report->judgement.claims.count)
		return;
	page_put(page,
		"| Claim | What was claimed | Gate | Verdict | Samples | Bad | Allowed | Why |\n"
		"|---|---|---|---|--:|--:|--:|---|\n");
	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		claim_row(page, report, own);
	page_put(page, "\n");
}

/* Only what came near: how near the others came is in the other forms. */
static void near_misses(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX];

	LIST_EACH(report->closest, struct closest, own) {
		FILE *out;

		if (!closest_is_near(own))
			continue;
		out = page_begin(page);
		fprintf(out, "- %s Stop rule ", page_sign(tone_of_closest(own)));
		escape_markdown(out, words_closest(own, text));
		fputc('\n', out);
		page_end(page, false);
	}
}

static void cost(struct page *page, const struct report *report)
{
	struct list figures = words_cost(report);

	LIST_EACH(figures, struct figure, figure) {
		FILE *out = page_begin(page);

		fputs("- **", out);
		escape_markdown(out, figure->value);
		fputs("** ", out);
		escape_markdown(out, figure->text);
		fputc('\n', out);
		page_end(page, false);
	}
	near_misses(page, report);
	page_put(page, "\n");
	free(figures.items);
}

/* --- folded ---------------------------------------------------------------------------- */

static void differing(struct page *page, const char *what, const struct list *lines)
{
	LIST_EACH(*lines, char *, line) {
		FILE *out = page_begin(page);

		fprintf(out, "  - %s ", what);
		escape_markdown(out, *line);
		fputc('\n', out);
		page_end(page, false);
	}
}

static void certificate(struct page *page, const struct report *report)
{
	char text[SENTENCE_MAX];

	page_put(page, "\n| Node | Looked at | Boot | Digest of its state |\n|---|---|---|---|\n");
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		FILE *out = page_begin(page);

		fputs("| ", out);
		escape_markdown(out, own->node);
		fputs(" | ", out);
		escape_markdown(out, words_looked(report, own, text));
		fputs(" | ", out);
		escape_markdown(out, words_boot(own, text) ? text : "not told");
		fputs(" | ", out);
		escape_markdown(out, words_digests(own, text) ? text : "none");
		fputs(" |\n", out);
		page_end(page, false);
	}
}

static void revert(struct page *page, const struct report *report)
{
	bool confirmed = true;

	LIST_EACH(report->judgement.reverts, struct revert_judgement, own)
		confirmed = confirmed && own->confirmed;
	if (!page_fold(page, confirmed ? "Proof of the revert" : "Revert: NOT CONFIRMED"))
		return;
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		FILE *out = page_begin(page);

		fprintf(out, "- %s ", page_sign(tone_of_revert(report, own)));
		markdown(out, "%s: %s", own->node, own->text);
		fputc('\n', out);
		page_end(page, false);
		differing(page, "was there before:", &own->missing);
		differing(page, "is new:", &own->added);
		differing(page, "went with the boot:", &own->booted_away);
		differing(page, "came up with the boot:", &own->booted_up);
	}
	certificate(page, report);
	page_unfold(page);
}

static void time_line(struct page *page, const struct report *report)
{
	char at[WORDS_MAX], utc[WORDS_MAX];

	if (!page_fold(page, "Time line"))
		return;
	page_put(page, "| UTC | T+ | Who | What |\n|---|--:|---|---|\n");
	LIST_EACH(report->story.moments, struct moment, moment) {
		FILE *out = page_begin(page);

		fprintf(out, "| %s | %s | %s | ", words_utc(&report->record, moment->at_ns, utc),
			words_at(moment->at_ns, at), moment->actor);
		escape_markdown(out, moment->text);
		fputs(" |\n", out);
		page_end(page, false);
	}
	page_unfold(page);
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
	if (page_fold(page, title)) {
		LIST_EACH(lines, char *, line) {
			FILE *out = page_begin(page);

			fputs("- ", out);
			escape_markdown(out, *line);
			fputc('\n', out);
			page_end(page, false);
		}
		page_unfold(page);
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
	markdown_hit(&page, report);
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
