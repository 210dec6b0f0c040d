/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SOURCE_H
#define BACKBURN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"

/* A file that people wrote, kept with its text so that an error can say file and line. */
enum {
	SOURCE_BYTES_MAX = 8 * 1024 * 1024
};

struct source {
	char *path;
	char *text;
	size_t length;
	cJSON *tree;
};

/*
 * Reads and parses `path`. The kinds of file are told apart by one key each ("backburn",
 * "backburn_lab", …): `kind_key` must be there, with the value 1. Failure: FAIL_BAD_FILE, with
 * file and line in front; there is nothing to be freed then.
 */
int source_load(struct source *source, const char *path, const char *kind_key, struct fail *fail);
void source_deinit(struct source *source);

/* True when the file parses and has the key at its top level. */
bool source_has_kind(const char *path, const char *kind_key);

/* Several sources that together make one tree: a scenario and the parts it uses. */
struct param_values;
struct sources {
	struct source *items;
	size_t count;
	const struct param_values *given; /* by the command line, borrowed; or NULL */
};

void sources_deinit(struct sources *sources);
/* Loads one more; the new source is returned, borrowed until the next call. NULL: it failed. */
struct source *sources_add(
	struct sources *sources, const char *path, const char *kind_key, struct fail *fail);

/*
 * Completes an error whose path lies in one of the sources: "file:line: path: text". A path that
 * is in none of them (an absent key) is looked for by its parents.
 */
void sources_explain(const struct sources *sources, struct fail *fail);

/* `name` as seen from the folder of `file`; absolute names stay. The caller frees. */
char *path_beside(const char *file, const char *name);

#endif
