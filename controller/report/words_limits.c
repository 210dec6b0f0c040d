/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/units.h"
#include "controller/exit_code.h"
#include "controller/prober/orders.h"
#include "controller/report/trend.h"
#include "controller/report/words.h"

/* What a run can't tell. */

/* A probe is said once, with the worst of its sources. */
static void limit_of_probe(
	const struct record *record, const struct source_record *first, struct list *lines)
{
	const struct probe_spec *probe = scenario_probe(&record->scenario, first->probe);
	char step[DURATION_TEXT_MAX], lag[DURATION_TEXT_MAX];
	int64_t lag_ns = 0, dropped = 0;
	size_t sources = 0;

	LIST_EACH(record->sources, struct source_record, source) {
		if (strcmp(source->probe, first->probe) != 0)
			continue;
		sources++;
		dropped += source->outcomes[OUTCOME_DROPPED];
		lag_ns = source->lag_max_ns > lag_ns ? source->lag_max_ns : lag_ns;
	}
	words_add(lines,
		"%s %s sends %s every %s%s: gaps and recoveries are good to that. Its own "
		"send lag was at most %s%s.",
		probe->load ? "Load" : "Probe", probe->name,
		probe->load ? "a request, at the least," : "an event",
		words_step((int64_t)((double)NS_PER_SEC / first->rate), step),
		sources > 1 ? " from each place to each member" : "", duration_human(lag_ns, lag),
		lag_ns > probe->timeout_ns / 10
			? ", more than a tenth of its timeout: some of what it measured is its own "
			  "delay"
			: "");
	if (dropped)
		words_add(lines,
			"%s %s could not begin %lld events for want of a free connection or "
			"process; they count as bad.",
			probe->load ? "Load" : "Probe", probe->name, (long long)dropped);
}

static bool said_before(const struct record *record, const struct source_record *source)
{
	const struct source_record *sources = record->sources.items;

	for (; sources < source; sources++)
		if (strcmp(sources->probe, source->probe) == 0)
			return true;
	return false;
}

/* What was before and what was during differ in more than the fault. */
static void limit_of_comparisons(const struct report *report, struct list *lines)
{
	bool in_time = false;

	LIST_EACH(report->judgement.claims, struct claim_judgement, own) {
		const struct invariant_spec *claim = own->claim;

		in_time = in_time || (claim->compare && claim->compare->with->in.count) ||
			(claim->ratio && claim->ratio->to->in.count) || claim->degraded;
	}
	if (in_time)
		words_add(lines,
			"Where a phase was compared with another one, all that changed in between "
			"counts, not the fault alone; a part of the system that no fault is on, "
			"probed at the same time, would tell them apart.");
}

static void limit_of_statistics(const struct report *report, struct list *lines)
{
	size_t tested = 0;

	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		tested += own->claim->holds && own->tally.total;
	limit_of_comparisons(report, lines);
	if (!tested)
		return;
	words_add(lines,
		"%zu claim%s tested with exact binomial tests, each wrong with at most 5 %% chance "
		"in either direction where it names no confidence of its own.",
		tested, tested == 1 ? " was" : "s were");
	words_add(lines,
		"The tests and intervals take events for independent. Failures come in clumps: "
		"for a client of this run that makes them cautious, for the next strike of the "
		"same fault far too narrow. There the unit is the run.");
}

static void limit_of_runs(const struct report *report, struct list *lines)
{
	char text[SENTENCE_MAX];

	if (report->trend.count)
		return; /* the trend says it */
	if (report->judgement.exit_code == EXIT_HELD && trend_words(report, text))
		words_add(lines, "%s.", text);
	else
		words_add(lines,
			"This is one run; how often it would end like this, one run can't tell.");
}

static void limit_of_clocks(const struct record *record, struct list *lines)
{
	int64_t skew_ns = 0;
	char bound[DURATION_TEXT_MAX];

	LIST_EACH(record->faults, struct fault_record, fault)
		skew_ns = fault->skew_ns > skew_ns ? fault->skew_ns : skew_ns;
	if (skew_ns > 0)
		words_add(lines, "The nodes' clocks are known to %s (half the best round trip).",
			duration_human(skew_ns, bound));
	words_add(lines,
		"T+ is the controller's monotonic clock. UTC rests on one reading of the wall "
		"clock at the start, to the second.");
}

static bool skews(const struct effect_judgement *effect)
{
	LIST_EACH(effect->processes, struct process_effect, own)
		if (process_is_skewed(own->process))
			return true;
	return false;
}

static void limit_of_skew(const struct effect_judgement *effect, struct list *lines)
{
	if (skews(effect))
		words_add(lines,
			"Fault %s is about what programs ask the vDSO. System calls that read a "
			"clock, times that the kernel sets (of files, packets, logs) and waits "
			"until an absolute time go by the true clock: a wait until a time that was "
			"read from a clock 2 s ahead takes 2 s longer.",
			effect->fault->spec->id);
}

/* Where not every address is known, spill may be among those that are not. */
static void limit_of_addresses(const struct fault_record *fault, struct list *lines)
{
	LIST_EACH(fault->nodes, struct fault_node, node) {
		if (node->touched_more)
			words_add(lines,
				"Fault %s hit %lld more addresses on %s than it told one by one; "
				"those that nobody named it would have told first.",
				fault->spec->id, (long long)node->touched_more, node->node);
		if (node->untold)
			words_add(lines,
				"Of %lld segments that fault %s hit on %s the address is not "
				"known: the kernel's table was full.",
				(long long)node->untold, fault->spec->id, node->node);
	}
}

struct list words_limits(const struct report *report)
{
	const struct record *record = &report->record;
	struct list lines = {0};
	char cut[SENTENCE_MAX];

	if (words_cut(report, cut))
		words_add(&lines, "%s", cut);
	if (words_unread(report, cut))
		words_add(&lines, "%s", cut);
	limit_of_runs(report, &lines);
	LIST_EACH(record->sources, struct source_record, source)
		if (!said_before(record, source))
			limit_of_probe(record, source, &lines);
	limit_of_statistics(report, &lines);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		if (own->effect == EFFECT_PARTIAL)
			words_add(&lines, "Fault %s is proven in part only: %s.",
				own->fault->spec->id, own->text);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		limit_of_skew(own, &lines);
	LIST_EACH(record->faults, struct fault_record, fault)
		limit_of_addresses(fault, &lines);
	if (report->story.latency.count)
		words_add(&lines,
			"Latencies are of answered events, counted from the intended send, in "
			"buckets at most 0.8 %% wide. Events without an answer have none: read "
			"them beside the success ratio.");
	words_add(&lines,
		"The revert proof compares what the injectors listed before and after "
		"(addresses, links, qdiscs, filters, routes, rules, cgroups, services). What is "
		"not listed is not proven.");
	limit_of_clocks(record, &lines);
	return lines;
}
