/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "controller/engine/engine_parts.h"
#include "controller/judge/judge.h"
#include "controller/plan/check.h"

/* Phases with an `only_if`: run or left out, by the verdict of an earlier claim. */

static const struct invariant_spec *claim_of(const struct engine *engine, const char *id)
{
	LIST_EACH(engine->record.scenario.invariants, struct invariant_spec, claim)
		if (strcmp(claim->id, id) == 0)
			return claim;
	return NULL;
}

static int64_t recovery_known_ns(const struct engine *engine, const struct recovers_spec *recovers)
{
	const struct fault_record *fault = record_fault(&engine->record, recovers->from->fault);
	int64_t instant_ns = judge_instant(&engine->record, recovers);

	if (instant_ns != NEVER_NS)
		return instant_ns + recovers->within_ns + recovers->stable_for_ns;
	/* A breach that has not come by the heal is none. */
	return recovers->from->instant == INSTANT_BREACH && fault->healed_ns != NEVER_NS
		? fault->healed_ns
		: 0;
}

/* Up to when data are needed to judge it; 0: no data would change it any more. */
static int64_t needed_ns(const struct engine *engine, const struct invariant_spec *claim)
{
	int64_t latest_ns = claim->recovers ? recovery_known_ns(engine, claim->recovers) : 0;

	LIST_EACH(claim->in, char *, id) {
		const struct phase_record *phase = record_phase(&engine->record, *id);

		if (phase->end_ns != NEVER_NS && phase->end_ns > latest_ns)
			latest_ns = phase->end_ns;
	}
	return latest_ns;
}

static bool is_met(enum only_if_verdict wanted, enum verdict verdict)
{
	static const enum verdict verdicts[] = {[ONLY_IF_HELD] = VERDICT_HELD,
		[ONLY_IF_VIOLATED] = VERDICT_VIOLATED,
		[ONLY_IF_INCONCLUSIVE] = VERDICT_INCONCLUSIVE};

	return verdicts[wanted] == verdict;
}

static void log_left_out(struct engine *engine, const struct claim_judgement *judgement)
{
	const struct phase_spec *phase = phase_current(engine);
	cJSON *event = journal_event("phase_left_out", engine->now_ns);

	json_put_string(event, "phase", phase->id);
	json_put_string(event, "invariant", phase->only_if->invariant);
	json_put_string(event, "verdict", verdict_words[judgement->verdict]);
	json_put_string(event, "wanted", only_if_words[phase->only_if->verdict]);
	json_put_string(event, "text", judgement->text);
	engine_log(engine, event);
}

void phase_choose(struct engine *engine)
{
	const struct only_if_spec *only_if = phase_current(engine)->only_if;
	const struct invariant_spec *claim = claim_of(engine, only_if->invariant);
	const struct slo_spec *slo = scenario_slo(&engine->record.scenario, claim_slo(claim));
	struct claim_judgement judgement;

	/* guard_check() sees to it that this does not last for ever. */
	if (record_covered_ns(&engine->record, slo) < needed_ns(engine, claim))
		return;
	engine->choosing = false;
	judge_claim(&engine->record, claim, &judgement);
	if (is_met((enum only_if_verdict)only_if->verdict, judgement.verdict)) {
		engine->state = ENGINE_RESOLVING;
		phase_resolve(engine);
		return;
	}
	log_left_out(engine, &judgement);
	phase_enter(engine, engine->phase + 1);
}
