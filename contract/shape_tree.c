/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/shape_parts.h"

/* Values that stay JSON, counts, and the forms that texts and keys may have to keep. */

bool shape_is_text(enum field_kind kind)
{
	switch (kind) {
	case FIELD_STRING:
	case FIELD_NAME:
	case FIELD_GROUP:
	case FIELD_NODE:
	case FIELD_FAULT:
		return true;
	default:
		return false;
	}
}

bool shape_is_tree(enum field_kind kind)
{
	switch (kind) {
	case FIELD_JSON:
	case FIELD_WITH:
	case FIELD_TEXT:
	case FIELD_TEXTS:
	case FIELD_STRINGS:
	case FIELD_NAMES:
		return true;
	default:
		return false;
	}
}

const char *shape_reference(const cJSON *value, const char *key)
{
	if (!cJSON_IsObject(value) || !value->child || value->child->next ||
		strcmp(value->child->string, key) != 0 || !cJSON_IsString(value->child))
		return NULL;
	return value->child->valuestring;
}

/* --- forms ----------------------------------------------------------------------------- */

bool form_matches(const struct form *form, const char *text)
{
	regex_t expression;
	bool matches;

	/* A form is ours, not the author's: it compiles. */
	if (regcomp(&expression, form->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	matches = strlen(text) <= FORM_TEXT_MAX && regexec(&expression, text, 0, NULL, 0) == 0;
	regfree(&expression);
	return matches;
}

int shape_check_form(const struct place *place, const char *text, struct fail *fail)
{
	const struct form *form = place->field->form;

	if (!form || form_matches(form, text))
		return 0;
	return fail_at(fail, place->path, "\"%.64s\" is not %s", text, form->says);
}

/* --- trees ----------------------------------------------------------------------------- */

static int check_text(const struct place *place, const cJSON *value, struct fail *fail)
{
	if (!cJSON_IsString(value) && !shape_reference(value, "secret") &&
		!(!place->out && shape_reference(value, "param")))
		return shape_wrong_kind(place, value, "a string or a secret", fail);
	return 0;
}

static int check_string(const struct place *place, const cJSON *value, struct fail *fail)
{
	if (!cJSON_IsString(value) && !(!place->out && shape_reference(value, "param")))
		return shape_wrong_kind(place, value, "a string", fail);
	return 0;
}

static int check_members(const struct place *place, const cJSON *object, struct fail *fail)
{
	bool texts = place->kind == FIELD_TEXTS;
	char path[JSON_PATH_MAX];
	struct place member = *place;

	if (!cJSON_IsObject(object))
		return shape_wrong_kind(
			place, object, texts ? "an object" : "an object of strings", fail);
	member.path = path;
	for (const cJSON *value = object->child; value; value = value->next) {
		json_path_key(path, place->path, value->string);
		if (shape_check_form(&member, value->string, fail) < 0 ||
			(texts ? check_text : check_string)(&member, value, fail) < 0)
			return -1;
	}
	return 0;
}

static int check_name(const struct place *place, const cJSON *value, struct fail *fail)
{
	if (!place->out && shape_reference(value, "param"))
		return 0;
	if (!cJSON_IsString(value))
		return shape_wrong_kind(place, value, "a name", fail);
	return shape_check_name(place, value->valuestring, fail);
}

static int check_names(const struct place *place, const cJSON *object, struct fail *fail)
{
	char list_path[JSON_PATH_MAX], path[JSON_PATH_MAX];
	struct place list = *place, member = *place;

	if (!cJSON_IsObject(object))
		return shape_wrong_kind(place, object, "an object of lists of names", fail);
	if (!object->child && !place->field->allow_empty)
		return fail_at(fail, place->path, "must not be empty");
	list.path = list_path;
	member.path = path;
	for (const cJSON *value = object->child; value; value = value->next) {
		size_t index = 0;

		json_path_key(list_path, place->path, value->string);
		if (shape_check_name(&list, value->string, fail) < 0)
			return -1;
		if (!cJSON_IsArray(value))
			return shape_wrong_kind(&list, value, "a list of names", fail);
		if (!value->child)
			return fail_at(fail, list.path, "must not be empty");
		for (const cJSON *name = value->child; name; name = name->next) {
			json_path_index(path, list_path, index++);
			if (check_name(&member, name, fail) < 0)
				return -1;
		}
	}
	return 0;
}

int shape_decode_tree(const struct place *place, const cJSON *value, struct fail *fail)
{
	int outcome = 0;

	if (place->kind == FIELD_TEXT)
		outcome = check_text(place, value, fail);
	else if (place->kind == FIELD_TEXTS || place->kind == FIELD_STRINGS)
		outcome = check_members(place, value, fail);
	else if (place->kind == FIELD_NAMES)
		outcome = check_names(place, value, fail);
	else if (place->kind == FIELD_WITH && !cJSON_IsObject(value))
		outcome = shape_wrong_kind(place, value, "an object", fail);
	if (outcome == 0 && place->out) {
		*(cJSON **)place->out = cJSON_Duplicate(value, true);
		if (!*(cJSON **)place->out)
			abort();
	}
	return outcome;
}

/* --- counts ---------------------------------------------------------------------------- */

static int decode_bound(const cJSON *json, const char *path, int64_t *out, struct fail *fail)
{
	double number = cJSON_IsNumber(json) ? json->valuedouble : 0;

	if (number < 1 || number > COUNT_MAX || number != (double)(int64_t)number)
		return fail_at(fail, path, "must be a whole number from 1 to %d", COUNT_MAX);
	*out = (int64_t)number;
	return 0;
}

static int decode_bounds(
	const struct place *place, const cJSON *json, struct count *out, struct fail *fail)
{
	char key_path[JSON_PATH_MAX];

	if (!json->child)
		return fail_at(fail, place->path, "needs at least one of \"min\" and \"max\"");
	for (const cJSON *bound = json->child; bound; bound = bound->next) {
		bool min = strcmp(bound->string, "min") == 0;

		json_path_key(key_path, place->path, bound->string);
		if (!place->out && shape_reference(bound, "param"))
			continue;
		if (!min && strcmp(bound->string, "max") != 0)
			return fail_at(fail, key_path,
				"unknown key \"%.40s\" in count; it may hold min and max",
				bound->string);
		if (decode_bound(bound, key_path, min ? &out->min : &out->max, fail) < 0)
			return -1;
	}
	if (out->max < out->min)
		return fail_at(fail, place->path, "min must be at most max");
	return 0;
}

int shape_decode_count(const struct place *place, const cJSON *value, struct fail *fail)
{
	struct count count = {.min = 1, .max = COUNT_MAX};

	if (cJSON_IsObject(value)) {
		if (decode_bounds(place, value, &count, fail) < 0)
			return -1;
	} else {
		if (decode_bound(value, place->path, &count.min, fail) < 0)
			return -1;
		count.max = count.min;
	}
	if (place->out)
		*(struct count *)place->out = count;
	return 0;
}
