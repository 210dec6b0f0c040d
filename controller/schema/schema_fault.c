/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/json.h"
#include "controller/schema/schema_parts.h"

/* What a fault of each kind may be given, from the catalogue. */

/* What `on` or `from` of this kind may name; the words of the catalogue are keys of the two. */
static cJSON *side(const cJSON *table, const cJSON *allowed)
{
	cJSON *schema = json_object(), *properties = json_object();
	const cJSON *key, *word;

	cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(table, "properties")) {
		bool named = false;

		cJSON_ArrayForEach(word, allowed) {
			const char *text = cJSON_GetStringValue(word);

			named |= text && strcmp(text, key->string) == 0;
		}
		if (!named)
			json_put(properties, key->string, cJSON_CreateFalse());
	}
	json_put(schema, "properties", properties);
	return schema;
}

static cJSON *then(struct schema_maker *maker, const struct catalogue_fault *fault, cJSON *object)
{
	const cJSON *table = cJSON_GetObjectItemCaseSensitive(object, "properties");
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(fault->published, "from");
	cJSON *schema = json_object(), *properties = json_object(), *required = json_array();
	bool with_needed = false;

	json_put(properties, "on",
		side(cJSON_GetObjectItemCaseSensitive(table, "on"),
			cJSON_GetObjectItemCaseSensitive(fault->published, "on")));
	if (cJSON_GetArraySize(from) > 0) {
		json_put(properties, "from",
			side(cJSON_GetObjectItemCaseSensitive(table, "from"), from));
		json_append_string(required, "from");
	} else {
		json_put(properties, "from", cJSON_CreateFalse());
	}
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

static cJSON *if_fault_is(const char *name)
{
	cJSON *schema = json_object(), *properties = json_object(), *fault = json_object();
	cJSON *required = json_array();

	json_put_string(fault, "const", name);
	json_put(properties, "fault", fault);
	json_put(schema, "properties", properties);
	json_append_string(required, "fault");
	json_put(schema, "required", required);
	return schema;
}

void schema_add_faults(struct schema_maker *maker, cJSON *object)
{
	cJSON *all = json_array();

	for (size_t i = 0; i < maker->catalogue->count; i++) {
		const struct catalogue_fault *fault = &maker->catalogue->faults[i];
		cJSON *rule = json_object();

		json_put(rule, "if", if_fault_is(fault->name));
		json_put(rule, "then", then(maker, fault, object));
		json_append(all, rule);
	}
	json_put(object, "allOf", all);
}
