/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_OVERLAP_H
#define BACKBURN_OVERLAP_H

#include "controller/files/scenario.h"
#include "controller/plan/catalogue.h"

/*
 * Which faults of a phase act at one time. The most of them do so at the start of one: so it is
 * enough to look at each start. What ends at that very instant is over by then.
 */

/*
 * True when `other` acts at the instant at which `fault` begins; so does the fault itself. One that
 * is over at once counts to the end of its phase: what it has ended need not be back before.
 * `phase_ns`: the phase's greatest length.
 */
bool overlap_at_start(const struct catalogue *catalogue, const struct fault_spec *fault,
	const struct fault_spec *other, int64_t phase_ns);

/* The most faults of the phase that act at one time. */
size_t overlap_most(const struct catalogue *catalogue, const struct phase_spec *phase);

#endif
