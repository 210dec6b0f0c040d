/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/suite.h"

#include <stdlib.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/files/scenario_tables.h"

static const struct field entry_fields[] = {
	{.key = "file",
		.kind = FIELD_STRING,
		AT(suite_entry, file),
		.required = true,
		.help = "The scenario, as seen from this file's folder."},
	{.key = "on",
		.kind = FIELD_STRING,
		AT(suite_entry, on),
		.help = "Where it runs: the file of an environment. The suite's own when left "
			"out."},
	{.key = "params",
		.kind = FIELD_JSON,
		AT(suite_entry, params),
		.help = "Values for parameters of the scenario, by name: strings and numbers."},
	{.key = "runs",
		.kind = FIELD_INTEGER,
		AT(suite_entry, runs),
		.preset = "1",
		.min = 1,
		.max = SUITE_RUNS_MAX,
		.help = "How often it runs."},
	{.key = "must_hold",
		.kind = FIELD_INTEGER,
		AT(suite_entry, must_hold),
		.min = 1,
		.max = SUITE_RUNS_MAX,
		.help = "How many of these runs must hold; all of them when left out."},
};
static const struct shape entry_shape =
	SHAPE("scenario", suite_entry, entry_fields, "A scenario of the suite.");

/* A suite's directory is called after its time and its name, as a run's is. */
static const struct form suite_name_form = {.pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,43}$",
	.says = "a suite's name: letters, digits, '.', '_', '-'; at most 44 of them"};

static const struct field suite_fields[] = {
	{.key = "$schema",
		.kind = FIELD_STRING,
		AT(suite, schema),
		.help = "The JSON Schema of this file, for editors."},
	{.key = "backburn_suite",
		.kind = FIELD_INTEGER,
		AT(suite, version),
		.required = true,
		.min = 1,
		.max = 1,
		.help = "Marks a suite; the version of the format."},
	{.key = "name",
		.kind = FIELD_NAME,
		AT(suite, name),
		.required = true,
		.form = &suite_name_form,
		.help = "Names the directory of its report."},
	{.key = "title",
		.kind = FIELD_STRING,
		AT(suite, title),
		.help = "Heads the report; for people."},
	{.key = "on",
		.kind = FIELD_STRING,
		AT(suite, on),
		.help = "Where its scenarios run: the file of an environment, as seen from this "
			"file's folder."},
	{.key = "run_limit",
		.kind = FIELD_DURATION,
		AT(suite, run_limit_ns),
		.min = NS_PER_SEC,
		.max = HOURS(48),
		.help = "The longest that all runs may take together; the one under way is stopped "
			"there, and the rest left out."},
	{.key = "scenarios",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &entry_shape,
		AT(suite, scenarios),
		.required = true,
		.help = "The scenarios, in the order in which they run."},
};
const struct shape suite_shape = SHAPE("suite", suite, suite_fields,
	"Scenarios that run one after the other, with one exit code and one report.");

/* --- checks ---------------------------------------------------------------------------- */

static int check_params(const struct suite_entry *entry, const char *parent, struct fail *fail)
{
	char path[JSON_PATH_MAX], item_path[JSON_PATH_MAX];
	const cJSON *value;

	json_path_key(path, parent, "params");
	if (!entry->params)
		return 0;
	if (!cJSON_IsObject(entry->params))
		return fail_at(fail, path, "must be an object, not %s", json_kind(entry->params));
	if (cJSON_GetArraySize(entry->params) > SUITE_PARAMS_MAX)
		return fail_at(fail, path, "more than %d parameters", SUITE_PARAMS_MAX);
	cJSON_ArrayForEach(value, entry->params) {
		if (!cJSON_IsString(value) && !cJSON_IsNumber(value))
			return fail_at(fail, json_path_key(item_path, path, value->string),
				"must be a string or a number, not %s", json_kind(value));
	}
	return 0;
}

static int check(const struct suite *suite, struct fail *fail)
{
	char path[JSON_PATH_MAX], key_path[JSON_PATH_MAX];
	size_t index = 0;

	LIST_EACH(suite->scenarios, struct suite_entry, entry) {
		json_path_index(path, "scenarios", index++);
		if (entry->must_hold > entry->runs)
			return fail_at(fail, json_path_key(key_path, path, "must_hold"),
				"%lld of %lld runs can't hold", (long long)entry->must_hold,
				(long long)entry->runs);
		if (check_params(entry, path, fail) < 0)
			return -1;
	}
	return 0;
}

static void see_from_here(const char *path, char **name)
{
	char *seen = *name ? path_beside(path, *name) : NULL;

	free(*name);
	*name = seen;
}

int suite_load(struct suite *out, struct sources *sources, const char *path, struct fail *fail)
{
	const struct source *source = sources_add(sources, path, "backburn_suite", fail);
	struct suite suite;

	if (!source)
		return -1;
	if (shape_decode(&suite_shape, source->tree, "", &suite, fail) < 0) {
		sources_explain(sources, fail);
		return -1;
	}
	if (check(&suite, fail) < 0) {
		sources_explain(sources, fail);
		suite_deinit(&suite);
		return -1;
	}
	see_from_here(path, &suite.on);
	LIST_EACH(suite.scenarios, struct suite_entry, entry) {
		see_from_here(path, &entry->file);
		see_from_here(path, &entry->on);
	}
	*out = suite;
	return 0;
}

void suite_deinit(struct suite *suite)
{
	shape_free(&suite_shape, suite);
}

void suite_of_repeats(struct suite *out, const char *file, const char *name, int64_t runs)
{
	struct suite_entry *entry;

	*out = (struct suite){.name = must_copy(name)};
	entry = list_push(&out->scenarios, sizeof(*entry));
	entry->file = must_copy(file);
	entry->runs = runs;
}

int64_t suite_must_hold(const struct suite_entry *entry)
{
	return entry->must_hold ? entry->must_hold : entry->runs;
}

bool suite_is_one(const char *path)
{
	struct fail fail = FAIL_INIT;
	bool has = false;
	size_t length;
	cJSON *tree;
	char *text;

	if (file_read(path, SOURCE_BYTES_MAX, &text, &length, &fail) < 0)
		return false;
	tree = json_parse(text, length, &fail);
	has = tree && cJSON_HasObjectItem(tree, "backburn_suite");
	cJSON_Delete(tree);
	free(text);
	return has;
}

struct param_values suite_params(const struct suite_entry *entry)
{
	size_t count = entry->params ? (size_t)cJSON_GetArraySize(entry->params) : 0, used = 0;
	struct param_value *items = must_array(count + 1, sizeof(*items));
	const cJSON *value;

	cJSON_ArrayForEach(value, entry->params) {
		items[used].name = value->string;
		items[used++].text =
			cJSON_IsString(value) ? must_copy(value->valuestring) : json_print(value);
	}
	return (struct param_values){.items = items, .count = used};
}

void suite_params_free(struct param_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free((char *)values->items[i].text);
	free((struct param_value *)values->items);
	*values = (struct param_values){0};
}
