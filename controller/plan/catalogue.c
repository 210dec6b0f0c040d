/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"

extern const char backburn_catalogue[];
extern const size_t backburn_catalogue_size;

static bool list_has(const cJSON *list, const char *word)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		if (cJSON_IsString(item) && strcmp(item->valuestring, word) == 0)
			return true;
	}
	return false;
}

static int read_fault(struct catalogue_fault *out, const cJSON *entry, struct fail *fail)
{
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(entry, "from");
	const cJSON *on = cJSON_GetObjectItemCaseSensitive(entry, "on");
	const cJSON *params = cJSON_GetObjectItemCaseSensitive(entry, "params");

	out->name = must_copy(json_string(entry, "name", ""));
	out->summary = must_copy(json_string(entry, "summary", ""));
	out->both_sides = strcmp(json_string(entry, "sides", ""), "both") == 0;
	out->on_processes = list_has(on, "processes");
	out->at_once = strcmp(json_string(entry, "expires", ""), "at_once") == 0;
	out->lasts_with = must_copy_if(json_string(entry, "lasts_with", NULL));
	out->ends_processes =
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "ends_processes"));
	out->capability = must_copy(json_string(entry, "capability", out->name));
	out->did = must_copy_if(json_string(entry, "did", NULL));
	out->alone = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "alone"));
	out->machine = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "machine"));
	out->within = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "within"));
	out->from_nodes = list_has(from, "nodes");
	out->from_prefixes = list_has(from, "prefixes");
	out->from_hosts = list_has(from, "hosts");
	out->from_everything = list_has(from, "everything");
	out->published = cJSON_Duplicate(entry, true);
	out->params = shape_from_description(params, fail);
	if (!out->params)
		return fail_context(fail, "catalogue: fault %s", out->name);
	return 0;
}

static int read_all(struct catalogue *catalogue, const cJSON *tree, struct fail *fail)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "faults"), *entry;
	const cJSON *policy = cJSON_GetObjectItemCaseSensitive(tree, "policy");

	catalogue->faults =
		must_array((size_t)cJSON_GetArraySize(list) + 1, sizeof(*catalogue->faults));
	cJSON_ArrayForEach(entry, list) {
		if (read_fault(&catalogue->faults[catalogue->count++], entry, fail) < 0)
			return -1;
	}
	if (!policy)
		return 0;
	catalogue->policy = shape_from_description(policy, fail);
	return catalogue->policy ? 0 : fail_context(fail, "catalogue: policy");
}

int catalogue_parse(struct catalogue *out, const char *text, size_t length, struct fail *fail)
{
	struct catalogue catalogue = {0};
	cJSON *tree = json_parse(text, length, fail);
	int outcome;

	if (!tree)
		return -1;
	outcome = read_all(&catalogue, tree, fail);
	cJSON_Delete(tree);
	if (outcome < 0)
		catalogue_deinit(&catalogue);
	else
		*out = catalogue;
	return outcome;
}

int catalogue_builtin(struct catalogue *out, struct fail *fail)
{
	return catalogue_parse(out, backburn_catalogue, backburn_catalogue_size, fail);
}

void catalogue_deinit(struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->count; i++) {
		free(catalogue->faults[i].name);
		free(catalogue->faults[i].summary);
		free(catalogue->faults[i].capability);
		free(catalogue->faults[i].did);
		free(catalogue->faults[i].lasts_with);
		shape_description_free(catalogue->faults[i].params);
		cJSON_Delete(catalogue->faults[i].published);
	}
	free(catalogue->faults);
	shape_description_free(catalogue->policy);
	*catalogue = (struct catalogue){0};
}

const struct catalogue_fault *catalogue_find(const struct catalogue *catalogue, const char *name)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (strcmp(catalogue->faults[i].name, name) == 0)
			return &catalogue->faults[i];
	return NULL;
}

bool catalogue_at_once(const struct catalogue *catalogue, const char *name, const cJSON *with)
{
	const struct catalogue_fault *kind = catalogue_find(catalogue, name);

	return kind && kind->at_once &&
		(!kind->lasts_with || !cJSON_HasObjectItem(with, kind->lasts_with));
}

bool catalogue_has_from(const struct catalogue_fault *kind)
{
	return kind->from_nodes || kind->from_prefixes || kind->from_hosts || kind->from_everything;
}

bool catalogue_acts_among(const char *param)
{
	return strcmp(param, "shape") == 0 || strcmp(param, "drops") == 0;
}

const char *catalogue_nearest(const struct catalogue *catalogue, const char *name)
{
	const char *names[64];
	size_t count = catalogue->count < 64 ? catalogue->count : 64;

	for (size_t i = 0; i < count; i++)
		names[i] = catalogue->faults[i].name;
	return json_nearest(name, names, count);
}
