/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_EXPAND_H
#define BACKBURN_PROBER_EXPAND_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct probe_target;

/*
 * What placeholders stand for in one event. {n}: its number; {uuid}: a version 4 UUID made from
 * seed and number (so that a run can be repeated exactly), the same one wherever it stands in the
 * event; {node.name}, {node.addr}: the target; {secret.NAME}: what the order says.
 */
enum {
	UUID_TEXT_SIZE = 37
};

struct event_values {
	int64_t n;
	char uuid[UUID_TEXT_SIZE];
	const struct probe_target *target; /* borrowed; NULL: no {node.…} */
	const struct list *secrets;        /* of struct secret_value, borrowed; or NULL */
};

/* Number and UUID; the rest is the caller's to set. */
struct event_values event_values_of(int64_t seed, int64_t n);

/*
 * Expands once: what a placeholder stands for is not looked at again. Unknown ones are
 * FAIL_BAD_FILE. The caller frees *out_text.
 */
int expand_text(
	const char *text, const struct event_values *values, char **out_text, struct fail *fail);

/*
 * Expands every string value in `body` (keys stay), then replaces the strings at the JSON
 * pointers (RFC 6901) of `base64_at` by their base64 form, and prints the result on one line.
 * A pointer to nothing, or to something that is no string, is FAIL_BAD_FILE.
 */
int expand_json(const cJSON *body, const struct list *base64_at, const struct event_values *values,
	char **out_text, struct fail *fail);

/* RFC 4648, with padding; the caller frees. */
char *base64_encode(const void *bytes, size_t length);

#endif
