/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/plan/check.h"
#include "controller/report/escape.h"
#include "controller/report/words.h"

/*
 * The report as text: the verdict first, then what it rests on. Each plain_line() is one line,
 * whatever the text in it holds, so that no name can forge a line of ours.
 */
enum {
	RESIDUE_SHOWN = 5,
	DIFFERENCES_SHOWN = 10
};

static void heading(FILE *out, const char *text)
{
	fprintf(out, "\n%s\n", text);
}

/* --- the summary ----------------------------------------------------------------------- */

static void verdict(FILE *out, const struct report *report)
{
	const struct scenario *scenario = &report->record.scenario;
	const struct owner *owner = scenario->owner;
	char cut[SENTENCE_MAX], also[SENTENCE_MAX];
	const cJSON *link;

	plain_line(out, "%s: %s", report->judgement.headline, scenario->title);
	plain_line(out, "  %s (exit %d)", report->judgement.reason, report->judgement.exit_code);
	if (words_also(report, also))
		plain_line(out, "  %s", also);
	if (words_cut(report, cut))
		plain_line(out, "  %s", cut);
	if (owner && owner->team)
		plain_line(out, "  owner %s%s%s", owner->team, owner->contact ? ", " : "",
			owner->contact ? owner->contact : "");
	cJSON_ArrayForEach(link, scenario->links)
		if (cJSON_IsString(link))
			plain_line(out, "  %s %s", link->string, link->valuestring);
}

static void claims(FILE *out, const struct judgement *judgement)
{
	heading(out, "claims");
	LIST_EACH(judgement->claims, struct claim_judgement, own) {
		const char *mark = own->finding == FINDING_OTHERWISE ? "!"
			: own->finding == FINDING_UNPROVEN           ? "?"
			: own->finding == FINDING_NOT_JUDGED         ? "-"
								     : " ";

		plain_line(out, "%s %-10s %-12s %s%s", mark, own->claim->id,
			gate_words[own->claim->gate], verdict_words[own->verdict],
			own->claim->expect == EXPECT_VIOLATED ? " (a violation was expected)" : "");
		plain_line(out, "  %-10s %-12s %s", "", "", own->text);
	}
}

static void outages(FILE *out, const struct judgement *judgement)
{
	char gap[DURATION_TEXT_MAX], after[DURATION_TEXT_MAX];

	LIST_EACH(judgement->outages, struct outage, own)
		plain_line(out, "  gap        %s during %s: %s without a good event%s; after %s %s",
			own->slo->name, own->fault->spec->id,
			duration_human(own->during.length_ns, gap),
			own->during.open ? " (still open at its end)" : "",
			words_end_of(own->fault), duration_human(own->after.length_ns, after));
}

static void latencies(FILE *out, const struct record *record)
{
	LIST_EACH(record->sources, struct source_record, source) {
		struct histogram_edges median, p99;
		char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX], lag[DURATION_TEXT_MAX];
		char name[WORDS_MAX];

		if (histogram_quantile(source->latency, 0.5, &median) < 0 ||
			histogram_quantile(source->latency, 0.99, &p99) < 0)
			continue;
		plain_line(out,
			"  latency    %s: median %s, p99 %s of answered events; prober's "
			"send lag at most %s",
			words_source(source, name), duration_human(median.upper_ns, low),
			duration_human(p99.upper_ns, high),
			duration_human(source->lag_max_ns, lag));
	}
}

static void data_line(FILE *out, const struct data_summary *own)
{
	char found[SENTENCE_MAX] = "";

	if (own->workload->read_done)
		snprintf(found, sizeof(found), "; %lld lost, %lld recovered, %lld unexpected",
			(long long)own->lost, (long long)own->recovered,
			(long long)own->unexpected);
	plain_line(out,
		"  data       %s: %lld attempted, %lld acknowledged, %lld failed, %lld unknown%s",
		own->workload->spec->name, (long long)own->attempted, (long long)own->acked,
		(long long)own->failed, (long long)own->unknown, found);
}

static void data(FILE *out, const struct report *report)
{
	LIST_EACH(report->judgement.data, struct data_summary, own) {
		struct list lines = words_losses(report, own);

		data_line(out, own);
		LIST_EACH(lines, char *, line)
			plain_line(out, "             %s", *line);
		LIST_EACH(own->workload->reads, struct read_record, read)
			if (!read->ok)
				plain_line(out, "             not read from %s: %s", read->node,
					read->reason ? read->reason : "no reason given");
		list_free_texts(&lines);
	}
}

static void costs(FILE *out, const struct judgement *judgement)
{
	LIST_EACH(judgement->costs, struct cost, own)
		plain_line(out,
			"  cost       %s: %lld of %lld events bad, %.3g %% of the period's error "
			"budget",
			own->slo->name, (long long)own->tally.bad, (long long)own->tally.total,
			own->budget_spent * 100);
}

static void processes(FILE *out, const struct record *record, const struct effect_judgement *effect)
{
	char text[SENTENCE_MAX];

	LIST_EACH(effect->processes, struct process_effect, own) {
		words_process(record, own, text);
		plain_line(out, "%s %-10s %s", own->proven ? " " : "?", "", text);
		plain_line(out, "  %-10s   %s", "", own->process->cmdline);
	}
}

static void effects(FILE *out, const struct report *report)
{
	heading(out, "effect");
	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		const struct fault_record *fault = own->fault;
		char bound[DURATION_TEXT_MAX], about[WORDS_MAX] = "", live[WORDS_MAX];

		if (fault->skew_ns > 0)
			snprintf(about, sizeof(about), "; nodes began within %s of one another",
				duration_human(fault->skew_ns, bound));
		plain_line(out, "%s %-10s %s: %s%s", own->effect == EFFECT_NONE ? "?" : " ",
			fault->spec->id, effect_words[own->effect], own->text, about);
		LIST_EACH(own->pairs, struct pair_effect, pair) {
			words_live(pair, live);
			plain_line(out, "  %-10s %s -> %s: %lld packets, %lld segments%s%s", "",
				pair->from, pair->to, (long long)pair->packets,
				(long long)pair->segments, pair->packets ? "" : " (none)", live);
		}
		processes(out, &report->record, own);
	}
}

static void differences(FILE *out, const char *mark, const struct list *lines)
{
	size_t shown = 0;

	LIST_EACH(*lines, char *, line) {
		if (shown++ == DIFFERENCES_SHOWN) {
			plain_line(out, "             … and %zu more",
				lines->count - DIFFERENCES_SHOWN);
			return;
		}
		plain_line(out, "             %s %s", mark, *line);
	}
}

static void reverts(FILE *out, const struct judgement *judgement)
{
	heading(out, "revert");
	LIST_EACH(judgement->reverts, struct revert_judgement, own) {
		plain_line(out, "%s %-10s %s: %s", own->confirmed ? " " : "!", own->node,
			own->confirmed ? "confirmed" : "NOT CONFIRMED", own->text);
		differences(out, "was there before:", &own->missing);
		differences(out, "is new:", &own->added);
	}
}

/* What changes by itself (neighbours, …) is not ours to compare, but it is said. */
static void residue(FILE *out, const struct record *record)
{
	size_t changed = 0;

	LIST_EACH(record->nodes, struct node_record, node)
		LIST_EACH(node->residue_after, char *, line) {
			if (list_has_text(&node->residue_before, *line) ||
				changed++ >= RESIDUE_SHOWN)
				continue;
			if (changed == 1)
				fputs("  natural residue, not compared:\n", out);
			plain_line(out, "             %s: %s", node->node, *line);
		}
	if (changed > RESIDUE_SHOWN)
		plain_line(out, "             … and %zu more", changed - RESIDUE_SHOWN);
}

void report_summary(FILE *out, const struct report *report)
{
	verdict(out, report);
	/* Refused before the first probe: there is nothing else to say. */
	if (report->record.stop != STOP_NONE && !report->record.sources.count)
		return;
	claims(out, &report->judgement);
	heading(out, "measured");
	outages(out, &report->judgement);
	latencies(out, &report->record);
	data(out, report);
	costs(out, &report->judgement);
	effects(out, report);
	reverts(out, &report->judgement);
	residue(out, &report->record);
}

/* --- everything ------------------------------------------------------------------------ */

static void header(FILE *out, const struct report *report)
{
	const struct record *record = &report->record;
	char started[WORDS_MAX], lasted[DURATION_TEXT_MAX];

	plain_line(out, "backburn report of run %s", record->run_id ? record->run_id : "?");
	plain_line(out, "  scenario    %s", record->scenario.name);
	plain_line(out, "  environment %s", record->environment ? record->environment : "?");
	plain_line(out, "  started     %s", words_started(record, started));
	plain_line(out, "  %s %s", record->ended ? "lasted     " : "known until",
		duration_human(words_length_ns(report), lasted));
	plain_line(out, "  controller  %s", record->tool ? record->tool : "unknown");
	plain_line(out, "  hypothesis  %s", record->scenario.hypothesis);
	fputc('\n', out);
}

static void what_was_hit(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX];

	heading(out, "what was hit");
	words_radius(report, text);
	plain_line(out, "  %s", text);
	LIST_EACH(report->record.faults, struct fault_record, fault) {
		words_fault(fault, text);
		plain_line(out, "  %-10s %s", fault->spec->id, text);
		words_times(fault, text);
		plain_line(out, "  %-10s %s", "", text);
	}
}

static void time_line(FILE *out, const struct report *report)
{
	char at[WORDS_MAX], utc[WORDS_MAX];

	heading(out, "time line (UTC, since the start)");
	LIST_EACH(report->story.moments, struct moment, moment)
		plain_line(out, "  %s  %11s  %-10s %s",
			words_utc(&report->record, moment->at_ns, utc), words_at(moment->at_ns, at),
			moment->actor, moment->text);
	if (report->story.moments_left_out)
		plain_line(out, "  … and %zu more", report->story.moments_left_out);
}

static void lines_of(FILE *out, const char *title, struct list lines)
{
	heading(out, title);
	LIST_EACH(lines, char *, line)
		plain_line(out, "  %s", *line);
	list_free_texts(&lines);
}

void report_text(FILE *out, const struct report *report)
{
	header(out, report);
	report_summary(out, report);
	what_was_hit(out, report);
	time_line(out, report);
	lines_of(out, "how events ended", words_events(report));
	lines_of(out, "how to reproduce", words_reproduce(report));
	lines_of(out, "what this run can't tell", words_limits(report));
}
