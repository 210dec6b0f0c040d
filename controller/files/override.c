/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/override.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"

/* One step of a path: a key of an object, or a place in a list. */
struct step {
	char key[JSON_PATH_MAX];
	int index; /* -1: by key */
};

enum {
	INDEX_DIGITS_MAX = 6
};

/* `at` is behind the "[": `3]` or `"odd key"]`. NULL: neither. */
static const char *read_bracket(const char *at, struct step *out)
{
	const char *end;

	if (*at == '"') {
		end = strstr(++at, "\"]");
		if (!end || (size_t)(end - at) >= sizeof(out->key))
			return NULL;
		snprintf(out->key, sizeof(out->key), "%.*s", (int)(end - at), at);
		out->index = -1;
		return end + 2;
	}
	for (end = at; isdigit((unsigned char)*end); end++)
		;
	if (end == at || end - at > INDEX_DIGITS_MAX || *end != ']')
		return NULL;
	out->index = atoi(at);
	return end + 1;
}

/* Where the next step begins; NULL: this is none. */
static const char *read_step(const char *at, bool first, struct step *out)
{
	size_t length;

	if (*at == '[')
		return read_bracket(at + 1, out);
	if (!first && *at++ != '.')
		return NULL;
	length = strcspn(at, ".[");
	if (!length || length >= sizeof(out->key))
		return NULL;
	snprintf(out->key, sizeof(out->key), "%.*s", (int)length, at);
	out->index = -1;
	return at + length;
}

static cJSON *child(const cJSON *parent, const struct step *step)
{
	if (step->index >= 0)
		return cJSON_IsArray(parent) ? cJSON_GetArrayItem(parent, step->index) : NULL;
	return cJSON_IsObject(parent) ? cJSON_GetObjectItemCaseSensitive(parent, step->key) : NULL;
}

/* Consumes the value on success. */
static int put(cJSON *parent, const struct step *step, cJSON *value)
{
	int count = cJSON_GetArraySize(parent);

	if (step->index < 0) {
		if (!cJSON_IsObject(parent))
			return -1;
		cJSON_DeleteItemFromObjectCaseSensitive(parent, step->key);
		json_put(parent, step->key, value);
		return 0;
	}
	if (!cJSON_IsArray(parent) || step->index > count)
		return -1;
	if (step->index == count)
		json_append(parent, value);
	else
		cJSON_ReplaceItemInArray(parent, step->index, value);
	return 0;
}

/* The last step's parent; what is on the way there must exist. */
static int find_place(
	cJSON *tree, const char *path, cJSON **out_parent, struct step *out_last, struct fail *fail)
{
	const char *at = path;
	cJSON *parent = tree;

	for (;;) {
		const char *next = read_step(at, at == path, out_last);

		if (!next)
			return fail_set(fail, FAIL_USAGE,
				"--set %.200s: not a path like phases[1].faults[0].for", path);
		if (!*next) {
			*out_parent = parent;
			return 0;
		}
		parent = child(parent, out_last);
		if (!parent)
			return fail_set(fail, FAIL_USAGE, "--set %.200s: there is no %.*s", path,
				(int)(next - path), path);
		at = next;
	}
}

/* What is read before the values are put in. */
static int check_place(const char *path, struct fail *fail)
{
	static const char *const before[] = {"use", "backburn", "$schema"};
	size_t length = strcspn(path, ".[");

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (strlen(before[i]) == length && strncmp(before[i], path, length) == 0)
			return fail_set(fail, FAIL_USAGE,
				"--set %.200s: \"%s\" has been read by then; it can only stand in "
				"the file",
				path, before[i]);
	return 0;
}

static int apply(cJSON *tree, const struct param_value *given, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;
	struct step last = {0};
	cJSON *parent = NULL, *value;

	if (check_place(given->name, fail) < 0 ||
		find_place(tree, given->name, &parent, &last, fail) < 0)
		return -1;
	value = json_parse(given->text, strlen(given->text), &ignored);
	if (!value)
		return fail_set(fail, FAIL_USAGE,
			"--set %.200s: %.200s is not JSON (a string stands in double quotes)",
			given->name, given->text);
	if (put(parent, &last, value) == 0)
		return 0;
	cJSON_Delete(value);
	return fail_set(fail, FAIL_USAGE, "--set %.200s: there is no such place", given->name);
}

int overrides_apply(cJSON *tree, const struct param_values *values, struct fail *fail)
{
	for (size_t i = 0; values && i < values->set_count; i++)
		if (apply(tree, &values->sets[i], fail) < 0)
			return -1;
	return 0;
}

/* The path itself, or what lies in it. */
static bool covers(const char *path, const char *failed)
{
	size_t length = strlen(path);

	return strncmp(path, failed, length) == 0 && strchr(".[", failed[length]);
}

bool override_explain(const struct param_values *values, struct fail *fail)
{
	/* The last one of a place is the one that stands there. */
	for (size_t i = values ? values->set_count : 0; i-- > 0;) {
		const char *path = values->sets[i].name;
		char place[FAIL_PATH_MAX];

		if (!covers(path, fail->path))
			continue;
		memcpy(place, fail->path, sizeof(place));
		if (strcmp(place, path) != 0)
			fail_context(fail, "%s", place);
		fail_context(fail, "--set %s", path);
		fail->kind = FAIL_USAGE;
		return true;
	}
	return false;
}
