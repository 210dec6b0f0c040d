/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/record_apply.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/judge/lost_writes.h"
#include "controller/judge/record.h"

/*
 * One function per kind of journal event, and the table that finds it; what probes and workloads
 * reported is in record_measures.c, what faults did in record_evidence.c. Times in the journal are
 * nanoseconds since the run's zero as JSON numbers (exact up to 104 days).
 */

void record_replace_text(char **slot, const char *text)
{
	free(*slot);
	*slot = must_copy_if(text);
}

const cJSON *record_member(const cJSON *event, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(event, key);
}

int record_unknown_name(const cJSON *event, const char *key, struct fail *fail)
{
	return fail_set(fail, FAIL_PEER, "journal: %s names the unknown %s \"%.60s\"",
		json_string(event, "event", "?"), key, json_string(event, key, ""));
}

/* --- nodes, groups, phases ------------------------------------------------------------- */

int record_too_many(const char *what, struct fail *fail)
{
	return fail_set(fail, FAIL_PEER, "journal: more than %d %s", RECORD_NAMES_MAX, what);
}

/* NULL: there are too many. */
static struct node_record *node_of(struct record *record, const cJSON *event, struct fail *fail)
{
	const char *name = json_string(event, "node", "");
	struct node_record *node = record_node(record, name);

	if (!node) {
		if (record->nodes.count == RECORD_NAMES_MAX) {
			record_too_many("nodes", fail);
			return NULL;
		}
		node = list_push(&record->nodes, sizeof(*node));
		node->look_before.at_ns = node->look_after.at_ns = NEVER_NS;
		record_replace_text(&node->node, name);
	}
	return node;
}

static int apply_node(struct record *record, const cJSON *event, struct fail *fail)
{
	struct node_record *node = node_of(record, event, fail);

	if (!node)
		return -1;
	record_replace_text(&node->host, json_string(event, "host", NULL));
	record_replace_text(&node->kernel, json_string(event, "kernel", NULL));
	record_replace_text(&node->tool, json_string(event, "tool", NULL));
	record_replace_text(&node->attach, json_string(event, "attach", NULL));
	list_free_texts(&node->addresses);
	list_from_json(&node->addresses, record_member(event, "addresses"));
	cJSON_Delete(node->labels);
	node->labels = cJSON_Duplicate(record_member(event, "labels"), true);
	list_free_texts(&node->also_reached_as);
	list_from_json(
		&node->also_reached_as, cJSON_GetObjectItemCaseSensitive(event, "also_reached_as"));
	return 0;
}

static void take_look(const struct record *record, const cJSON *event, struct look *look)
{
	look->at_ns = journal_time(event, "t_ns");
	record_replace_text(&look->boot_id, json_string(event, "boot_id", NULL));
	record_replace_text(&look->by, record->healed_by);
}

static int apply_audit(struct record *record, const cJSON *event, struct fail *fail)
{
	struct node_record *node = node_of(record, event, fail);
	bool before = strcmp(json_string(event, "when", ""), "before") == 0;
	struct list *state, *residue;

	if (!node)
		return -1;
	state = before ? &node->before : &node->after;
	residue = before ? &node->residue_before : &node->residue_after;
	list_free_texts(state);
	list_free_texts(residue);
	list_from_json(state, record_member(event, "state"));
	list_from_json(residue, record_member(event, "residue"));
	take_look(record, event, before ? &node->look_before : &node->look_after);
	if (before)
		node->audited_before = true;
	else
		node->audited_after = true;
	return 0;
}

static int apply_node_lost(struct record *record, const cJSON *event, struct fail *fail)
{
	struct node_record *node = node_of(record, event, fail);

	if (!node)
		return -1;
	node->lost = true;
	record_replace_text(&node->lost_reason, json_string(event, "reason", "no reason given"));
	return 0;
}

static int apply_node_recovered(struct record *record, const cJSON *event, struct fail *fail)
{
	struct node_record *node = node_of(record, event, fail);

	if (!node)
		return -1;
	node->recovered = true;
	return 0;
}

static int apply_node_gone(struct record *record, const cJSON *event, struct fail *fail)
{
	struct node_record *node = node_of(record, event, fail);

	if (!node)
		return -1;
	node->gone = true;
	record->services_known = false; /* they went with it */
	return 0;
}

static int apply_services(struct record *record, const cJSON *event, struct fail *fail)
{
	bool before = strcmp(json_string(event, "when", ""), "before") == 0;
	struct list *list = before ? &record->services_before : &record->services_after;

	(void)fail;
	list_free_texts(list);
	list_from_json(list, record_member(event, "services"));
	record->services_known = record->services_known || !before;
	take_look(record, event, before ? &record->look_before : &record->look_after);
	record_take_runs(
		before ? &record->runs_before : &record->runs_after, record_member(event, "runs"));
	return 0;
}

static int apply_group(struct record *record, const cJSON *event, struct fail *fail)
{
	const char *name = json_string(event, "group", "");
	struct resolved_group *group = record_group(record, name);

	if (!group) {
		if (record->groups.count == RECORD_NAMES_MAX)
			return record_too_many("groups", fail);
		group = list_push(&record->groups, sizeof(*group));
		record_replace_text(&group->group, name);
	}
	list_free_texts(&group->nodes);
	list_from_json(&group->nodes, record_member(event, "nodes"));
	return 0;
}

static int apply_phase_started(struct record *record, const cJSON *event, struct fail *fail)
{
	struct phase_record *phase = record_phase(record, json_string(event, "phase", ""));

	if (!phase)
		return record_unknown_name(event, "phase", fail);
	phase->start_ns = journal_time(event, "start_ns");
	return 0;
}

static int apply_phase_ended(struct record *record, const cJSON *event, struct fail *fail)
{
	struct phase_record *phase = record_phase(record, json_string(event, "phase", ""));

	if (!phase)
		return record_unknown_name(event, "phase", fail);
	phase->end_ns = journal_time(event, "end_ns");
	strncpy(phase->how, json_string(event, "how", ""), sizeof(phase->how) - 1);
	return 0;
}

static int apply_phase_left_out(struct record *record, const cJSON *event, struct fail *fail)
{
	struct phase_record *phase = record_phase(record, json_string(event, "phase", ""));

	if (!phase)
		return record_unknown_name(event, "phase", fail);
	phase->left_out = true;
	return 0;
}

/* --- faults ---------------------------------------------------------------------------- */

struct fault_node *record_fault_node(
	struct fault_record *fault, const cJSON *event, struct fail *fail)
{
	const char *name = json_string(event, "node", "");
	struct fault_node *node;

	LIST_EACH(fault->nodes, struct fault_node, own)
		if (strcmp(own->node, name) == 0)
			return own;
	if (fault->nodes.count == RECORD_NAMES_MAX) {
		record_too_many("nodes of a fault", fail);
		return NULL;
	}
	node = list_push(&fault->nodes, sizeof(*node));
	*node = (struct fault_node){.armed_ns = NEVER_NS, .healed_ns = NEVER_NS};
	record_replace_text(&node->node, name);
	return node;
}

/* Who is hit, and from whom: the plan says it first, the order to arm once more. */
static void take_sides(struct fault_record *fault, const cJSON *event)
{
	list_free_texts(&fault->on);
	list_free_texts(&fault->from);
	list_from_json(&fault->on, record_member(event, "on"));
	list_from_json(&fault->from, record_member(event, "from"));
}

static int apply_fault_planned(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	take_sides(fault, event);
	fault->machine = cJSON_IsTrue(record_member(event, "machine"));
	return 0;
}

static int apply_fault_inspected(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));
	struct inspect_result result;
	struct fault_inspection *inspection;

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	if (shape_decode(&inspect_result_shape, record_member(event, "result"), "result", &result,
		    fail) < 0)
		return -1;
	inspection = list_push(&fault->inspections, sizeof(*inspection));
	record_replace_text(&inspection->node, json_string(event, "node", ""));
	inspection->result = result;
	return 0;
}

static int apply_fault_arming(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	take_sides(fault, event);
	fault->start_ns = journal_time(event, "start_ns");
	fault->deadline_ns = journal_time(event, "deadline_ns");
	fault->skew_ns = journal_time(event, "skew_ns");
	fault->at_once = cJSON_IsTrue(record_member(event, "at_once"));
	record_replace_text(&fault->did, json_string(event, "did", NULL));
	return 0;
}

static int apply_fault_armed(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));
	struct fault_node *node;

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	node = record_fault_node(fault, event, fail);
	if (!node)
		return -1;
	node->role = strcmp(json_string(event, "role", "on"), "from") == 0 ? ROLE_FROM : ROLE_ON;
	node->armed_ns = journal_time(event, "armed_ns");
	node->late_ns = journal_time(event, "late_ns");
	return 0;
}

static int apply_fault_healed(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));
	struct fault_node *node;

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	node = record_fault_node(fault, event, fail);
	if (!node)
		return -1;
	node->healed_ns = journal_time(event, "healed_ns");
	return 0;
}

static int apply_fault_over(struct record *record, const cJSON *event, struct fail *fail)
{
	struct fault_record *fault = record_fault(record, json_string(event, "fault", ""));

	if (!fault)
		return record_unknown_name(event, "fault", fail);
	fault->healed_ns = journal_time(event, "healed_ns");
	return 0;
}

/* --- the end --------------------------------------------------------------------------- */

/* The exit code is made of it: 0 for what is no signal's number. */
static int signal_of(const cJSON *event)
{
	double number = json_number(event, "signal", 0);

	return number >= 1 && number < NSIG ? (int)number : 0;
}

static int apply_stop(struct record *record, const cJSON *event, struct fail *fail)
{
	const char *why = json_string(event, "why", "");

	for (int i = 0; stop_words[i]; i++) {
		if (strcmp(stop_words[i], why) != 0)
			continue;
		record->stop = (enum stop_kind)i;
		record->stop_ns = journal_time(event, "t_ns");
		record->stop_signal = signal_of(event);
		record_replace_text(&record->stop_id, json_string(event, "id", NULL));
		record_replace_text(&record->stop_text, json_string(event, "text", NULL));
		return 0;
	}
	return fail_set(fail, FAIL_PEER, "journal: unknown reason to stop \"%.40s\"", why);
}

static int apply_run_ended(struct record *record, const cJSON *event, struct fail *fail)
{
	(void)fail;
	record->ended = true;
	record->end_ns = journal_time(event, "t_ns");
	return 0;
}

static int apply_heal(struct record *record, const cJSON *event, struct fail *fail)
{
	(void)fail;
	record_replace_text(&record->healed_by, json_string(event, "by", "somebody"));
	return 0;
}

static int apply_nothing(struct record *record, const cJSON *event, struct fail *fail)
{
	(void)record;
	(void)event;
	(void)fail;
	return 0;
}

int record_apply(struct record *record, const cJSON *event, struct fail *fail)
{
	static const struct {
		const char *type;
		int (*apply)(struct record *record, const cJSON *event, struct fail *fail);
	} kinds[] = {
		{"window", record_apply_window}, /* first: a long run is little else */
		{"run_started", apply_nothing},
		{"node", apply_node},
		{"audit", apply_audit},
		{"node_lost", apply_node_lost},
		{"node_recovered", apply_node_recovered},
		{"node_gone", apply_node_gone},
		{"services", apply_services},
		{"group_resolved", apply_group},
		{"phase_started", apply_phase_started},
		{"phase_ended", apply_phase_ended},
		{"phase_left_out", apply_phase_left_out},
		{"fault_planned", apply_fault_planned},
		{"fault_inspected", apply_fault_inspected},
		{"fault_arming", apply_fault_arming},
		{"fault_armed", apply_fault_armed},
		{"evidence", record_apply_evidence},
		{"fault_healed", apply_fault_healed},
		{"fault_over", apply_fault_over},
		{"source", record_apply_source},
		{"operations", record_apply_operations},
		{"read_back", record_apply_read_back},
		{"final_read", record_apply_final_read},
		{"alert", record_apply_alert},
		{"alert_over", record_apply_alert_over},
		{"stop", apply_stop},
		{"run_ended", apply_run_ended},
		{"note", apply_nothing},
		{"heal", apply_heal},
	};
	const char *type = json_string(event, "event", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return kinds[i].apply(record, event, fail);
	return fail_set(fail, FAIL_PEER, "journal: unknown event \"%.40s\"", type);
}
