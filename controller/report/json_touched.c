/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/json_touched.h"

#include "contract/list.h"
#include "controller/judge/spill.h"
#include "controller/report/json_parts.h"

static cJSON *touched_json(const struct fault_node *node, const struct touched *touched)
{
	char address[PREFIX_TEXT_MAX];
	cJSON *item = json_object();

	json_put_string(item, "counted_at", node->node);
	json_put(item, "peer",
		touched->peer ? cJSON_CreateString(touched->peer) : cJSON_CreateNull());
	json_put_string(item, "address", prefix_format(&touched->address, address));
	json_put_number(item, "packets", (double)touched->packets);
	json_put_number(item, "segments", (double)touched->segments);
	json_put_number(item, "connections", (double)touched->connections);
	json_put_seconds(item, "first_s", touched->first_ns);
	json_put_seconds(item, "last_s", touched->last_ns);
	return item;
}

cJSON *json_touched(const struct fault_record *fault)
{
	cJSON *list = json_array();

	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->touched, struct touched, touched)
			json_append(list, touched_json(node, touched));
	return list;
}

cJSON *json_spills(const struct judgement *judgement)
{
	cJSON *list = json_array();

	LIST_EACH(judgement->spills, struct spill, spill) {
		cJSON *item = json_object();

		json_put_string(item, "fault", spill->fault->spec->id);
		json_put_string(item, "counted_at", spill->node);
		json_put(item, "node",
			spill->victim ? cJSON_CreateString(spill->victim) : cJSON_CreateNull());
		json_put_string(item, "address", spill->address);
		json_put_number(item, "packets", (double)spill->touched->packets);
		json_put_number(item, "connections", (double)spill->touched->connections);
		json_put_seconds(item, "first_s", spill->touched->first_ns);
		json_put_seconds(item, "last_s", spill->touched->last_ns);
		json_append(list, item);
	}
	return list;
}
