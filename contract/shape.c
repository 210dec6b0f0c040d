/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/shape.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/address.h"
#include "contract/json.h"
#include "contract/units.h"

static const char *const kind_words[] = {
	[FIELD_BOOL] = "bool",
	[FIELD_INTEGER] = "integer",
	[FIELD_NUMBER] = "number",
	[FIELD_RATIO] = "ratio",
	[FIELD_DURATION] = "duration",
	[FIELD_SIZE] = "size",
	[FIELD_I64] = "id",
	[FIELD_ENUM] = "enum",
	[FIELD_STRING] = "string",
	[FIELD_NAME] = "name",
	[FIELD_PREFIX] = "prefix",
	[FIELD_PORTS] = "ports",
	[FIELD_GROUP] = "group",
	[FIELD_NODE] = "node",
	[FIELD_JSON] = "json",
	[FIELD_OBJECT] = "object",
	[FIELD_LIST] = "list",
	[FIELD_MAP] = "map",
};
static_assert(sizeof(kind_words) / sizeof(kind_words[0]) == FIELD_KINDS, "a word for each kind");

enum {
	NAME_LENGTH_MAX = 63,
	INTEGER_EXACT_BITS = 53
};

const char *field_kind_word(enum field_kind kind)
{
	return (unsigned)kind < FIELD_KINDS ? kind_words[kind] : "unknown";
}

/* Where a value stands and where it goes; `out` may be NULL when a value is only checked. */
struct place {
	const struct field *field;
	enum field_kind kind; /* of the value itself: an item's kind inside a list */
	const char *path;
	void *out;
};

static int decode_value(const struct place *place, const cJSON *value, struct fail *fail);

static int wrong_kind(
	const struct place *place, const cJSON *value, const char *expected, struct fail *fail)
{
	return fail_at(fail, place->path, "must be %s, not %s", expected, json_kind(value));
}

/* --- scalars --------------------------------------------------------------------------- */

static int decode_bool(const struct place *place, const cJSON *value, struct fail *fail)
{
	if (!cJSON_IsBool(value))
		return wrong_kind(place, value, "true or false", fail);
	if (place->out)
		*(bool *)place->out = cJSON_IsTrue(value);
	return 0;
}

static bool has_bounds(const struct field *field)
{
	return field->min != 0 || field->max != 0;
}

static int decode_number(const struct place *place, const cJSON *value, struct fail *fail)
{
	const struct field *field = place->field;
	bool whole = place->kind == FIELD_INTEGER;
	double number, min = field->min, max = field->max;

	if (!cJSON_IsNumber(value))
		return wrong_kind(place, value, whole ? "a whole number" : "a number", fail);
	number = value->valuedouble;
	if (!isfinite(number) ||
		(whole && (number != floor(number) || fabs(number) > ldexp(1, INTEGER_EXACT_BITS))))
		return fail_at(
			fail, place->path, "must be %s", whole ? "a whole number" : "finite");
	if (place->kind == FIELD_RATIO && !has_bounds(field))
		max = 1;
	if ((place->kind == FIELD_RATIO || has_bounds(field)) && (number < min || number > max))
		return fail_at(fail, place->path, "must be %s%.15g to %.15g, not %.15g",
			place->kind == FIELD_RATIO ? "a ratio from " : "from ", min, max, number);
	if (place->out && whole)
		*(int64_t *)place->out = (int64_t)number;
	else if (place->out)
		*(double *)place->out = number;
	return 0;
}

static int decode_duration(const struct place *place, const cJSON *value, struct fail *fail)
{
	const struct field *field = place->field;
	char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX];
	int64_t ns;

	if (!cJSON_IsString(value))
		return wrong_kind(place, value, "a duration like \"250ms\" or \"1.5s\"", fail);
	if (duration_parse(value->valuestring, &ns) < 0)
		return fail_at(fail, place->path,
			"\"%.40s\" is not a duration: a number and one of ns, us, ms, s, m, h, d",
			value->valuestring);
	if (has_bounds(field) && ((double)ns < field->min || (double)ns > field->max))
		return fail_at(fail, place->path, "must be from %s to %s, not %s",
			duration_format((int64_t)field->min, low),
			duration_format((int64_t)field->max, high), value->valuestring);
	if (place->out)
		*(int64_t *)place->out = ns;
	return 0;
}

static int decode_size(const struct place *place, const cJSON *value, struct fail *fail)
{
	int64_t bytes;

	if (!cJSON_IsString(value))
		return wrong_kind(place, value, "a size like \"64KiB\"", fail);
	if (size_parse(value->valuestring, &bytes) < 0)
		return fail_at(fail, place->path,
			"\"%.40s\" is not a size: a whole number and one of B, KiB, MiB, GiB",
			value->valuestring);
	if (place->out)
		*(int64_t *)place->out = bytes;
	return 0;
}

static int decode_i64(const struct place *place, const cJSON *value, struct fail *fail)
{
	const char *text;
	uint64_t magnitude;
	bool negative;

	if (!cJSON_IsString(value))
		return wrong_kind(place, value, "a decimal string", fail);
	text = value->valuestring;
	negative = *text == '-';
	if (u64_parse(text + negative, &magnitude) < 0 || magnitude > INT64_MAX)
		return fail_at(
			fail, place->path, "\"%.40s\" is not a decimal 64-bit integer", text);
	if (place->out)
		*(int64_t *)place->out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return 0;
}

static int decode_enum(const struct place *place, const cJSON *value, struct fail *fail)
{
	const char *const *words = place->field->words;
	char list[256] = "";
	const char *nearest;
	size_t count = 0;

	if (!cJSON_IsString(value))
		return wrong_kind(place, value, "a word", fail);
	for (; words[count]; count++) {
		size_t used = strlen(list);

		if (strcmp(words[count], value->valuestring) == 0) {
			if (place->out)
				*(int *)place->out = (int)count;
			return 0;
		}
		snprintf(list + used, sizeof(list) - used, "%s%s", count ? ", " : "", words[count]);
	}
	nearest = json_nearest(value->valuestring, words, count);
	return fail_at(fail, place->path, "\"%.40s\" is not one of %s%s%s%s", value->valuestring,
		list, nearest ? " (did you mean \"" : "", nearest ? nearest : "",
		nearest ? "\"?)" : "");
}

static int check_name(const struct place *place, const char *text, struct fail *fail)
{
	size_t length = strlen(text);

	if (length == 0 || length > NAME_LENGTH_MAX || text[0] == '.' || text[0] == '-' ||
		text[strspn(text,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789._-")])
		return fail_at(fail, place->path,
			"\"%.70s\" is not a name: letters, digits, '.', '_', '-'; at most %d of "
			"them",
			text, NAME_LENGTH_MAX);
	return 0;
}

static int decode_text(const struct place *place, const cJSON *value, struct fail *fail)
{
	bool free_text = place->kind == FIELD_STRING;

	if (!cJSON_IsString(value))
		return wrong_kind(place, value, free_text ? "a string" : "a name", fail);
	if (!free_text && check_name(place, value->valuestring, fail) < 0)
		return -1;
	if (free_text && !*value->valuestring && !place->field->allow_empty)
		return fail_at(fail, place->path, "must not be empty");
	if (place->out) {
		char *copy = strdup(value->valuestring);

		if (!copy)
			abort();
		*(char **)place->out = copy;
	}
	return 0;
}

static int decode_prefix(const struct place *place, const cJSON *value, struct fail *fail)
{
	struct prefix prefix;

	if (!cJSON_IsString(value))
		return wrong_kind(place, value, "an address or prefix", fail);
	if (prefix_parse(value->valuestring, &prefix, fail) < 0) {
		snprintf(fail->path, sizeof(fail->path), "%s", place->path);
		return -1;
	}
	if (place->out)
		*(struct prefix *)place->out = prefix;
	return 0;
}

static int add_port(struct port_set *set, const cJSON *value, const char *path, struct fail *fail)
{
	char text[32];

	if (cJSON_IsNumber(value))
		snprintf(text, sizeof(text), "%.15g", value->valuedouble);
	else if (cJSON_IsString(value))
		snprintf(text, sizeof(text), "%s", value->valuestring);
	else
		return fail_at(fail, path, "must be a port or a range like \"8000-8080\", not %s",
			json_kind(value));
	if (port_set_add(set, text, fail) == 0)
		return 0;
	snprintf(fail->path, sizeof(fail->path), "%s", path);
	return -1;
}

static int decode_ports(const struct place *place, const cJSON *value, struct fail *fail)
{
	struct port_set set = {0};
	char path[JSON_PATH_MAX];
	size_t index = 0;

	if (!cJSON_IsArray(value)) {
		if (add_port(&set, value, place->path, fail) < 0)
			return -1;
	} else {
		for (const cJSON *port = value->child; port; port = port->next)
			if (add_port(&set, port, json_path_index(path, place->path, index++),
				    fail) < 0)
				return -1;
		if (!set.count)
			return fail_at(fail, place->path, "must name at least one port");
	}
	if (place->out)
		*(struct port_set *)place->out = set;
	return 0;
}

static int decode_json(const struct place *place, const cJSON *value, struct fail *fail)
{
	(void)fail;
	if (place->out) {
		*(cJSON **)place->out = cJSON_Duplicate(value, true);
		if (!*(cJSON **)place->out)
			abort();
	}
	return 0;
}

/* --- objects --------------------------------------------------------------------------- */

static int decode_object(const struct place *place, const cJSON *value, struct fail *fail)
{
	const struct shape *sub = place->field->sub;
	void *decoded = NULL;

	if (place->out) {
		decoded = calloc(1, sub->size ? sub->size : 1);
		if (!decoded)
			abort();
	}
	if (shape_decode(sub, value, place->path, decoded, fail) < 0) {
		free(decoded);
		return -1;
	}
	if (place->out)
		*(void **)place->out = decoded;
	return 0;
}

static size_t item_size(const struct field *field)
{
	switch (field->kind == FIELD_MAP ? FIELD_OBJECT : field->item) {
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_ENUM:
		return sizeof(int);
	case FIELD_PREFIX:
		return sizeof(struct prefix);
	case FIELD_PORTS:
		return sizeof(struct port_set);
	case FIELD_OBJECT:
		return field->sub->size;
	case FIELD_NUMBER:
	case FIELD_RATIO:
		return sizeof(double);
	case FIELD_STRING:
	case FIELD_NAME:
	case FIELD_GROUP:
	case FIELD_NODE:
	case FIELD_JSON:
		return sizeof(void *);
	default:
		return sizeof(int64_t);
	}
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
	size_t size = item_size(field), index = 0;
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

			if (check_name(&name, value->string, fail) < 0 ||
				shape_decode(field->sub, value, path, slot, fail) < 0)
				return -1;
			if (slot) {
				*(char **)slot = strdup(value->string);
				if (!*(char **)slot)
					abort();
			}
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
		return wrong_kind(place, value, map ? "an object" : "a list", fail);
	count = single ? 1 : (size_t)cJSON_GetArraySize(value);
	if (count == 0 && !field->allow_empty)
		return fail_at(fail, place->path, "must not be empty");
	if (place->out && count) {
		list.items = calloc(count, item_size(field));
		if (!list.items)
			abort();
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
	typedef int decoder(const struct place *, const cJSON *, struct fail *);
	static decoder *const decoders[] = {
		[FIELD_BOOL] = decode_bool,
		[FIELD_INTEGER] = decode_number,
		[FIELD_NUMBER] = decode_number,
		[FIELD_RATIO] = decode_number,
		[FIELD_DURATION] = decode_duration,
		[FIELD_SIZE] = decode_size,
		[FIELD_I64] = decode_i64,
		[FIELD_ENUM] = decode_enum,
		[FIELD_STRING] = decode_text,
		[FIELD_NAME] = decode_text,
		[FIELD_PREFIX] = decode_prefix,
		[FIELD_PORTS] = decode_ports,
		[FIELD_GROUP] = decode_text,
		[FIELD_NODE] = decode_text,
		[FIELD_JSON] = decode_json,
		[FIELD_OBJECT] = decode_object,
		[FIELD_LIST] = decode_list,
		[FIELD_MAP] = decode_list,
	};
	static_assert(sizeof(decoders) / sizeof(decoders[0]) == FIELD_KINDS, "a decoder for each");

	return decoders[place->kind](place, value, fail);
}

static const struct field *find_field(const struct shape *shape, const char *key)
{
	for (size_t i = 0; i < shape->count; i++)
		if (strcmp(shape->fields[i].key, key) == 0)
			return &shape->fields[i];
	return NULL;
}

enum {
	NEAREST_KEYS_MAX = 64
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

static int decode_members(const struct shape *shape, const cJSON *object, const char *path,
	void *out, struct fail *fail)
{
	char key_path[JSON_PATH_MAX];

	for (const cJSON *member = object->child; member; member = member->next) {
		const struct field *field = find_field(shape, member->string);
		struct place place;

		json_path_key(key_path, path, member->string);
		if (!field)
			return unknown_key(shape, member->string, key_path, fail);
		if (field->later)
			return fail_at(fail, key_path, "\"%s\" is not supported in this version",
				field->key);
		place = (struct place){.field = field,
			.kind = field->kind,
			.path = key_path,
			.out = out ? (char *)out + field->offset : NULL};
		if (decode_value(&place, member, fail) < 0)
			return -1;
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

static int decode_absent(const struct shape *shape, const cJSON *object, const char *path,
	void *out, struct fail *fail)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (cJSON_GetObjectItemCaseSensitive(object, field->key))
			continue;
		if (field->required)
			return fail_at(
				fail, path, "%s needs the key \"%s\"", shape->name, field->key);
		if (field->preset && out)
			decode_preset(field, (char *)out + field->offset);
	}
	return 0;
}

int shape_decode(const struct shape *shape, const cJSON *value, const char *path, void *out,
	struct fail *fail)
{
	if (out && shape->size)
		memset(out, 0, shape->size);
	if (!cJSON_IsObject(value))
		return fail_at(
			fail, path, "%s must be an object, not %s", shape->name, json_kind(value));
	if (decode_members(shape, value, path, out, fail) < 0 ||
		decode_absent(shape, value, path, out, fail) < 0) {
		if (out)
			shape_free(shape, out);
		return -1;
	}
	return 0;
}

/* --- freeing --------------------------------------------------------------------------- */

static void free_items(const struct field *field, struct list *list)
{
	size_t size = item_size(field);

	for (size_t i = 0; i < list->count; i++) {
		char *slot = (char *)list->items + i * size;

		if (field->kind == FIELD_MAP || field->item == FIELD_OBJECT) {
			if (field->kind == FIELD_MAP)
				free(*(char **)slot);
			shape_free(field->sub, slot);
		} else if (field->item == FIELD_JSON) {
			cJSON_Delete(*(cJSON **)slot);
		} else if (field->item == FIELD_STRING || field->item == FIELD_NAME ||
			field->item == FIELD_GROUP || field->item == FIELD_NODE) {
			free(*(char **)slot);
		}
	}
	free(list->items);
	*list = (struct list){0};
}

void shape_free(const struct shape *shape, void *decoded)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		void *slot = (char *)decoded + field->offset;

		if (field->later)
			continue; /* it has no place in the struct */
		switch (field->kind) {
		case FIELD_STRING:
		case FIELD_NAME:
		case FIELD_GROUP:
		case FIELD_NODE:
			free(*(char **)slot);
			break;
		case FIELD_JSON:
			cJSON_Delete(*(cJSON **)slot);
			break;
		case FIELD_OBJECT:
			if (*(void **)slot)
				shape_free(field->sub, *(void **)slot);
			free(*(void **)slot);
			break;
		case FIELD_LIST:
		case FIELD_MAP:
			free_items(field, slot);
			break;
		default:
			break;
		}
	}
	if (shape->size)
		memset(decoded, 0, shape->size);
}
