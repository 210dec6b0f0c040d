/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PLAN_PRINT_H
#define BACKBURN_PLAN_PRINT_H

#include <stdio.h>

#include "controller/files/scenario.h"
#include "controller/plan/catalogue.h"

/* Errors that happen anyway; the chance of INCONCLUSIVE is stated for this rate. */
#define PLAN_BACKGROUND_ERRORS 0.001

/*
 * What the files alone say of a run, for people: how long it takes, what each claim can show and
 * with how many samples, when each stop rule fires.
 */
void plan_print(FILE *out, const struct scenario *scenario, const struct catalogue *catalogue);

#endif
