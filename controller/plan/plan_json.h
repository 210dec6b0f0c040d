/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PLAN_JSON_H
#define BACKBURN_PLAN_JSON_H

#include "controller/plan/plan.h"

/*
 * plan.json: what the run would do and what it can prove. Nodes with their addresses, groups as
 * far as they are resolved (`groups`: of struct resolved_group), faults, claims with the samples
 * they will have and the bad events they tolerate, stop rules with their time to fire.
 */
cJSON *plan_to_json(const struct plan *plan, const struct list *groups);

/*
 * A probe with a fixed URL whose host is an address of a node that a fault is on measures the
 * fault, not the system: FAIL_BAD_FILE unless the probe says inside_radius. Dynamic groups count
 * with all their candidates.
 */
int plan_check_radius(const struct plan *plan, const struct list *groups, struct fail *fail);

#endif
