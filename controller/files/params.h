/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PARAMS_H
#define BACKBURN_PARAMS_H

#include "controller/files/scenario.h"

/*
 * Puts parameters in their places in a scenario's tree: objects {"param": "name"} become the
 * value, {param.name} in strings its text. Values come from `values` (NULL: none are given), else
 * from the declared default; both are checked against type, min and max. Failure: FAIL_BAD_FILE
 * with a path, or FAIL_USAGE for one that was given; the tree may be changed in part.
 */
int params_apply(cJSON *tree, const struct param_values *values, struct fail *fail);

#endif
