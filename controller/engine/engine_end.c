/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/engine/engine_parts.h"

/*
 * After the last phase, or after a stop: silence the probes, let writes settle, read them back,
 * compare every node with what it was. Everything is healed before this begins.
 */

/* What died away from the faults, of what they did or of its own, waits for that as well. */
static void tell_all_healed(struct engine *engine)
{
	LIST_EACH(engine->record.nodes, struct node_record, node)
		if (node->audited_before)
			engine_push(engine, ACTION_TELL_HEALED)->node = node->node;
}

static void audit_all(struct engine *engine)
{
	engine->state = ENGINE_AUDITING;
	engine->pending = 0;
	if (engine->options.purpose == PURPOSE_HEAL)
		tell_all_healed(engine);
	LIST_EACH(engine->record.nodes, struct node_record, node) {
		struct action *action;
		bool recover;

		if (!node->audited_before)
			continue;
		recover = node->lost || engine->options.purpose == PURPOSE_HEAL;
		action = engine_push(engine, recover ? ACTION_RECOVER : ACTION_AUDIT);
		action->node = node->node;
		engine->pending++;
	}
	if (!engine->pending)
		engine_push(engine, ACTION_SERVICES);
}

/* Services are asked about last: what was told to start again has had that time. */
static void audited(struct engine *engine)
{
	if (--engine->pending == 0)
		engine_push(engine, ACTION_SERVICES);
}

static void read_all(struct engine *engine)
{
	engine->state = ENGINE_READING;
	engine->pending = 0;
	LIST_EACH(engine->record.workloads, struct workload_record, workload) {
		struct action *action;

		/* Nothing was attempted: there is nothing to read back. */
		if (engine->hurry || !workload->attempted.list.count)
			continue;
		action = engine_push(engine, ACTION_READ);
		action->workload = workload->spec;
		engine->pending++;
	}
	if (!engine->pending)
		audit_all(engine);
}

static void silence(struct engine *engine)
{
	engine->state = ENGINE_SILENCING;
	engine_push(engine, ACTION_STOP_PROBES);
}

static void quiesce(struct engine *engine)
{
	int64_t longest_ns = 0;

	LIST_EACH(engine->record.scenario.workloads, struct workload_spec, workload)
		if (workload->final_read->quiesce_ns > longest_ns)
			longest_ns = workload->final_read->quiesce_ns;
	engine->state = ENGINE_QUIESCING;
	engine->wait_ns = engine->now_ns + (engine->hurry ? 0 : longest_ns);
}

void end_later(struct engine *engine)
{
	engine->state = ENGINE_DONE;
	engine_push(engine, ACTION_DONE);
}

static void finish(struct engine *engine)
{
	/* What was cut off stays cut off, however well it was cleaned up later. */
	if (engine->options.purpose != PURPOSE_HEAL)
		engine_log(engine, journal_event("run_ended", engine->now_ns));
	end_later(engine);
}

void end_again(struct engine *engine)
{
	engine->heed_nothing = true;
	audit_all(engine);
}

void end_begin(struct engine *engine)
{
	if (engine->heed_nothing)
		return;
	engine->heed_nothing = true;
	if (engine->options.purpose == PURPOSE_PLAN)
		finish(engine); /* nothing was probed, nothing was touched */
	else
		silence(engine);
}

static void log_read(struct engine *engine, const struct event *event)
{
	cJSON *entry;

	if (event->ok) {
		entry = journal_event("final_read", engine->now_ns);
		json_put(entry, "result", cJSON_Duplicate(event->data, true));
	} else {
		entry = journal_event("note", engine->now_ns);
		json_put_string(entry, "text", event->fail->text);
	}
	json_put_string(entry, "workload", event->name);
	engine_log(engine, entry);
}

static void log_audit(struct engine *engine, const struct event *event)
{
	const char *boot_id = json_string(event->data, "boot_id", NULL);
	cJSON *entry;

	if (!event->ok) {
		entry = journal_event("note", engine->now_ns);
		json_put_string(entry, "text", event->fail->text);
		json_put_string(entry, "node", event->node);
		engine_log(engine, entry);
		return;
	}
	entry = journal_event("audit", engine->now_ns);
	json_put_string(entry, "node", event->node);
	json_put_string(entry, "when", "after");
	if (boot_id)
		json_put_string(entry, "boot_id", boot_id);
	json_put(entry, "state",
		cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(event->data, "state"), true));
	json_put(entry, "residue",
		cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(event->data, "residue"), true));
	engine_log(engine, entry);
}

/* A lost node that was recovered is looked at once more, with a fresh session. */
static void recovered(struct engine *engine, const struct event *event)
{
	cJSON *entry;

	if (!event->ok) {
		log_audit(engine, event);
		audited(engine);
		return;
	}
	entry = journal_event("node_recovered", engine->now_ns);
	json_put_string(entry, "node", event->node);
	engine_log(engine, entry);
	engine_push(engine, ACTION_AUDIT)->node = plan_node(engine->plan, event->node)->name;
}

static void log_services(struct engine *engine, const struct event *event)
{
	cJSON *entry;

	if (!event->data)
		return;
	entry = journal_event("services", engine->now_ns);
	json_put_string(entry, "when", "after");
	for (const cJSON *part = event->data->child; part; part = part->next)
		json_put(entry, part->string, cJSON_Duplicate(part, true));
	engine_log(engine, entry);
}

static void take_audit(struct engine *engine, const struct event *event)
{
	if (event->kind == EVENT_RECOVERED) {
		recovered(engine, event);
	} else if (event->kind == EVENT_AUDITED) {
		log_audit(engine, event);
		audited(engine);
	} else if (event->kind == EVENT_SERVICES) {
		log_services(engine, event);
		finish(engine);
	}
}

void end_step(struct engine *engine, const struct event *event)
{
	switch (engine->state) {
	case ENGINE_SILENCING:
		if (event->kind == EVENT_PROBES_STOPPED)
			quiesce(engine);
		break;
	case ENGINE_QUIESCING:
		if (engine->hurry || engine->now_ns >= engine->wait_ns)
			read_all(engine);
		break;
	case ENGINE_READING:
		if (event->kind != EVENT_READ)
			break;
		log_read(engine, event);
		if (--engine->pending == 0)
			audit_all(engine);
		break;
	case ENGINE_AUDITING:
		take_audit(engine, event);
		break;
	default:
		break;
	}
}
