/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/address.h"
#include "contract/json.h"
#include "controller/schema/schema_parts.h"

/* One kind of value each: the counterpart of contract/shape_scalar.c, told to editors. */

/* Kinds that are texts of a fixed form. */
static const struct {
	const char *name, *pattern, *says;
} forms[FIELD_KINDS] = {
	[FIELD_DURATION] = {"duration", "^[0-9]{1,18}(\\.[0-9]{1,9})?(ns|us|ms|s|m|h|d)$",
		"a duration like \"250ms\" or \"1.5s\": a number and one of ns, us, ms, s, m, h, "
		"d"},
	[FIELD_SIZE] = {"size", "^[0-9]{1,15}(B|KiB|MiB|GiB)$",
		"a size like \"64KiB\": a whole number and one of B, KiB, MiB, GiB"},
	[FIELD_BANDWIDTH] = {"bandwidth", "^[0-9]{1,18}(\\.[0-9]{1,9})?(bit|kbit|Mbit|Gbit)$",
		"a bandwidth like \"10Mbit\": a number and one of bit, kbit, Mbit, Gbit (a "
		"second)"},
	[FIELD_I64] = {"id", "^-?[0-9]{1,19}$", "a decimal 64-bit integer"},
	[FIELD_NAME] = {"name", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$",
		"a name: letters, digits, '.', '_', '-'; at most 63 of them"},
	[FIELD_PREFIX] = {"prefix", "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$",
		"an address or prefix like 10.0.0.5, 10.0.0.0/8, fd00::1"},
};

cJSON *schema_pattern(const char *pattern, const char *says)
{
	cJSON *schema = json_object();
	char message[512];

	json_put_string(schema, "type", "string");
	json_put_string(schema, "pattern", pattern);
	snprintf(message, sizeof(message), "must be %s", says);
	json_put_string(schema, "patternErrorMessage", message);
	return schema;
}

cJSON *schema_ref(const char *name)
{
	cJSON *schema = json_object();
	char path[96];

	snprintf(path, sizeof(path), "#/definitions/%s", name);
	json_put_string(schema, "$ref", path);
	return schema;
}

cJSON *schema_if(const char *key, const char *value)
{
	cJSON *schema = json_object(), *properties = json_object(), *constant = json_object();
	cJSON *required = json_array();

	json_put_string(constant, "const", value);
	json_put(properties, key, constant);
	json_put(schema, "properties", properties);
	json_append_string(required, key);
	json_put(schema, "required", required);
	return schema;
}

static cJSON *typed(const char *type)
{
	cJSON *schema = json_object();

	json_put_string(schema, "type", type);
	return schema;
}

static cJSON *either(cJSON *one, cJSON *other)
{
	cJSON *schema = json_object(), *list = json_array();

	json_append(list, one);
	json_append(list, other);
	json_put(schema, "anyOf", list);
	return schema;
}

/* {"KEY": "a name"} and nothing else beside it */
static cJSON *reference_object(const char *key, const char *help)
{
	cJSON *schema = typed("object"), *properties = json_object(), *required = json_array();

	json_put_string(schema, "description", help);
	json_put(properties, key, typed("string"));
	json_put(schema, "properties", properties);
	json_append_string(required, key);
	json_put(schema, "required", required);
	json_put_bool(schema, "additionalProperties", false);
	return schema;
}

static bool define(struct schema_maker *maker, const char *name)
{
	if (cJSON_GetObjectItemCaseSensitive(maker->definitions, name))
		return false;
	json_put(maker->definitions, name, json_object()); /* keeps its place */
	return true;
}

/* A parameter in a value's place, or inside of its text. */
static cJSON *param_ref(struct schema_maker *maker)
{
	if (define(maker, "param")) {
		cJSON *inside = typed("string");

		json_put_string(inside, "pattern", "\\{param\\.[^}]+\\}");
		cJSON_ReplaceItemInObjectCaseSensitive(maker->definitions, "param",
			either(reference_object(
				       "param", "The value of a parameter of the scenario."),
				inside));
	}
	return schema_ref("param");
}

static cJSON *or_param(struct schema_maker *maker, cJSON *schema)
{
	return maker->params ? either(schema, param_ref(maker)) : schema;
}

static cJSON *form_ref(struct schema_maker *maker, enum field_kind kind)
{
	const char *name = forms[kind].name;

	if (define(maker, name))
		cJSON_ReplaceItemInObjectCaseSensitive(maker->definitions, name,
			or_param(maker, schema_pattern(forms[kind].pattern, forms[kind].says)));
	return schema_ref(name);
}

static cJSON *text_ref(struct schema_maker *maker)
{
	if (define(maker, "text"))
		cJSON_ReplaceItemInObjectCaseSensitive(maker->definitions, "text",
			or_param(maker,
				either(typed("string"),
					reference_object("secret",
						"A secret that the scenario declares."))));
	return schema_ref("text");
}

static cJSON *bounded(const char *type, double min, double max)
{
	cJSON *schema;

	if (min == max && min != 0) {
		schema = json_object();
		json_put_number(schema, "const", min);
		return schema;
	}
	schema = typed(type);
	if (min != 0 || max != 0) {
		json_put_number(schema, "minimum", min);
		json_put_number(schema, "maximum", max);
	}
	return schema;
}

static cJSON *number(struct schema_maker *maker, const struct field *field, enum field_kind kind)
{
	const char *type = kind == FIELD_INTEGER ? "integer" : "number";
	bool unbounded = field->min == 0 && field->max == 0;
	cJSON *schema =
		bounded(type, field->min, kind == FIELD_RATIO && unbounded ? 1 : field->max);

	/* The version marks the file: it is read before parameters are. */
	return cJSON_HasObjectItem(schema, "const") ? schema : or_param(maker, schema);
}

static cJSON *words(struct schema_maker *maker, const char *const *list)
{
	cJSON *schema = json_object(), *values = json_array();

	for (; *list; list++)
		json_append_string(values, *list);
	json_put(schema, "enum", values);
	return or_param(maker, schema);
}

static cJSON *string(struct schema_maker *maker, const struct field *field)
{
	if (field->form)
		return or_param(maker, schema_pattern(field->form->pattern, field->form->says));
	if (field->allow_empty)
		return or_param(maker, typed("string"));
	if (define(maker, "string")) {
		cJSON *schema = typed("string");

		json_put_number(schema, "minLength", 1);
		cJSON_ReplaceItemInObjectCaseSensitive(
			maker->definitions, "string", or_param(maker, schema));
	}
	return schema_ref("string");
}

static cJSON *members(struct schema_maker *maker, const struct field *field, enum field_kind kind)
{
	cJSON *schema = typed("object");

	json_put(schema, "additionalProperties",
		kind == FIELD_TEXTS ? text_ref(maker) : or_param(maker, typed("string")));
	if (field->form)
		json_put(schema, "propertyNames",
			schema_pattern(field->form->pattern, field->form->says));
	return schema;
}

static cJSON *lists_of_names(struct schema_maker *maker, const struct field *field)
{
	cJSON *schema = typed("object"), *list = typed("array");

	json_put(list, "items", form_ref(maker, FIELD_NAME));
	json_put_number(list, "minItems", 1);
	json_put(schema, "propertyNames", form_ref(maker, FIELD_NAME));
	json_put(schema, "additionalProperties", list);
	if (!field->allow_empty)
		json_put_number(schema, "minProperties", 1);
	return schema;
}

static cJSON *ports_ref(struct schema_maker *maker)
{
	cJSON *list;

	if (define(maker, "ports")) {
		json_put(maker->definitions, "port",
			or_param(maker,
				either(bounded("integer", 1, UINT16_MAX),
					schema_pattern("^[0-9]{1,5}(-[0-9]{1,5})?$",
						"a port or a range like \"8000-8080\""))));
		list = typed("array");
		json_put(list, "items", schema_ref("port"));
		json_put_number(list, "minItems", 1);
		json_put_number(list, "maxItems", PORT_RANGES_MAX);
		cJSON_ReplaceItemInObjectCaseSensitive(
			maker->definitions, "ports", either(schema_ref("port"), list));
	}
	return schema_ref("ports");
}

static cJSON *count_ref(struct schema_maker *maker)
{
	cJSON *bounds, *properties, *bound;

	if (define(maker, "count")) {
		bounds = typed("object");
		properties = json_object();
		bound = or_param(maker, bounded("integer", 1, COUNT_MAX));
		json_put(properties, "min", cJSON_Duplicate(bound, true));
		json_put(properties, "max", cJSON_Duplicate(bound, true));
		json_put(bounds, "properties", properties);
		json_put_number(bounds, "minProperties", 1);
		json_put_bool(bounds, "additionalProperties", false);
		cJSON_ReplaceItemInObjectCaseSensitive(
			maker->definitions, "count", either(bound, bounds));
	}
	return schema_ref("count");
}

static cJSON *fault_names(const struct schema_maker *maker)
{
	cJSON *schema = json_object(), *names = json_array(), *summaries = json_array();

	for (size_t i = 0; i < maker->catalogue->count; i++) {
		json_append_string(names, maker->catalogue->faults[i].name);
		json_append_string(summaries, maker->catalogue->faults[i].summary);
	}
	json_put(schema, "enum", names);
	json_put(schema, "enumDescriptions", summaries);
	return schema;
}

cJSON *schema_scalar(struct schema_maker *maker, const struct field *field, enum field_kind kind)
{
	cJSON *schema;

	switch (kind) {
	case FIELD_BOOL:
		if (field->min == 0)
			return or_param(maker, typed("boolean"));
		schema = json_object();
		json_put_bool(schema, "const", true);
		return schema;
	case FIELD_INTEGER:
	case FIELD_NUMBER:
	case FIELD_RATIO:
		return number(maker, field, kind);
	case FIELD_ENUM:
		return words(maker, field->words);
	case FIELD_STRING:
		return string(maker, field);
	case FIELD_NAME:
	case FIELD_GROUP:
	case FIELD_NODE:
		return field->form ? string(maker, field) : form_ref(maker, FIELD_NAME);
	case FIELD_FAULT:
		return or_param(maker, fault_names(maker));
	case FIELD_PORTS:
		return ports_ref(maker);
	case FIELD_WITH:
		return typed("object");
	case FIELD_TEXT:
		return text_ref(maker);
	case FIELD_TEXTS:
	case FIELD_STRINGS:
		return members(maker, field, kind);
	case FIELD_NAMES:
		return lists_of_names(maker, field);
	case FIELD_COUNT:
		return count_ref(maker);
	case FIELD_JSON:
		return json_object();
	default:
		return form_ref(maker, kind);
	}
}
