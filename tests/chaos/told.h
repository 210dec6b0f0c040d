/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_TOLD_H
#define BACKBURN_CHAOS_TOLD_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "tests/chaos/world.h"

/* What a run has told about itself: its journal, and the report that was made of it. */
struct told {
	char run[PATH_MAX + 64]; /* its directory as the run sees it; "": it made none */
	cJSON *events;           /* a list: the journal's whole lines */
	size_t broken_lines;     /* whole, and no JSON */
	cJSON *summary;          /* NULL: there is none, or it is torn */
	bool has_report;         /* all forms of it */
};

void told_read(struct told *told, const struct world *world);
void told_deinit(struct told *told);

/* The first event of that type whose member `key` is `value` (key NULL: any). */
const cJSON *told_event(
	const struct told *told, const char *type, const char *key, const char *value);
/* True when the journal says that the phase lasted as long as it should. */
bool told_phase_ended(const struct told *told, const char *phase);
/* A member that is a text; "" when it is not there. */
const char *told_text(const cJSON *object, const char *key);
/* The summary says that this code applied. */
bool told_has_code(const struct told *told, int code);

#endif
