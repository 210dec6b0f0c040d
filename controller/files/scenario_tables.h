/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCENARIO_TABLES_H
#define BACKBURN_SCENARIO_TABLES_H

#include <stddef.h>

#include "contract/units.h"
#include "controller/files/scenario.h"

/* What the files with the tables of the scenario format share. */

#define AT(type, member) .offset = offsetof(struct type, member)
#define SHAPE(name_text, type, table)                                                              \
	{                                                                                          \
		.name = name_text, .size = sizeof(struct type), SHAPE_FIELDS(table)                \
	}
#define LATER(name)                                                                                \
	{                                                                                          \
		.key = name, .later = true                                                         \
	}

extern const struct shape probe_shape;

#endif
