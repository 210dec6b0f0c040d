/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREVIEW_H
#define BACKBURN_PREVIEW_H

#include <stdio.h>

#include "controller/judge/record.h"

/*
 * What a run would hit, as the nodes said when they were asked (fault_inspected events): nodes and
 * their addresses, each fault's targets and counterparts, the directed links it would cut, the live
 * connections and processes that match now, and what the limits leave.
 */
void preview_print(FILE *out, const struct plan *plan, const struct record *record);

/* plan_to_json() with the same: the key `hits` of each fault. The caller deletes it. */
cJSON *preview_json(const struct plan *plan, const struct record *record);

#endif
