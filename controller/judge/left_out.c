/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/judge_parts.h"

/* Phases that were left out since their `only_if` was not met, and who depends on them. */

static const struct phase_record *phase_of_fault(const struct record *record, const char *id)
{
	const struct phase_spec *phase = NULL;

	if (!scenario_fault(&record->scenario, id, &phase))
		return NULL;
	return record_phase(record, phase->id);
}

bool judge_fault_left_out(const struct record *record, const struct fault_record *fault)
{
	const struct phase_record *phase = phase_of_fault(record, fault->spec->id);

	return phase && phase->left_out;
}

static const struct phase_record *first_left_out(
	const struct record *record, const struct list *phases)
{
	LIST_EACH(*phases, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);

		if (phase && phase->left_out)
			return phase;
	}
	return NULL;
}

/* NULL: the claim counts from no fault. */
static const char *fault_of(const struct invariant_spec *claim)
{
	if (claim->recovers)
		return claim->recovers->from->fault;
	if (claim->alert_fired)
		return claim->alert_fired->from->fault;
	if (claim->converges)
		return claim->converges->from->fault;
	return claim->restarts ? claim->restarts->fault : NULL;
}

/* What a claim on the phases of `in` compares them with. */
static const struct list *other_phases(const struct invariant_spec *claim)
{
	static const struct list none = {0};

	if (claim->compare)
		return &claim->compare->with->in;
	if (claim->degraded)
		return &claim->degraded->baseline;
	return claim->ratio ? &claim->ratio->to->in : &none;
}

const struct phase_record *judge_left_out(
	const struct record *record, const struct invariant_spec *claim)
{
	const char *fault = fault_of(claim);
	const struct phase_record *phase = fault ? phase_of_fault(record, fault) : NULL;

	if (phase && phase->left_out)
		return phase;
	phase = first_left_out(record, &claim->in);
	return phase ? phase : first_left_out(record, other_phases(claim));
}
