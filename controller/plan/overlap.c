/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/overlap.h"

#include "controller/plan/check.h"

bool overlap_at_start(const struct catalogue *catalogue, const struct fault_spec *fault,
	const struct fault_spec *other, int64_t phase_ns)
{
	int64_t end_ns = catalogue_at_once(catalogue, other->fault, other->with)
		? phase_ns
		: fault_end_ns(catalogue, other, phase_ns);

	return other == fault || (other->at_ns <= fault->at_ns && fault->at_ns < end_ns);
}

size_t overlap_most(const struct catalogue *catalogue, const struct phase_spec *phase)
{
	int64_t phase_ns = phase_longest_ns(phase);
	size_t most = 0;

	LIST_EACH(phase->faults, struct fault_spec, fault) {
		size_t count = 0;

		LIST_EACH(phase->faults, struct fault_spec, other)
			count += overlap_at_start(catalogue, fault, other, phase_ns);
		most = count > most ? count : most;
	}
	return most;
}
