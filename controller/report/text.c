/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/spill.h"
#include "controller/report/escape.h"
#include "controller/report/trend.h"
#include "controller/report/words.h"
#include "controller/report/words_loads.h"
#include "controller/report/wrap.h"

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

/* What was done, and whether all is as before. */
static void glances(FILE *out, const struct report *report)
{
	struct list list = words_glance(report);

	LIST_EACH(list, struct glance, own)
		plain_line(out, "  %s %s", tone_marks[own->tone], own->text);
	free(list.items);
}

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
	if (words_unread(report, cut))
		plain_line(out, "  %s", cut);
	glances(out, report);
	if (owner && owner->team)
		plain_line(out, "  owner %s%s%s", owner->team, owner->contact ? ", " : "",
			owner->contact ? owner->contact : "");
	cJSON_ArrayForEach(link, scenario->links)
		if (cJSON_IsString(link))
			plain_line(out, "  %s %s", link->string, link->valuestring);
}

/* Of a run that was cut off. */
static void unknown(FILE *out, const struct report *report)
{
	struct list lines = words_unknown(report);

	if (lines.count)
		heading(out, "what is not known");
	LIST_EACH(lines, char *, line)
		plain_line(out, "? %s", *line);
	list_free_texts(&lines);
}

static void claims(FILE *out, const struct report *report)
{
	heading(out, "claims");
	LIST_EACH(report->judgement.claims, struct claim_judgement, own) {
		const char *mark = own->finding == FINDING_OTHERWISE ? "!"
			: own->finding == FINDING_UNPROVEN           ? "?"
			: own->finding == FINDING_KNOWN              ? "?"
			: own->finding == FINDING_NOT_JUDGED         ? "-"
								     : " ";
		char verdict[WORDS_MAX], claimed[WORDS_MAX];

		plain_line(out, "%s %-12s %s (%s): %s", mark, own->claim->id,
			words_verdict(own, verdict), gate_words[own->claim->gate],
			words_statement(&report->record.scenario, own->claim, claimed));
		plain_line(out, "  %-12s %s", "", own->text);
	}
}

static void outages(FILE *out, const struct report *report)
{
	char gap[DURATION_TEXT_MAX], after[DURATION_TEXT_MAX], during_span[WORDS_MAX],
		after_span[WORDS_MAX], rto[SENTENCE_MAX];

	LIST_EACH(report->judgement.outages, struct outage, own) {
		if (!words_outage_is_told(report, own))
			continue;
		plain_line(out, "  gap          %s, %s: %s without a good event%s; %s: %s",
			own->slo->name, words_span(report, own, false, during_span),
			duration_human(own->during.length_ns, gap),
			own->during.open ? ", not over at the end of it" : "",
			words_span(report, own, true, after_span),
			own->after.length_ns > 0 ? duration_human(own->after.length_ns, after)
						 : "no data");
		plain_line(out, "  recovery     %s", words_rto(report, own, rto));
	}
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
			"  latency      %s: median %s, p99 %s of answered events; send lag at most "
			"%s",
			words_source(source, name), duration_human(median.upper_ns, low),
			duration_human(p99.upper_ns, high),
			duration_human(source->lag_max_ns, lag));
	}
}

static void values(FILE *out, const struct record *record)
{
	struct list rows = words_values(record);
	char text[VALUE_ROW_MAX];

	LIST_EACH(rows, struct value_row, row)
		plain_line(out, "  value        %s", words_value_row(row, text));
	free(rows.items);
}

static void loads(FILE *out, const struct report *report)
{
	struct list lines = words_loads(report);

	LIST_EACH(lines, char *, line)
		plain_line(out, "  load         %s", *line);
	list_free_texts(&lines);
}

static void data_line(FILE *out, const struct data_summary *own)
{
	char found[SENTENCE_MAX] = "";

	if (own->workload->read_done)
		snprintf(found, sizeof(found), "; %lld lost, %lld recovered, %lld unexpected",
			(long long)own->lost, (long long)own->recovered,
			(long long)own->unexpected);
	plain_line(out,
		"  data         %s: %lld attempted, %lld acknowledged, %lld failed, %lld unknown%s",
		own->workload->spec->name, (long long)own->attempted, (long long)own->acked,
		(long long)own->failed, (long long)own->unknown, found);
}

static void data_story(FILE *out, const struct report *report, const struct data_summary *own)
{
	struct list story = words_data_story(report, own);

	LIST_EACH(story, char *, line)
		plain_line(out, "               %s", *line);
	list_free_texts(&story);
}

static void data(FILE *out, const struct report *report)
{
	char rpo[SENTENCE_MAX], reads[SENTENCE_MAX];

	LIST_EACH(report->judgement.data, struct data_summary, own) {
		struct list lines = words_losses(report, own);

		data_line(out, own);
		if (words_rpo(own, rpo))
			plain_line(out, "               %s", rpo);
		if (words_read_backs(own, reads))
			plain_line(out, "               %s", reads);
		data_story(out, report, own);
		LIST_EACH(lines, char *, line)
			plain_line(out, "               %s", *line);
		LIST_EACH(own->workload->reads, struct read_record, read)
			if (!read->ok)
				plain_line(out, "               not read from %s: %s", read->node,
					read->reason ? read->reason : "no reason given");
		list_free_texts(&lines);
	}
}

static void costs(FILE *out, const struct report *report)
{
	char period[DURATION_TEXT_MAX], spent[PERCENT_TEXT_MAX], counted[WORDS_MAX];

	LIST_EACH(report->judgement.costs, struct cost, own)
		if (words_slo_matters(&report->record.scenario, own->slo))
			plain_line(out,
				"  cost         %s: %lld of %lld %s bad, %s of the error "
				"budget for %s",
				own->slo->name, (long long)own->tally.bad,
				(long long)own->tally.total, words_counted(own->slo, counted),
				percent_human(own->budget_spent, spent),
				words_period(own->slo->period_ns, period));
}

static void near_misses(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX];

	LIST_EACH(report->closest, struct closest, own)
		plain_line(out, "%s stop rule    %s", closest_is_near(own) ? "?" : " ",
			words_closest(own, text));
}

static void alerts(FILE *out, const struct record *record)
{
	char at[WORDS_MAX], text[SENTENCE_MAX];

	LIST_EACH(record->alerts, struct alert_record, own) {
		words_alert(own, text);
		plain_line(out, "  on call      %s %s", words_at(own->from_ns, at), text);
	}
}

static void processes(FILE *out, const struct record *record, const struct effect_judgement *effect)
{
	char text[SENTENCE_MAX];

	LIST_EACH(effect->processes, struct process_effect, own) {
		words_process(record, own, text);
		plain_line(out, "%s %-12s %s", own->proven ? " " : "?", "", text);
		plain_line(out, "  %-12s %s", "", own->process->cmdline);
	}
}

static void strikes(FILE *out, const struct effect_judgement *effect)
{
	char strike[WORDS_MAX], text[SENTENCE_MAX];

	LIST_EACH(effect->strikes, struct strike_effect, own) {
		words_strike_found(own, text);
		plain_line(out, "%s %-12s %s: %s", tone_of_strike(own) == TONE_OPEN ? "?" : " ", "",
			words_strike(own, strike), text);
	}
}

static void hosts(FILE *out, const struct fault_record *fault)
{
	struct list lines = words_hosts(fault);

	LIST_EACH(lines, char *, line)
		plain_line(out, "  %-12s %s", "", *line);
	list_free_texts(&lines);
}

static void measures(FILE *out, const struct effect_judgement *effect)
{
	char text[SENTENCE_MAX], rests_on[WORDS_MAX];

	LIST_EACH(effect->measures, struct measure_judgement, own) {
		words_measure(own, text);
		plain_line(out, "%s %-12s %s %s (%s): %s",
			own->finding == MEASURE_DIFFERS           ? "!"
				: own->finding == MEASURE_TOO_FEW ? "?"
								  : " ",
			"", tone_marks[tone_of_measure(own)], text, words_rests_on(own, rests_on),
			words_measure_found(own));
	}
}

static void effect(FILE *out, const struct record *record, const struct effect_judgement *own)
{
	const struct pair_effect *ways = own->pairs.items;
	char text[SENTENCE_MAX];

	plain_line(out, "%s %-12s %s: %s", own->effect == EFFECT_NONE ? "?" : " ",
		own->fault->spec->id, effect_words[own->effect], own->text);
	if (own->effect == EFFECT_NOT_INJECTED)
		return;
	words_fault(own->fault, text);
	plain_line(out, "  %-12s %s", "", text);
	words_times(own->fault, text);
	plain_line(out, "  %-12s %s", "", text);
	/* A way and the way back. */
	for (size_t i = 0; i + 1 < own->pairs.count; i += 2) {
		words_pair(own->fault, &ways[i], text);
		plain_line(out, "  %-12s %s", "", text);
	}
	hosts(out, own->fault);
	measures(out, own);
	if (!judge_struck_again(own))
		processes(out, record, own);
	strikes(out, own);
}

/* Who got worse, claim or no claim. */
static void degraded(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX], amplification[WORDS_MAX];
	struct list nodes = words_degraded_nodes(report);

	if (!words_degraded(report, text))
		return;
	plain_line(out, "%s %-12s %s", report->judgement.degradation.outside ? "!" : " ", "worse",
		text);
	plain_line(out, "  %-12s %s", "", words_amplification(report, amplification));
	LIST_EACH(nodes, char *, line)
		plain_line(out, "  %-12s %s", "", *line);
	plain_line(out, "  %-12s %s", "", words_degraded_proof(report, text));
	list_free_texts(&nodes);
}

static void effects(FILE *out, const struct report *report)
{
	char radius[SENTENCE_MAX], spilled[SPILL_TEXT_MAX];

	heading(out, "what was hit");
	words_radius(report, radius);
	plain_line(out, "  %-12s %s", "radius", radius);
	LIST_EACH(report->judgement.spills, struct spill, spill)
		plain_line(out, "! %-12s %s", "spill", spill_text(spill, spilled));
	degraded(out, report);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		effect(out, &report->record, own);
}

static void differences(FILE *out, const char *mark, const struct list *lines)
{
	size_t shown = 0;

	LIST_EACH(*lines, char *, line) {
		if (shown++ == DIFFERENCES_SHOWN) {
			plain_line(out, "               … and %zu more",
				lines->count - DIFFERENCES_SHOWN);
			return;
		}
		plain_line(out, "               %s %s", mark, *line);
	}
}

static void reverts(FILE *out, const struct report *report)
{
	heading(out, "revert");
	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		plain_line(out, "%s %-12s %s: %s", own->confirmed ? " " : "!", own->node,
			words_confirmed(report, own), own->text);
		differences(out, "was there before:", &own->missing);
		differences(out, "is new:", &own->added);
		differences(out, "went with the boot:", &own->booted_away);
		differences(out, "came up with the boot:", &own->booted_up);
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
			plain_line(out, "               %s: %s", node->node, *line);
		}
	if (changed > RESIDUE_SHOWN)
		plain_line(out, "               … and %zu more", changed - RESIDUE_SHOWN);
}

void report_summary(FILE *out, const struct report *report)
{
	verdict(out, report);
	/* Refused before the first probe: there is nothing else to say. */
	if (report->record.stop != STOP_NONE && !report->record.sources.count)
		return;
	unknown(out, report);
	claims(out, report);
	heading(out, "measured");
	outages(out, report);
	latencies(out, &report->record);
	values(out, &report->record);
	loads(out, report);
	data(out, report);
	costs(out, report);
	alerts(out, &report->record);
	near_misses(out, report);
	effects(out, report);
	reverts(out, report);
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

/* Of each node that somebody looked at. */
static void certificate(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX];
	bool begun = false;

	LIST_EACH(report->judgement.reverts, struct revert_judgement, own) {
		if (!own->before.look && !own->after.look)
			continue;
		if (!begun)
			heading(out, "certificate of the revert");
		begun = true;
		plain_line(out, "  %-12s %s", own->node, words_confirmed(report, own));
		plain_line(out, "  %-12s %s", "", words_looked(report, own, text));
		if (words_boot(own, text))
			plain_line(out, "  %-12s %s", "", text);
		if (words_digests(own, text))
			plain_line(out, "  %-12s %s", "", text);
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

static void reproduce(FILE *out, const struct report *report)
{
	char *command = words_command(report);
	struct list lines = words_reproduce(report);

	heading(out, "how to reproduce");
	plain_line(out, "  $ %s", command);
	/* The command, which is the first, has been said. */
	for (size_t i = 1; i < lines.count; i++)
		plain_line(out, "  %s", *LIST_AT(lines, char *, i));
	list_free_texts(&lines);
	free(command);
}

static void findings(FILE *out, const struct report *report)
{
	struct list list = words_findings(report);

	heading(out, "draft findings, for people to own");
	if (!list.count)
		plain_line(out, "  none: nothing came out other than expected");
	LIST_EACH(list, struct finding_draft, own) {
		plain_line(out, "  - %s", own->weakness);
		plain_line(out, "    evidence: %s", own->evidence);
		plain_line(out, "    next: %s", own->next);
		plain_line(out, "    owner: ____________ to be tried again on: ____________");
	}
	free(list.items);
}

static void everything(FILE *out, const struct report *report)
{
	char text[SENTENCE_MAX];

	header(out, report);
	report_summary(out, report);
	certificate(out, report);
	time_line(out, report);
	lines_of(out, "how events ended", words_events(report));
	if (report->trend.count)
		heading(out, "trend over earlier runs");
	if (report->trend.count && trend_words(report, text))
		plain_line(out, "  %s", text);
	LIST_EACH(report->trend, struct trend_run, run)
		plain_line(
			out, "  %s %-12s %s", tone_marks[run->tone], run->verdict, run->directory);
	lines_of(out, "what this run can't tell", words_limits(report));
	lines_of(out, "what would give a clearer answer", words_clearer(report));
	reproduce(out, report);
	findings(out, report);
}

/* What `print` prints, in lines of that width. */
static void wrapped(FILE *out, const struct report *report, size_t width,
	void (*print)(FILE *out, const struct report *report))
{
	char *text = NULL;
	size_t length = 0;
	FILE *whole = open_memstream(&text, &length);

	if (!whole)
		abort();
	print(whole, report);
	if (fclose(whole) != 0)
		abort();
	wrap_lines(out, text, width);
	free(text);
}

void report_text(FILE *out, const struct report *report)
{
	wrapped(out, report, WRAP_TEXT, everything);
}

void report_on_stdout(const struct report *report)
{
	size_t width = wrap_width();

	if (width)
		wrapped(stdout, report, width, report_summary);
	else
		report_summary(stdout, report);
}
