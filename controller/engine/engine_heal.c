/* SPDX-License-Identifier: Apache-2.0 */
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
	LIST_EACH(engine->arms, struct arm, arm)
		if (arm->fault == fault && arm->healed_ns > healed_ns)
			healed_ns = arm->healed_ns;
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

void heal_healed(struct engine *engine, const struct event *event)
{
	LIST_EACH(engine->arms, struct arm, arm) {
		cJSON *entry;

		if (strcmp(arm->fault->spec->id, event->name) != 0 ||
			strcmp(arm->node, event->node) != 0 || arm->state == ARM_GONE)
			continue;
		arm->state = ARM_GONE;
		if (!event->ok) {
			engine_stop(engine, STOP_INTERNAL, event->node,
				"fault %s could not be healed on %s: %s", event->name, event->node,
				event->fail->text);
			return;
		}
		arm->healed_by_node = true;
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
