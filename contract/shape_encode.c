/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "contract/json.h"
#include "contract/shape_parts.h"
#include "contract/units.h"

static cJSON *encode_text(const char *text)
{
	return text ? cJSON_CreateString(text) : NULL;
}

static cJSON *encode_i64(int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return cJSON_CreateString(text);
}

static cJSON *encode_ports(const struct port_set *set)
{
	cJSON *list;

	if (!set->count)
		return NULL;
	list = json_array();
	for (unsigned i = 0; i < set->count; i++) {
		char text[16];

		snprintf(text, sizeof(text),
			set->ranges[i].low == set->ranges[i].high ? "%u" : "%u-%u",
			set->ranges[i].low, set->ranges[i].high);
		json_append_string(list, text);
	}
	return list;
}

/* An absent upper bound was decoded to the greatest there is. */
static cJSON *encode_count(const struct count *count)
{
	cJSON *bounds;

	if (!count->max)
		return NULL;
	if (count->min == count->max)
		return cJSON_CreateNumber((double)count->min);
	bounds = json_object();
	json_put_number(bounds, "min", (double)count->min);
	if (count->max != COUNT_MAX)
		json_put_number(bounds, "max", (double)count->max);
	return bounds;
}

/* Zero outside of the range is how an absent one was decoded. */
static bool zero_is_absent(const struct field *field)
{
	return !field->required && !field->preset && field->min > 0;
}

/* NULL: nothing to say (an absent optional). */
static cJSON *encode_scalar(const struct field *field, enum field_kind kind, const void *value)
{
	char text[PREFIX_TEXT_MAX], unit_text[UNIT_TEXT_MAX];

	if (shape_is_text(kind))
		return encode_text(*(char *const *)value);
	if (shape_is_tree(kind))
		return *(cJSON *const *)value ? cJSON_Duplicate(*(cJSON *const *)value, true)
					      : NULL;
	switch (kind) {
	case FIELD_BOOL:
		return cJSON_CreateBool(*(const bool *)value);
	case FIELD_INTEGER:
		if (zero_is_absent(field) && *(const int64_t *)value == 0)
			return NULL;
		return cJSON_CreateNumber((double)*(const int64_t *)value);
	case FIELD_NUMBER:
	case FIELD_RATIO:
		if ((field->or_nan && isnan(*(const double *)value)) ||
			(zero_is_absent(field) && !(*(const double *)value > 0)))
			return NULL;
		return cJSON_CreateNumber(*(const double *)value);
	case FIELD_DURATION:
		if (zero_is_absent(field) && *(const int64_t *)value == 0)
			return NULL;
		return cJSON_CreateString(duration_format(*(const int64_t *)value, text));
	case FIELD_SIZE:
		return cJSON_CreateString(size_format(*(const int64_t *)value, unit_text));
	case FIELD_BANDWIDTH:
		/* Zero is how an absent one was decoded; no text says it. */
		if (*(const int64_t *)value == 0)
			return NULL;
		return cJSON_CreateString(bandwidth_format(*(const int64_t *)value, unit_text));
	case FIELD_I64:
		return encode_i64(*(const int64_t *)value);
	case FIELD_ENUM:
		/* The first word is how an absent one was decoded, and the other may be absent too.
		 */
		if (!field->required && !field->preset && field->needs && *(const int *)value == 0)
			return NULL;
		return cJSON_CreateString(field->words[*(const int *)value]);
	case FIELD_PREFIX:
		return cJSON_CreateString(prefix_format(value, text));
	case FIELD_PORTS:
		return encode_ports(value);
	case FIELD_COUNT:
		return encode_count(value);
	default:
		return NULL;
	}
}

static cJSON *encode_list(const struct field *field, const struct list *list)
{
	cJSON *array;
	size_t size = shape_item_size(field);

	if (!list->count)
		return field->allow_empty && field->required ? json_array() : NULL;
	array = json_array();
	for (size_t i = 0; i < list->count; i++) {
		const char *item = (const char *)list->items + i * size;

		json_append(array,
			field->item == FIELD_OBJECT ? shape_encode(field->sub, item)
						    : encode_scalar(field, field->item, item));
	}
	return array;
}

static cJSON *encode_map(const struct field *field, const struct list *list)
{
	cJSON *object = list->count ? json_object() : NULL;

	for (size_t i = 0; i < list->count; i++) {
		const char *item = (const char *)list->items + i * field->sub->size;

		json_put(object, *(char *const *)item, shape_encode(field->sub, item));
	}
	return object;
}

cJSON *shape_encode(const struct shape *shape, const void *decoded)
{
	cJSON *object = json_object();

	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		const void *slot = (const char *)decoded + field->offset;
		cJSON *value = NULL;

		if (field->later)
			continue;
		if (field->kind == FIELD_OBJECT && *(void *const *)slot)
			value = shape_encode(field->sub, *(void *const *)slot);
		else if (field->kind == FIELD_LIST)
			value = encode_list(field, slot);
		else if (field->kind == FIELD_MAP)
			value = encode_map(field, slot);
		else if (field->kind != FIELD_OBJECT)
			value = encode_scalar(field, field->kind, slot);
		if (value)
			json_put(object, field->key, value);
	}
	return object;
}
