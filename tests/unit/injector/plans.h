/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_PLANS_H
#define BACKBURN_TESTS_PLANS_H

#include <stddef.h>

#include "contract/verbs.h"
#include "injector/plan.h"

/* Plans of faults between node "a" (10.0.0.1) in "on" and node "b" (10.0.0.2) in "from". */

/*
 * NULL when it is refused; then plan_refusal says why. `with` may have ' for ". The seed of the
 * order is 77, its times are 10 and 20.
 */
struct plan *plan_of(const char *fault, const char *with, enum fault_role role);
extern char plan_refusal[FAIL_TEXT_MAX];

/* The only effect of a plan of one. */
const struct match_rule *plan_rule(const struct plan *plan);
void free_plan(struct plan *plan);

#endif
