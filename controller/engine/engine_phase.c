/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/engine/engine_parts.h"
#include "controller/judge/judge.h"
#include "controller/plan/check.h"
#include "controller/plan/groups.h"

/* A phase from its entry to its end: running, healing, deciding. */

const struct phase_spec *phase_current(const struct engine *engine)
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
	/* A plan looks at all of them: each may come. */
	if (phase_current(engine)->only_if && engine->options.purpose == PURPOSE_RUN) {
		engine->state = ENGINE_DECIDING;
		engine->choosing = true;
		phase_choose(engine);
		return;
	}
	engine->state = ENGINE_RESOLVING;
	phase_resolve(engine);
}

/* --- running --------------------------------------------------------------------------- */

static bool condition_met(const struct engine *engine)
{
	const struct until_spec *until = phase_current(engine)->until;
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

	json_put_string(event, "phase", phase_current(engine)->id);
	json_put_string(event, "how", how);
	json_put_number(event, "end_ns", (double)end_ns);
	engine_log(engine, event);
}

static void end_running(struct engine *engine, const char *how, int64_t end_ns)
{
	phase_log_end(engine, how, end_ns);
	engine->state = ENGINE_HEALING;
	LIST_EACH(phase_current(engine)->faults, struct fault_spec, fault)
		heal_fault(engine, record_fault(&engine->record, fault->id));
}

static void phase_timed_out(struct engine *engine, int64_t end_ns)
{
	const struct phase_spec *phase = phase_current(engine);

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
	LIST_EACH(phase_current(engine)->faults, struct fault_spec, spec) {
		const struct fault_record *fault = record_fault(&engine->record, spec->id);

		if (engine->now_ns >= fault->deadline_ns && fault->healed_ns == NEVER_NS)
			heal_fault(engine, fault);
	}
}

static bool decides_precondition(const struct engine *engine, const struct invariant_spec *claim)
{
	return claim->gate == GATE_PRECONDITION &&
		claim_last_phase(&engine->record.scenario, claim) == phase_current(engine);
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
	const struct phase_spec *phase = phase_current(engine);
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

	if (engine->choosing) {
		phase_choose(engine);
		return;
	}
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
