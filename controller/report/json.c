/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/judge/lost_writes.h"
#include "controller/plan/check.h"
#include "controller/predict/predicted.h"
#include "controller/prober/orders.h"
#include "controller/report/json_beyond.h"
#include "controller/report/json_degraded.h"
#include "controller/report/json_loads.h"
#include "controller/report/json_parts.h"
#include "controller/report/json_touched.h"
#include "controller/report/report.h"
#include "controller/report/words.h"

/* summary.json: the judgement for programs. Members are added, never taken away or renamed. */

enum {
	SUMMARY_VERSION = 1
};

static const char *const finding_words[] = {[FINDING_AS_EXPECTED] = "as_expected",
	[FINDING_OTHERWISE] = "otherwise",
	[FINDING_KNOWN] = "known_issue",
	[FINDING_UNPROVEN] = "unproven",
	[FINDING_NOT_JUDGED] = "not_judged"};

/* The numbers of a claim's kind. */
static void put_numbers(cJSON *item, const struct claim_judgement *own)
{
	const struct invariant_spec *claim = own->claim;

	bool latency = claim->compare && claim->compare->probe;

	if (latency) {
		json_put_number(item, "seconds", (double)own->tally.total);
		json_put_number(item, "reference_seconds", (double)own->reference.total);
		json_put_number(item, "times_as_long", own->measured);
		return;
	}
	if (claim->holds || claim->budget || claim->compare || claim->ratio) {
		json_put_number(item, "events", (double)own->tally.total);
		json_put_number(item, "bad", (double)own->tally.bad);
	}
	if (claim->compare || claim->ratio) {
		json_put_number(item, "reference_events", (double)own->reference.total);
		json_put_number(item, "reference_bad", (double)own->reference.bad);
	}
	if (claim->compare) {
		json_put_number(item, "difference", own->measured);
		json_put_number(item, "difference_at_least", own->interval.lower);
		json_put_number(item, "difference_at_most", own->interval.upper);
	}
	if (claim->ratio)
		json_put_number(item, "ratio", own->measured);
	if (claim->degraded) {
		json_put_number(item, "members", (double)own->members);
		json_put_number(item, "members_worse", (double)own->members_worse);
		json_put_number(item, "members_not_worse", (double)own->members_kept);
	}
	if (claim->restarts) {
		json_put_number(item, "strikes", (double)own->tally.total);
		json_put_number(item, "not_back_in_time", (double)own->tally.bad);
		json_put_seconds(item, "slowest_s", own->after_ns);
	}
	if (claim->recovers)
		json_put_seconds(item, "recovered_after_s", own->after_ns);
	if (claim_watched_probe(claim)) {
		json_put_number(item, "readings", (double)own->tally.total);
		json_put_number(item, "failed_readings", (double)own->tally.bad);
	}
	if (claim->alert_fired)
		json_put_seconds(item, "fired_after_s", own->after_ns);
	if (claim->converges)
		json_put_seconds(item, "agreed_after_s", own->after_ns);
	if (claim->exactly_one) {
		json_put_seconds(item, "two_for_s", own->after_ns);
		json_put_number(item, "none_for_s", own->measured);
	}
	if (claim->budget)
		json_put_number(item, "budget_spent", own->measured);
}

static cJSON *claims_json(const struct scenario *scenario, const struct judgement *judgement)
{
	cJSON *list = json_array();
	char claimed[WORDS_MAX];

	LIST_EACH(judgement->claims, struct claim_judgement, own) {
		cJSON *item = json_object();

		json_put_string(item, "id", own->claim->id);
		json_put_string(item, "kind", claim_kind(own->claim));
		json_put_string(item, "claimed", words_statement(scenario, own->claim, claimed));
		json_put_string(item, "gate", gate_words[own->claim->gate]);
		json_put_string(item, "verdict", verdict_words[own->verdict]);
		json_put_string(item, "finding", finding_words[own->finding]);
		if (own->claim->known_issue)
			json_put_string(item, "known_issue", own->claim->known_issue->ticket);
		put_numbers(item, own);
		json_put_string(item, "text", own->text);
		json_append(list, item);
	}
	return list;
}

static void put_successor(
	cJSON *object, const struct record *record, const struct process_effect *own)
{
	const struct service_record *after = words_successor(record, own);

	if (!after)
		return;
	json_put_string(object, "service", after->service);
	json_put_number(object, "service_pid_after", (double)after->pid);
	json_put_number(object, "service_restarts", (double)after->restarts);
}

static cJSON *processes_json(const struct record *record, const struct effect_judgement *effect)
{
	cJSON *list = json_array();

	LIST_EACH(effect->processes, struct process_effect, own) {
		const struct process_evidence *process = own->process;
		cJSON *item = json_object();

		json_put_string(item, "node", own->node);
		json_put_number(item, "pid", (double)process->pid);
		json_put_i64(item, "start_ticks", process->start_ticks);
		json_put_seconds(item, "age_s", process->age_ns);
		json_put_string(item, "cmdline", process->cmdline);
		json_put_string(item, "signal", process->signal);
		json_put_string(item, "result", signal_result_words[process->result]);
		if (process->reason)
			json_put_string(item, "reason", process->reason);
		json_put_seconds(item, "sent_s", process->sent_ns);
		json_put_seconds(item, "exited_s", process->exited_ns);
		if (process->trap) {
			json_put_string(item, "trap", process->trap);
			json_put_number(item, "calls", (double)process->calls);
		}
		if (process->how) {
			json_put_string(item, "how", process->how);
			json_put_number(item, "times", (double)process->times);
			json_put_seconds(item, "held_s", process->held_ns);
			if (process->threads)
				json_put_number(item, "threads", (double)process->threads);
		}
		if (process->strike)
			json_put_number(item, "strike", (double)process->strike);
		json_put_bool(item, "proven", own->proven);
		put_successor(item, record, own);
		json_append(list, item);
	}
	return list;
}

static cJSON *strikes_json(const struct effect_judgement *effect)
{
	cJSON *list = json_array();

	LIST_EACH(effect->strikes, struct strike_effect, own) {
		const struct strike_evidence *strike = own->strike;
		cJSON *item = json_object();

		json_put_string(item, "node", own->node);
		json_put_number(item, "strike", (double)own->number);
		json_put_seconds(item, "at_s", strike->at_ns);
		json_put_bool(item, "whole_cgroup", strike->whole);
		json_put_number(item, "chosen", (double)strike->chosen);
		json_put_number(item, "sent", (double)strike->sent);
		json_put_number(item, "exited", (double)strike->exited);
		json_put_number(item, "wanted_back", (double)strike->wanted);
		json_put_number(item, "back", (double)strike->back);
		if (strike->back_pid)
			json_put_number(item, "back_pid", (double)strike->back_pid);
		json_put_seconds(item, "back_s", strike->back_ns);
		json_put_seconds(item, "looked_until_s", strike->looked_ns);
		if (strike->trouble)
			json_put_string(item, "trouble", strike->trouble);
		json_append(list, item);
	}
	return list;
}

/*
 * Numbers in the measure's own unit, null where there is no such number; lower and upper are the
 * interval of confidence 99.9 % for a ratio.
 */
static cJSON *measures_json(const struct effect_judgement *effect)
{
	cJSON *list = json_array();

	LIST_EACH(effect->measures, struct measure_judgement, own) {
		const struct measure *measure = own->measure;
		bool wanted = measure->bound != BOUND_NONE;
		cJSON *item = json_object();

		json_put_string(item, "name", measure->name);
		json_put_string(item, "node", own->node);
		if (own->directed)
			json_put_string(item, "direction", direction_words[measure->direction]);
		json_put_string(item, "unit", measure_unit_words[measure->unit]);
		json_put_string(item, "bound", measure_bound_words[measure->bound]);
		json_put(item, "asked",
			wanted ? cJSON_CreateNumber(measure->asked) : cJSON_CreateNull());
		json_put_number(item, "achieved", measure->achieved);
		json_put_number(item, "tolerance", measure->tolerance);
		json_put_number(item, "count", (double)measure->count);
		if (measure->unit == MEASURE_RATIO) {
			json_put_number(item, "hits", (double)measure->hits);
			json_put_number(item, "lower", own->interval.lower);
			json_put_number(item, "upper", own->interval.upper);
		}
		json_put_string(item, "finding", measure_finding_words[own->finding]);
		json_append(list, item);
	}
	return list;
}

/* What names stood for, on each node that carried the fault. */
static cJSON *hosts_json(const struct fault_record *fault)
{
	cJSON *list = json_array();

	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->hosts, struct host_evidence, host) {
			cJSON *item = shape_encode(&host_evidence_shape, host);

			json_put_string(item, "node", node->node);
			json_append(list, item);
		}
	return list;
}

static cJSON *pairs_json(const struct effect_judgement *effect)
{
	cJSON *list = json_array();

	LIST_EACH(effect->pairs, struct pair_effect, pair) {
		cJSON *item = json_object();

		json_put_string(item, "from", pair->from);
		json_put_string(item, "to", pair->to);
		json_put_number(item, "packets", (double)pair->packets);
		json_put_number(item, "segments", (double)pair->segments);
		json_put_number(item, "segments_looked_at", (double)pair->matched);
		if (pair->connections != NEVER_NS)
			json_put_number(item, "live_connections_before", (double)pair->connections);
		if (pair->connections_hit != NEVER_NS)
			json_put_number(item, "connections_hit", (double)pair->connections_hit);
		json_append(list, item);
	}
	return list;
}

static cJSON *radius_json(const struct effect_judgement *effect)
{
	cJSON *json = json_object();
	struct radius_words words;

	words_radius_of(effect, &words);
	json_put_string(json, "declared", words.declared);
	json_put_string(json, "predicted", words.predicted);
	json_put_string(json, "measured", words.measured);
	return json;
}

static cJSON *faults_json(const struct report *report)
{
	cJSON *list = json_array();

	LIST_EACH(report->judgement.effects, struct effect_judgement, own) {
		cJSON *item = json_object();

		json_put_string(item, "id", own->fault->spec->id);
		json_put_string(item, "fault", own->fault->spec->fault);
		json_put(item, "on", list_to_json(&own->fault->on));
		json_put(item, "from", list_to_json(&own->fault->from));
		json_put_seconds(item, "start_s", own->fault->start_ns);
		json_put_seconds(item, "effect_s", own->fault->effect_ns);
		json_put_seconds(item, "healed_s", own->fault->healed_ns);
		json_put_seconds(item, "start_error_bound_s", record_start_bound_ns(own->fault));
		json_put_string(item, "effect", effect_words[own->effect]);
		json_put_string(item, "text", own->text);
		json_put(item, "radius", radius_json(own));
		json_put_number(item, "predicted", (double)own->predicted);
		json_put_number(item, "predicted_hit", (double)own->predicted_hit);
		if (!own->fault->spec->on->processes)
			json_put_string(item, "did", judge_did(own->fault));
		json_put(item, "pairs", pairs_json(own));
		json_put(item, "touched", json_touched(own->fault));
		json_put(item, "hosts", hosts_json(own->fault));
		json_put(item, "processes", processes_json(&report->record, own));
		json_put(item, "strikes", strikes_json(own));
		json_put(item, "measures", measures_json(own));
		json_put_number(item, "measures_differing", (double)own->measures_differing);
		json_append(list, item);
	}
	return list;
}

/* null: nobody looked. */
static cJSON *seen_json(const struct record *record, const struct state_seen *seen)
{
	cJSON *json;
	char utc[WORDS_MAX];

	if (!seen->look)
		return cJSON_CreateNull();
	json = json_object();
	json_put_seconds(json, "at_s", seen->look->at_ns);
	json_put_string(json, "utc", words_utc(record, seen->look->at_ns, utc));
	if (seen->look->boot_id)
		json_put_string(json, "boot_id", seen->look->boot_id);
	if (seen->look->by)
		json_put_string(json, "healed_by", seen->look->by);
	json_put_number(json, "lines", (double)seen->lines);
	json_put_string(json, "sha256", seen->digest);
	return json;
}

static cJSON *reverts_json(const struct record *record, const struct judgement *judgement)
{
	cJSON *list = json_array();

	LIST_EACH(judgement->reverts, struct revert_judgement, own) {
		cJSON *item = json_object();

		json_put_string(item, "node", own->node);
		json_put_bool(item, "touched", own->touched);
		json_put_bool(item, "confirmed", own->confirmed);
		json_put_string(item, "text", own->text);
		json_put(item, "missing", list_to_json(&own->missing));
		json_put(item, "added", list_to_json(&own->added));
		json_put_bool(item, "rebooted", own->rebooted);
		json_put(item, "went_with_the_boot", list_to_json(&own->booted_away));
		json_put(item, "came_up_with_the_boot", list_to_json(&own->booted_up));
		json_put(item, "before", seen_json(record, &own->before));
		json_put(item, "after", seen_json(record, &own->after));
		json_append(list, item);
	}
	return list;
}

static cJSON *outages_json(const struct judgement *judgement)
{
	cJSON *list = json_array();

	LIST_EACH(judgement->outages, struct outage, own) {
		cJSON *item = json_object();

		json_put_string(item, "fault", own->fault->spec->id);
		json_put_string(item, "slo", own->slo->name);
		json_put_seconds(item, "gap_s", own->during.length_ns);
		json_put_bool(item, "open_at_heal", own->during.open);
		json_put_seconds(item, "gap_after_heal_s", own->after.length_ns);
		json_put_seconds(item, "rto_s", own->rto_ns);
		json_put_seconds(item, "rto_stable_for_s", own->stable_ns);
		json_append(list, item);
	}
	return list;
}

static cJSON *read_backs_json(const struct workload_record *workload)
{
	const struct read_back_sum sum = record_read_backs(workload);
	cJSON *item = json_object();

	json_put_number(item, "answered", (double)sum.answered);
	json_put_number(item, "failed", (double)sum.failed);
	json_put_number(item, "most_missing", (double)sum.most_missing);
	json_put_number(item, "last_missing", (double)sum.last_missing);
	return item;
}

static cJSON *story_json(const struct report *report, const struct data_summary *data)
{
	struct list lines = words_data_story(report, data);
	cJSON *json = list_to_json(&lines);

	list_free_texts(&lines);
	return json;
}

static cJSON *data_json(const struct report *report)
{
	cJSON *list = json_array();

	LIST_EACH(report->judgement.data, struct data_summary, own) {
		cJSON *item = json_object();

		json_put_string(item, "workload", own->workload->spec->name);
		json_put_number(item, "attempted", (double)own->attempted);
		json_put_number(item, "acknowledged", (double)own->acked);
		json_put_number(item, "failed", (double)own->failed);
		json_put_number(item, "unknown", (double)own->unknown);
		json_put_number(item, "lost", (double)own->lost);
		if (own->lost) {
			json_put_number(item, "first_lost", (double)own->first_lost);
			json_put_number(item, "last_lost", (double)own->last_lost);
			json_put(item, "story", story_json(report, own));
			json_put_number(item, "rpo_s",
				(double)(own->last_lost - own->first_lost + 1) /
					own->workload->spec->rate);
		}
		json_put_number(item, "recovered", (double)own->recovered);
		json_put_number(item, "unexpected", (double)own->unexpected);
		json_put_number(item, "on_some_members_only", (double)own->on_some);
		json_put_number(item, "members_read", (double)own->reads_ok);
		json_put_number(item, "members_not_read", (double)own->reads_failed);
		if (own->workload->spec->read_every_ns)
			json_put(item, "read_backs", read_backs_json(own->workload));
		json_append(list, item);
	}
	return list;
}

static cJSON *costs_json(const struct judgement *judgement)
{
	cJSON *list = json_array();

	LIST_EACH(judgement->costs, struct cost, own) {
		cJSON *item = json_object();

		json_put_string(item, "slo", own->slo->name);
		json_put_number(item, "events", (double)own->tally.total);
		json_put_number(item, "bad", (double)own->tally.bad);
		json_put_number(item, "budget_spent", own->budget_spent);
		json_append(list, item);
	}
	return list;
}

static cJSON *alerts_json(const struct record *record)
{
	cJSON *list = json_array();

	LIST_EACH(record->alerts, struct alert_record, own) {
		cJSON *item = json_object();

		json_put_string(item, "slo", own->slo->name);
		json_put_string(item, "severity", burn_severity_words[own->burn->severity]);
		json_put_number(item, "rate", own->burn->rate);
		json_put_seconds(item, "from_s", own->from_ns);
		json_put_seconds(item, "to_s", own->to_ns);
		json_put_number(item, "long_rate", own->long_rate);
		json_put_number(item, "short_rate", own->short_rate);
		json_append(list, item);
	}
	return list;
}

/* By phase; NULL where none was read. */
static cJSON *values_json(const struct list *rows, const struct source_record *source)
{
	cJSON *list = NULL;

	LIST_EACH(*rows, struct value_row, row) {
		cJSON *item;

		if (row->source != source || row->summary.count == 0)
			continue;
		item = json_object();
		list = list ? list : json_array();
		json_put_string(item, "phase", row->phase->spec->id);
		json_put_number(item, "count", (double)row->summary.count);
		json_put_number(item, "min", row->summary.min);
		json_put_number(item, "median", row->summary.median);
		json_put_number(item, "max", row->summary.max);
		json_put_number(item, "last", row->summary.last);
		json_append(list, item);
	}
	return list;
}

/* As `plan --json` has it, of the moment at which the run asked. */
static cJSON *predicted_json(const struct record *record)
{
	struct predicted predicted;
	cJSON *json;

	predict(record, &predicted);
	json = shape_encode(&predicted_shape, &predicted);
	predicted_free(&predicted);
	return json;
}

static cJSON *probes_json(const struct record *record)
{
	struct list rows = words_values(record);
	cJSON *list = json_array();

	LIST_EACH(record->sources, struct source_record, source) {
		cJSON *item = json_object(), *outcomes = json_object();
		cJSON *values = values_json(&rows, source);

		json_put_string(item, "probe", source->probe);
		json_put_string(item, "from", source->from);
		if (source->to)
			json_put_string(item, "to", source->to);
		json_put_number(item, "events", (double)source->next_index);
		for (int i = 0; i < OUTCOME_COUNT; i++)
			json_put_number(
				outcomes, probe_outcome_words[i], (double)source->outcomes[i]);
		json_put(item, "outcomes", outcomes);
		if (source->last_error)
			json_put_string(item, "last_error", source->last_error);
		if (values)
			json_put(item, "values", values);
		json_append(list, item);
	}
	free(rows.items);
	return list;
}

cJSON *report_summary_json(const struct report *report)
{
	const struct record *record = &report->record;
	const struct judgement *judgement = &report->judgement;
	cJSON *json = json_object(), *codes = json_array(), *left_out = json_array();

	json_put_number(json, "summary", SUMMARY_VERSION);
	json_put_string(json, "run", record->run_id ? record->run_id : "");
	json_put_string(json, "scenario", record->scenario.name);
	json_put_string(json, "environment", record->environment ? record->environment : "");
	json_put_string(json, "started", record->wall ? record->wall : "");
	json_put_seconds(json, "lasted_s", record->end_ns);
	json_put_seconds(json, "cut_off_at_s", record->ended ? NEVER_NS : report->story.last_ns);
	json_put(json, "healed_later",
		report->story.healed_wall ? cJSON_CreateString(report->story.healed_wall)
					  : cJSON_CreateNull());
	json_put_beyond(json, report);
	json_put_string(json, "verdict", judgement->headline);
	json_put_number(json, "exit_code", judgement->exit_code);
	json_put_string(json, "reason", judgement->reason);
	for (size_t i = 0; i < judgement->code_count; i++)
		json_append(codes, cJSON_CreateNumber(judgement->codes[i]));
	json_put(json, "codes", codes);
	LIST_EACH(record->phases, struct phase_record, phase)
		if (phase->left_out)
			json_append_string(left_out, phase->spec->id);
	json_put(json, "phases_left_out", left_out);
	json_put_string(json, "stopped_by", stop_words[record->stop]);
	json_put(json, "claims", claims_json(&record->scenario, judgement));
	json_put(json, "faults", faults_json(report));
	json_put(json, "radius", predicted_json(record));
	json_put(json, "spill", json_spills(judgement));
	json_put(json, "degraded", json_degraded(&judgement->degradation));
	json_put(json, "gaps", outages_json(judgement));
	json_put(json, "data", data_json(report));
	json_put(json, "loads", json_loads(judgement));
	json_put(json, "probes", probes_json(record));
	json_put(json, "costs", costs_json(judgement));
	json_put(json, "alerts", alerts_json(record));
	json_put(json, "revert", reverts_json(record, judgement));
	return json;
}

void report_json(FILE *out, const struct report *report)
{
	cJSON *json = report_summary_json(report);
	char *text = json_print_indented(json);

	fprintf(out, "%s\n", text);
	free(text);
	cJSON_Delete(json);
}
