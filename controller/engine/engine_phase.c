/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/engine/engine_parts.h"
#include "controller/judge/judge.h"
#include "controller/plan/check.h"
#include "controller/plan/groups.h"

/* A phase from its groups to its end: resolving, arming, running, healing, deciding. */

enum {
	ASK_AGAIN_MS = 250
};

static const struct phase_spec *current(const struct engine *engine)
{
	return LIST_AT(engine->record.scenario.phases, struct phase_spec, engine->phase);
}

static struct phase_record *current_record(const struct engine *engine)
{
	return LIST_AT(engine->record.phases, struct phase_record, engine->phase);
}

void phase_enter(struct engine *engine, size_t index)
{
	engine->phase = index;
	free(engine->arms.items);
	engine->arms = (struct list){0};
	if (index == engine->record.scenario.phases.count) {
		end_begin(engine);
		return;
	}
	engine->state = ENGINE_RESOLVING;
	phase_resolve(engine);
}

/* --- resolving ------------------------------------------------------------------------- */

/* The next group that this phase needs and that is not resolved; NULL when all are. */
static const struct group_spec *next_group(const struct engine *engine)
{
	const struct list *known = &engine->record.groups;
	const struct group_spec *group;

	LIST_EACH(current(engine)->faults, struct fault_spec, fault) {
		LIST_EACH(fault->on->nodes, char *, name)
			if ((group = group_next(engine->plan, known, *name)))
				return group;
		LIST_EACH(fault->from->nodes, char *, name)
			if ((group = group_next(engine->plan, known, *name)))
				return group;
	}
	if (!current(engine)->faults.count)
		return NULL;
	LIST_EACH(engine->record.scenario.guardrails->limits->of_group, struct group_limit, limit)
		if ((group = group_next(engine->plan, known, limit->group)))
			return group;
	LIST_EACH(engine->record.scenario.guardrails->limits->protect, char *, name)
		if ((group = group_next(engine->plan, known, *name)))
			return group;
	return NULL;
}

static void log_group(struct engine *engine, const struct group_spec *group, struct list *nodes)
{
	cJSON *event = journal_event("group_resolved", engine->now_ns);

	json_put_string(event, "group", group->name);
	json_put(event, "nodes", list_to_json(nodes));
	engine_log(engine, event);
}

static void ask_all(struct engine *engine, const struct group_spec *group)
{
	struct list candidates = {0};

	list_free_texts(&engine->asked);
	list_free_texts(&engine->matching);
	group_candidates(engine->plan, &engine->record.groups, group, &candidates);
	LIST_EACH(candidates, char *, name) {
		struct action *action = engine_push(engine, ACTION_QUERY);

		action->group = group;
		action->node = plan_node(engine->plan, *name)->name;
		list_push_text(&engine->asked, *name);
	}
	list_free_texts(&candidates);
	engine->ask_again_ns = engine->now_ns + ASK_AGAIN_MS * NS_PER_MS;
}

void phase_answer(struct engine *engine, const struct event *event)
{
	if (engine->state != ENGINE_RESOLVING || !engine->asking ||
		strcmp(engine->asking->name, event->name) != 0)
		return;
	for (size_t i = 0; i < engine->asked.count; i++) {
		char **names = engine->asked.items;

		if (strcmp(names[i], event->node) != 0)
			continue;
		free(names[i]);
		names[i] = names[--engine->asked.count];
		if (event->ok && event->value == engine->asking->where->equals)
			list_push_text(&engine->matching, event->node);
		else if (!event->ok)
			snprintf(engine->last_answer, sizeof(engine->last_answer),
				"; last from %.40s: %.70s", event->node, event->fail->text);
		return;
	}
}

/* A dynamic group: asked again until enough match or its time is over. */
static void resolve_asked(struct engine *engine)
{
	const struct group_spec *group = engine->asking;
	struct fail fail = FAIL_INIT;

	if (engine->asked.count &&
		engine->now_ns < engine->asking_since_ns + group->within_ns + 2 * NS_PER_SEC)
		return;
	if (!engine->asked.count &&
		group_finish(engine->plan, group, &engine->matching, &fail) == 0) {
		log_group(engine, group, &engine->matching);
		engine->asking = NULL;
		return;
	}
	if (engine->now_ns >= engine->asking_since_ns + group->within_ns) {
		group_finish(engine->plan, group, &engine->matching, &fail);
		engine_stop(engine, STOP_REFUSED, group->name, "%s%s",
			fail.kind ? fail.text : "the group's nodes did not answer",
			engine->last_answer);
	} else if (engine->now_ns >= engine->ask_again_ns) {
		ask_all(engine, group);
	}
}

static void resolve_static(struct engine *engine, const struct group_spec *group)
{
	struct list nodes = {0};
	struct fail fail = FAIL_INIT;

	group_candidates(engine->plan, &engine->record.groups, group, &nodes);
	if (group_finish(engine->plan, group, &nodes, &fail) == 0)
		log_group(engine, group, &nodes);
	else
		engine_stop(engine, STOP_REFUSED, group->name, "%s", fail.text);
	list_free_texts(&nodes);
}

static void arm_faults(struct engine *engine);

void phase_resolve(struct engine *engine)
{
	while (engine->state == ENGINE_RESOLVING) {
		const struct group_spec *group;

		if (engine->asking) {
			resolve_asked(engine);
			if (engine->asking)
				return;
			continue;
		}
		group = next_group(engine);
		if (!group) {
			arm_faults(engine);
			return;
		}
		if (group->where) {
			engine->asking = group;
			engine->asking_since_ns = engine->now_ns;
			engine->last_answer[0] = '\0';
			ask_all(engine, group);
			return;
		}
		resolve_static(engine, group);
	}
}

/* --- arming ---------------------------------------------------------------------------- */

static void counterpart_names(
	const struct engine *engine, const struct fault_spec *fault, struct list *out)
{
	char text[PREFIX_TEXT_MAX];

	nodes_of_names(engine->plan, &engine->record.groups, &fault->from->nodes, out);
	LIST_EACH(fault->from->prefixes, struct prefix, prefix)
		list_push_text(out, prefix_format(prefix, text));
	if (fault->from->everything)
		list_push_text(out, "everything");
}

static void order_arm(
	struct engine *engine, struct fault_record *fault, const char *name, enum fault_role role)
{
	const char *node = plan_node(engine->plan, name)->name;
	struct arm *arm = list_push(&engine->arms, sizeof(*arm));
	struct action *action = engine_push(engine, ACTION_ARM);

	*arm = (struct arm){
		.fault = fault, .node = node, .state = ARM_ASKED, .healed_ns = NEVER_NS};
	action->fault = fault;
	action->node = node;
	action->role = role;
}

/* The fault's own `enforce` may say that only the `on` nodes carry it. */
static bool armed_on_both_sides(const struct engine *engine, const struct fault_spec *fault)
{
	const struct catalogue_fault *kind = catalogue_find(engine->plan->catalogue, fault->fault);

	return kind->both_sides && strcmp(json_string(fault->with, "enforce", "both"), "on") != 0;
}

static int plan_fault(
	struct engine *engine, struct fault_record *fault, struct list *targets, struct fail *fail)
{
	const struct fault_spec *spec = fault->spec;
	struct list on = {0}, from = {0};
	cJSON *event;

	nodes_of_names(engine->plan, &engine->record.groups, &spec->on->nodes, &on);
	counterpart_names(engine, spec, &from);
	LIST_EACH(on, char *, name)
		if (!list_has_text(targets, *name))
			list_push_text(targets, *name);
	event = journal_event("fault_arming", engine->now_ns);
	json_put_string(event, "fault", spec->id);
	json_put(event, "on", list_to_json(&on));
	json_put(event, "from", list_to_json(&from));
	json_put_number(event, "start_ns", (double)(engine->phase_start_ns + spec->at_ns));
	json_put_number(event, "deadline_ns",
		(double)(engine->phase_start_ns +
			fault_end_ns(spec, phase_longest_ns(current(engine)))));
	json_put_number(event, "skew_ns", (double)engine->skew_ns);
	list_free_texts(&on);
	list_free_texts(&from);
	if (limits_check(engine->plan, &engine->record.groups, targets, fail) < 0) {
		cJSON_Delete(event);
		return -1;
	}
	engine_log(engine, event);
	return 0;
}

static void order_fault(struct engine *engine, struct fault_record *fault)
{
	LIST_EACH(fault->on, char *, name)
		order_arm(engine, fault, *name, ROLE_ON);
	if (!armed_on_both_sides(engine, fault->spec) || !fault->spec->from->nodes.count)
		return;
	LIST_EACH(fault->from, char *, name)
		if (!list_has_text(&fault->on, *name))
			order_arm(engine, fault, *name, ROLE_FROM);
}

static void begin_running(struct engine *engine)
{
	cJSON *event = journal_event("phase_started", engine->now_ns);

	json_put_string(event, "phase", current(engine)->id);
	json_put_number(event, "start_ns", (double)engine->phase_start_ns);
	engine->state = ENGINE_RUNNING;
	engine_log(engine, event);
}

/*
 * Everything that the phase will need is armed now, with its own start; a phase without faults
 * begins at once. Limits are checked over all of the phase's faults before the first is ordered.
 */
static void arm_faults(struct engine *engine)
{
	const struct phase_spec *phase = current(engine);
	struct list targets = {0};
	struct fail fail = FAIL_INIT;

	engine->phase_start_ns =
		engine->now_ns + (phase->faults.count ? engine->options.lead_ns : 0);
	if (!phase->faults.count) {
		begin_running(engine);
		return;
	}
	engine->state = ENGINE_ARMING;
	LIST_EACH(phase->faults, struct fault_spec, fault) {
		if (plan_fault(engine, record_fault(&engine->record, fault->id), &targets, &fail) <
			0) {
			engine_stop(engine, STOP_REFUSED, fault->id, "%s", fail.text);
			break;
		}
	}
	list_free_texts(&targets);
	if (engine->state != ENGINE_ARMING)
		return;
	LIST_EACH(phase->faults, struct fault_spec, fault)
		order_fault(engine, record_fault(&engine->record, fault->id));
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

/*
 * A node that refuses has undone what it had begun. One that gave no answer, or none that made
 * sense, may have armed: it is told to heal.
 */
static bool may_be_armed(const struct event *event)
{
	return event->fail->kind == FAIL_PEER;
}

void phase_armed(struct engine *engine, const struct event *event)
{
	bool all = true;

	LIST_EACH(engine->arms, struct arm, arm) {
		if (strcmp(arm->fault->spec->id, event->name) == 0 &&
			strcmp(arm->node, event->node) == 0 && arm->state == ARM_ASKED) {
			bool on = list_has_text(&arm->fault->on, arm->node);

			arm->state = event->ok || may_be_armed(event) ? ARM_ARMED : ARM_GONE;
			if (event->ok)
				log_armed(engine, event, on ? ROLE_ON : ROLE_FROM);
		}
		all = all && arm->state == ARM_ARMED;
	}
	if (!event->ok)
		engine_stop(engine, stop_for(event->fail->kind), event->name,
			"fault %s could not be armed on %s: %s", event->name, event->node,
			event->fail->text);
	if (engine->state == ENGINE_STOPPING)
		heal_everything(engine); /* the answer may have come after the stop */
	else if (engine->state == ENGINE_ARMING && all)
		begin_running(engine);
}

/* --- running --------------------------------------------------------------------------- */

static bool condition_met(const struct engine *engine)
{
	const struct until_spec *until = current(engine)->until;
	const struct sli_record *sli = record_sli(&engine->record, until->slo);
	int64_t covered_ns = record_covered_ns(&engine->record, sli->slo);
	struct tally tally;

	if (covered_ns - until->good_for_ns < engine->phase_start_ns)
		return false;
	tally = samples_tally(&sli->samples, covered_ns - until->good_for_ns, covered_ns);
	return tally.total > 0 &&
		(double)tally.bad <= (1 - sli->slo->objective) * (double)tally.total + 1e-9;
}

void phase_log_end(struct engine *engine, const char *how, int64_t end_ns)
{
	cJSON *event = journal_event("phase_ended", engine->now_ns);

	json_put_string(event, "phase", current(engine)->id);
	json_put_string(event, "how", how);
	json_put_number(event, "end_ns", (double)end_ns);
	engine_log(engine, event);
}

static void end_running(struct engine *engine, const char *how, int64_t end_ns)
{
	phase_log_end(engine, how, end_ns);
	engine->state = ENGINE_HEALING;
	LIST_EACH(current(engine)->faults, struct fault_spec, fault)
		heal_fault(engine, record_fault(&engine->record, fault->id));
}

static void phase_timed_out(struct engine *engine, int64_t end_ns)
{
	const struct phase_spec *phase = current(engine);

	end_running(engine, "timeout", end_ns);
	if (phase->on_timeout == TIMEOUT_FAIL)
		engine_stop(engine, STOP_TIMEOUT, phase->id,
			"phase %s did not meet its condition in time", phase->id);
	else if (phase->on_timeout == TIMEOUT_STOP)
		engine_stop(engine, STOP_GUARDRAIL, phase->id,
			"phase %s did not meet its condition in time", phase->id);
}

static void heal_what_is_over(struct engine *engine)
{
	LIST_EACH(current(engine)->faults, struct fault_spec, spec) {
		const struct fault_record *fault = record_fault(&engine->record, spec->id);

		if (engine->now_ns >= fault->deadline_ns && fault->healed_ns == NEVER_NS)
			heal_fault(engine, fault);
	}
}

static bool decides_precondition(const struct engine *engine, const struct invariant_spec *claim)
{
	return claim->gate == GATE_PRECONDITION &&
		strcmp(*LIST_AT(claim->in, char *, claim->in.count - 1), current(engine)->id) == 0;
}

static void after_healing(struct engine *engine)
{
	LIST_EACH(engine->record.scenario.invariants, struct invariant_spec, claim) {
		if (!decides_precondition(engine, claim))
			continue;
		engine->state = ENGINE_DECIDING;
		return;
	}
	phase_enter(engine, engine->phase + 1);
}

void phase_run(struct engine *engine)
{
	const struct phase_spec *phase = current(engine);
	int64_t end_ns = engine->phase_start_ns + phase_longest_ns(phase);

	if (engine->state == ENGINE_RUNNING) {
		heal_what_is_over(engine);
		if (phase->until && condition_met(engine))
			end_running(engine, "good", engine->now_ns);
		else if (engine->now_ns >= end_ns && phase->until)
			phase_timed_out(engine, end_ns);
		else if (engine->now_ns >= end_ns)
			end_running(engine, "time", end_ns);
	}
	if (engine->state == ENGINE_HEALING && heal_finished(engine))
		after_healing(engine);
}

/* --- preconditions --------------------------------------------------------------------- */

void phase_decide(struct engine *engine)
{
	int64_t end_ns = current_record(engine)->end_ns;

	LIST_EACH(engine->record.scenario.invariants, struct invariant_spec, claim) {
		const struct slo_spec *slo;
		struct claim_judgement judgement;

		if (!decides_precondition(engine, claim))
			continue;
		slo = scenario_slo(&engine->record.scenario, claim->holds->slo);
		if (record_covered_ns(&engine->record, slo) < end_ns)
			return; /* guard_check() sees to it that this does not last for ever */
		judge_claim(&engine->record, claim, &judgement);
		if (judgement.finding != FINDING_AS_EXPECTED) {
			engine_stop(engine, STOP_PRECONDITION, claim->id,
				"not steady before the fault: precondition %s is %s: %s", claim->id,
				verdict_words[judgement.verdict], judgement.text);
			return;
		}
	}
	phase_enter(engine, engine->phase + 1);
}
