/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "contract/shape_parts.h"
#include "contract/units.h"

/* Values that are not made of others: one decoder for each kind. */

enum {
	NAME_LENGTH_MAX = 63,
	INTEGER_EXACT_BITS = 53
};

int shape_wrong_kind(
	const struct place *place, const cJSON *value, const char *expected, struct fail *fail)
{
	return fail_at(fail, place->path, "must be %s, not %s", expected, json_kind(value));
}

static int decode_bool(const struct place *place, const cJSON *value, struct fail *fail)
{
	if (!cJSON_IsBool(value))
		return shape_wrong_kind(place, value, "true or false", fail);
	if (place->field->min != 0 && !cJSON_IsTrue(value))
		return fail_at(fail, place->path, "must be true, or left out");
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
		return shape_wrong_kind(place, value, whole ? "a whole number" : "a number", fail);
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

/* A number with a unit, read into the smallest unit that there is: ns, bytes, bits a second. */
struct quantity {
	const char *expected; /* "must be …" */
	const char *says;     /* "\"…\" is not …" */
	int (*parse)(const char *text, int64_t *out);
	const char *(*format)(int64_t value, char *buffer);
};

enum {
	QUANTITY_TEXT_MAX = DURATION_TEXT_MAX /* the longest of them */
};
static_assert((int)UNIT_TEXT_MAX <= (int)DURATION_TEXT_MAX, "each format() writes into one buffer");

static int decode_quantity(const struct place *place, const cJSON *value,
	const struct quantity *quantity, struct fail *fail)
{
	const struct field *field = place->field;
	char low[QUANTITY_TEXT_MAX], high[QUANTITY_TEXT_MAX];
	int64_t number;

	if (!cJSON_IsString(value))
		return shape_wrong_kind(place, value, quantity->expected, fail);
	if (quantity->parse(value->valuestring, &number) < 0)
		return fail_at(fail, place->path, "\"%.40s\" is not %s", value->valuestring,
			quantity->says);
	if (has_bounds(field) && ((double)number < field->min || (double)number > field->max))
		return fail_at(fail, place->path, "must be from %s to %s, not %s",
			quantity->format((int64_t)field->min, low),
			quantity->format((int64_t)field->max, high), value->valuestring);
	if (place->out)
		*(int64_t *)place->out = number;
	return 0;
}

static int decode_duration(const struct place *place, const cJSON *value, struct fail *fail)
{
	static const struct quantity duration = {"a duration like \"250ms\" or \"1.5s\"",
		"a duration: a number and one of ns, us, ms, s, m, h, d", duration_parse,
		duration_format};

	return decode_quantity(place, value, &duration, fail);
}

static int decode_size(const struct place *place, const cJSON *value, struct fail *fail)
{
	static const struct quantity size = {"a size like \"64KiB\"",
		"a size: a whole number and one of B, KiB, MiB, GiB", size_parse, size_format};

	return decode_quantity(place, value, &size, fail);
}

static int decode_bandwidth(const struct place *place, const cJSON *value, struct fail *fail)
{
	static const struct quantity bandwidth = {"a bandwidth like \"10Mbit\"",
		"a bandwidth: a number and one of bit, kbit, Mbit, Gbit (a second)",
		bandwidth_parse, bandwidth_format};

	return decode_quantity(place, value, &bandwidth, fail);
}

static int decode_i64(const struct place *place, const cJSON *value, struct fail *fail)
{
	const char *text;
	uint64_t magnitude;
	bool negative;

	if (!cJSON_IsString(value))
		return shape_wrong_kind(place, value, "a decimal string", fail);
	text = value->valuestring;
	negative = *text == '-';
	if (u64_parse(text + negative, &magnitude) < 0 || magnitude > INT64_MAX)
		return fail_at(
			fail, place->path, "\"%.40s\" is not a decimal 64-bit integer", text);
	if (place->out)
		*(int64_t *)place->out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return 0;
}

/* The word is none of the `count` that there are. */
static int unknown_word(
	const struct place *place, const char *word, size_t count, struct fail *fail)
{
	const char *const *words = place->field->words;
	char list[FAIL_TEXT_MAX - 256] = "";
	const char *nearest;

	for (const struct refused_word *refused = place->field->refused; refused && refused->word;
		refused++)
		if (strcmp(refused->word, word) == 0)
			return fail_at(fail, place->path, "\"%s\" is refused: %.200s",
				refused->word, refused->reason);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", words[i]);
	}
	nearest = json_nearest(word, words, count);
	return fail_at(fail, place->path, "\"%.40s\" is not one of %s%s%s%s", word, list,
		nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
}

static int decode_enum(const struct place *place, const cJSON *value, struct fail *fail)
{
	const char *const *words = place->field->words;
	size_t count = 0;

	if (!cJSON_IsString(value))
		return shape_wrong_kind(place, value, "a word", fail);
	for (; words[count]; count++) {
		if (strcmp(words[count], value->valuestring) != 0)
			continue;
		if (place->out)
			*(int *)place->out = (int)count;
		return 0;
	}
	return unknown_word(place, value->valuestring, count, fail);
}

int shape_check_name(const struct place *place, const char *text, struct fail *fail)
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
		return shape_wrong_kind(place, value, free_text ? "a string" : "a name", fail);
	if (!free_text && shape_check_name(place, value->valuestring, fail) < 0)
		return -1;
	if (free_text && !*value->valuestring && !place->field->allow_empty)
		return fail_at(fail, place->path, "must not be empty");
	if (shape_check_form(place, value->valuestring, fail) < 0)
		return -1;
	if (place->out)
		*(char **)place->out = must_copy(value->valuestring);
	return 0;
}

static int decode_prefix(const struct place *place, const cJSON *value, struct fail *fail)
{
	struct prefix prefix;

	if (!cJSON_IsString(value))
		return shape_wrong_kind(place, value, "an address or prefix", fail);
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

int shape_decode_scalar(const struct place *place, const cJSON *value, struct fail *fail)
{
	typedef int decoder(const struct place *, const cJSON *, struct fail *);
	static decoder *const decoders[] = {
		[FIELD_BOOL] = decode_bool,
		[FIELD_INTEGER] = decode_number,
		[FIELD_NUMBER] = decode_number,
		[FIELD_RATIO] = decode_number,
		[FIELD_DURATION] = decode_duration,
		[FIELD_SIZE] = decode_size,
		[FIELD_BANDWIDTH] = decode_bandwidth,
		[FIELD_I64] = decode_i64,
		[FIELD_ENUM] = decode_enum,
		[FIELD_STRING] = decode_text,
		[FIELD_NAME] = decode_text,
		[FIELD_PREFIX] = decode_prefix,
		[FIELD_PORTS] = decode_ports,
		[FIELD_GROUP] = decode_text,
		[FIELD_NODE] = decode_text,
		[FIELD_FAULT] = decode_text,
		[FIELD_JSON] = shape_decode_tree,
		[FIELD_WITH] = shape_decode_tree,
		[FIELD_TEXT] = shape_decode_tree,
		[FIELD_TEXTS] = shape_decode_tree,
		[FIELD_STRINGS] = shape_decode_tree,
		[FIELD_NAMES] = shape_decode_tree,
		[FIELD_COUNT] = shape_decode_count,
	};
	static_assert(sizeof(decoders) / sizeof(decoders[0]) == FIELD_OBJECT,
		"a decoder for each kind before the composed ones");

	return decoders[place->kind](place, value, fail);
}

size_t shape_item_size(const struct field *field)
{
	enum field_kind item = field->kind == FIELD_MAP ? FIELD_OBJECT : field->item;

	if (shape_is_text(item) || shape_is_tree(item))
		return sizeof(void *);
	switch (item) {
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
	case FIELD_COUNT:
		return sizeof(struct count);
	default:
		return sizeof(int64_t);
	}
}
