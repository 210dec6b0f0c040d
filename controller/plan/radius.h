/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RADIUS_H
#define BACKBURN_RADIUS_H

#include "controller/plan/plan.h"

/*
 * An http or tcp probe with a fixed target whose host is an address of a node that a fault is on
 * measures the fault, not the system: FAIL_BAD_FILE unless the probe says inside_radius. Dynamic
 * groups count with all their candidates. Host names and the arguments of programs are not looked
 * into. `groups`: of struct resolved_group.
 */
int plan_check_radius(const struct plan *plan, const struct list *groups, struct fail *fail);

#endif
