/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCHEMA_PARTS_H
#define BACKBURN_SCHEMA_PARTS_H

#include "controller/schema/schema.h"

/* What the files of schema.h share: one schema while it is made. */
struct schema_maker {
	const struct catalogue *catalogue;
	bool params;
	cJSON *definitions; /* those that were referred to */
};

/* The schema of an object; the caller owns it. */
cJSON *schema_object(struct schema_maker *maker, const struct shape *shape);

/*
 * The schema of one value of that kind (before FIELD_OBJECT), without its help. Kinds with a form
 * of their own become a definition, and a reference to it is returned.
 */
cJSON *schema_scalar(struct schema_maker *maker, const struct field *field, enum field_kind kind);

/* {"type": "string", "pattern": …}, with the words for people that VS Code's server shows. */
cJSON *schema_pattern(const char *pattern, const char *says);

/* {"$ref": "#/definitions/NAME"} */
cJSON *schema_ref(const char *name);

/* True of objects whose `key` has this value; for "if". */
cJSON *schema_if(const char *key, const char *value);

/* What `with`, `on` and `from` may hold, by the kind of fault; added to the schema of a fault. */
void schema_add_faults(struct schema_maker *maker, cJSON *object);

#endif
