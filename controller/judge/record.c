/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/record.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/judge/cusums.h"
#include "controller/judge/record_apply.h"
#include "controller/judge/seconds.h"

const char *const stop_words[] = {[STOP_NONE] = "none",
	[STOP_GUARDRAIL] = "guardrail",
	[STOP_SIGNAL] = "signal",
	[STOP_PRECONDITION] = "precondition",
	[STOP_REFUSED] = "refused",
	[STOP_INTERNAL] = "internal",
	[STOP_TIMEOUT] = "timeout",
	[STOP_LOCKED] = "locked",
	NULL};

/* --- building and freeing -------------------------------------------------------------- */

static void prepare(struct record *record)
{
	const struct scenario *scenario = &record->scenario;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		struct phase_record *own = list_push(&record->phases, sizeof(*own));

		*own = (struct phase_record){
			.spec = phase, .start_ns = NEVER_NS, .end_ns = NEVER_NS};
		LIST_EACH(phase->faults, struct fault_spec, fault) {
			struct fault_record *known = list_push(&record->faults, sizeof(*known));

			*known = (struct fault_record){.spec = fault,
				.start_ns = NEVER_NS,
				.deadline_ns = NEVER_NS,
				.effect_ns = NEVER_NS,
				.healed_ns = NEVER_NS};
		}
	}
	LIST_EACH(scenario->slos, struct slo_spec, slo)
		((struct sli_record *)list_push(&record->slis, sizeof(struct sli_record)))->slo =
			slo;
	seconds_prepare(scenario, &record->seconds);
	cusums_prepare(scenario, &record->cusums);
	LIST_EACH(scenario->workloads, struct workload_spec, workload)
		((struct workload_record *)list_push(
			 &record->workloads, sizeof(struct workload_record)))
			->spec = workload;
}

int record_init(struct record *record, const cJSON *run_started, struct fail *fail)
{
	const cJSON *tree = cJSON_GetObjectItemCaseSensitive(run_started, "scenario");
	struct record fresh = {.stop_ns = NEVER_NS,
		.end_ns = NEVER_NS,
		.look_before.at_ns = NEVER_NS,
		.look_after.at_ns = NEVER_NS};

	if (strcmp(json_string(run_started, "event", ""), "run_started") != 0 || !tree)
		return fail_set(fail, FAIL_PEER, "journal: does not begin with run_started");
	if (json_number(run_started, "journal", 0) != JOURNAL_VERSION)
		return fail_set(fail, FAIL_PEER, "journal: format %g; this version reads format %d",
			json_number(run_started, "journal", 0), JOURNAL_VERSION);
	if (scenario_from_merged(&fresh.scenario, cJSON_Duplicate(tree, true), fail) < 0)
		return fail_context(fail, "journal: scenario: %s", fail->path);
	fresh.run_id = must_copy_if(json_string(run_started, "run", NULL));
	fresh.environment = must_copy_if(json_string(run_started, "environment", NULL));
	fresh.wall = must_copy_if(json_string(run_started, "wall", NULL));
	fresh.tool = must_copy_if(json_string(run_started, "tool", NULL));
	prepare(&fresh);
	*record = fresh;
	return 0;
}

static void free_fault(struct fault_record *fault)
{
	list_free_texts(&fault->on);
	list_free_texts(&fault->from);
	LIST_EACH(fault->inspections, struct fault_inspection, inspection) {
		free(inspection->node);
		shape_free(&inspect_result_shape, &inspection->result);
	}
	free(fault->inspections.items);
	LIST_EACH(fault->nodes, struct fault_node, node) {
		free(node->node);
		record_free_counters(&node->counters);
		record_free_processes(&node->processes);
		record_free_strikes(&node->strikes);
		record_free_measures(&node->measures);
		record_free_hosts(&node->hosts);
		record_free_touched(&node->touched);
	}
	free(fault->nodes.items);
	free(fault->did);
}

static void free_workload(struct workload_record *workload)
{
	ranges_deinit(&workload->attempted);
	ranges_deinit(&workload->acked);
	ranges_deinit(&workload->failed);
	ranges_deinit(&workload->unknown);
	LIST_EACH(workload->reads, struct read_record, read) {
		free(read->node);
		free(read->reason);
		ranges_deinit(&read->present);
	}
	free(workload->reads.items);
	LIST_EACH(workload->read_backs, struct read_back_record, read) {
		free(read->reason);
		ranges_deinit(&read->missing);
	}
	free(workload->read_backs.items);
}

static void free_look(struct look *look)
{
	free(look->boot_id);
	free(look->by);
}

static void free_node(struct node_record *node)
{
	free_look(&node->look_before);
	free_look(&node->look_after);
	free(node->node);
	free(node->host);
	free(node->kernel);
	free(node->tool);
	free(node->attach);
	free(node->lost_reason);
	list_free_texts(&node->addresses);
	cJSON_Delete(node->labels);
	list_free_texts(&node->also_reached_as);
	list_free_texts(&node->before);
	list_free_texts(&node->after);
	list_free_texts(&node->residue_before);
	list_free_texts(&node->residue_after);
}

void record_deinit(struct record *record)
{
	shape_free(&probe_window_shape, &record->latest_window);
	LIST_EACH(record->faults, struct fault_record, fault)
		free_fault(fault);
	LIST_EACH(record->slis, struct sli_record, sli) {
		samples_deinit(&sli->samples);
		samples_deinit(&sli->events);
		samples_deinit(&sli->late);
		samples_deinit(&sli->dropped);
		samples_deinit(&sli->spoiled);
	}
	LIST_EACH(record->sources, struct source_record, source) {
		free(source->probe);
		free(source->from);
		free(source->to);
		free(source->last_error);
		histogram_free(source->latency);
		values_deinit(&source->values);
		load_told_deinit(&source->load);
		LIST_EACH(source->slis, struct member_sli, sli) {
			samples_deinit(&sli->samples);
			samples_deinit(&sli->spoiled);
		}
		free(source->slis.items);
	}
	LIST_EACH(record->workloads, struct workload_record, workload)
		free_workload(workload);
	LIST_EACH(record->nodes, struct node_record, node)
		free_node(node);
	LIST_EACH(record->groups, struct resolved_group, group) {
		free(group->group);
		list_free_texts(&group->nodes);
	}
	free(record->phases.items);
	free(record->faults.items);
	free(record->slis.items);
	free(record->alerts.items);
	seconds_free(&record->seconds);
	free(record->cusums.items);
	free(record->sources.items);
	free(record->workloads.items);
	free(record->nodes.items);
	free(record->groups.items);
	record_free_runs(&record->runs_before);
	record_free_runs(&record->runs_after);
	list_free_texts(&record->services_before);
	list_free_texts(&record->services_after);
	free(record->run_id);
	free(record->environment);
	free(record->wall);
	free(record->tool);
	free_look(&record->look_before);
	free_look(&record->look_after);
	free(record->healed_by);
	free(record->stop_id);
	free(record->stop_text);
	scenario_deinit(&record->scenario);
	*record = (struct record){0};
}

/* --- finding --------------------------------------------------------------------------- */

struct fault_record *record_fault(const struct record *record, const char *id)
{
	LIST_EACH(record->faults, struct fault_record, fault)
		if (strcmp(fault->spec->id, id) == 0)
			return fault;
	return NULL;
}

int64_t record_start_bound_ns(const struct fault_record *fault)
{
	int64_t latest_ns = 0, earliest_ns = 0;
	bool first = true;

	LIST_EACH(fault->nodes, struct fault_node, node) {
		int64_t late_ns = node->late_ns > 0 ? node->late_ns : 0;

		latest_ns = late_ns > latest_ns ? late_ns : latest_ns;
		earliest_ns = first || late_ns < earliest_ns ? late_ns : earliest_ns;
		first = false;
	}
	if (fault->nodes.count < 2)
		return latest_ns + fault->skew_ns;
	return latest_ns - earliest_ns + 2 * fault->skew_ns;
}

struct phase_record *record_phase(const struct record *record, const char *id)
{
	LIST_EACH(record->phases, struct phase_record, phase)
		if (strcmp(phase->spec->id, id) == 0)
			return phase;
	return NULL;
}

struct sli_record *record_sli(const struct record *record, const char *slo)
{
	LIST_EACH(record->slis, struct sli_record, sli)
		if (strcmp(sli->slo->name, slo) == 0)
			return sli;
	return NULL;
}

struct node_record *record_node(const struct record *record, const char *node)
{
	LIST_EACH(record->nodes, struct node_record, own)
		if (strcmp(own->node, node) == 0)
			return own;
	return NULL;
}

struct workload_record *record_workload(const struct record *record, const char *name)
{
	LIST_EACH(record->workloads, struct workload_record, workload)
		if (strcmp(workload->spec->name, name) == 0)
			return workload;
	return NULL;
}

struct resolved_group *record_group(const struct record *record, const char *group)
{
	LIST_EACH(record->groups, struct resolved_group, own)
		if (strcmp(own->group, group) == 0)
			return own;
	return NULL;
}

struct source_record *record_source(const struct record *record, const cJSON *event)
{
	const char *probe = json_string(event, "probe", ""), *from = json_string(event, "from", "");
	const char *to = json_string(event, "to", "");

	LIST_EACH(record->sources, struct source_record, source)
		if (strcmp(source->probe, probe) == 0 && strcmp(source->from, from) == 0 &&
			strcmp(source->to ? source->to : "", to) == 0)
			return source;
	return NULL;
}

static double mean_rate(const struct source_record *source)
{
	int64_t told_ns = schedule_due_ns(&source->schedule, source->next_index) - source->start_ns;

	if (!source->schedule.arrivals.count || told_ns <= 0)
		return source->rate;
	return (double)source->next_index / (double)told_ns * (double)NS_PER_SEC;
}

double record_rate(const struct record *record, const struct slo_spec *slo)
{
	double rate = 0;

	if (slo->slice_ns)
		return (double)NS_PER_SEC / (double)slo->slice_ns;

	LIST_EACH(record->sources, struct source_record, source) {
		if (strcmp(source->probe, slo->probe) == 0)
			rate += mean_rate(source);
	}
	return rate;
}

int64_t record_reported_ns(const struct record *record, const char *probe)
{
	int64_t reported_ns = INT64_MAX;

	LIST_EACH(record->sources, struct source_record, source) {
		/* Everything before the next event's intended time has been reported. */
		int64_t next_ns = schedule_due_ns(&source->schedule, source->next_index);

		if (strcmp(source->probe, probe) == 0 && next_ns < reported_ns)
			reported_ns = next_ns;
	}
	return reported_ns == INT64_MAX ? 0 : reported_ns;
}

int64_t record_covered_ns(const struct record *record, const struct slo_spec *slo)
{
	if (slo->slice_ns)
		return record_sli(record, slo->name)->sliced_ns;
	return record_reported_ns(record, slo->probe);
}

/* --- events of the journal --------------------------------------------------------------- */

cJSON *journal_event(const char *type, int64_t at_ns)
{
	cJSON *event = json_object();

	json_put_number(event, "t_ns", (double)at_ns);
	json_put_string(event, "event", type);
	return event;
}

int64_t journal_time(const cJSON *event, const char *key)
{
	double number = json_number(event, key, (double)NEVER_NS);

	return number >= 0 && number <= NUMBER_MAX ? (int64_t)number : NEVER_NS;
}
