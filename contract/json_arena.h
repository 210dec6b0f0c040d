/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JSON_ARENA_H
#define BACKBURN_JSON_ARENA_H

#include "contract/json.h"

/*
 * Memory for trees that are looked at and dropped, one after the other: a journal has as many as it
 * has lines, and taking and giving back each value's memory by itself costs as much as reading it.
 */
struct json_arena {
	struct json_block *blocks; /* the latest first */
	size_t used;               /* of the latest */
};

/*
 * As json_parse(), but the tree lives until the next call with that arena, or its end: it is
 * neither deleted nor changed, and nothing of it is kept but copies (cJSON_Duplicate). The first
 * call of a process sets cJSON's hooks, which is for one thread to do.
 */
const cJSON *json_arena_parse(
	struct json_arena *arena, const char *text, size_t length, struct fail *fail);

/* An arena begins zeroed. */
void json_arena_deinit(struct json_arena *arena);

#endif
