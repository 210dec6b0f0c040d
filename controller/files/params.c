/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/texts/placeholder.h"

struct params {
	const cJSON *declared; /* the scenario's "params", may be NULL */
	const struct param_values *values;
};

/* enum param_type; -1: none. The tree is not decoded yet. */
static int type_of(const cJSON *spec)
{
	const char *word = json_string(spec, "type", "");

	for (int i = 0; param_type_words[i]; i++)
		if (strcmp(param_type_words[i], word) == 0)
			return i;
	return -1;
}

/* A value of the command line becomes JSON: numbers where the type is one, else a string. */
static cJSON *value_from_text(int type, const char *text)
{
	char *end;
	double number;

	if (type == PARAM_DURATION || type == PARAM_STRING)
		return cJSON_CreateString(text);
	number = strtod(text, &end);
	return *text && !*end ? cJSON_CreateNumber(number) : cJSON_CreateString(text);
}

/* Durations and numbers on one scale, so that min and max compare alike. */
static int magnitude(int type, const cJSON *value, double *out)
{
	int64_t ns;

	if (type == PARAM_DURATION) {
		if (!cJSON_IsString(value) || duration_parse(value->valuestring, &ns) < 0)
			return -1;
		*out = (double)ns;
		return 0;
	}
	if (!cJSON_IsNumber(value))
		return -1;
	*out = value->valuedouble;
	if (!isfinite(*out))
		return -1;
	if (type == PARAM_RATIO && (*out < 0 || *out > 1))
		return -1;
	return type == PARAM_INTEGER && *out != floor(*out) ? -1 : 0;
}

static int check_value(
	const cJSON *spec, int type, const cJSON *value, const char *path, struct fail *fail)
{
	const cJSON *min = cJSON_GetObjectItemCaseSensitive(spec, "min");
	const cJSON *max = cJSON_GetObjectItemCaseSensitive(spec, "max");
	char *text;
	double number, bound;
	int outcome = 0;

	if (type == PARAM_STRING)
		return cJSON_IsString(value) ? 0 : fail_at(fail, path, "must be a string");
	text = json_print(value);
	if (magnitude(type, value, &number) < 0)
		outcome = fail_at(fail, path, "%s is not of type %s", text, param_type_words[type]);
	else if (min && (magnitude(type, min, &bound) < 0 || number < bound))
		outcome = fail_at(fail, path, "%s is below the parameter's min", text);
	else if (max && (magnitude(type, max, &bound) < 0 || number > bound))
		outcome = fail_at(fail, path, "%s is above the parameter's max", text);
	free(text);
	return outcome;
}

/* The value of one parameter, for the caller to delete. */
static cJSON *param_value(
	const struct params *params, const char *name, const char *path, struct fail *fail)
{
	const cJSON *spec = cJSON_GetObjectItemCaseSensitive(params->declared, name);
	char default_path[JSON_PATH_MAX];
	cJSON *value = NULL;
	int type;

	if (!cJSON_IsObject(spec)) {
		fail_at(fail, path, "no parameter named \"%.60s\" is declared under \"params\"",
			name);
		return NULL;
	}
	json_path_key(default_path, json_path_key(default_path, "params", name), "default");
	type = type_of(spec);
	for (size_t i = 0; type >= 0 && i < params->values->count; i++)
		if (strcmp(params->values->items[i].name, name) == 0)
			value = value_from_text(type, params->values->items[i].text);
	if (!value)
		value = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(spec, "default"), true);
	if (!value || type < 0 || check_value(spec, type, value, default_path, fail) < 0) {
		if (!value || type < 0)
			fail_at(fail, default_path,
				"the parameter needs a known type and a default");
		cJSON_Delete(value);
		return NULL;
	}
	return value;
}

/* --- placeholders ---------------------------------------------------------------------- */

struct text_context {
	const struct params *params;
	const char *path;
	struct fail *fail;
	bool failed;
};

static enum placeholder_answer lookup_param(void *context, const char *name, char **out_value)
{
	struct text_context *text = context;
	cJSON *value;

	if (strncmp(name, "param.", 6) != 0)
		return PLACEHOLDER_KEEP;
	value = param_value(text->params, name + 6, text->path, text->fail);
	if (!value) {
		text->failed = true;
		return PLACEHOLDER_KEEP;
	}
	*out_value = cJSON_IsString(value) ? must_copy(value->valuestring) : json_print(value);
	cJSON_Delete(value);
	return PLACEHOLDER_VALUE;
}

static int apply_to_text(
	const struct params *params, cJSON *value, const char *path, struct fail *fail)
{
	struct text_context context = {.params = params, .path = path, .fail = fail};
	const struct placeholders placeholders = {
		.lookup = lookup_param, .context = &context, .known = "{param.NAME}"};
	char *expanded;

	if (!strstr(value->valuestring, "{param."))
		return 0;
	if (placeholder_expand(value->valuestring, &placeholders, &expanded, fail) < 0)
		return -1;
	if (context.failed) {
		free(expanded);
		return -1;
	}
	if (!cJSON_SetValuestring(value, expanded))
		abort();
	free(expanded);
	return 0;
}

/* --- the tree -------------------------------------------------------------------------- */

static int apply_to_value(const struct params *params, cJSON *parent, cJSON **value,
	const char *path, struct fail *fail)
{
	char child_path[JSON_PATH_MAX];
	size_t index = 0;
	const char *name = shape_reference(*value, "param");

	if (name) {
		cJSON *replacement = param_value(params, name, path, fail);

		if (!replacement)
			return -1;
		/* A copy of a default brings the key "default" along. */
		cJSON_free(replacement->string);
		replacement->string = NULL;
		if ((*value)->string) {
			replacement->string = must_copy((*value)->string);
		}
		cJSON_ReplaceItemViaPointer(parent, *value, replacement);
		*value = replacement;
		return 0;
	}
	if (cJSON_IsString(*value))
		return apply_to_text(params, *value, path, fail);
	for (cJSON *child = (*value)->child; child; child = child->next, index++) {
		if (cJSON_IsObject(*value))
			json_path_key(child_path, path, child->string);
		else
			json_path_index(child_path, path, index);
		if (apply_to_value(params, *value, &child, child_path, fail) < 0)
			return -1;
	}
	return 0;
}

static int check_given(const struct params *params, struct fail *fail)
{
	for (size_t i = 0; i < params->values->count; i++) {
		const char *name = params->values->items[i].name;
		cJSON *value;

		if (!cJSON_GetObjectItemCaseSensitive(params->declared, name))
			return fail_set(fail, FAIL_USAGE,
				"--param %s: the scenario declares no such parameter", name);
		value = param_value(params, name, "", fail);
		if (!value) {
			fail->kind = FAIL_USAGE;
			fail->path[0] = '\0';
			return fail_context(fail, "--param %s", name);
		}
		cJSON_Delete(value);
	}
	return 0;
}

int params_apply(cJSON *tree, const struct param_values *values, struct fail *fail)
{
	static const struct param_values none;
	struct params params = {
		.declared = cJSON_GetObjectItemCaseSensitive(tree, "params"),
		.values = values ? values : &none,
	};

	if (check_given(&params, fail) < 0)
		return -1;
	return apply_to_value(&params, NULL, &tree, "", fail);
}
