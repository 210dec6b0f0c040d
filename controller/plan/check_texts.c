/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "controller/plan/check_parts.h"
#include "controller/texts/placeholder.h"

struct at at_key(const struct at *parent, const char *key)
{
	struct at child;

	json_path_key(child.path, parent ? parent->path : "", key);
	return child;
}

struct at at_index(const struct at *parent, size_t index)
{
	struct at child;

	json_path_index(child.path, parent->path, index);
	return child;
}

enum {
	NAMES_MAX = 256
};

const char *nearest_named(const struct list *list, size_t size, const char *name)
{
	const char *names[NAMES_MAX];
	size_t count = list->count < NAMES_MAX ? list->count : NAMES_MAX;

	for (size_t i = 0; i < count; i++)
		names[i] = *(char *const *)((const char *)list->items + i * size);
	return json_nearest(name, names, count);
}

int no_such(const struct at *at, const char *what, const char *name, const char *nearest,
	struct fail *fail)
{
	if (nearest)
		return fail_at(fail, at->path, "no %s named \"%s\" (did you mean \"%s\"?)", what,
			name, nearest);
	return fail_at(fail, at->path, "no %s named \"%s\"", what, name);
}

int need_group(
	const struct scenario *scenario, const char *name, const struct at *at, struct fail *fail)
{
	if (scenario_group(scenario, name))
		return 0;
	return no_such(at, "group", name,
		nearest_named(&scenario->groups, sizeof(struct group_spec), name), fail);
}

/* --- placeholders and secrets ---------------------------------------------------------- */

static bool is_group_addrs(const struct scenario *scenario, const char *name)
{
	const char *end = name + strlen(name);
	char group[128];
	size_t length;

	if (strncmp(name, "group.", 6) != 0 || end - name < 13 || strcmp(end - 6, ".addrs") != 0)
		return false;
	length = (size_t)(end - 6 - (name + 6));
	if (length >= sizeof(group))
		return false;
	memcpy(group, name + 6, length);
	group[length] = '\0';
	return scenario_group(scenario, group) != NULL;
}

static enum placeholder_answer check_name(void *context, const char *name, char **out_value)
{
	const struct text_rules *rules = context;
	bool known = (rules->counter && (strcmp(name, "n") == 0 || strcmp(name, "uuid") == 0)) ||
		(rules->node &&
			(strcmp(name, "node.name") == 0 || strcmp(name, "node.addr") == 0)) ||
		strncmp(name, "var.", 4) == 0 || is_group_addrs(rules->scenario, name);

	(void)out_value;
	return known ? PLACEHOLDER_KEEP : PLACEHOLDER_UNKNOWN;
}

int check_placeholders(
	const struct text_rules *rules, const char *text, const struct at *at, struct fail *fail)
{
	struct text_rules copy = *rules;
	char known[160], *expanded;
	const struct placeholders placeholders = {
		.lookup = check_name, .context = &copy, .known = known};

	snprintf(known, sizeof(known), "%s%s{group.NAME.addrs} of a group that exists, {var.NAME}",
		rules->counter ? "{n}, {uuid}, " : "",
		rules->node ? "{node.name}, {node.addr}, " : "");
	if (placeholder_expand(text, &placeholders, &expanded, fail) < 0) {
		snprintf(fail->path, sizeof(fail->path), "%s", at->path);
		return -1;
	}
	free(expanded);
	return 0;
}

static bool secret_declared(const struct scenario *scenario, const char *name)
{
	LIST_EACH(scenario->secrets, struct secret_spec, secret)
		if (strcmp(secret->name, name) == 0)
			return true;
	return false;
}

int check_text_value(
	const struct text_rules *rules, const cJSON *value, const struct at *at, struct fail *fail)
{
	const char *secret;
	size_t index = 0;

	if (secret_reference(value, &secret)) {
		if (secret_declared(rules->scenario, secret))
			return 0;
		return no_such(at, "secret", secret,
			nearest_named(
				&rules->scenario->secrets, sizeof(struct secret_spec), secret),
			fail);
	}
	if (cJSON_IsString(value))
		return check_placeholders(rules, value->valuestring, at, fail);
	for (const cJSON *child = value->child; child; child = child->next, index++) {
		struct at child_at =
			cJSON_IsObject(value) ? at_key(at, child->string) : at_index(at, index);

		if (check_text_value(rules, child, &child_at, fail) < 0)
			return -1;
	}
	return 0;
}
