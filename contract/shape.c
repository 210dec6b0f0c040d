/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/shape.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/shape_parts.h"

static const char *const kind_words[] = {
	[FIELD_BOOL] = "bool",
	[FIELD_INTEGER] = "integer",
	[FIELD_NUMBER] = "number",
	[FIELD_RATIO] = "ratio",
	[FIELD_DURATION] = "duration",
	[FIELD_SIZE] = "size",
	[FIELD_BANDWIDTH] = "bandwidth",
	[FIELD_I64] = "id",
	[FIELD_ENUM] = "enum",
	[FIELD_STRING] = "string",
	[FIELD_NAME] = "name",
	[FIELD_PREFIX] = "prefix",
	[FIELD_PORTS] = "ports",
	[FIELD_GROUP] = "group",
	[FIELD_NODE] = "node",
	[FIELD_FAULT] = "fault",
	[FIELD_JSON] = "json",
	[FIELD_WITH] = "with",
	[FIELD_TEXT] = "text",
	[FIELD_TEXTS] = "texts",
	[FIELD_STRINGS] = "strings",
	[FIELD_NAMES] = "names",
	[FIELD_COUNT] = "count",
	[FIELD_OBJECT] = "object",
	[FIELD_LIST] = "list",
	[FIELD_MAP] = "map",
};
static_assert(sizeof(kind_words) / sizeof(kind_words[0]) == FIELD_KINDS, "a word for each kind");

const char *field_kind_word(enum field_kind kind)
{
	return (unsigned)kind < FIELD_KINDS ? kind_words[kind] : "unknown";
}

static int decode_value(const struct place *place, const cJSON *value, struct fail *fail);

/* --- objects --------------------------------------------------------------------------- */

static int decode_object(const struct place *place, const cJSON *value, struct fail *fail)
{
	const struct shape *sub = place->field->sub;
	void *decoded = NULL;

	if (place->out) {
		decoded = must_alloc(sub->size);
	}
	if (shape_decode(sub, value, place->path, decoded, fail) < 0) {
		free(decoded);
		return -1;
	}
	if (place->out)
		*(void **)place->out = decoded;
	return 0;
}

static int decode_item(const struct field *field, const cJSON *value, const char *path, void *out,
	struct fail *fail)
{
	struct place place = {.field = field, .kind = field->item, .path = path, .out = out};

	/* Structs of a list lie in the list itself, not behind a pointer. */
	if (field->item == FIELD_OBJECT)
		return shape_decode(field->sub, value, path, out, fail);
	return decode_value(&place, value, fail);
}

static void free_items(const struct field *field, struct list *list);

static int decode_items(const struct place *place, const cJSON *first, bool single,
	struct list *list, struct fail *fail)
{
	const struct field *field = place->field;
	size_t size = shape_item_size(field), index = 0;
	char path[JSON_PATH_MAX];

	for (const cJSON *value = first; value; value = single ? NULL : value->next, index++) {
		char *slot = list->items ? (char *)list->items + index * size : NULL;

		if (!single && field->kind == FIELD_MAP)
			json_path_key(path, place->path, value->string);
		else if (!single)
			json_path_index(path, place->path, index);
		else
			snprintf(path, sizeof(path), "%s", place->path);
		if (field->kind == FIELD_MAP) {
			struct place name = {.field = field, .kind = FIELD_NAME, .path = path};

			if (shape_check_name(&name, value->string, fail) < 0 ||
				shape_check_form(&name, value->string, fail) < 0 ||
				shape_decode(field->sub, value, path, slot, fail) < 0)
				return -1;
			if (slot)
				*(char **)slot = must_copy(value->string);
		} else if (decode_item(field, value, path, slot, fail) < 0) {
			return -1;
		}
		list->count = index + 1;
	}
	return 0;
}

static int decode_list(const struct place *place, const cJSON *value, struct fail *fail)
{
	const struct field *field = place->field;
	bool map = field->kind == FIELD_MAP, container;
	struct list list = {0};
	bool single;
	size_t count;

	container = map ? cJSON_IsObject(value) : cJSON_IsArray(value);
	single = !container && !map && field->one_is_list;
	if (!container && !single)
		return shape_wrong_kind(place, value, map ? "an object" : "a list", fail);
	count = single ? 1 : (size_t)cJSON_GetArraySize(value);
	if (count == 0 && !field->allow_empty)
		return fail_at(fail, place->path, "must not be empty");
	if (place->out && count) {
		list.items = must_array(count, shape_item_size(field));
	}
	if (decode_items(place, single ? value : value->child, single, &list, fail) < 0) {
		if (list.items)
			free_items(field, &list);
		return -1;
	}
	if (place->out)
		*(struct list *)place->out = list;
	return 0;
}

static int decode_value(const struct place *place, const cJSON *value, struct fail *fail)
{
	if (!place->out && shape_reference(value, "param"))
		return 0;
	switch (place->kind) {
	case FIELD_OBJECT:
		return decode_object(place, value, fail);
	case FIELD_LIST:
	case FIELD_MAP:
		return decode_list(place, value, fail);
	default:
		return shape_decode_scalar(place, value, fail);
	}
}

/* From the field at `from` on, and round: what programs wrote has its keys in the shape's order. */
static const struct field *find_field(const struct shape *shape, const char *key, size_t from)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[(from + i) % shape->count];

		if (*field->key == *key && strcmp(field->key, key) == 0)
			return field;
	}
	return NULL;
}

enum {
	FIELDS_MAX = 64, /* of a shape: a bit for each */
	NEAREST_KEYS_MAX = FIELDS_MAX
};

static int unknown_key(
	const struct shape *shape, const char *key, const char *path, struct fail *fail)
{
	const char *keys[NEAREST_KEYS_MAX];
	const char *nearest;
	size_t count = 0;

	for (size_t i = 0; i < shape->count && count < NEAREST_KEYS_MAX; i++)
		if (!shape->fields[i].later)
			keys[count++] = shape->fields[i].key;
	nearest = json_nearest(key, keys, count);
	if (nearest)
		return fail_at(fail, path, "unknown key \"%.60s\" in %s (did you mean \"%s\"?)",
			key, shape->name, nearest);
	return fail_at(fail, path, "unknown key \"%.60s\" in %s", key, shape->name);
}

static bool is_composed(enum field_kind kind)
{
	return kind >= FIELD_OBJECT;
}

/*
 * A path is made for what is wrong, or may have something wrong in it: a journal holds millions of
 * plain values that are not.
 */
static int decode_member(const struct field *field, const cJSON *member, const char *path,
	void *out, struct fail *fail)
{
	struct place place = {.field = field, .kind = field->kind, .path = "", .out = out};
	struct fail unplaced = FAIL_INIT;
	char key_path[JSON_PATH_MAX];

	if (!field->later && !is_composed(field->kind) &&
		decode_value(&place, member, &unplaced) == 0)
		return 0;
	place.path = json_path_key(key_path, path, member->string);
	if (field->later)
		return fail_at(
			fail, key_path, "\"%s\" is not supported in this version", field->key);
	return decode_value(&place, member, fail);
}

/* An object that is being decoded: where it stands, where it goes, and which fields it has. */
struct decoding {
	const struct shape *shape;
	const char *path;
	void *out;
	uint64_t there; /* a bit for each field */
};

static int decode_members(struct decoding *own, const cJSON *object, struct fail *fail)
{
	const struct shape *shape = own->shape;
	char key_path[JSON_PATH_MAX];
	size_t next = 0;

	assert(shape->count <= FIELDS_MAX);
	for (const cJSON *member = object->child; member; member = member->next) {
		const struct field *field = find_field(shape, member->string, next);

		if (!field)
			return unknown_key(shape, member->string,
				json_path_key(key_path, own->path, member->string), fail);
		if (decode_member(field, member, own->path,
			    own->out ? (char *)own->out + field->offset : NULL, fail) < 0)
			return -1;
		next = (size_t)(field - shape->fields) + 1;
		own->there |= UINT64_C(1) << (next - 1);
	}
	return 0;
}

/* A preset is ours, not the author's: it must parse, and it may lie outside min and max. */
static void decode_preset(const struct field *field, void *out)
{
	struct field unbounded = *field;
	struct place place = {
		.field = &unbounded, .kind = field->kind, .path = field->key, .out = out};
	cJSON *value = cJSON_Parse(field->preset);
	struct fail fail = FAIL_INIT;

	unbounded.min = unbounded.max = 0;
	unbounded.allow_empty = true;
	if (!value || decode_value(&place, value, &fail) < 0) {
		fprintf(stderr, "defect: preset of \"%s\": %s\n", field->key, fail.text);
		abort();
	}
	cJSON_Delete(value);
}

static int decode_absent(const struct decoding *own, struct fail *fail)
{
	const struct shape *shape = own->shape;

	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (own->there & UINT64_C(1) << i)
			continue;
		if (field->required && !field->of)
			return fail_at(fail, own->path, "%s needs the key \"%s\"", shape->name,
				field->key);
		if (field->preset && own->out)
			decode_preset(field, (char *)own->out + field->offset);
		if (field->or_nan && own->out)
			*(double *)((char *)own->out + field->offset) = NAN;
	}
	return 0;
}

int shape_decode(const struct shape *shape, const cJSON *value, const char *path, void *out,
	struct fail *fail)
{
	struct decoding own = {.shape = shape, .path = path, .out = out};

	if (out && shape->size)
		memset(out, 0, shape->size);
	if (!out && shape_reference(value, "param"))
		return 0;
	if (!cJSON_IsObject(value))
		return fail_at(
			fail, path, "%s must be an object, not %s", shape->name, json_kind(value));
	if (decode_members(&own, value, fail) < 0 || decode_absent(&own, fail) < 0 ||
		shape_check_rules(shape, value, path, fail) < 0) {
		if (out)
			shape_free(shape, out);
		return -1;
	}
	return 0;
}

/* --- freeing --------------------------------------------------------------------------- */

static void free_items(const struct field *field, struct list *list)
{
	size_t size = shape_item_size(field);

	for (size_t i = 0; i < list->count; i++) {
		char *slot = (char *)list->items + i * size;

		if (field->kind == FIELD_MAP)
			free(*(char **)slot);
		if (field->kind == FIELD_MAP || field->item == FIELD_OBJECT)
			shape_free(field->sub, slot);
		else if (shape_is_text(field->item))
			free(*(char **)slot);
		else if (shape_is_tree(field->item))
			cJSON_Delete(*(cJSON **)slot);
	}
	free(list->items);
	*list = (struct list){0};
}

static void free_value(const struct field *field, void *slot)
{
	if (shape_is_text(field->kind)) {
		free(*(char **)slot);
	} else if (shape_is_tree(field->kind)) {
		cJSON_Delete(*(cJSON **)slot);
	} else if (field->kind == FIELD_OBJECT) {
		if (*(void **)slot)
			shape_free(field->sub, *(void **)slot);
		free(*(void **)slot);
	} else if (field->kind == FIELD_LIST || field->kind == FIELD_MAP) {
		free_items(field, slot);
	}
}

void shape_free(const struct shape *shape, void *decoded)
{
	for (size_t i = 0; i < shape->count; i++)
		if (!shape->fields[i].later) /* it has no place in the struct */
			free_value(&shape->fields[i], (char *)decoded + shape->fields[i].offset);
	if (shape->size)
		memset(decoded, 0, shape->size);
}
