/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_OVERRIDE_H
#define BACKBURN_OVERRIDE_H

#include "controller/files/scenario.h"

/*
 * --set PATH=JSON: values of the command line in the place of a scenario's own, before it is
 * decoded. Paths are those of error texts: phases[1].faults[0].for, probes["odd name"].rate. An
 * object's member may be new, and a list may grow by one at its end.
 */

/* FAIL_USAGE: no path, no such place, or no JSON. The tree may be changed in part. */
int overrides_apply(cJSON *tree, const struct param_values *values, struct fail *fail);

/*
 * True when the failure is about a value that was given so: it becomes FAIL_USAGE, and begins with
 * "--set PATH".
 */
bool override_explain(const struct param_values *values, struct fail *fail);

#endif
