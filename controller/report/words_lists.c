/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"
#include "controller/prober/orders.h"
#include "controller/report/words.h"
#include "controller/report/words_loads.h"

void words_add(struct list *lines, const char *format, ...)
{
	char **slot = list_push(lines, sizeof(char *));
	va_list args;

	va_start(args, format);
	if (vasprintf(slot, format, args) < 0)
		abort();
	va_end(args);
}

/* --- cost ------------------------------------------------------------------------------ */

static bool is_reference(const struct invariant_spec *claim, const struct slo_spec *slo)
{
	const char *other = claim->compare ? claim->compare->with->slo
		: claim->ratio             ? claim->ratio->to->slo
					   : NULL;

	return other && strcmp(other, slo->name) == 0;
}

static bool is_used(const struct scenario *scenario, const struct slo_spec *slo)
{
	/* Claims tell of it, and its budget is nobody's. */
	if (slo->implied || slo->observes)
		return false;
	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		if ((claim_slo(claim) && strcmp(claim_slo(claim), slo->name) == 0) ||
			is_reference(claim, slo))
			return true;
	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule)
		if (rule->slo && strcmp(rule->slo, slo->name) == 0)
			return true;
	if (slo->burn.count)
		return true;
	LIST_EACH(scenario->phases, struct phase_spec, phase)
		if (phase->until && strcmp(phase->until->slo, slo->name) == 0)
			return true;
	return false;
}

bool words_slo_matters(const struct scenario *scenario, const struct slo_spec *slo)
{
	LIST_EACH(scenario->slos, struct slo_spec, any)
		if (is_used(scenario, any))
			return is_used(scenario, slo);
	return !slo->implied && !slo->observes;
}

static void cost_of_slo(const struct cost *cost, struct list *figures)
{
	struct figure *bad;
	struct statistics_interval share;
	char period[DURATION_TEXT_MAX], spent[PERCENT_TEXT_MAX], counted[WORDS_MAX];

	if (!cost->tally.total)
		return;
	share = statistics_wilson(cost->tally.bad, cost->tally.total, CLAIM_ALPHA);
	bad = list_push(figures, sizeof(*bad));
	snprintf(bad->value, sizeof(bad->value), "%lld", (long long)cost->tally.bad);
	snprintf(bad->text, sizeof(bad->text),
		"of %lld %.40s bad in %.60s (%.3g %%; 95 %% interval %.3g to %.3g %%): %s of "
		"its error budget for %s",
		(long long)cost->tally.total, words_counted(cost->slo, counted), cost->slo->name,
		100 * (double)cost->tally.bad / (double)cost->tally.total, 100 * share.lower,
		100 * share.upper, percent_human(cost->budget_spent, spent),
		words_period(cost->slo->period_ns, period));
}

/* Whole seconds in which more events were bad than the objective allows. */
static void cost_of_breach(
	const struct report *report, const struct slo_spec *slo, struct list *figures)
{
	const struct samples *samples = &record_sli(&report->record, slo->name)->samples;
	int64_t breached = 0, looked = 0, at_ns;
	struct figure *figure;

	for (size_t i = 0; i < samples->count; i = samples_from(samples, at_ns)) {
		struct tally tally;

		at_ns = samples_at(samples, i) / NS_PER_SEC * NS_PER_SEC;
		tally = samples_tally(samples, at_ns, at_ns + NS_PER_SEC);
		at_ns += NS_PER_SEC;
		looked++;
		breached += (double)tally.bad > (1 - slo->objective) * (double)tally.total + 1e-9;
	}
	if (!breached)
		return;
	figure = list_push(figures, sizeof(*figure));
	snprintf(figure->value, sizeof(figure->value), "%lld s", (long long)breached);
	snprintf(figure->text, sizeof(figure->text),
		"of %lld s in which %.60s was below its objective, second by second",
		(long long)looked, slo->name);
}

static bool costs_the_same(const struct outage *a, const struct outage *b)
{
	return a->slo == b->slo && a->fault->start_ns == b->fault->start_ns &&
		a->fault->at_once == b->fault->at_once &&
		a->during.length_ns == b->during.length_ns && a->during.open == b->during.open &&
		a->after.length_ns == b->after.length_ns && a->rto_ns == b->rto_ns;
}

bool words_outage_is_told(const struct report *report, const struct outage *own)
{
	if (!words_slo_matters(&report->record.scenario, own->slo))
		return false;
	LIST_EACH(report->judgement.outages, struct outage, other) {
		if (other == own)
			return true;
		if (costs_the_same(other, own))
			return false;
	}
	return true;
}

const char *words_span(
	const struct report *report, const struct outage *own, bool after, char buffer[WORDS_MAX])
{
	const char *before = own->fault->at_once
		? (after ? "after the phase of" : "in the phase of")
		: after ? "after the heal of"
			: "during";
	size_t used = 0;

	LIST_EACH(report->judgement.outages, struct outage, other) {
		if (!costs_the_same(other, own) || used >= WORDS_MAX)
			continue;
		used += (size_t)snprintf(buffer + used, WORDS_MAX - used, "%s %.60s", before,
			other->fault->spec->id);
		before = " and";
	}
	return buffer;
}

/*
 * The longer of the two gaps, during the fault and after it, is what it cost; the other stands
 * beside it.
 */
static void cost_of_outage(
	const struct report *report, const struct outage *own, struct list *figures)
{
	bool later = own->after.length_ns > own->during.length_ns;
	const struct gap *longer = later ? &own->after : &own->during;
	const struct gap *other = later ? &own->during : &own->after;
	struct figure *gap = list_push(figures, sizeof(*gap));
	char step[DURATION_TEXT_MAX], length[DURATION_TEXT_MAX], rest[DURATION_TEXT_MAX];
	char span[WORDS_MAX], other_span[WORDS_MAX];

	snprintf(gap->value, sizeof(gap->value), "%s", duration_human(longer->length_ns, length));
	snprintf(gap->text, sizeof(gap->text),
		"longest time without a good event in %.60s (± %s), %.80s%s; %.80s: %s",
		own->slo->name, words_step(words_resolution_ns(&report->record, own->slo), step),
		words_span(report, own, later, span),
		longer->open ? ", not over at the end of it" : "",
		words_span(report, own, !later, other_span),
		other->length_ns > 0 ? duration_human(other->length_ns, rest) : "no data");
}

static void cost_of_recovery(
	const struct report *report, const struct outage *own, struct list *figures)
{
	struct figure *rto = list_push(figures, sizeof(*rto));
	char after[DURATION_TEXT_MAX];

	snprintf(rto->value, sizeof(rto->value), "%s",
		own->rto_ns == NEVER_NS ? "not recovered"
			: own->rto_ns   ? duration_human(own->rto_ns, after)
					: "0s");
	words_rto(report, own, rto->text);
}

static void cost_of_data(const struct data_summary *data, struct list *figures)
{
	struct figure *lost;
	char rpo[SENTENCE_MAX];
	size_t used;

	if (!data->workload->read_done || !data->reads_ok)
		return;
	lost = list_push(figures, sizeof(*lost));
	snprintf(lost->value, sizeof(lost->value), "%lld", (long long)data->lost);
	used = (size_t)snprintf(lost->text, sizeof(lost->text),
		"of %lld acknowledged writes of %.60s %s", (long long)data->acked,
		data->workload->spec->name,
		data->reads_failed ? "not found on the members that could be read" : "lost");
	if (words_rpo(data, rpo))
		snprintf(lost->text + used, sizeof(lost->text) - used, ". %.200s", rpo);
}

/* The first of an SLO's alerts or pages stands for how many there were. */
static void cost_of_alerts(
	const struct report *report, const struct slo_spec *slo, int severity, struct list *figures)
{
	const struct alert_record *first = NULL;
	struct figure *told;
	char at[WORDS_MAX], text[SENTENCE_MAX];
	size_t count = 0;

	LIST_EACH(report->record.alerts, struct alert_record, alert) {
		if (alert->slo != slo || alert->burn->severity != severity)
			continue;
		first = first ? first : alert;
		count++;
	}
	if (!count)
		return;
	told = list_push(figures, sizeof(*told));
	words_count(count, burn_severity_words[severity], told->value);
	words_alert(first, text);
	snprintf(told->text, sizeof(told->text),
		"somebody on call would have got, the first at "
		"%s: %.220s",
		words_at(first->from_ns, at), text);
}

/* What was lost first, then what might have been. */
static void costs_of_data(const struct report *report, bool lost, struct list *figures)
{
	LIST_EACH(report->judgement.data, struct data_summary, data)
		if (!data->lost == !lost)
			cost_of_data(data, figures);
}

struct list words_cost(const struct report *report)
{
	const struct scenario *scenario = &report->record.scenario;
	struct list figures = {0};

	LIST_EACH(report->judgement.costs, struct cost, cost)
		if (words_slo_matters(scenario, cost->slo)) {
			cost_of_slo(cost, &figures);
			cost_of_breach(report, cost->slo, &figures);
		}
	costs_of_data(report, true, &figures);
	LIST_EACH(report->judgement.outages, struct outage, own)
		if (words_outage_is_told(report, own)) {
			cost_of_outage(report, own, &figures);
			cost_of_recovery(report, own, &figures);
		}
	costs_of_data(report, false, &figures);
	words_load_cost(report, &figures);
	LIST_EACH(scenario->slos, struct slo_spec, slo) {
		cost_of_alerts(report, slo, BURN_PAGE, &figures);
		cost_of_alerts(report, slo, BURN_ALERT, &figures);
	}
	return figures;
}

/* --- lost writes ----------------------------------------------------------------------- */

const char *words_phase_at(const struct record *record, int64_t at_ns)
{
	LIST_EACH(record->phases, struct phase_record, phase)
		if (phase->start_ns != NEVER_NS && phase->start_ns <= at_ns &&
			(phase->end_ns == NEVER_NS || at_ns < phase->end_ns))
			return phase->spec->id;
	return NULL;
}

static void tell_loss(const struct report *report, const struct loss *loss, struct list *lines)
{
	const char *phase = words_phase_at(&report->record, loss->acked_ns);
	char at[WORDS_MAX], ids[64];

	if (loss->first == loss->last)
		snprintf(ids, sizeof(ids), "id %lld was", (long long)loss->first);
	else
		snprintf(ids, sizeof(ids), "ids %lld to %lld were", (long long)loss->first,
			(long long)loss->last);
	words_add(lines, "%s acknowledged by %s%s%s, and absent from every final read", ids,
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
		words_add(&lines, "and %lld more", (long long)(data->lost - told));
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

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_make(const struct node_record *a, const struct node_record *b)
{
	return same_text(a->tool, b->tool) && same_text(a->kernel, b->kernel) &&
		same_text(a->attach, b->attach);
}

static int by_node(const void *a, const void *b)
{
	const struct node_record *x = *(const struct node_record *const *)a;
	const struct node_record *y = *(const struct node_record *const *)b;

	return strcmp(x->node, y->node);
}

/* "n1 (10.77.0.2, fd77::2), n2 (…)": the nodes that are made like the first one. */
static char *alike(const struct node_record **nodes, size_t count)
{
	char *text = NULL, addresses[120];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (size_t i = 0; i < count; i++)
		if (same_make(nodes[i], nodes[0]))
			fprintf(out, "%s%s (%s)", i ? ", " : "", nodes[i]->node,
				nodes[i]->addresses.count ? words_join(&nodes[i]->addresses,
								    addresses, sizeof(addresses))
							  : "no address");
	fclose(out);
	return text;
}

static bool like_an_earlier(const struct node_record **nodes, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (same_make(nodes[i], nodes[index]))
			return true;
	return false;
}

/* Nodes that are made alike, which they mostly are, share a line. */
static void add_versions(const struct record *record, struct list *lines)
{
	size_t count = record->nodes.count, i = 0;
	const struct node_record **nodes = must_array(count + 1, sizeof(struct node_record *));

	LIST_EACH(record->nodes, struct node_record, node)
		nodes[i++] = node;
	/* They answer in any order; a report should not. */
	qsort(nodes, count, sizeof(struct node_record *), by_node);
	for (i = 0; i < count; i++) {
		char *names;

		if (like_an_earlier(nodes, i))
			continue;
		names = alike(nodes + i, count - i);
		words_add(lines, "%s: %s, kernel %s, network faults by %s", names,
			nodes[i]->tool ? nodes[i]->tool : "no injector seen",
			nodes[i]->kernel ? nodes[i]->kernel : "unknown",
			nodes[i]->attach ? nodes[i]->attach : "none");
		free(names);
	}
	free(nodes);
}

struct list words_reproduce(const struct report *report)
{
	const struct record *record = &report->record;
	struct list lines = {0};
	char *command = words_command(report), started[WORDS_MAX];
	char value[SENTENCE_MAX];

	words_add(&lines, "command: %s", command);
	if (!report->story.command)
		words_add(&lines,
			"this journal does not hold the words of the command: add the "
			"environment \"%s\" and the parameters as they were",
			record->environment ? record->environment : "?");
	words_add(&lines, "seed: %lld", (long long)record->scenario.seed);
	words_add(&lines, "run: %s, in environment %s, started %s",
		record->run_id ? record->run_id : "?",
		record->environment ? record->environment : "?", words_started(record, started));
	words_add(&lines, "controller: %s", record->tool ? record->tool : "unknown");
	add_versions(record, &lines);
	LIST_EACH(record->groups, struct resolved_group, group)
		words_add(&lines, "group %s was %s", group->group,
			words_join(&group->nodes, value, sizeof(value)));
	words_add(&lines,
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

const char *words_outcomes(const struct source_record *source, char buffer[WORDS_MAX])
{
	size_t used = 0;

	buffer[0] = '\0';
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if ((source->outcomes[i] || i == OUTCOME_OK) && used < WORDS_MAX)
			used += (size_t)snprintf(buffer + used, WORDS_MAX - used, "%s%lld %s",
				used ? ", " : "", (long long)source->outcomes[i],
				probe_outcome_words[i]);
	return buffer;
}

static void events_of(const struct source_record *source, struct list *lines)
{
	char name[WORDS_MAX], counts[WORDS_MAX];

	words_add(lines, "%s: %s of %lld%s%s", words_source(source, name),
		words_outcomes(source, counts), (long long)source->next_index,
		source->last_error ? "; last error: " : "",
		source->last_error ? source->last_error : "");
}

struct list words_events(const struct report *report)
{
	struct list lines = {0};

	LIST_EACH(report->record.sources, struct source_record, source)
		events_of(source, &lines);
	return lines;
}
