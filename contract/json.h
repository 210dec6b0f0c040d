/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JSON_H
#define BACKBURN_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"

/* Strict JSON on top of cJSON: bounded depth and size, no duplicate keys, nothing behind the value.
 */

enum {
	JSON_DEPTH_MAX = 32,
	JSON_VALUES_MAX = 1000000 /* in one text, keys' values and items alike */
};

/*
 * Parses exactly one value. On failure `fail` is FAIL_BAD_FILE with line and, for duplicate keys,
 * path. The caller owns the result (cJSON_Delete).
 */
cJSON *json_parse(const char *text, size_t length, struct fail *fail);

/*
 * The 1-based line on which the value (or, for a member, its key) at `path` begins; 0 when the
 * path does not exist. Paths are written as in error texts: phases[1].faults[0].on, and
 * ["odd.key"] where a key holds other than letters, digits, '_', '-' and '$'.
 * cJSON keeps no positions, so the text is scanned again: only ever done to report an error.
 */
int json_line_of(const char *text, size_t length, const char *path);

enum {
	JSON_PATH_MAX = FAIL_PATH_MAX
};

/* parent + "." + key, quoted when needed; with an empty parent just the key. */
const char *json_path_key(char buffer[JSON_PATH_MAX], const char *parent, const char *key);
const char *json_path_index(char buffer[JSON_PATH_MAX], const char *parent, size_t index);

/* The word of `words` nearest to `word` by edit distance, NULL when none is near enough. */
const char *json_nearest(const char *word, const char *const *words, size_t count);

/* What a value is, for error texts: "a string", "an object", … */
const char *json_kind(const cJSON *value);

/* Shorthands that treat "no memory" as the abort it is under Linux overcommit. */
cJSON *json_object(void);
cJSON *json_array(void);
void json_put(cJSON *object, const char *key, cJSON *value);
void json_put_string(cJSON *object, const char *key, const char *value);
void json_put_number(cJSON *object, const char *key, double value);
void json_put_bool(cJSON *object, const char *key, bool value);
/* 64-bit values travel as decimal strings: a JSON number is a double. */
void json_put_i64(cJSON *object, const char *key, long long value);
void json_append(cJSON *array, cJSON *value);
void json_append_string(cJSON *array, const char *value);

/* The string, or `otherwise` when the member is absent or no string. Borrowed. */
const char *json_string(const cJSON *object, const char *key, const char *otherwise);
double json_number(const cJSON *object, const char *key, double otherwise);
/* Reads what json_put_i64 wrote (a plain number is taken too). */
long long json_i64(const cJSON *object, const char *key, long long otherwise);

/* The value at a JSON pointer (RFC 6901): "" is the whole, "/a/0" an item. NULL: none. Borrowed. */
cJSON *json_at_pointer(cJSON *value, const char *pointer);

/* One line, no blanks. The caller frees. */
char *json_print(const cJSON *value);
/* Several lines, the last without its end. The caller frees. */
char *json_print_indented(const cJSON *value);

/* For people: what fits into 100 columns on one line, else indented; ends a line. The caller frees.
 */
char *json_pretty(const cJSON *value);

#endif
