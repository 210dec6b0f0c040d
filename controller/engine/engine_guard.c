/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/units.h"
#include "controller/engine/engine_parts.h"
#include "controller/judge/silence.h"

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
	const struct silence silence = record_silence(&engine->record, rule, engine->now_ns);
	char text[DURATION_TEXT_MAX];

	if (silence.reached_ns < silence.limit_ns)
		return;
	duration_format(silence.limit_ns, text);
	if (silence.source)
		engine_stop(engine, kind_of_stop(engine), rule->id,
			"guardrail %s: probe %s from %s%s%s sent no data for %s", rule->id,
			silence.source->probe, silence.source->from,
			silence.source->to ? " to " : "",
			silence.source->to ? silence.source->to : "", text);
	else
		engine_stop(engine, kind_of_stop(engine), rule->id,
			"guardrail %s: no good event of %s for %s", rule->id, rule->slo, text);
}

void guard_check(struct engine *engine)
{
	const struct guardrails_spec *guardrails = engine->record.scenario.guardrails;
	char text[DURATION_TEXT_MAX];

	if (engine->heed_nothing || engine->state == ENGINE_NEW || engine->state == ENGINE_STOPPING)
		return;
	if (engine->now_ns >= guardrails->limits->run_ns) {
		engine_stop(engine, STOP_GUARDRAIL, "limits.run", "the run reached its limit of %s",
			duration_format(guardrails->limits->run_ns, text));
		return;
	}
	if (engine->state == ENGINE_STARTING)
		return;
	LIST_EACH(guardrails->stop_if, struct stop_rule, rule)
		check_rule(engine, rule);
}
