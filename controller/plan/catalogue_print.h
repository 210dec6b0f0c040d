/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CATALOGUE_PRINT_H
#define BACKBURN_CATALOGUE_PRINT_H

#include <stdio.h>

#include "controller/plan/catalogue.h"

/* What a kind of fault hits and takes, with all its parameters, for people. */
void catalogue_explain(FILE *out, const struct catalogue_fault *fault);

/* The same table for its page under docs/faults, in Markdown. */
void catalogue_page(FILE *out, const struct catalogue_fault *fault);

/* "list of durations, or one alone", "0 to 64MiB", "correlated or every": nothing where none is. */
void catalogue_print_kind(FILE *out, const struct field *field);
void catalogue_print_range(FILE *out, const struct field *field, const char *before);
void catalogue_print_types(
	FILE *out, const struct shape *shape, unsigned int of, const char *before);

#endif
