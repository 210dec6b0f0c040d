/* SPDX-License-Identifier: Apache-2.0 */
#include "mistakes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"

/* Counts the places for a mistake, and makes the `target`-th. */
struct walk {
	const struct catalogue *catalogue;
	size_t seen, target;
	char made[256]; /* what was done */
};

static bool here(struct walk *walk, const char *what, const char *key)
{
	if (walk->seen++ != walk->target)
		return false;
	snprintf(walk->made, sizeof(walk->made), "%s \"%s\"", what, key);
	return true;
}

static cJSON *wrong_type(const struct field *field)
{
	switch (field->kind) {
	case FIELD_BOOL:
	case FIELD_INTEGER:
	case FIELD_NUMBER:
	case FIELD_RATIO:
	case FIELD_COUNT:
		return cJSON_CreateString("seven");
	case FIELD_JSON:
		return NULL;
	case FIELD_LIST:
		return cJSON_CreateObject();
	case FIELD_OBJECT:
	case FIELD_MAP:
	case FIELD_WITH:
	case FIELD_TEXTS:
	case FIELD_STRINGS:
	case FIELD_NAMES:
		return cJSON_CreateArray();
	case FIELD_PORTS:
		return cJSON_CreateTrue();
	default:
		return cJSON_CreateNumber(-7);
	}
}

static cJSON *wrong_value(const struct field *field)
{
	switch (field->kind) {
	case FIELD_INTEGER:
	case FIELD_NUMBER:
		return field->max != 0 ? cJSON_CreateNumber(2 * field->max + 1) : NULL;
	case FIELD_RATIO:
		return cJSON_CreateNumber(1.5);
	case FIELD_COUNT:
		return cJSON_CreateNumber(0);
	case FIELD_DURATION:
	case FIELD_SIZE:
	case FIELD_BANDWIDTH:
		return cJSON_CreateString("3 parsecs");
	case FIELD_ENUM:
	case FIELD_FAULT:
		return cJSON_CreateString("no-such-word");
	case FIELD_NAME:
	case FIELD_GROUP:
	case FIELD_NODE:
		return cJSON_CreateString("-no name");
	case FIELD_PREFIX:
		return cJSON_CreateString("here");
	case FIELD_STRING:
		return field->allow_empty ? NULL : cJSON_CreateString("");
	case FIELD_LIST:
	case FIELD_MAP:
		if (field->allow_empty)
			return NULL;
		return field->kind == FIELD_MAP ? cJSON_CreateObject() : cJSON_CreateArray();
	case FIELD_NAMES:
		return field->allow_empty ? NULL : cJSON_CreateObject();
	default:
		return NULL;
	}
}

static cJSON *too_small(const struct field *field)
{
	/* Of the least number that there is, one less is the same. */
	double less = field->min < 0 ? 2 * field->min : field->min - 1;

	if (field->kind != FIELD_INTEGER && field->kind != FIELD_NUMBER)
		return NULL;
	return (field->min != 0 || field->max != 0) && isfinite(less) ? cJSON_CreateNumber(less)
								      : NULL;
}

static cJSON *between_two(const struct field *field)
{
	return field->kind == FIELD_INTEGER ? cJSON_CreateNumber(field->min + 0.5) : NULL;
}

/* Of any JSON value it is one. */
static cJSON *nothing(const struct field *field)
{
	return field->kind == FIELD_JSON ? NULL : cJSON_CreateNull();
}

/* No form allows a line end. */
static cJSON *of_no_form(const struct field *field)
{
	return field->form && field->kind == FIELD_STRING ? cJSON_CreateString("a\nb") : NULL;
}

static cJSON *with_a_wrong_item(const struct field *field)
{
	cJSON *list;

	if (field->kind != FIELD_LIST || field->item == FIELD_JSON)
		return NULL;
	list = cJSON_CreateArray();
	cJSON_AddItemToArray(list, cJSON_CreateNull());
	return list;
}

static const struct {
	const char *what;
	cJSON *(*make)(const struct field *field); /* NULL: can't be made of that kind */
} wrongs[] = {
	{"a wrong type of", wrong_type},
	{"a wrong value of", wrong_value},
	{"too small a value of", too_small},
	{"a fraction of", between_two},
	{"null as", nothing},
	{"a text of no form as", of_no_form},
	{"a wrong item in", with_a_wrong_item},
};

/* Puts `wrong` (consumed, may be NULL) in a member's place when that is the target. */
static void try_value(
	struct walk *walk, cJSON *object, cJSON *member, const char *what, cJSON *wrong)
{
	if (wrong && here(walk, what, member->string))
		assert_true(cJSON_ReplaceItemInObjectCaseSensitive(object, member->string, wrong));
	else
		cJSON_Delete(wrong);
}

static void rename_key(cJSON *member, const char *prefix)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", prefix, member->string);
	free(member->string);
	member->string = strdup(name);
}

static void walk_object(struct walk *walk, const struct shape *shape, cJSON *object);

static void walk_inside(
	struct walk *walk, const struct field *field, cJSON *value, const cJSON *beside)
{
	const struct catalogue_fault *fault;
	cJSON *child;

	if (field->kind == FIELD_OBJECT)
		walk_object(walk, field->sub, value);
	if (field->kind == FIELD_WITH) {
		fault = catalogue_find(walk->catalogue, json_string(beside, "fault", ""));
		if (fault) /* else this very mistake was made */
			walk_object(walk, fault->params, value);
	}
	if (field->kind != FIELD_MAP && !(field->kind == FIELD_LIST && field->item == FIELD_OBJECT))
		return;
	cJSON_ArrayForEach(child, value) {
		if (field->kind == FIELD_MAP && here(walk, "no name:", child->string))
			rename_key(child, "- ");
		walk_object(walk, field->sub, child);
	}
}

/* What only a rule between keys forbids. */
static void walk_rules(
	struct walk *walk, const struct shape *shape, const struct field *field, cJSON *object)
{
	const struct field *type = shape_type(shape);
	const char *word = type ? json_string(object, type->key, NULL) : NULL;
	bool other_type = false;

	if (cJSON_GetObjectItemCaseSensitive(object, field->key)) {
		if (field->needs && here(walk, "without what is needed by", field->key))
			cJSON_DeleteItemFromObjectCaseSensitive(object, field->needs);
		return;
	}
	for (int i = 0; field->of && word && type->words[i]; i++)
		other_type |= strcmp(type->words[i], word) == 0 && !(field->of & FIELD_OF(i));
	if (!field->later && (other_type || field->choice == CHOICE_ONE) &&
		here(walk, "an excluded", field->key))
		cJSON_AddItemToObject(object, field->key, cJSON_CreateString("7s"));
}

static void walk_object(struct walk *walk, const struct shape *shape, cJSON *object)
{
	for (size_t i = 0; i < shape->count; i++)
		walk_rules(walk, shape, &shape->fields[i], object);
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		cJSON *member = cJSON_GetObjectItemCaseSensitive(object, field->key);

		if (!member || field->later)
			continue;
		walk_inside(walk, field, member, object);
		if ((field->required || field->choice == CHOICE_ONE) &&
			here(walk, "without", field->key)) {
			cJSON_DeleteItemFromObjectCaseSensitive(object, field->key);
			continue;
		}
		if (here(walk, "renamed", field->key)) {
			rename_key(member, "x_");
			continue;
		}
		for (size_t w = 0; w < sizeof(wrongs) / sizeof(wrongs[0]); w++) {
			member = cJSON_GetObjectItemCaseSensitive(object, field->key);
			try_value(walk, object, member, wrongs[w].what, wrongs[w].make(field));
		}
	}
}

size_t mistakes_in(const struct catalogue *catalogue, const struct shape *shape, cJSON *file)
{
	struct walk walk = {.catalogue = catalogue, .target = SIZE_MAX};

	walk_object(&walk, shape, file);
	return walk.seen;
}

void mistake_make(const struct catalogue *catalogue, const struct shape *shape, cJSON *file,
	size_t number, char made[256])
{
	struct walk walk = {.catalogue = catalogue, .target = number};

	walk_object(&walk, shape, file);
	memcpy(made, walk.made, sizeof(walk.made));
}
