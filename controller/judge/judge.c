/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/judge.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/degraded.h"
#include "controller/judge/judge_parts.h"
#include "controller/judge/spill.h"

int64_t judge_measured_to_ns(
	const struct record *record, const struct fault_record *fault, int64_t covered_ns)
{
	const struct phase_spec *phase = NULL;
	int64_t end_ns;

	/* Of a run that was cut off no heal may be known: then as far as there are data. */
	if (fault->healed_ns == NEVER_NS)
		return covered_ns > fault->start_ns ? covered_ns : fault->start_ns;
	if (!fault->at_once)
		return fault->healed_ns;
	scenario_fault(&record->scenario, fault->spec->id, &phase);
	end_ns = record_phase(record, phase->id)->end_ns;
	if (end_ns == NEVER_NS || end_ns < fault->healed_ns)
		end_ns = covered_ns > fault->healed_ns ? covered_ns : fault->healed_ns;
	return end_ns;
}

/* Where no claim says how long "good again" must last. */
#define STABLE_NS (5 * NS_PER_SEC)

/* It speaks of what the fault brought, and not of what its heal brings. */
static bool is_of_fault(const struct recovers_spec *recovers, const struct fault_record *fault,
	const struct slo_spec *slo)
{
	return recovers && strcmp(recovers->slo, slo->name) == 0 &&
		strcmp(recovers->from->fault, fault->spec->id) == 0 &&
		recovers->from->instant != INSTANT_HEALED;
}

int64_t judge_stable_ns(
	const struct record *record, const struct fault_record *fault, const struct slo_spec *slo)
{
	int64_t longest_ns = 0;

	LIST_EACH(record->scenario.invariants, struct invariant_spec, claim)
		if (is_of_fault(claim->recovers, fault, slo) &&
			claim->recovers->stable_for_ns > longest_ns)
			longest_ns = claim->recovers->stable_for_ns;
	return longest_ns ? longest_ns : STABLE_NS;
}

/* The breach that the fault brought begins while it is in force. */
static void judge_rto(
	const struct sli_record *sli, int64_t end_ns, int64_t covered_ns, struct outage *outage)
{
	int64_t start_ns = outage->fault->start_ns;
	int64_t onset_ns = samples_breach(
		&sli->samples, start_ns, end_ns, outage->stable_ns, sli->slo->objective);
	size_t index;

	outage->rto_ns = 0;
	if (onset_ns < 0)
		return;
	index = samples_recovery(
		&sli->samples, onset_ns, outage->stable_ns, sli->slo->objective, covered_ns);
	outage->rto_ns =
		index < sli->samples.count ? samples_at(&sli->samples, index) - start_ns : NEVER_NS;
}

static void judge_outages(const struct record *record, struct list *outages)
{
	LIST_EACH(record->faults, struct fault_record, fault) {
		if (fault->start_ns == NEVER_NS || !fault->nodes.count)
			continue;
		LIST_EACH(record->slis, struct sli_record, sli) {
			int64_t covered_ns = record_covered_ns(record, sli->slo);
			int64_t end_ns = judge_measured_to_ns(record, fault, covered_ns);
			struct outage *outage;

			if (fault->healed_ns == NEVER_NS && end_ns <= fault->start_ns)
				continue;
			outage = list_push(outages, sizeof(*outage));
			outage->fault = fault;
			outage->slo = sli->slo;
			outage->during =
				samples_longest_gap(&sli->samples, fault->start_ns, end_ns);
			outage->stable_ns = judge_stable_ns(record, fault, sli->slo);
			judge_rto(sli, end_ns, covered_ns, outage);
			if (covered_ns > end_ns)
				outage->after =
					samples_longest_gap(&sli->samples, end_ns, covered_ns);
		}
	}
}

double judge_budget_spent(const struct record *record, const struct sli_record *sli, int64_t bad)
{
	double expected =
		record_rate(record, sli->slo) * (double)sli->slo->period_ns / (double)NS_PER_SEC;

	return expected > 0 ? (double)bad / ((1 - sli->slo->objective) * expected) : 0;
}

static void judge_costs(const struct record *record, struct list *costs)
{
	LIST_EACH(record->slis, struct sli_record, sli) {
		struct cost *cost = list_push(costs, sizeof(*cost));

		cost->slo = sli->slo;
		cost->tally = samples_tally(&sli->samples, 0, INT64_MAX);
		cost->budget_spent = judge_budget_spent(record, sli, cost->tally.bad);
	}
}

void judge(const struct record *record, struct judgement *out)
{
	*out = (struct judgement){0};
	LIST_EACH(record->scenario.invariants, struct invariant_spec, claim)
		judge_claim(record, claim, list_push(&out->claims, sizeof(struct claim_judgement)));
	LIST_EACH(record->faults, struct fault_record, fault)
		judge_effect(
			record, fault, list_push(&out->effects, sizeof(struct effect_judgement)));
	LIST_EACH(record->workloads, struct workload_record, workload)
		judge_data(workload, list_push(&out->data, sizeof(struct data_summary)));
	judge_reverts(record, &out->reverts);
	judge_outages(record, &out->outages);
	judge_costs(record, &out->costs);
	judge_loads(record, &out->loads);
	spills_find(record, &out->spills);
	judge_degradation(record, &out->degradation);
	judge_codes(record, out);
}

void judgement_deinit(struct judgement *judgement)
{
	LIST_EACH(judgement->effects, struct effect_judgement, effect) {
		free(effect->pairs.items);
		free(effect->processes.items);
		free(effect->strikes.items);
		free(effect->measures.items);
	}
	LIST_EACH(judgement->reverts, struct revert_judgement, revert) {
		list_free_texts(&revert->missing);
		list_free_texts(&revert->added);
		list_free_texts(&revert->booted_away);
		list_free_texts(&revert->booted_up);
	}
	free(judgement->claims.items);
	free(judgement->effects.items);
	free(judgement->reverts.items);
	free(judgement->outages.items);
	free(judgement->costs.items);
	free(judgement->data.items);
	judge_loads_free(&judgement->loads);
	free(judgement->spills.items);
	degradation_deinit(&judgement->degradation);
	*judgement = (struct judgement){0};
}
