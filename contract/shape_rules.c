/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "contract/shape_parts.h"

/* What the fields of one object ask of one another. */

static bool has(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key) != NULL;
}

/* --- types ----------------------------------------------------------------------------- */

/* NULL is none of them. */
static int word_index(const char *const *words, const char *given)
{
	for (int word = 0; given && words[word]; word++)
		if (strcmp(words[word], given) == 0)
			return word;
	return -1;
}

const struct field *shape_type(const struct shape *shape)
{
	for (size_t i = 0; i < shape->count; i++)
		if (shape->fields[i].kind == FIELD_ENUM &&
			(strcmp(shape->fields[i].key, "type") == 0 ||
				strcmp(shape->fields[i].key, "model") == 0))
			return &shape->fields[i];
	return NULL;
}

int shape_type_preset(const struct field *type)
{
	cJSON *preset = type->preset ? cJSON_Parse(type->preset) : NULL;
	int word = preset ? word_index(type->words, cJSON_GetStringValue(preset)) : -1;

	cJSON_Delete(preset);
	return word;
}

/* Which word of its type the object has; -1: none, or one that is known only later ("param"). */
static int type_of(const struct field *type, const cJSON *object)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(object, type->key);

	return given ? word_index(type->words, cJSON_GetStringValue(given))
		     : shape_type_preset(type);
}

/* The keys that belong to some types, this among them. */
static const char *keys_of(const struct shape *shape, int type, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < shape->count; i++)
		if (shape->fields[i].of & FIELD_OF(type) && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
				shape->fields[i].key);
	return out;
}

static int check_types(
	const struct shape *shape, const cJSON *object, const char *path, struct fail *fail)
{
	const struct field *types = shape_type(shape);
	int type = types ? type_of(types, object) : -1;
	char key_path[JSON_PATH_MAX], keys[256];

	for (size_t i = 0; type >= 0 && i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		bool belongs = field->of & FIELD_OF(type), given = has(object, field->key);

		if (field->of && given && !belongs)
			return fail_at(fail, json_path_key(key_path, path, field->key),
				"does not belong to %s \"%s\", which has: %s", types->key,
				types->words[type], keys_of(shape, type, keys, sizeof(keys)));
		if (belongs && field->required && !given)
			return fail_at(fail, path, "%s \"%s\" needs the key \"%s\"", types->key,
				types->words[type], field->key);
	}
	return 0;
}

/* --- choices --------------------------------------------------------------------------- */

/* "a", "b" and "c": the keys of the shape's fields of this choice; false when it has none. */
static bool choice_words(
	const struct shape *shape, enum field_choice choice, char *words, size_t size)
{
	const struct field *last = NULL;
	size_t used = 0;

	*words = '\0';
	for (size_t i = 0; i < shape->count; i++)
		if (shape->fields[i].choice == choice)
			last = &shape->fields[i];
	for (size_t i = 0; i < shape->count && used < size; i++) {
		if (shape->fields[i].choice != choice)
			continue;
		used += (size_t)snprintf(words + used, size - used, "%s\"%s\"",
			!used                               ? ""
				: &shape->fields[i] == last ? " and "
							    : ", ",
			shape->fields[i].key);
	}
	return last != NULL;
}

static int check_choice(const struct shape *shape, enum field_choice choice, const cJSON *object,
	const char *path, struct fail *fail)
{
	char words[256];
	size_t given = 0;

	if (!choice_words(shape, choice, words, sizeof(words)))
		return 0;
	for (size_t i = 0; i < shape->count; i++)
		given += shape->fields[i].choice == choice && has(object, shape->fields[i].key);
	if (given == 1 || (given > 1 && choice == CHOICE_ANY))
		return 0;
	return fail_at(fail, path, "%s needs %s one of %s", shape->name,
		choice == CHOICE_ONE ? "exactly" : "at least", words);
}

static int check_needs(
	const struct shape *shape, const cJSON *object, const char *path, struct fail *fail)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		char key_path[JSON_PATH_MAX];

		if (field->needs && has(object, field->key) && !has(object, field->needs))
			return fail_at(fail, json_path_key(key_path, path, field->key),
				"\"%s\" needs the key \"%s\" beside it", field->key, field->needs);
	}
	return 0;
}

int shape_check_rules(
	const struct shape *shape, const cJSON *object, const char *path, struct fail *fail)
{
	if (check_types(shape, object, path, fail) < 0 ||
		check_choice(shape, CHOICE_ONE, object, path, fail) < 0 ||
		check_choice(shape, CHOICE_ANY, object, path, fail) < 0)
		return -1;
	return check_needs(shape, object, path, fail);
}
