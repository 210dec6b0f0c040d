/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/plan/check.h"
#include "controller/report/summary.h"

/* A page of text: the verdict first, then what it rests on. */

enum {
	RESIDUE_SHOWN = 5,
	DIFFERENCES_SHOWN = 10
};

static void print_claims(FILE *out, const struct judgement *judgement)
{
	fputs("\nclaims\n", out);
	LIST_EACH(judgement->claims, struct claim_judgement, own) {
		const char *mark = own->finding == FINDING_OTHERWISE ? "!"
			: own->finding == FINDING_UNPROVEN           ? "?"
			: own->finding == FINDING_NOT_JUDGED         ? "-"
								     : " ";

		fprintf(out, "%s %-10s %-12s %s%s\n", mark, own->claim->id,
			gate_words[own->claim->gate], verdict_words[own->verdict],
			own->claim->expect == EXPECT_VIOLATED ? " (a violation was expected)" : "");
		fprintf(out, "  %-10s %-12s %s\n", "", "", own->text);
	}
}

static void print_outages(FILE *out, const struct judgement *judgement)
{
	char gap[DURATION_TEXT_MAX], after[DURATION_TEXT_MAX];

	LIST_EACH(judgement->outages, struct outage, own)
		fprintf(out,
			"  gap        %s during %s: %s without a good event%s; after the heal %s\n",
			own->slo->name, own->fault->spec->id,
			duration_human(own->during.length_ns, gap),
			own->during.open ? " (still open when it was healed)" : "",
			duration_human(own->after.length_ns, after));
}

static void print_cost(FILE *out, const struct judgement *judgement)
{
	LIST_EACH(judgement->costs, struct cost, own)
		fprintf(out,
			"  cost       %s: %lld of %lld events bad, %.3g %% of the period's error "
			"budget\n",
			own->slo->name, (long long)own->tally.bad, (long long)own->tally.total,
			own->budget_spent * 100);
}

static void print_data(FILE *out, const struct judgement *judgement)
{
	LIST_EACH(judgement->data, struct data_summary, own) {
		fprintf(out,
			"  data       %s: %lld attempted, %lld acknowledged, %lld failed, %lld "
			"unknown",
			own->workload->spec->name, (long long)own->attempted, (long long)own->acked,
			(long long)own->failed, (long long)own->unknown);
		if (own->workload->read_done)
			fprintf(out, "; %lld lost, %lld recovered, %lld unexpected",
				(long long)own->lost, (long long)own->recovered,
				(long long)own->unexpected);
		if (own->on_some)
			fprintf(out, ", %lld not on every member", (long long)own->on_some);
		fputc('\n', out);
		LIST_EACH(own->workload->reads, struct read_record, read)
			if (!read->ok)
				fprintf(out, "             %s could not be read: %s\n", read->node,
					read->reason ? read->reason : "?");
	}
}

static void print_latency(FILE *out, const struct record *record)
{
	LIST_EACH(record->sources, struct source_record, source) {
		struct histogram_edges median, p99;
		char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX], lag[DURATION_TEXT_MAX];

		if (histogram_quantile(source->latency, 0.5, &median) < 0 ||
			histogram_quantile(source->latency, 0.99, &p99) < 0)
			continue;
		fprintf(out,
			"  latency    %s from %s: median %s, p99 %s of answered events; prober's "
			"send "
			"lag at most %s\n",
			source->probe, source->from, duration_human(median.upper_ns, low),
			duration_human(p99.upper_ns, high),
			duration_human(source->lag_max_ns, lag));
	}
}

static void print_effects(FILE *out, const struct judgement *judgement)
{
	char bound[DURATION_TEXT_MAX];

	fputs("\neffect\n", out);
	LIST_EACH(judgement->effects, struct effect_judgement, own) {
		fprintf(out, "%s %-10s %s: %s", own->effect == EFFECT_NONE ? "?" : " ",
			own->fault->spec->id, effect_words[own->effect], own->text);
		if (own->fault->skew_ns > 0)
			fprintf(out, "; nodes began within %s of one another",
				duration_human(own->fault->skew_ns, bound));
		fputc('\n', out);
		LIST_EACH(own->pairs, struct pair_effect, pair)
			fprintf(out, "  %-10s %s -> %s: %lld packets, %lld segments%s\n", "",
				pair->from, pair->to, (long long)pair->packets,
				(long long)pair->segments, pair->packets ? "" : " (none)");
	}
}

static void print_lines(FILE *out, const char *mark, const struct list *lines)
{
	size_t shown = 0;

	LIST_EACH(*lines, char *, line) {
		if (shown++ == DIFFERENCES_SHOWN) {
			fprintf(out, "             … and %zu more\n",
				lines->count - DIFFERENCES_SHOWN);
			return;
		}
		fprintf(out, "             %s %s\n", mark, *line);
	}
}

static void print_reverts(FILE *out, const struct judgement *judgement)
{
	fputs("\nrevert\n", out);
	LIST_EACH(judgement->reverts, struct revert_judgement, own) {
		fprintf(out, "%s %-10s %s: %s\n", own->confirmed ? " " : "!", own->node,
			own->confirmed ? "confirmed" : "NOT CONFIRMED", own->text);
		print_lines(out, "was there before:", &own->missing);
		print_lines(out, "is new:", &own->added);
	}
}

/* What changes by itself (neighbours, …) is not ours to compare, but it is said. */
static void print_residue(FILE *out, const struct record *record)
{
	size_t changed = 0;

	LIST_EACH(record->nodes, struct node_record, node)
		LIST_EACH(node->residue_after, char *, line) {
			if (list_has_text(&node->residue_before, *line))
				continue;
			if (changed++ < RESIDUE_SHOWN)
				fprintf(out, "%s %s: %s\n",
					changed == 1
						? "  natural residue, not compared:\n            "
						: "            ",
					node->node, *line);
		}
	if (changed > RESIDUE_SHOWN)
		fprintf(out, "             … and %zu more\n", changed - RESIDUE_SHOWN);
}

void summary_print(
	FILE *out, const struct record *record, const struct judgement *judgement, const char *dir)
{
	fprintf(out, "\n%s: %s\n", judgement->headline, record->scenario.title);
	fprintf(out, "  %s (exit %d)\n", judgement->reason, judgement->exit_code);
	if (record->scenario.owner && record->scenario.owner->team)
		fprintf(out, "  owner %s%s%s\n", record->scenario.owner->team,
			record->scenario.owner->contact ? ", " : "",
			record->scenario.owner->contact ? record->scenario.owner->contact : "");
	print_claims(out, judgement);
	fputs("\nmeasured\n", out);
	print_outages(out, judgement);
	print_latency(out, record);
	print_data(out, judgement);
	print_cost(out, judgement);
	print_effects(out, judgement);
	print_reverts(out, judgement);
	print_residue(out, record);
	fprintf(out, "\nfiles in %s: journal.ndjson, plan.json, summary.json\n", dir);
}
