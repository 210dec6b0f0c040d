/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/registry.h"

#include <string.h>

#include "contract/json.h"
#include "injector/policy.h"

#define FAULT(name) extern const struct fault_ops fault_##name;
#include "injector/registry.def"
#undef FAULT

const struct fault_ops *const registry[] = {
#define FAULT(name) &fault_##name,
#include "injector/registry.def"
#undef FAULT
};
const size_t registry_count = sizeof(registry) / sizeof(registry[0]);

static const struct {
	enum target_kind kind;
	const char *word;
} target_words[] = {
	{TARGET_NODES, "nodes"},
	{TARGET_PROCESSES, "processes"},
	{TARGET_PREFIXES, "prefixes"},
	{TARGET_HOSTS, "hosts"},
	{TARGET_EVERYTHING, "everything"},
};

static const char *const expiry_words[] = {
	[EXPIRES_KERNEL] = "kernel",
	[EXPIRES_GUARDIAN] = "guardian",
	[EXPIRES_AT_ONCE] = "at_once",
};

const struct fault_ops *registry_find(const char *name, struct fail *fail)
{
	const char *names[sizeof(registry) / sizeof(registry[0])];
	const char *nearest;

	for (size_t i = 0; i < registry_count; i++) {
		if (strcmp(registry[i]->name, name) == 0)
			return registry[i];
		names[i] = registry[i]->name;
	}
	nearest = json_nearest(name, names, registry_count);
	fail_set(fail, FAIL_UNSUPPORTED, "fault %s: not known to this injector%s%s%s", name,
		nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
	return NULL;
}

bool fault_is_at_once(const struct fault_ops *ops, const cJSON *with)
{
	return ops->expires == EXPIRES_AT_ONCE &&
		(!ops->lasts_with || !cJSON_HasObjectItem(with, ops->lasts_with));
}

static cJSON *targets(unsigned int kinds)
{
	cJSON *words = json_array();

	for (size_t i = 0; i < sizeof(target_words) / sizeof(target_words[0]); i++)
		if (kinds & target_words[i].kind)
			json_append_string(words, target_words[i].word);
	return words;
}

cJSON *registry_catalogue(void)
{
	cJSON *catalogue = json_object(), *faults = json_array();

	json_put_number(catalogue, "catalogue", 1);
	json_put_string(catalogue, "tool", "backburn-injector " BACKBURN_VERSION);
	for (size_t i = 0; i < registry_count; i++) {
		const struct fault_ops *ops = registry[i];
		cJSON *fault = json_object();

		json_put_string(fault, "name", ops->name);
		json_put_string(fault, "summary", ops->summary);
		json_put(fault, "on", targets(ops->on));
		json_put(fault, "from", targets(ops->from));
		json_put_string(fault, "sides", ops->sides == SIDES_BOTH ? "both" : "on");
		json_put_bool(fault, "silent", ops->silent);
		json_put_bool(fault, "alone", ops->alone);
		json_put_bool(fault, "within", ops->within);
		json_put_bool(fault, "machine", ops->machine);
		if (ops->did)
			json_put_string(fault, "did", ops->did);
		json_put_string(fault, "expires", expiry_words[ops->expires]);
		if (ops->lasts_with)
			json_put_string(fault, "lasts_with", ops->lasts_with);
		json_put_bool(fault, "ends_processes", ops->ends_processes);
		json_put_string(fault, "capability", ops->capability);
		json_put(fault, "params", shape_describe(ops->with));
		json_append(faults, fault);
	}
	json_put(catalogue, "faults", faults);
	json_put(catalogue, "policy", shape_describe(&policy_shape));
	return catalogue;
}
