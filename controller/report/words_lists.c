/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"
#include "controller/prober/orders.h"
#include "controller/report/words.h"

static void add(struct list *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct list *lines, const char *format, ...)
{
	char **slot = list_push(lines, sizeof(char *));
	va_list args;

	va_start(args, format);
	if (vasprintf(slot, format, args) < 0)
		abort();
	va_end(args);
}

/* --- cost ------------------------------------------------------------------------------ */

static void cost_of_slo(const struct cost *cost, struct list *figures)
{
	struct figure *bad, *budget;
	struct statistics_interval share;
	char period[DURATION_TEXT_MAX];

	if (!cost->tally.total)
		return;
	share = statistics_wilson(cost->tally.bad, cost->tally.total, CLAIM_ALPHA);
	bad = list_push(figures, sizeof(*bad));
	snprintf(bad->value, sizeof(bad->value), "%lld", (long long)cost->tally.bad);
	snprintf(bad->text, sizeof(bad->text),
		"of %lld events bad in %.60s (%.3g %%; 95 %% interval %.3g to %.3g %%)",
		(long long)cost->tally.total, cost->slo->name,
		100 * (double)cost->tally.bad / (double)cost->tally.total, 100 * share.lower,
		100 * share.upper);
	budget = list_push(figures, sizeof(*budget));
	snprintf(budget->value, sizeof(budget->value), "%.3g %%", cost->budget_spent * 100);
	snprintf(budget->text, sizeof(budget->text), "of the error budget of %.60s for %s",
		cost->slo->name, words_period(cost->slo->period_ns, period));
}

static void cost_of_outage(
	const struct report *report, const struct outage *own, struct list *figures)
{
	struct figure *gap = list_push(figures, sizeof(*gap));
	char step[DURATION_TEXT_MAX], after[DURATION_TEXT_MAX], length[DURATION_TEXT_MAX];

	snprintf(gap->value, sizeof(gap->value), "%s",
		duration_human(own->during.length_ns, length));
	snprintf(gap->text, sizeof(gap->text),
		"longest time without a good event in %.60s during %.60s (± %s)%s; %s after "
		"%s",
		own->slo->name, own->fault->spec->id,
		duration_human(words_resolution_ns(&report->record, own->slo->probe), step),
		own->during.open ? ", still open at its end" : "",
		own->after.length_ns > 0 ? duration_human(own->after.length_ns, after) : "no data",
		words_end_of(own->fault));
}

static void cost_of_data(const struct data_summary *data, struct list *figures)
{
	struct figure *lost;

	if (!data->workload->read_done || !data->reads_ok)
		return;
	lost = list_push(figures, sizeof(*lost));
	snprintf(lost->value, sizeof(lost->value), "%lld", (long long)data->lost);
	snprintf(lost->text, sizeof(lost->text), "of %lld acknowledged writes of %.60s %s",
		(long long)data->acked, data->workload->spec->name,
		data->reads_failed ? "not found on the members that could be read" : "lost");
}

struct list words_cost(const struct report *report)
{
	struct list figures = {0};

	LIST_EACH(report->judgement.costs, struct cost, cost)
		cost_of_slo(cost, &figures);
	LIST_EACH(report->judgement.outages, struct outage, own)
		cost_of_outage(report, own, &figures);
	LIST_EACH(report->judgement.data, struct data_summary, data)
		cost_of_data(data, &figures);
	return figures;
}

/* --- lost writes ----------------------------------------------------------------------- */

static const char *phase_at(const struct record *record, int64_t at_ns)
{
	LIST_EACH(record->phases, struct phase_record, phase)
		if (phase->start_ns != NEVER_NS && phase->start_ns <= at_ns &&
			(phase->end_ns == NEVER_NS || at_ns < phase->end_ns))
			return phase->spec->id;
	return NULL;
}

static void tell_loss(const struct report *report, const struct loss *loss, struct list *lines)
{
	const char *phase = phase_at(&report->record, loss->acked_ns);
	char at[WORDS_MAX], ids[64];

	if (loss->first == loss->last)
		snprintf(ids, sizeof(ids), "id %lld was", (long long)loss->first);
	else
		snprintf(ids, sizeof(ids), "ids %lld to %lld were", (long long)loss->first,
			(long long)loss->last);
	add(lines, "%s acknowledged by %s%s%s, and absent from every final read", ids,
		words_at(loss->acked_ns, at), phase ? ", in phase " : "", phase ? phase : "");
}

struct list words_losses(const struct report *report, const struct data_summary *data)
{
	struct list lines = {0};
	int64_t told = 0;

	LIST_EACH(report->story.losses, struct loss, loss) {
		if (loss->workload != data->workload)
			continue;
		tell_loss(report, loss, &lines);
		told += loss->last - loss->first + 1;
	}
	if (told < data->lost)
		add(&lines, "and %lld more", (long long)(data->lost - told));
	return lines;
}

/* --- how to reproduce ------------------------------------------------------------------ */

char *words_command(const struct report *report)
{
	const struct story *story = &report->story;
	char *text = NULL;

	if (asprintf(&text, "%s%s", story->command ? story->command : "backburn run ",
		    story->command                 ? ""
			    : story->scenario_file ? story->scenario_file
						   : report->record.scenario.name) < 0)
		abort();
	return text;
}

static void add_versions(const struct record *record, struct list *lines)
{
	LIST_EACH(record->nodes, struct node_record, node) {
		char addresses[120];

		add(lines, "node %s: %s, kernel %s, network faults by %s, %s", node->node,
			node->tool ? node->tool : "no injector seen",
			node->kernel ? node->kernel : "unknown",
			node->attach ? node->attach : "none",
			node->addresses.count
				? words_join(&node->addresses, addresses, sizeof(addresses))
				: "no address");
	}
}

struct list words_reproduce(const struct report *report)
{
	const struct record *record = &report->record;
	struct list lines = {0};
	char *command = words_command(report), started[WORDS_MAX];
	char value[SENTENCE_MAX];

	add(&lines, "command: %s", command);
	if (!report->story.command)
		add(&lines,
			"this journal does not hold the words of the command: add the "
			"environment \"%s\" and the parameters as they were",
			record->environment ? record->environment : "?");
	add(&lines, "seed: %lld", (long long)record->scenario.seed);
	add(&lines, "run: %s, in environment %s, started %s", record->run_id ? record->run_id : "?",
		record->environment ? record->environment : "?", words_started(record, started));
	add(&lines, "controller: %s", record->tool ? record->tool : "unknown");
	add_versions(record, &lines);
	LIST_EACH(record->groups, struct resolved_group, group)
		add(&lines, "group %s was %s", group->group,
			words_join(&group->nodes, value, sizeof(value)));
	add(&lines,
		"evidence: journal.ndjson, one JSON object a line; `backburn report` makes "
		"this report from it again");
	free(command);
	return lines;
}

/* --- events ---------------------------------------------------------------------------- */

const char *words_source(const struct source_record *source, char buffer[WORDS_MAX])
{
	snprintf(buffer, WORDS_MAX, "%s from %s%s%s", source->probe, source->from,
		source->to ? " to " : "", source->to ? source->to : "");
	return buffer;
}

static void events_of(const struct source_record *source, struct list *lines)
{
	char name[WORDS_MAX], counts[SENTENCE_MAX] = "";
	size_t used = 0;

	for (int i = 0; i < OUTCOME_COUNT; i++)
		if ((source->outcomes[i] || i == OUTCOME_OK) && used < sizeof(counts))
			used += (size_t)snprintf(counts + used, sizeof(counts) - used, "%s%lld %s",
				used ? ", " : "", (long long)source->outcomes[i],
				probe_outcome_words[i]);
	add(lines, "%s: %s of %lld%s%s", words_source(source, name), counts,
		(long long)source->next_index, source->last_error ? "; last error: " : "",
		source->last_error ? source->last_error : "");
}

struct list words_events(const struct report *report)
{
	struct list lines = {0};

	LIST_EACH(report->record.sources, struct source_record, source)
		events_of(source, &lines);
	return lines;
}

/* --- limits ---------------------------------------------------------------------------- */

static void limit_of_probe(
	const struct record *record, const struct source_record *source, struct list *lines)
{
	const struct probe_spec *probe = scenario_probe(&record->scenario, source->probe);
	char step[DURATION_TEXT_MAX], lag[DURATION_TEXT_MAX], name[WORDS_MAX];

	add(lines,
		"Probe %s sends an event every %s: gaps and recoveries are good to that. "
		"Its "
		"own send lag was at most %s%s.",
		words_source(source, name),
		duration_human((int64_t)((double)NS_PER_SEC / source->rate), step),
		duration_human(source->lag_max_ns, lag),
		source->lag_max_ns > probe->timeout_ns / 10
			? ", more than a tenth of its timeout: some of what it measured is its own "
			  "delay"
			: "");
	if (source->outcomes[OUTCOME_DROPPED])
		add(lines,
			"Probe %s could not begin %lld events for want of a free connection or "
			"process; they count as bad.",
			name, (long long)source->outcomes[OUTCOME_DROPPED]);
}

static void limit_of_statistics(const struct report *report, struct list *lines)
{
	size_t tested = 0;

	LIST_EACH(report->judgement.claims, struct claim_judgement, own)
		tested += own->claim->holds && own->tally.total;
	if (!tested)
		return;
	add(lines,
		"%zu claim%s tested with exact binomial tests, each wrong with at most 5 %% chance "
		"in either direction.",
		tested, tested == 1 ? " was" : "s were");
	add(lines,
		"The tests and intervals take events for independent. Failures come in clumps: "
		"for a client of this run that makes them cautious, for the next strike of the "
		"same fault far too narrow. There the unit is the run.");
}

static void limit_of_runs(const struct report *report, struct list *lines)
{
	if (report->judgement.exit_code == 0)
		add(lines,
			"1 of 1 runs held: at 95 %% the failure chance of the next is still up to "
			"95 %% (5 of 5: 45 %%, 59 of 59: 5 %%).");
	else
		add(lines,
			"This is one run; how often it would end like this, one run can't tell.");
}

static void limit_of_clocks(const struct record *record, struct list *lines)
{
	int64_t skew_ns = 0;
	char bound[DURATION_TEXT_MAX];

	LIST_EACH(record->faults, struct fault_record, fault)
		skew_ns = fault->skew_ns > skew_ns ? fault->skew_ns : skew_ns;
	if (skew_ns > 0)
		add(lines, "The nodes' clocks are known to %s (half the best round trip).",
			duration_human(skew_ns, bound));
	add(lines,
		"T+ is the controller's monotonic clock. UTC rests on one reading of the wall "
		"clock at the start, to the second.");
}

struct list words_limits(const struct report *report)
{
	const struct record *record = &report->record;
	struct list lines = {0};
	char cut[SENTENCE_MAX];

	if (words_cut(report, cut)) {
		add(&lines, "%s", cut);
		add(&lines,
			"Injectors heal by themselves when the controller is gone, within the "
			"lease at the latest. To see it proven: backburn heal --on ENVIRONMENT.");
	}
	limit_of_runs(report, &lines);
	LIST_EACH(record->sources, struct source_record, source)
		limit_of_probe(record, source, &lines);
	limit_of_statistics(report, &lines);
	LIST_EACH(report->judgement.effects, struct effect_judgement, own)
		if (own->effect == EFFECT_PARTIAL)
			add(&lines, "Fault %s is proven in part only: %s.", own->fault->spec->id,
				own->text);
	if (report->story.latency.count)
		add(&lines,
			"Latencies are of answered events, counted from the intended send, in "
			"buckets at most 0.8 %% wide. Events without an answer have none: read "
			"them beside the success ratio.");
	add(&lines,
		"The revert proof compares what the injectors listed before and after "
		"(addresses, links, qdiscs, filters, routes, rules, cgroups, services). What is "
		"not listed is not proven.");
	limit_of_clocks(record, &lines);
	return lines;
}
