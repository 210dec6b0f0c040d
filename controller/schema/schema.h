/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCHEMA_H
#define BACKBURN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "controller/plan/catalogue.h"

/*
 * JSON Schemas (draft-07, which editors' JSON servers know best) of the files that people write,
 * made from the very tables that decode them. A schema refuses nothing that `validate` takes; what
 * only `validate` finds are names that don't exist, ranges of durations, and contradictions.
 */
struct schema_kind {
	const char *name;          /* "scenario" */
	const char *marker;        /* the key by which such a file is told: "backburn" */
	const struct shape *shape; /* NULL: the catalogue has it */
	bool params;               /* {"param": NAME} may stand for values */
};
extern const struct schema_kind schema_kinds[];
extern const size_t schema_kind_count;

/* The row of that name, or NULL. */
const struct schema_kind *schema_kind_find(const char *name);
/* The row of a file, told by its marker; NULL when it has none of them. */
const struct schema_kind *schema_kind_of(const cJSON *file);

/* The table that such files are decoded with; NULL when the catalogue lacks it. */
const struct shape *schema_shape(const struct schema_kind *kind, const struct catalogue *catalogue);

/* The caller deletes it. `catalogue` gives the faults and their parameters. */
cJSON *schema_new(const struct schema_kind *kind, const struct catalogue *catalogue);

#endif
