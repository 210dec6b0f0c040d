/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/engine/engine_parts.h"
#include "controller/plan/check.h"
#include "controller/plan/conflicts.h"
#include "controller/plan/counterparts.h"
#include "controller/plan/groups.h"
#include "controller/plan/overlap.h"

/*
 * A phase's faults from their targets to their arming: planned and held against the limits, then
 * inspected on every node that will carry them, and only then ordered.
 */

static void counterpart_names(
	const struct engine *engine, const struct fault_spec *fault, struct list *out)
{
	nodes_of_names(engine->plan, &engine->record.groups, &fault->from->nodes, out);
	counterpart_add_names(fault, out);
}

/*
 * The fault's own `enforce` may say that only the `on` nodes carry it; and whose sockets they are
 * that it means (`cgroup`) only these can tell.
 */
static bool armed_on_both_sides(const struct engine *engine, const struct fault_spec *fault)
{
	const struct catalogue_fault *kind = catalogue_find(engine->plan->catalogue, fault->fault);

	return kind->both_sides && !json_string(fault->with, "cgroup", NULL) &&
		strcmp(json_string(fault->with, "enforce", "both"), "on") != 0;
}

/* Without a counterpart it acts between those it is on. */
static int check_within(
	const struct engine *engine, const struct fault_record *fault, struct fail *fail)
{
	const struct catalogue_fault *kind =
		catalogue_find(engine->plan->catalogue, fault->spec->fault);

	if (!kind->within || fault->from.count || fault->on.count >= 2)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"fault %s acts between the nodes it is on, and there %s %zu", fault->spec->id,
		fault->on.count == 1 ? "is" : "are", fault->on.count);
}

/* Journals who is hit by the fault and from whom. */
static int plan_fault(struct engine *engine, struct fault_record *fault, struct fail *fail)
{
	const struct fault_spec *spec = fault->spec;
	struct list on = {0}, from = {0};
	cJSON *event = journal_event("fault_planned", engine->now_ns);

	nodes_of_names(engine->plan, &engine->record.groups, &spec->on->nodes, &on);
	counterpart_names(engine, spec, &from);
	json_put_string(event, "fault", spec->id);
	json_put(event, "on", list_to_json(&on));
	json_put(event, "from", list_to_json(&from));
	if (catalogue_find(engine->plan->catalogue, spec->fault)->machine)
		json_put_bool(event, "machine", true);
	list_free_texts(&on);
	list_free_texts(&from);
	engine_log(engine, event);
	return check_within(engine, fault, fail);
}

/* All that is hit when this fault begins, held against the limits. */
static int check_limits_at_start(
	const struct engine *engine, const struct fault_spec *fault, struct fail *fail)
{
	const struct phase_spec *phase = phase_current(engine);
	struct list targets = {0};
	int outcome;

	LIST_EACH(phase->faults, struct fault_spec, other) {
		if (!overlap_at_start(
			    engine->plan->catalogue, fault, other, phase_longest_ns(phase)))
			continue;
		LIST_EACH(record_fault(&engine->record, other->id)->on, char *, name)
			if (!list_has_text(&targets, *name))
				list_push_text(&targets, *name);
	}
	outcome = limits_check(engine->plan, &engine->record.groups, &targets, fail);
	list_free_texts(&targets);
	return outcome;
}

/* False: the run is stopped. */
static bool plan_faults(struct engine *engine, const struct phase_spec *phase)
{
	struct fail fail = FAIL_INIT;

	LIST_EACH(phase->faults, struct fault_spec, fault)
		if (plan_fault(engine, record_fault(&engine->record, fault->id), &fail) < 0) {
			engine_stop(engine, STOP_REFUSED, fault->id, "%s", fail.text);
			return false;
		}
	LIST_EACH(phase->faults, struct fault_spec, fault)
		if (check_limits_at_start(engine, fault, &fail) < 0) {
			engine_stop(engine, STOP_REFUSED, fault->id, "%s", fail.text);
			return false;
		}
	return true;
}

/* Every node that carries the fault: those it is on, and their counterparts where it needs both. */
static void each_carrier(struct engine *engine, struct fault_record *fault,
	void (*order)(struct engine *engine, struct fault_record *fault, const char *node,
		enum fault_role role))
{
	LIST_EACH(fault->on, char *, name)
		order(engine, fault, plan_node(engine->plan, *name)->name, ROLE_ON);
	if (!armed_on_both_sides(engine, fault->spec) || !fault->spec->from->nodes.count)
		return;
	LIST_EACH(fault->from, char *, name)
		if (!list_has_text(&fault->on, *name))
			order(engine, fault, plan_node(engine->plan, *name)->name, ROLE_FROM);
}

static void order_inspection(
	struct engine *engine, struct fault_record *fault, const char *node, enum fault_role role)
{
	struct action *action = engine_push(engine, ACTION_INSPECT);

	action->fault = fault;
	action->node = node;
	action->role = role;
	engine->pending++;
}

static void begin_running(struct engine *engine)
{
	cJSON *event = journal_event("phase_started", engine->now_ns);

	json_put_string(event, "phase", phase_current(engine)->id);
	json_put_number(event, "start_ns", (double)engine->phase_start_ns);
	engine->state = ENGINE_RUNNING;
	engine_log(engine, event);
}

/* The files have told what must contradict; now it is known who everybody is. */
static void refuse_conflicts(struct engine *engine)
{
	const struct phase_spec *phase = phase_current(engine);
	const struct conflict_context context = {.scenario = &engine->record.scenario,
		.catalogue = engine->plan->catalogue,
		.plan = engine->plan,
		.phase_ns = phase_longest_ns(phase)};
	const struct fault_sides_known *known;
	struct list faults = {0};
	char text[FAIL_TEXT_MAX];
	size_t other;
	int later;

	LIST_EACH(phase->faults, struct fault_spec, spec) {
		const struct fault_record *fault = record_fault(&engine->record, spec->id);
		struct fault_sides_known *side = list_push(&faults, sizeof(*side));

		*side = (struct fault_sides_known){
			.spec = spec, .on = &fault->on, .from = &fault->from};
	}
	known = faults.items;
	if (!known)
		return;
	later = conflicts_find(&context, known, faults.count, &other);
	if (later >= 0) {
		conflict_say(&context, known[later].spec, known[other].spec, text, sizeof(text));
		engine_stop(engine, STOP_REFUSED, known[later].spec->id, "%s", text);
	}
	free(faults.items);
}

/*
 * Limits are checked over all of the phase's faults before anybody is asked, and every node has
 * said what would be hit there before the first fault is ordered.
 */
void phase_plan(struct engine *engine)
{
	const struct phase_spec *phase = phase_current(engine);

	if (!phase->faults.count) {
		if (engine->options.purpose == PURPOSE_PLAN) {
			phase_enter(engine, engine->phase + 1);
			return;
		}
		engine->phase_start_ns = engine->now_ns;
		begin_running(engine);
		return;
	}
	engine->state = ENGINE_INSPECTING;
	engine->pending = 0;
	if (plan_faults(engine, phase))
		refuse_conflicts(engine);
	if (engine->state != ENGINE_INSPECTING)
		return;
	LIST_EACH(phase->faults, struct fault_spec, fault)
		each_carrier(engine, record_fault(&engine->record, fault->id), order_inspection);
}

/* --- arming ---------------------------------------------------------------------------- */

static void order_arm(
	struct engine *engine, struct fault_record *fault, const char *node, enum fault_role role)
{
	struct arm *arm = list_push(&engine->arms, sizeof(*arm));
	struct action *action = engine_push(engine, ACTION_ARM);

	*arm = (struct arm){
		.fault = fault, .node = node, .state = ARM_ASKED, .healed_ns = NEVER_NS};
	action->fault = fault;
	action->node = node;
	action->role = role;
}

/* How late a fault that is over at once may begin; whoever is later does not begin at all. */
#define START_LATEST_NS (10 * NS_PER_SEC)

/*
 * The instant at which the nodes end it by themselves. For a fault that is over at once it is the
 * latest start.
 */
static int64_t deadline_ns(const struct engine *engine, const struct fault_spec *spec)
{
	int64_t phase_ns = phase_longest_ns(phase_current(engine));
	int64_t end_ns = fault_end_ns(engine->plan->catalogue, spec, phase_ns);

	if (catalogue_at_once(engine->plan->catalogue, spec->fault, spec->with))
		end_ns = end_ns + START_LATEST_NS < phase_ns ? end_ns + START_LATEST_NS : phase_ns;
	return engine->phase_start_ns + end_ns;
}

static void log_arming(struct engine *engine, const struct fault_record *fault)
{
	const struct fault_spec *spec = fault->spec;
	const struct catalogue_fault *kind = catalogue_find(engine->plan->catalogue, spec->fault);
	cJSON *event = journal_event("fault_arming", engine->now_ns);

	json_put_string(event, "fault", spec->id);
	json_put(event, "on", list_to_json(&fault->on));
	json_put(event, "from", list_to_json(&fault->from));
	json_put_number(event, "start_ns", (double)(engine->phase_start_ns + spec->at_ns));
	json_put_number(event, "deadline_ns", (double)deadline_ns(engine, spec));
	if (catalogue_at_once(engine->plan->catalogue, spec->fault, spec->with))
		json_put_bool(event, "at_once", true);
	if (kind->did) /* the journal must be told without the catalogue of this build */
		json_put_string(event, "did", kind->did);
	json_put_number(event, "skew_ns", (double)engine->skew_ns);
	engine_log(engine, event);
}

/* Everything that the phase will need is armed now, with its own start. */
static void arm_faults(struct engine *engine)
{
	const struct phase_spec *phase = phase_current(engine);

	engine->phase_start_ns = engine->now_ns + engine->options.lead_ns;
	engine->state = ENGINE_ARMING;
	LIST_EACH(phase->faults, struct fault_spec, fault)
		log_arming(engine, record_fault(&engine->record, fault->id));
	LIST_EACH(phase->faults, struct fault_spec, fault)
		each_carrier(engine, record_fault(&engine->record, fault->id), order_arm);
}

static void log_armed(struct engine *engine, const struct event *event, enum fault_role role)
{
	cJSON *entry = journal_event("fault_armed", engine->now_ns);

	json_put_string(entry, "fault", event->name);
	json_put_string(entry, "node", event->node);
	json_put_string(entry, "role", role == ROLE_ON ? "on" : "from");
	json_put_number(entry, "armed_ns", (double)event->at_ns);
	json_put_number(entry, "late_ns", (double)event->late_ns);
	engine_log(engine, entry);
}

static enum stop_kind stop_for(enum fail_kind kind)
{
	return kind == FAIL_REFUSED || kind == FAIL_UNSUPPORTED || kind == FAIL_BAD_FILE
		? STOP_REFUSED
		: STOP_INTERNAL;
}

void phase_inspected(struct engine *engine, const struct event *event)
{
	cJSON *entry;

	if (engine->state != ENGINE_INSPECTING)
		return;
	if (!event->ok) {
		engine_stop(engine, stop_for(event->fail->kind), event->name,
			"fault %s is not possible on %s: %s", event->name, event->node,
			event->fail->text);
		return;
	}
	entry = journal_event("fault_inspected", engine->now_ns);
	json_put_string(entry, "fault", event->name);
	json_put_string(entry, "node", event->node);
	json_put(entry, "result", cJSON_Duplicate(event->data, true));
	engine_log(engine, entry);
	if (engine->state != ENGINE_INSPECTING || --engine->pending > 0)
		return;
	if (engine->options.purpose == PURPOSE_PLAN)
		phase_enter(engine, engine->phase + 1);
	else
		arm_faults(engine);
}

/*
 * A node that refuses has undone what it had begun. One that gave no answer, or none that made
 * sense, may have armed: it is told to heal.
 */
static bool may_be_armed(const struct event *event)
{
	return event->fail->kind == FAIL_PEER;
}

/*
 * Every node has answered. One that did so when the fault should have been over has not carried it
 * for a moment, so nothing can be said about the phase that it was for.
 */
static void begin_when_in_time(struct engine *engine)
{
	LIST_EACH(engine->arms, struct arm, arm) {
		if (engine->now_ns < arm->fault->deadline_ns)
			continue;
		engine_stop(engine, STOP_INTERNAL, arm->fault->spec->id,
			"fault %s was over before every node had armed it", arm->fault->spec->id);
		return;
	}
	begin_running(engine);
}

void phase_armed(struct engine *engine, const struct event *event)
{
	bool answered = true;

	LIST_EACH(engine->arms, struct arm, arm) {
		if (strcmp(arm->fault->spec->id, event->name) == 0 &&
			strcmp(arm->node, event->node) == 0 && arm->state == ARM_ASKED) {
			bool on = list_has_text(&arm->fault->on, arm->node);

			arm->state = event->ok || may_be_armed(event) ? ARM_ARMED : ARM_GONE;
			if (event->ok)
				log_armed(engine, event, on ? ROLE_ON : ROLE_FROM);
		}
		/* Some may be gone again: over at once, or healed at their deadline. */
		answered = answered && arm->state != ARM_ASKED;
	}
	if (!event->ok)
		engine_stop(engine, stop_for(event->fail->kind), event->name,
			"fault %s could not be armed on %s: %s", event->name, event->node,
			event->fail->text);
	if (engine->state == ENGINE_STOPPING)
		heal_everything(engine); /* the answer may have come after the stop */
	else if (engine->state == ENGINE_ARMING && answered)
		begin_when_in_time(engine);
}
