/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "contract/json.h"
#include "controller/schema/schema_parts.h"

/* What a fault of each kind may be given, from the catalogue. */

static bool has_word(const cJSON *list, const char *wanted)
{
	const cJSON *word;

	cJSON_ArrayForEach(word, list) {
		if (cJSON_IsString(word) && strcmp(word->valuestring, wanted) == 0)
			return true;
	}
	return false;
}

static cJSON *needs(const char *key)
{
	cJSON *schema = json_object(), *list = json_array();

	json_append_string(list, key);
	json_put(schema, "required", list);
	return schema;
}

/*
 * The keys of `on` or `from` (`table`: the schema of either) that this kind may use; the words of
 * the catalogue are those keys. Others are refused.
 */
static cJSON *side(const cJSON *table, const cJSON *words, cJSON *allowed)
{
	const cJSON *always = cJSON_GetObjectItemCaseSensitive(table, "required");
	cJSON *schema = json_object(), *refused = json_object();
	const cJSON *key;

	cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(table, "properties")) {
		if (has_word(always, key->string))
			continue;
		if (has_word(words, key->string))
			json_append(allowed, needs(key->string));
		else
			json_put(refused, key->string, cJSON_CreateFalse());
	}
	json_put(schema, "properties", refused);
	return schema;
}

/* What is hit: everything that the kind is said to hit must be named. */
static cJSON *hit(const cJSON *table, const cJSON *words)
{
	cJSON *named = json_array(), *schema = side(table, words, named);

	if (named->child)
		json_put(schema, "allOf", named);
	else
		cJSON_Delete(named);
	return schema;
}

/* The counterpart: exactly one of what the kind can have. */
static cJSON *counterpart(const cJSON *table, const cJSON *words)
{
	cJSON *named = json_array(), *schema = side(table, words, named);

	if (named->child)
		json_put(schema, "oneOf", named);
	else
		cJSON_Delete(named);
	return schema;
}

/*
 * A kind that can do without a counterpart: where parameters say how it then acts, one of them must
 * be there.
 */
static cJSON *counterpart_or_shape(const struct catalogue_fault *fault)
{
	cJSON *ways = json_array(), *keys = json_array();

	for (size_t i = 0; i < fault->params->count; i++)
		if (catalogue_acts_among(fault->params->fields[i].key))
			json_append(keys, needs(fault->params->fields[i].key));
	if (keys->child) {
		cJSON *with = json_object(), *properties = json_object(), *way = needs("with");

		json_put(with, "anyOf", keys);
		json_put(properties, "with", with);
		json_put(way, "properties", properties);
		json_append(ways, needs("from"));
		json_append(ways, way);
	} else {
		cJSON_Delete(keys);
	}
	return ways;
}

/* One that is over at once has no length, unless a parameter gives it one. */
static void refuse_length(const struct catalogue_fault *fault, cJSON *schema, cJSON *properties)
{
	cJSON *ways, *way, *with, *refused;

	if (!fault->at_once)
		return;
	if (!fault->lasts_with) {
		json_put(properties, "for", cJSON_CreateFalse());
		return;
	}
	ways = json_array();
	way = json_object();
	refused = json_object();
	json_put(refused, "for", cJSON_CreateFalse());
	json_put(way, "properties", refused);
	json_append(ways, way);
	way = needs("with");
	with = json_object();
	json_put(with, "with", needs(fault->lasts_with));
	json_put(way, "properties", with);
	json_append(ways, way);
	json_put(schema, "anyOf", ways);
}

static cJSON *then(struct schema_maker *maker, const struct catalogue_fault *fault, cJSON *object)
{
	const cJSON *table = cJSON_GetObjectItemCaseSensitive(object, "properties");
	cJSON *schema = json_object(), *properties = json_object(), *required = json_array();
	bool with_needed = false;

	json_put(properties, "on",
		hit(cJSON_GetObjectItemCaseSensitive(table, "on"),
			cJSON_GetObjectItemCaseSensitive(fault->published, "on")));
	json_put(properties, "from",
		counterpart(cJSON_GetObjectItemCaseSensitive(table, "from"),
			cJSON_GetObjectItemCaseSensitive(fault->published, "from")));
	if (catalogue_has_from(fault) && !fault->within)
		json_append_string(required, "from");
	if (fault->within) {
		cJSON *ways = counterpart_or_shape(fault);

		if (ways->child)
			json_put(schema, "anyOf", ways);
		else
			cJSON_Delete(ways);
	}
	refuse_length(fault, schema, properties);
	json_put(properties, "with", schema_object(maker, fault->params));
	for (size_t i = 0; i < fault->params->count; i++)
		with_needed |= fault->params->fields[i].required;
	if (with_needed)
		json_append_string(required, "with");
	json_put(schema, "properties", properties);
	if (required->child)
		json_put(schema, "required", required);
	else
		cJSON_Delete(required);
	return schema;
}

void schema_add_faults(struct schema_maker *maker, cJSON *object)
{
	cJSON *all = json_array();

	for (size_t i = 0; i < maker->catalogue->count; i++) {
		const struct catalogue_fault *fault = &maker->catalogue->faults[i];
		cJSON *rule = json_object();
		char name[80];

		snprintf(name, sizeof(name), "fault-%s", fault->name);
		json_put(maker->definitions, name, then(maker, fault, object));
		json_put(rule, "if", schema_if("fault", fault->name));
		json_put(rule, "then", schema_ref(name));
		json_append(all, rule);
	}
	json_put(object, "allOf", all);
}
