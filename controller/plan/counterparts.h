/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_COUNTERPARTS_H
#define BACKBURN_COUNTERPARTS_H

#include <stdbool.h>

#include "contract/shape.h"
#include "controller/files/scenario.h"

/* The other side of a fault, by the names that orders, evidence and reports have for it. Pure. */
enum {
	/*
	 * So many prefixes are counterparts each for itself. Each has two counters in every
	 * evidence, which must fit into one line; more of them are one set with one name.
	 */
	COUNTERPARTS_EACH_MAX = 64,
	COUNTERPART_NAME_MAX = 96
};

/* Whether the fault's prefixes go to injectors as a set, which is named like the fault. */
bool counterpart_is_set(const struct fault_spec *fault);
/* "prefixes of cut-cdn"; returns buffer. */
const char *counterpart_set_name(const struct fault_spec *fault, char buffer[COUNTERPART_NAME_MAX]);

/* Adds what is no node: prefixes as texts, or their set's name; hosts; "everything". */
void counterpart_add_names(const struct fault_spec *fault, struct list *out);

/* The fault of the scenario whose prefixes go by that name; NULL: it is no set's name. */
const struct fault_spec *counterpart_set_of(const struct scenario *scenario, const char *name);

#endif
