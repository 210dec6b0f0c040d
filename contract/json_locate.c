/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"

/*
 * Finds the line of a JSON path by walking the text beside the path. The text has been parsed
 * before, so it is known to be well-formed; the walk is nevertheless bounded by `end`.
 */
struct walk {
	const char *at, *end;
};

/* One step of a path: a key, or an index when `key` is NULL. */
struct step {
	const char *key;
	size_t length, index;
};

static void skip_blank(struct walk *walk)
{
	while (walk->at < walk->end && strchr(" \t\r\n,:", *walk->at))
		walk->at++;
}

static void skip_string(struct walk *walk)
{
	for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++)
		if (*walk->at == '\\')
			walk->at++;
	walk->at = walk->at < walk->end ? walk->at + 1 : walk->end;
}

static void skip_value(struct walk *walk)
{
	int depth = 0;

	skip_blank(walk);
	while (walk->at < walk->end) {
		char c = *walk->at;

		if (c == '"') {
			skip_string(walk);
		} else if (c == '{' || c == '[') {
			depth++;
			walk->at++;
		} else if (c == '}' || c == ']') {
			depth--;
			walk->at++;
		} else if (depth > 0) {
			walk->at++;
		} else {
			while (walk->at < walk->end && !strchr(",]} \t\r\n", *walk->at))
				walk->at++;
		}
		if (depth <= 0)
			return;
	}
}

static bool path_step(const char **path, struct step *out)
{
	const char *text = *path;

	if (*text == '.')
		text++;
	if (*text == '\0')
		return false;
	if (text[0] == '[' && text[1] == '"') {
		const char *close = strstr(text, "\"]");

		if (!close)
			return false;
		*out = (struct step){.key = text + 2, .length = (size_t)(close - text - 2)};
		*path = close + 2;
	} else if (text[0] == '[') {
		char *close;

		*out = (struct step){.index = strtoul(text + 1, &close, 10)};
		if (*close != ']')
			return false;
		*path = close + 1;
	} else {
		*out = (struct step){.key = text, .length = strcspn(text, ".[")};
		*path = text + out->length;
	}
	return true;
}

/* Moves to the step's member; `walk->at` then stands on its key (objects) or value (lists). */
static bool enter(struct walk *walk, const struct step *step, bool *on_key)
{
	char opening = step->key ? '{' : '[';
	size_t index = 0;

	skip_blank(walk);
	if (walk->at >= walk->end || *walk->at != opening)
		return false;
	for (walk->at++;; index++) {
		const char *start;

		skip_blank(walk);
		if (walk->at >= walk->end || *walk->at == '}' || *walk->at == ']')
			return false;
		start = walk->at;
		if (step->key) {
			skip_string(walk);
			if ((size_t)(walk->at - start) == step->length + 2 &&
				memcmp(start + 1, step->key, step->length) == 0) {
				walk->at = start;
				*on_key = true;
				return true;
			}
		} else if (index == step->index) {
			*on_key = false;
			return true;
		}
		skip_value(walk);
	}
}

int json_line_of(const char *text, size_t length, const char *path)
{
	struct walk walk = {.at = text, .end = text + length};
	struct step step;
	bool on_key = false;
	int line = 1;

	while (path_step(&path, &step)) {
		if (on_key)
			skip_string(&walk);
		if (!enter(&walk, &step, &on_key))
			return 0;
	}
	skip_blank(&walk);
	for (const char *place = text; place < walk.at; place++)
		line += *place == '\n';
	return line;
}
