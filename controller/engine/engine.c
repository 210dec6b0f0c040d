/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/engine/engine.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/engine/engine_parts.h"

/* --- life ------------------------------------------------------------------------------ */

struct engine *engine_new(const struct plan *plan, const struct engine_options *options,
	const cJSON *run_started, struct fail *fail)
{
	struct engine *engine = must_alloc(sizeof(*engine));

	engine->plan = plan;
	engine->options = *options;
	engine->state = ENGINE_NEW;
	if (record_init(&engine->record, run_started, fail) < 0) {
		free(engine);
		return NULL;
	}
	engine_push(engine, ACTION_JOURNAL)->data = cJSON_Duplicate(run_started, true);
	return engine;
}

void engine_free(struct engine *engine)
{
	struct action action;

	if (!engine)
		return;
	while (engine_action(engine, &action))
		cJSON_Delete(action.data);
	free(engine->actions.items);
	free(engine->arms.items);
	list_free_texts(&engine->asked);
	list_free_texts(&engine->matching);
	record_deinit(&engine->record);
	free(engine);
}

enum engine_state engine_state(const struct engine *engine)
{
	return engine->state;
}

const struct record *engine_record(const struct engine *engine)
{
	return &engine->record;
}

/* --- actions and journal --------------------------------------------------------------- */

struct action *engine_push(struct engine *engine, enum action_kind kind)
{
	struct action *action = list_push(&engine->actions, sizeof(*action));

	action->kind = kind;
	return action;
}

bool engine_action(struct engine *engine, struct action *out)
{
	if (engine->taken == engine->actions.count) {
		free(engine->actions.items);
		engine->actions = (struct list){0};
		engine->taken = 0;
		return false;
	}
	*out = *LIST_AT(engine->actions, struct action, engine->taken++);
	return true;
}

void engine_log(struct engine *engine, cJSON *event)
{
	struct fail fail = FAIL_INIT;

	if (record_apply(&engine->record, event, &fail) < 0) {
		/* A journal that holds it could not be read back. */
		cJSON_Delete(event);
		engine_stop(engine, STOP_INTERNAL, "journal", "%s", fail.text);
		return;
	}
	engine_push(engine, ACTION_JOURNAL)->data = event;
}

void engine_log_note(struct engine *engine, const char *node, const char *text)
{
	cJSON *event = journal_event("note", engine->now_ns);

	json_put_string(event, "node", node);
	json_put_string(event, "text", text);
	engine_log(engine, event);
}

int engine_note(struct engine *engine, cJSON *journal_event, struct fail *fail)
{
	if (record_apply(&engine->record, journal_event, fail) < 0) {
		cJSON_Delete(journal_event);
		return -1;
	}
	engine_push(engine, ACTION_JOURNAL)->data = journal_event;
	return 0;
}

void engine_stop(struct engine *engine, enum stop_kind why, const char *id, const char *format, ...)
{
	cJSON *event;
	char text[FAIL_TEXT_MAX];
	va_list args;

	if (engine->state == ENGINE_DONE)
		return;
	if (engine->options.purpose == PURPOSE_HEAL) {
		end_later(engine); /* the run has its reason to stop already, or none */
		return;
	}
	if (engine->record.stop != STOP_NONE)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	event = journal_event("stop", engine->now_ns);
	json_put_string(event, "why", stop_words[why]);
	json_put_string(event, "id", id);
	json_put_string(event, "text", text);
	if (why == STOP_SIGNAL)
		json_put_number(event, "signal", strcmp(id, "SIGINT") == 0 ? 2 : 15);
	engine_log(engine, event);
	if (engine->state == ENGINE_RUNNING)
		phase_log_end(engine, "stopped", engine->now_ns);
	if (engine->heed_nothing)
		return; /* the phases are over and everything is healed already */
	if (engine->options.purpose == PURPOSE_PLAN) {
		end_begin(engine);
		return;
	}
	engine->state = ENGINE_STOPPING;
	heal_everything(engine);
}

/* --- events ---------------------------------------------------------------------------- */

static void log_measure(struct engine *engine, const struct event *event, const char *type,
	const char *name_key, const char *data_key)
{
	cJSON *entry = journal_event(type, engine->now_ns);

	json_put_string(entry, name_key, event->name);
	json_put_string(entry, "from", event->node);
	/* A prober tells apart the members of a probe with policy `each`. */
	if (json_string(event->data, "to", NULL))
		json_put_string(entry, "to", json_string(event->data, "to", NULL));
	json_put(entry, data_key, cJSON_Duplicate(event->data, true));
	engine_log(engine, entry);
}

static void log_evidence(struct engine *engine, const struct event *event)
{
	cJSON *entry = journal_event("evidence", engine->now_ns);

	json_put_string(entry, "fault", event->name);
	json_put_string(entry, "node", event->node);
	for (const cJSON *part = event->data->child; part; part = part->next)
		json_put(entry, part->string, cJSON_Duplicate(part, true));
	engine_log(engine, entry);
}

static void log_remark(struct engine *engine, const struct event *event)
{
	cJSON *entry = journal_event("note", engine->now_ns);

	json_put_string(entry, "by", json_string(event->data, "by", "?"));
	json_put_string(entry, "text", json_string(event->data, "text", ""));
	engine_log(engine, entry);
}

static void node_lost(struct engine *engine, const struct event *event)
{
	const struct node_record *node = record_node(&engine->record, event->node);
	cJSON *entry;

	if (node && node->lost)
		return;
	entry = journal_event("node_lost", engine->now_ns);
	json_put_string(entry, "node", event->node);
	json_put_string(entry, "reason", event->fail->text);
	engine_log(engine, entry);
	heal_node_lost(engine, event->node);
	engine_stop(engine, STOP_INTERNAL, event->node, "the injector on %s was lost: %s",
		event->node, event->fail->text);
}

static void take_signal(struct engine *engine, int number)
{
	engine->hurry = true;
	engine_stop(engine, STOP_SIGNAL, number == 2 ? "SIGINT" : "SIGTERM", "%s",
		number == 2 ? "stopped by SIGINT (Ctrl-C)" : "stopped by SIGTERM");
}

/* As a signal: heal, and wait for nothing more. */
static void take_halt(struct engine *engine, const struct fail *why)
{
	engine->hurry = true;
	engine_stop(engine, STOP_GUARDRAIL, "halt", "%s", why->text);
}

static void probes_started(struct engine *engine, const struct event *event)
{
	if (engine->state != ENGINE_STARTING)
		return;
	if (event->ok)
		phase_enter(engine, 0);
	else
		engine_stop(engine, STOP_REFUSED, "probes", "the probes could not start: %s",
			event->fail->text);
}

/* Facts are taken up in every state; what moves the run on is asked afterwards. */
static void take_event(struct engine *engine, const struct event *event)
{
	switch (event->kind) {
	case EVENT_PROBES_STARTED:
		probes_started(engine, event);
		break;
	case EVENT_ANSWER:
		phase_answer(engine, event);
		break;
	case EVENT_INSPECTED:
		phase_inspected(engine, event);
		break;
	case EVENT_ARMED:
		phase_armed(engine, event);
		break;
	case EVENT_HEALED:
		heal_healed(engine, event);
		break;
	case EVENT_EVIDENCE:
		log_evidence(engine, event);
		guard_spill(engine, event->name, event->node);
		break;
	case EVENT_WINDOW:
		log_measure(engine, event, "window", "probe", "window");
		break;
	case EVENT_OPERATIONS:
		log_measure(engine, event, "operations", "workload", "window");
		break;
	case EVENT_READ_BACK:
		log_measure(engine, event, "read_back", "workload", "read");
		break;
	case EVENT_NODE_LOST:
		node_lost(engine, event);
		break;
	case EVENT_PROBER_LOST:
		engine_stop(engine, STOP_INTERNAL, event->node, "the prober at %s was lost: %s",
			event->node, event->fail->text);
		break;
	case EVENT_BROKEN:
		engine_stop(engine, STOP_INTERNAL, "controller", "%s", event->fail->text);
		break;
	case EVENT_NOTE:
		log_remark(engine, event);
		break;
	case EVENT_HALT:
		take_halt(engine, event->fail);
		break;
	case EVENT_SIGNAL:
		take_signal(engine, (int)event->value);
		break;
	default:
		break;
	}
}

static void move_on(struct engine *engine, const struct event *event)
{
	switch (engine->state) {
	case ENGINE_RESOLVING:
		phase_resolve(engine);
		break;
	case ENGINE_RUNNING:
	case ENGINE_HEALING:
		phase_run(engine);
		break;
	case ENGINE_DECIDING:
		phase_decide(engine);
		break;
	case ENGINE_STOPPING:
		if (heal_finished(engine))
			end_begin(engine);
		break;
	case ENGINE_QUIESCING:
	case ENGINE_SILENCING:
	case ENGINE_READING:
	case ENGINE_AUDITING:
		end_step(engine, event);
		break;
	case ENGINE_NEW:
	case ENGINE_STARTING:
	case ENGINE_INSPECTING:
	case ENGINE_ARMING:
	case ENGINE_DONE:
		break;
	}
}

void engine_step(struct engine *engine, const struct event *event)
{
	assert((unsigned)event->kind < EVENT_KINDS);
	if (engine->state == ENGINE_DONE)
		return;
	engine->now_ns = event->now_ns;
	take_event(engine, event);
	guard_check(engine);
	move_on(engine, event);
}

void engine_set_skew(struct engine *engine, int64_t skew_ns)
{
	engine->skew_ns = skew_ns;
}

void engine_start(struct engine *engine, int64_t now_ns)
{
	engine->now_ns = now_ns;
	if (engine->options.purpose == PURPOSE_PLAN) {
		phase_enter(engine, 0);
		return;
	}
	if (engine->options.purpose == PURPOSE_HEAL) {
		end_again(engine);
		return;
	}
	engine->state = ENGINE_STARTING;
	engine_push(engine, ACTION_START_PROBES);
}
