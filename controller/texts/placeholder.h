/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PLACEHOLDER_H
#define BACKBURN_PLACEHOLDER_H

#include "contract/fail.h"

/*
 * Text fields allow a closed list of placeholders in braces: {n}, {uuid}, {node.name}, … .
 * Which ones are known at a place, and what they stand for there, is the lookup's to say.
 */
enum placeholder_answer {
	PLACEHOLDER_VALUE,   /* *out_value is set (a string the caller of the lookup frees) */
	PLACEHOLDER_KEEP,    /* known, but expanded by somebody later: stays as it is */
	PLACEHOLDER_UNKNOWN, /* not known here: an error that lists what is known */
};

typedef enum placeholder_answer placeholder_lookup(
	void *context, const char *name, char **out_value);

/* What placeholders mean at one place. */
struct placeholders {
	placeholder_lookup *lookup;
	void *context;     /* for the lookup */
	const char *known; /* for the error text: "{n}, {uuid}" */
};

/*
 * Expands `text` into *out_text (owned by the caller). A '{' that does not begin a placeholder
 * name ({"json": 1}) is ordinary text: a name is letters, digits, '.', '_' and '-', then '}'.
 * Failure: FAIL_BAD_FILE, no path.
 */
int placeholder_expand(const char *text, const struct placeholders *placeholders, char **out_text,
	struct fail *fail);

#endif
