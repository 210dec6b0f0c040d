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

#endif
