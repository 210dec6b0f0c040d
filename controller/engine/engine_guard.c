/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/engine/engine_parts.h"
#include "controller/judge/spill.h"
#include "controller/judge/stop_rule.h"

/* Guardrails: looked at on every event, from the first probe until everything is healed. */

static bool anything_armed_yet(const struct engine *engine)
{
	LIST_EACH(engine->record.faults, struct fault_record, fault)
		if (fault->nodes.count)
			return true;
	return false;
}

/* Before the first fault an outage is not ours: the system was not steady. */
static enum stop_kind kind_of_stop(const struct engine *engine)
{
	if (anything_armed_yet(engine))
		return STOP_GUARDRAIL;
	LIST_EACH(engine->record.scenario.invariants, struct invariant_spec, claim)
		if (claim->gate == GATE_PRECONDITION)
			return STOP_PRECONDITION;
	return STOP_GUARDRAIL;
}

static void check_rule(struct engine *engine, const struct stop_rule *rule)
{
	const struct rule_look look = record_rule(&engine->record, rule, engine->now_ns);
	char why[RULE_TEXT_MAX];

	if (look.fires)
		engine_stop(engine, kind_of_stop(engine), rule->id, "guardrail %s: %s", rule->id,
			rule_why(&look, why));
}

/* When somebody on call would be told, and when it would be over: journaled, no more. */
static void check_alert(struct engine *engine, const struct slo_spec *slo, size_t pair)
{
	const struct burn_spec *burn = LIST_AT(slo->burn, struct burn_spec, pair);
	const struct burn_look look = record_burn(&engine->record, slo, burn);
	bool open = record_open_alert(&engine->record, burn);
	cJSON *event;

	if (look.fires == open)
		return;
	event = journal_event(open ? "alert_over" : "alert", engine->now_ns);
	json_put_string(event, "slo", slo->name);
	json_put_number(event, "pair", (double)pair);
	json_put_string(event, "severity", burn_severity_words[burn->severity]);
	json_put_number(event, "at_ns", (double)look.at_ns);
	json_put_number(event, "long_rate", look.long_rate);
	json_put_number(event, "short_rate", look.short_rate);
	engine_log(engine, event);
}

static void check_alerts(struct engine *engine)
{
	LIST_EACH(engine->record.scenario.slos, struct slo_spec, slo)
		for (size_t i = 0; i < slo->burn.count; i++)
			check_alert(engine, slo, i);
}

static bool check_run_limit(struct engine *engine)
{
	int64_t limit_ns = engine->record.scenario.guardrails->limits->run_ns;
	char text[DURATION_TEXT_MAX];

	if (engine->now_ns < limit_ns)
		return false;
	engine_stop(engine, STOP_GUARDRAIL, "limits.run", "the run reached its limit of %s",
		duration_format(limit_ns, text));
	return true;
}

void guard_spill(struct engine *engine, const char *fault_id, const char *node_name)
{
	const struct fault_record *fault = record_fault(&engine->record, fault_id);
	char text[SPILL_TEXT_MAX];
	struct list spills = {0};

	if (!fault)
		return;
	LIST_EACH(fault->nodes, struct fault_node, node)
		if (strcmp(node->node, node_name) == 0)
			spills_find_at(&engine->record, fault, node, &spills);
	if (spills.count)
		engine_stop(engine, STOP_GUARDRAIL, "spill", "spill: %s",
			spill_text(LIST_AT(spills, struct spill, 0), text));
	free(spills.items);
}

void guard_check(struct engine *engine)
{
	const struct guardrails_spec *guardrails = engine->record.scenario.guardrails;

	check_alerts(engine);
	/* Everything is healed by then: what is left out is to wait for writes, and to read them.
	 */
	if (engine->state == ENGINE_QUIESCING && check_run_limit(engine))
		engine->hurry = true;
	if (engine->heed_nothing || engine->state == ENGINE_NEW || engine->state == ENGINE_STOPPING)
		return;
	if (check_run_limit(engine))
		return;
	if (engine->state == ENGINE_STARTING)
		return;
	LIST_EACH(guardrails->stop_if, struct stop_rule, rule)
		check_rule(engine, rule);
}
