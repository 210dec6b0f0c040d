/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_COMPARE_RUNS_H
#define BACKBURN_COMPARE_RUNS_H

#include <stdbool.h>

#include "contract/fail.h"

/*
 * Prints what changed from one run to another; both are journals' files. FAIL_SYSTEM and others as
 * report_load() has them, with nothing printed.
 */
int compare_runs(const char *first, const char *second, bool as_json, struct fail *fail);

#endif
