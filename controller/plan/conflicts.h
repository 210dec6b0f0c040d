/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CONFLICTS_H
#define BACKBURN_CONFLICTS_H

#include "controller/plan/plan.h"

/*
 * Two faults of a kind that is `alone` contradict each other where they act on one path (from a
 * node to another) at one time: which of two rates should hold? Protocols that differ, new and
 * established connections, and ports that have none in common, are different paths. Faults of other
 * kinds compose. Pure.
 */

/* A fault with its sides: names of nodes or groups, prefixes as text, "everything". */
struct fault_sides_known {
	const struct fault_spec *spec;
	const struct list *on, *from; /* of char *; an empty `from`: it acts among `on` */
};

struct conflict_context {
	const struct scenario *scenario;
	const struct catalogue *catalogue;
	/*
	 * With it addresses of nodes are known. NULL: groups are not resolved yet, and only what
	 * must overlap, whoever they will be, counts.
	 */
	const struct plan *plan;
	int64_t phase_ns; /* the longest that the phase may last */
};

/*
 * `faults` are those of one phase, in its order. Returns the index of the later one of the first
 * two that contradict each other, with out_other the earlier one; -1: none do.
 */
int conflicts_find(const struct conflict_context *context, const struct fault_sides_known *faults,
	size_t count, size_t *out_other);

/* What to say of them. */
void conflict_say(const struct conflict_context *context, const struct fault_spec *later,
	const struct fault_spec *earlier, char *buffer, size_t size);

/* As far as the file tells: FAIL_BAD_FILE at the later fault. */
int check_conflicts(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail);

#endif
