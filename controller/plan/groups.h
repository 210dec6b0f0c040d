/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_GROUPS_H
#define BACKBURN_GROUPS_H

#include "controller/plan/plan.h"

/* Groups and limits over resolved nodes; pure. Lists of nodes are lists of names (char *). */

/*
 * The group's candidates: labels, nodes, in, union, not. Groups that it is built from must be in
 * `known` already. The caller frees the list with list_free_texts().
 */
void group_candidates(const struct plan *plan, const struct list *known,
	const struct group_spec *group, struct list *out_nodes);

/*
 * The next group that has to be resolved before `name` can be used, deepest first; NULL when `name`
 * itself is known or is a node.
 */
const struct group_spec *group_next(
	const struct plan *plan, const struct list *known, const char *name);

/* Applies `pick` (seeded) and checks `count`. Failure: FAIL_REFUSED naming what was found. */
int group_finish(const struct plan *plan, const struct group_spec *group, struct list *nodes,
	struct fail *fail);

/* Group and node names to node names, without duplicates, in the plan's order. */
void nodes_of_names(const struct plan *plan, const struct list *known, const struct list *names,
	struct list *out_nodes);

/*
 * `targets` (all nodes hit at one time) against every limit of the scenario. Failure: FAIL_REFUSED.
 */
int limits_check(const struct plan *plan, const struct list *known, const struct list *targets,
	struct fail *fail);

/* Whether a node with that answer is in the group: a metric's value, or 1 for a program's "yes". */
bool where_matches(const struct where_spec *where, double value);

#endif
