/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCENARIO_TABLES_H
#define BACKBURN_SCENARIO_TABLES_H

#include <stddef.h>

#include "contract/units.h"
#include "controller/files/scenario.h"

/* What the files with the scenario format's tables share. Every key has a sentence of help. */

#define AT(type, member) .offset = offsetof(struct type, member)
#define SHAPE(name_text, type, table, help_text)                                                   \
	{                                                                                          \
		.name = name_text, .size = sizeof(struct type), SHAPE_FIELDS(table),               \
		.help = help_text                                                                  \
	}
#define LATER(name)                                                                                \
	{                                                                                          \
		.key = name, .later = true                                                         \
	}

#define HOURS(n) ((double)(n)*3600 * NS_PER_SEC)

extern const struct shape group_shape, probe_shape, read_shape, slo_shape, tls_shape,
	workload_shape;
extern const struct shape invariant_shape, guardrails_shape;

#endif
