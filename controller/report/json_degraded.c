/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/json_degraded.h"

#include "contract/json.h"
#include "contract/list.h"
#include "controller/judge/degraded.h"
#include "controller/plan/check.h"
#include "controller/plan/degraded_claims.h"

/* In summary.json: who got worse. */

static cJSON *node_json(const struct degraded_node *node)
{
	const struct member_change *worst = node->worst;
	cJSON *item = json_object();

	json_put_string(item, "node", node->node);
	json_put_bool(item, "fault_on_it", node->target);
	json_put_bool(item, "expected", node->expected);
	json_put_string(item, "slo", worst->slo->name);
	json_put_string(item, "phase", worst->phase->spec->id);
	json_put_number(item, "events", (double)worst->during.total);
	json_put_number(item, "bad", (double)worst->during.bad);
	json_put_number(item, "events_before", (double)worst->before.total);
	json_put_number(item, "bad_before", (double)worst->before.bad);
	json_put_number(item, "difference", member_change_difference(worst));
	json_put_number(item, "difference_at_least", worst->interval.lower);
	json_put_number(item, "difference_at_most", worst->interval.upper);
	return item;
}

cJSON *json_degraded(const struct degradation *degradation)
{
	cJSON *json = json_object(), *nodes = json_array();

	json_put_number(json, "nodes_asked", (double)degradation->members);
	json_put_number(json, "comparisons", (double)degradation->changes.count);
	json_put_number(json, "confidence", 1 - CLAIM_ALPHA);
	json_put_number(json, "worse_by_more_than", DEGRADED_ROOM);
	json_put_number(json, "outside", (double)degradation->outside);
	json_put_number(json, "targets", (double)degradation->targets);
	json_put_number(json, "targets_asked", (double)degradation->targets_asked);
	/* Nobody asked each node: then nothing is known, and 0 would be a claim. */
	json_put(json, "amplification",
		degradation->changes.count
			? cJSON_CreateNumber(degradation_amplification(degradation))
			: cJSON_CreateNull());
	LIST_EACH(degradation->worse, const struct degraded_node, node)
		json_append(nodes, node_json(node));
	json_put(json, "nodes", nodes);
	return json;
}
