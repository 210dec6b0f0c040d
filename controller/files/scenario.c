/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "controller/files/implied_slos.h"
#include "controller/files/loads.h"
#include "controller/files/observed.h"
#include "controller/files/override.h"
#include "controller/files/params.h"

/* What a part may share: its maps. */
static bool is_section(const char *key)
{
	for (size_t i = 0; i < part_shape.count; i++)
		if (part_shape.fields[i].kind == FIELD_MAP &&
			strcmp(part_shape.fields[i].key, key) == 0)
			return true;
	return false;
}

static int merge_section(cJSON *tree, const cJSON *section, struct fail *fail)
{
	cJSON *target = cJSON_GetObjectItemCaseSensitive(tree, section->string);
	char path[JSON_PATH_MAX];

	if (!cJSON_IsObject(section))
		return fail_at(
			fail, section->string, "must be an object, not %s", json_kind(section));
	if (!target) {
		target = json_object();
		json_put(tree, section->string, target);
	}
	for (const cJSON *item = section->child; item; item = item->next) {
		if (cJSON_GetObjectItemCaseSensitive(target, item->string))
			return fail_at(fail, json_path_key(path, section->string, item->string),
				"\"%s\" is defined here and in the scenario or another part",
				item->string);
		json_put(target, item->string, cJSON_Duplicate(item, true));
	}
	return 0;
}

static int merge_part(cJSON *tree, const struct source *part, struct fail *fail)
{
	for (const cJSON *section = part->tree->child; section; section = section->next) {
		if (strcmp(section->string, "backburn_part") == 0 ||
			strcmp(section->string, "$schema") == 0)
			continue;
		if (!is_section(section->string))
			return fail_at(fail, section->string,
				"unknown key \"%.60s\" in a part; it may hold groups, probes, slos "
				"and workloads",
				section->string);
		if (merge_section(tree, section, fail) < 0)
			return -1;
	}
	return 0;
}

/* Errors inside a part are looked for in that part first, whose paths are the same. */
static int use_part(cJSON *tree, struct sources *sources, const char *path, struct fail *fail)
{
	struct source *part = sources_add(sources, path, "backburn_part", fail);
	struct sources only;

	if (!part)
		return -1;
	if (merge_part(tree, part, fail) == 0)
		return 0;
	only = (struct sources){.items = part, .count = 1};
	sources_explain(&only, fail);
	return -1;
}

static int use_parts(cJSON *tree, struct sources *sources, struct fail *fail)
{
	const cJSON *use = cJSON_GetObjectItemCaseSensitive(tree, "use");
	char path[JSON_PATH_MAX];
	size_t index = 0;

	for (const cJSON *name = use ? use->child : NULL; name; name = name->next, index++) {
		char *file;
		int outcome;

		if (!cJSON_IsString(name))
			return fail_at(fail, json_path_index(path, "use", index),
				"must be the name of a part's file");
		file = path_beside(sources->items[0].path, name->valuestring);
		outcome = use_part(tree, sources, file, fail);
		if (outcome < 0 && fail->line == 0 && !fail->path[0])
			json_path_index(fail->path, "use", index);
		free(file);
		if (outcome < 0)
			return -1;
	}
	return 0;
}

int scenario_from_merged(struct scenario *out, cJSON *merged, struct fail *fail)
{
	struct scenario scenario;

	if (shape_decode(&scenario_shape, merged, "", &scenario, fail) < 0) {
		cJSON_Delete(merged);
		return -1;
	}
	scenario.merged = merged;
	scenario_take_loads(&scenario);
	scenario_take_observed(&scenario);
	scenario_imply_slos(&scenario);
	scenario_imply_baselines(&scenario);
	*out = scenario;
	return 0;
}

int scenario_load(struct scenario *out, struct sources *sources, const char *path,
	const struct param_values *values, struct fail *fail)
{
	struct source *source = sources_add(sources, path, "backburn", fail);
	cJSON *tree;

	if (!source)
		return -1;
	tree = cJSON_Duplicate(source->tree, true);
	if (!tree)
		abort();
	sources->given = values;
	if (use_parts(tree, sources, fail) < 0 || overrides_apply(tree, values, fail) < 0 ||
		params_apply(tree, values, fail) < 0) {
		cJSON_Delete(tree);
		sources_explain(sources, fail);
		return -1;
	}
	if (scenario_from_merged(out, tree, fail) < 0) {
		sources_explain(sources, fail);
		return -1;
	}
	return 0;
}

void scenario_deinit(struct scenario *scenario)
{
	cJSON_Delete(scenario->merged);
	scenario_free_loads(scenario);
	shape_free(&scenario_shape, scenario);
	scenario->merged = NULL;
}

/* Maps and lists of the scenario all begin with their name, so one search serves them. */
static const void *find_named(const struct list *list, size_t size, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *item = (const char *)list->items + i * size;

		if (strcmp(*(char *const *)item, name) == 0)
			return item;
	}
	return NULL;
}

const struct group_spec *scenario_group(const struct scenario *scenario, const char *name)
{
	return find_named(&scenario->groups, sizeof(struct group_spec), name);
}

const struct probe_spec *scenario_probe(const struct scenario *scenario, const char *name)
{
	return find_named(&scenario->probes, sizeof(struct probe_spec), name);
}

const struct slo_spec *scenario_slo(const struct scenario *scenario, const char *name)
{
	return find_named(&scenario->slos, sizeof(struct slo_spec), name);
}

const struct workload_spec *scenario_workload(const struct scenario *scenario, const char *name)
{
	return find_named(&scenario->workloads, sizeof(struct workload_spec), name);
}

const struct workload_spec *scenario_load_named(const struct scenario *scenario, const char *name)
{
	return find_named(&scenario->loads, sizeof(struct workload_spec), name);
}

const struct phase_spec *scenario_phase(const struct scenario *scenario, const char *id)
{
	return find_named(&scenario->phases, sizeof(struct phase_spec), id);
}

const struct fault_spec *scenario_fault(
	const struct scenario *scenario, const char *id, const struct phase_spec **out_phase)
{
	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		const struct fault_spec *fault =
			find_named(&phase->faults, sizeof(struct fault_spec), id);

		if (fault && out_phase)
			*out_phase = phase;
		if (fault)
			return fault;
	}
	return NULL;
}

bool read_of_kernel(const struct read_spec *read)
{
	return !read->url && read->exec.count == 0;
}

bool secret_reference(const cJSON *value, const char **out_name)
{
	*out_name = shape_reference(value, "secret");
	return *out_name != NULL;
}
