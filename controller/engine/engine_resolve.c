/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/engine/engine_parts.h"
#include "controller/plan/groups.h"

/* The groups that a phase needs, each resolved once, at its first use. */

enum {
	ASK_AGAIN_MS = 250
};

/* Of those that a claim on this phase says depend on what is hit. */
static const struct group_spec *next_expected(const struct engine *engine)
{
	const struct phase_spec *phase = phase_current(engine);
	const struct group_spec *group;

	LIST_EACH(engine->record.scenario.invariants, struct invariant_spec, claim) {
		if (!claim->degraded || !list_has_text(&claim->in, phase->id))
			continue;
		LIST_EACH(claim->degraded->expected, char *, name)
			if ((group = group_next(engine->plan, &engine->record.groups, *name)))
				return group;
	}
	return NULL;
}

/* The next group that this phase needs and that is not resolved; NULL when all are. */
static const struct group_spec *next_group(const struct engine *engine)
{
	const struct list *known = &engine->record.groups;
	const struct group_spec *group = next_expected(engine);

	if (group)
		return group;
	LIST_EACH(phase_current(engine)->faults, struct fault_spec, fault) {
		LIST_EACH(fault->on->nodes, char *, name)
			if ((group = group_next(engine->plan, known, *name)))
				return group;
		LIST_EACH(fault->from->nodes, char *, name)
			if ((group = group_next(engine->plan, known, *name)))
				return group;
	}
	if (!phase_current(engine)->faults.count)
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
		if (event->ok && where_matches(engine->asking->where, event->value))
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
			phase_plan(engine);
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
