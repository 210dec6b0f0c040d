/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/schema/schema.h"

#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/files/environment.h"
#include "controller/files/scenario.h"
#include "controller/files/suite.h"
#include "controller/lab/lab_file.h"
#include "controller/schema/schema_parts.h"

const struct schema_kind schema_kinds[] = {
	{"scenario", "backburn", &scenario_shape, true},
	{"part", "backburn_part", &part_shape, true},
	{"environment", "backburn_environment", &environment_shape, false},
	{"lab", "backburn_lab", &lab_file_shape, false},
	{"policy", "backburn_policy", NULL, false},
	{"suite", "backburn_suite", &suite_shape, false},
};
const size_t schema_kind_count = sizeof(schema_kinds) / sizeof(schema_kinds[0]);

const struct schema_kind *schema_kind_find(const char *name)
{
	for (size_t i = 0; i < schema_kind_count; i++)
		if (strcmp(schema_kinds[i].name, name) == 0)
			return &schema_kinds[i];
	return NULL;
}

const struct schema_kind *schema_kind_of(const cJSON *file)
{
	for (size_t i = 0; i < schema_kind_count; i++)
		if (cJSON_GetObjectItemCaseSensitive(file, schema_kinds[i].marker))
			return &schema_kinds[i];
	return NULL;
}

const struct shape *schema_shape(const struct schema_kind *kind, const struct catalogue *catalogue)
{
	return kind->shape ? kind->shape : catalogue->policy;
}

/* --- one field ------------------------------------------------------------------------- */

/* What a schema can't say of a duration, it says to people. */
static void describe(cJSON *schema, const struct field *field)
{
	enum field_kind kind = field->kind == FIELD_LIST ? field->item : field->kind;
	char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX], range[128] = "", text[1024];

	if (kind == FIELD_DURATION && field->max != 0)
		snprintf(range, sizeof(range), "%s%s%s%s.",
			field->min != 0 ? " From " : " At most ",
			field->min != 0 ? duration_format((int64_t)field->min, low) : "",
			field->min != 0 ? " to " : "", duration_format((int64_t)field->max, high));
	snprintf(text, sizeof(text), "%s%s", field->help ? field->help : "", range);
	if (*text)
		json_put_string(schema, "description", text);
	if (field->preset)
		json_put(schema, "default", cJSON_Parse(field->preset));
}

static cJSON *list_of(struct schema_maker *maker, const struct field *field)
{
	cJSON *item = field->item == FIELD_OBJECT ? schema_object(maker, field->sub)
						  : schema_scalar(maker, field, field->item);
	cJSON *list = json_object(), *schema, *ways;

	json_put_string(list, "type", "array");
	json_put(list, "items", item);
	if (!field->allow_empty)
		json_put_number(list, "minItems", 1);
	if (!field->one_is_list)
		return list;
	schema = json_object();
	ways = json_array();
	json_append(ways, cJSON_Duplicate(item, true));
	json_append(ways, list);
	json_put(schema, "anyOf", ways);
	return schema;
}

static cJSON *map_of(struct schema_maker *maker, const struct field *field)
{
	const struct field name = {.key = field->key};
	cJSON *schema = json_object();

	json_put_string(schema, "type", "object");
	json_put(schema, "propertyNames",
		field->form ? schema_pattern(field->form->pattern, field->form->says)
			    : schema_scalar(maker, &name, FIELD_NAME));
	json_put(schema, "additionalProperties", schema_object(maker, field->sub));
	if (!field->allow_empty)
		json_put_number(schema, "minProperties", 1);
	return schema;
}

static cJSON *value_of(struct schema_maker *maker, const struct field *field)
{
	cJSON *schema;

	switch (field->kind) {
	case FIELD_OBJECT:
		schema = schema_object(maker, field->sub);
		break;
	case FIELD_LIST:
		schema = list_of(maker, field);
		break;
	case FIELD_MAP:
		schema = map_of(maker, field);
		break;
	default:
		schema = schema_scalar(maker, field, field->kind);
		break;
	}
	/* Of the object and of the place where it stands, the place tells more. */
	cJSON_DeleteItemFromObjectCaseSensitive(schema, "description");
	describe(schema, field);
	return schema;
}

/* --- one object ------------------------------------------------------------------------ */

static void put_list(cJSON *schema, const char *key, cJSON *list)
{
	if (list->child)
		json_put(schema, key, list);
	else
		cJSON_Delete(list);
}

static cJSON *one_key(const char *key)
{
	cJSON *list = json_array();

	json_append_string(list, key);
	return list;
}

static cJSON *choices(const struct shape *shape, enum field_choice choice)
{
	cJSON *list = json_array();

	for (size_t i = 0; i < shape->count; i++) {
		cJSON *way;

		if (shape->fields[i].choice != choice)
			continue;
		way = json_object();
		json_put(way, "required", one_key(shape->fields[i].key));
		json_append(list, way);
	}
	return list;
}

/* "properties" holds, too, of what is not there: that is then the preset. */
static cJSON *is_type(const struct field *type, int word)
{
	cJSON *condition = schema_if(type->key, type->words[word]);

	if (word == shape_type_preset(type))
		cJSON_DeleteItemFromObjectCaseSensitive(condition, "required");
	return condition;
}

/* One rule: with this word as "type", these keys must be there, and those may not. */
static cJSON *rule_of_type(const struct shape *shape, const struct field *type, int word)
{
	cJSON *rule = json_object(), *then = json_object(), *refused = json_object();
	cJSON *required = json_array();

	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (!field->of)
			continue;
		if (!(field->of & FIELD_OF(word)))
			json_put(refused, field->key, cJSON_CreateFalse());
		else if (field->required)
			json_append_string(required, field->key);
	}
	put_list(then, "properties", refused);
	put_list(then, "required", required);
	json_put(rule, "if", is_type(type, word));
	json_put(rule, "then", then);
	return rule;
}

static void add_types(cJSON *schema, const struct shape *shape)
{
	cJSON *rules = json_array();
	const struct field *type = shape_type(shape);
	bool any = false;

	for (size_t i = 0; i < shape->count; i++)
		any |= shape->fields[i].of != 0;
	for (int word = 0; any && type && type->words[word]; word++)
		json_append(rules, rule_of_type(shape, type, word));
	put_list(schema, "allOf", rules);
}

cJSON *schema_object(struct schema_maker *maker, const struct shape *shape)
{
	cJSON *schema = json_object(), *properties = json_object(), *required = json_array();
	cJSON *needs = json_object();
	bool faults = false;

	json_put_string(schema, "type", "object");
	if (shape->help)
		json_put_string(schema, "description", shape->help);
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];

		if (field->later)
			continue;
		json_put(properties, field->key, value_of(maker, field));
		if (field->required && !field->of)
			json_append_string(required, field->key);
		if (field->needs)
			json_put(needs, field->key, one_key(field->needs));
		faults |= field->kind == FIELD_FAULT;
	}
	json_put(schema, "properties", properties);
	put_list(schema, "required", required);
	put_list(schema, "dependencies", needs);
	put_list(schema, "oneOf", choices(shape, CHOICE_ONE));
	put_list(schema, "anyOf", choices(shape, CHOICE_ANY));
	if (faults)
		schema_add_faults(maker, schema);
	else
		add_types(schema, shape);
	json_put_bool(schema, "additionalProperties", false);
	return schema;
}

cJSON *schema_new(const struct schema_kind *kind, const struct catalogue *catalogue)
{
	struct schema_maker maker = {
		.catalogue = catalogue, .params = kind->params, .definitions = json_object()};
	cJSON *schema = json_object(),
	      *object = schema_object(&maker, schema_shape(kind, catalogue));
	char title[64];

	json_put_string(schema, "$schema", "http://json-schema.org/draft-07/schema#");
	snprintf(title, sizeof(title), "backburn %s", kind->name);
	json_put_string(schema, "title", title);
	while (object->child) {
		cJSON *member = cJSON_DetachItemViaPointer(object, object->child);

		cJSON_AddItemToObject(schema, member->string, member);
	}
	cJSON_Delete(object);
	put_list(schema, "definitions", maker.definitions);
	return schema;
}
