/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_DEGRADED_H
#define BACKBURN_DEGRADED_H

#include "controller/judge/judge.h"

/* Members before and during: who got worse, and whether a fault was on them. Pure. */

/* Where members are looked at, and what with. */
struct members_span {
	const struct slo_spec *slo; /* its probe asks each member */
	const struct list *in;      /* of char *: phases; those that did not begin have no events */
	const struct list *baseline; /* likewise */
	int64_t skip_first_ns;       /* of each phase */
};

/*
 * A change without finding for each member of the probe's group, in its order, those without any
 * events too; list of struct member_change. What a source tells that runs at a node which a fault
 * was on says nothing of others, and is left out.
 */
struct list degraded_changes(const struct record *record, const struct members_span *span);

/* Its finding, and its interval where there are events on both sides. */
void degraded_find(const struct members_test *test, struct member_change *change);

/* Whether it depends on what is hit, by the claim's own word. */
bool degraded_is_expected(
	const struct record *record, const struct degraded_spec *degraded, const char *member);

/* The whole run's; `out` is zeroed. */
void judge_degradation(const struct record *record, struct degradation *out);
void degradation_deinit(struct degradation *degradation);

/* The change that was found worse of that member in that phase, the greatest loss; NULL: none. */
const struct member_change *degradation_at(const struct degradation *degradation,
	const char *member, const struct phase_record *phase);

/* Of all nodes that got worse those that some fault was on, too, by each of these; 0: no target. */
double degradation_amplification(const struct degradation *degradation);

/* Both have events: during − before of the shares of good events. */
double member_change_difference(const struct member_change *change);

#endif
