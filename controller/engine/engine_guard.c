/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/units.h"
#include "controller/engine/engine_parts.h"

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

static int64_t first_source_ns(const struct engine *engine, const char *probe)
{
	int64_t first_ns = INT64_MAX;

	LIST_EACH(engine->record.sources, struct source_record, source)
		if (strcmp(source->probe, probe) == 0 && source->start_ns < first_ns)
			first_ns = source->start_ns;
	return first_ns;
}

static void check_no_good(struct engine *engine, const struct stop_rule *rule)
{
	const struct sli_record *sli = record_sli(&engine->record, rule->slo);
	int64_t covered_ns = record_covered_ns(&engine->record, sli->slo);
	int64_t last_good_ns = first_source_ns(engine, sli->slo->probe);
	char text[DURATION_TEXT_MAX];

	if (last_good_ns == INT64_MAX)
		return;
	for (size_t i = sli->samples.count; i > 0; i--) {
		if (!samples_good(&sli->samples, i - 1))
			continue;
		last_good_ns = samples_at(&sli->samples, i - 1);
		break;
	}
	if (covered_ns - last_good_ns < rule->no_good_for_ns)
		return;
	engine_stop(engine, kind_of_stop(engine), rule->id,
		"guardrail %s: no good event of %s for %s", rule->id, rule->slo,
		duration_format(rule->no_good_for_ns, text));
}

static void check_no_data(struct engine *engine, const struct stop_rule *rule)
{
	char text[DURATION_TEXT_MAX];

	LIST_EACH(engine->record.sources, struct source_record, source) {
		const struct slo_spec *slo =
			rule->slo ? scenario_slo(&engine->record.scenario, rule->slo) : NULL;

		if (slo && strcmp(slo->probe, source->probe) != 0)
			continue;
		if (engine->now_ns - source->last_heard_ns < rule->no_data_for_ns)
			continue;
		engine_stop(engine, kind_of_stop(engine), rule->id,
			"guardrail %s: probe %s from %s sent no data for %s", rule->id,
			source->probe, source->from, duration_format(rule->no_data_for_ns, text));
	}
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
	LIST_EACH(guardrails->stop_if, struct stop_rule, rule) {
		if (rule->no_good_for_ns)
			check_no_good(engine, rule);
		else
			check_no_data(engine, rule);
	}
}
