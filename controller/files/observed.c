/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/observed.h"

#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/files/scenario_tables.h"
#include "controller/prober/orders.h"

/* A member is shown as down below this; claims have bounds of their own. */
#define OBJECTIVE 0.99

/* --- groups that are observed ------------------------------------------------------------ */

/* One more place at the end of a list of `size` bytes each, whose items may move. */
static void *grow(struct list *list, size_t size)
{
	char *items = reallocarray(list->items, list->count + 1, size);

	if (!items)
		abort();
	list->items = items;
	return items + list->count++ * size;
}

/* Through the tables, so that it owns what it has, and is what the same in a file would be. Eats
 * the JSON. */
static void decode(const struct shape *shape, cJSON *json, void *out)
{
	struct fail fail = FAIL_INIT;

	/* Its ranges are those of the group's keys. */
	if (shape_decode(shape, json, "", out, &fail) < 0)
		abort();
	cJSON_Delete(json);
}

static struct probe_spec probe_of(const cJSON *merged, const struct group_spec *group)
{
	const cJSON *groups = cJSON_GetObjectItemCaseSensitive(merged, "groups");
	const cJSON *own = cJSON_GetObjectItemCaseSensitive(groups, group->name);
	cJSON *json = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(own, "observe"), true);
	cJSON *to = json_object();
	struct probe_spec probe;

	json_put_string(to, "group", group->name);
	json_put_string(to, "policy", probe_policy_words[POLICY_EACH]);
	cJSON_DeleteItemFromObjectCaseSensitive(json, "to");
	json_put(json, "to", to);
	decode(&probe_shape, json, &probe);
	probe.name = must_copy(group->name);
	probe.observes = true;
	return probe;
}

static struct slo_spec slo_of(const struct group_spec *group)
{
	cJSON *json = json_object(), *good = json_object();
	struct slo_spec slo;

	json_put_string(good, "outcome", "ok");
	json_put_string(json, "probe", group->name);
	json_put(json, "good", good);
	json_put_number(json, "objective", OBJECTIVE);
	decode(&slo_shape, json, &slo);
	slo.name = must_copy(group->name);
	slo.observes = true;
	return slo;
}

void scenario_take_observed(struct scenario *scenario)
{
	LIST_EACH(scenario->groups, const struct group_spec, group) {
		if (!group->observe)
			continue;
		*(struct probe_spec *)grow(&scenario->probes, sizeof(struct probe_spec)) =
			probe_of(scenario->merged, group);
		*(struct slo_spec *)grow(&scenario->slos, sizeof(struct slo_spec)) = slo_of(group);
	}
}

/* --- what they are compared with --------------------------------------------------------- */

void scenario_steady_phases(const struct scenario *scenario, struct list *out_phases)
{
	LIST_EACH(scenario->phases, const struct phase_spec, phase) {
		if (phase->faults.count)
			return;
		if (!phase->only_if)
			list_push_text(out_phases, phase->id);
	}
}

void scenario_imply_baselines(struct scenario *scenario)
{
	LIST_EACH(scenario->invariants, struct invariant_spec, claim)
		if (claim->degraded && !claim->degraded->baseline.count)
			scenario_steady_phases(scenario, &claim->degraded->baseline);
}
