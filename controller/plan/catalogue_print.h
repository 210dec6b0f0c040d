/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CATALOGUE_PRINT_H
#define BACKBURN_CATALOGUE_PRINT_H

#include <stdio.h>

#include "controller/plan/catalogue.h"

/* What a kind of fault hits and takes, with all its parameters, for people. */
void catalogue_explain(FILE *out, const struct catalogue_fault *fault);

#endif
