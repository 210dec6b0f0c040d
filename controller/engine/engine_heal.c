/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "controller/engine/engine_parts.h"

/* From the order to heal until each node has confirmed it, or is known to be lost. */

bool fault_is_out(const struct engine *engine, const struct fault_record *fault)
{
	LIST_EACH(engine->arms, struct arm, arm)
		if (arm->fault == fault && arm->state != ARM_GONE)
			return true;
	return false;
}

bool heal_finished(const struct engine *engine)
{
	LIST_EACH(engine->arms, struct arm, arm)
		if (arm->state != ARM_GONE)
			return false;
	return true;
}

/*
 * A fault whose arming is still on its way (ARM_ASKED) is healed when the answer comes: the
 * injector handles one request after the other, so a heal sent now would do as well, but an answer
 * that says "refused" needs none.
 */
void heal_fault(struct engine *engine, const struct fault_record *fault)
{
	LIST_EACH(engine->arms, struct arm, arm) {
		struct action *action;

		if (arm->fault != fault || arm->state != ARM_ARMED)
			continue;
		arm->state = ARM_HEALING;
		action = engine_push(engine, ACTION_HEAL);
		action->fault = fault;
		action->node = arm->node;
	}
}

void heal_everything(struct engine *engine)
{
	LIST_EACH(engine->record.faults, struct fault_record, fault)
		heal_fault(engine, fault);
}

/* The fault ended at its deadline or with the last confirmation, whichever came first. */
static void log_over(struct engine *engine, struct fault_record *fault)
{
	int64_t healed_ns = NEVER_NS;
	cJSON *event;

	if (fault_is_out(engine, fault) || fault->healed_ns != NEVER_NS)
		return;
	LIST_EACH(engine->arms, struct arm, arm) {
		if (arm->fault != fault)
			continue;
		if (arm->heal_failed)
			return;
		if (arm->healed_ns > healed_ns)
			healed_ns = arm->healed_ns;
	}
	if (healed_ns == NEVER_NS)
		return; /* it was never armed anywhere */
	if (healed_ns > fault->deadline_ns)
		healed_ns = fault->deadline_ns;
	event = journal_event("fault_over", engine->now_ns);
	json_put_string(event, "fault", fault->spec->id);
	json_put_number(event, "healed_ns", (double)healed_ns);
	engine_log(engine, event);
	LIST_EACH(engine->arms, struct arm, arm)
		if (arm->fault == fault) {
			struct action *action = engine_push(engine, ACTION_TELL_HEALED);

			action->node = arm->node;
			action->fault = fault;
		}
}

/* Noted as well, because a run that has been stopped already keeps its first reason. */
static void heal_failed(struct engine *engine, struct arm *arm, const struct event *event)
{
	char text[FAIL_TEXT_MAX];

	arm->heal_failed = true;
	snprintf(text, sizeof(text), "fault %s could not be healed on %s: %.800s", event->name,
		event->node, event->fail->text);
	engine_log_note(engine, arm->node, text);
	engine_stop(engine, STOP_INTERNAL, arm->node, "%s", text);
}

void heal_healed(struct engine *engine, const struct event *event)
{
	LIST_EACH(engine->arms, struct arm, arm) {
		cJSON *entry;

		if (strcmp(arm->fault->spec->id, event->name) != 0 ||
			strcmp(arm->node, event->node) != 0 || arm->state == ARM_GONE)
			continue;
		arm->state = ARM_GONE;
		if (!event->ok) {
			heal_failed(engine, arm, event);
			return;
		}
		arm->healed_ns = event->at_ns;
		entry = journal_event("fault_healed", engine->now_ns);
		json_put_string(entry, "fault", event->name);
		json_put_string(entry, "node", event->node);
		json_put_number(entry, "healed_ns", (double)event->at_ns);
		engine_log(engine, entry);
		log_over(engine, arm->fault);
		return;
	}
}

/* Its faults end by themselves: the lease is not renewed any more. */
void heal_node_lost(struct engine *engine, const char *node)
{
	LIST_EACH(engine->arms, struct arm, arm) {
		if (strcmp(arm->node, node) != 0 || arm->state == ARM_GONE)
			continue;
		arm->state = ARM_GONE;
		arm->healed_ns = engine->now_ns;
		log_over(engine, arm->fault);
	}
}
