/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/closest.h"

#include <string.h>

#include "contract/json.h"
#include "contract/list.h"

struct list closest_of(const struct record *record)
{
	struct list closest = {0};

	LIST_EACH(record->scenario.guardrails->stop_if, struct stop_rule, rule)
		*(struct closest *)list_push(&closest, sizeof(struct closest)) =
			(struct closest){.rule = rule, .share = -1, .at_ns = NEVER_NS};
	return closest;
}

/*
 * What can change how near the rule is: reads for lost writes, windows for all else. A silence is
 * longest just before the window that ends it.
 */
static bool is_about(const struct stop_rule *rule, const char *type, bool taken)
{
	return strcmp(type, rule->workload ? "read_back" : "window") == 0 &&
		taken == !rule->no_data_for_ns;
}

void closest_look(struct list *closest, const struct record *record, const cJSON *event, bool taken)
{
	const char *type = json_string(event, "event", "");
	int64_t at_ns = journal_time(event, "t_ns");

	if (record->stop != STOP_NONE || record->ended || at_ns == NEVER_NS)
		return;
	LIST_EACH(*closest, struct closest, own) {
		struct rule_look look;

		if (!is_about(own->rule, type, taken))
			continue;
		look = record_rule(record, own->rule, at_ns);
		if (look.share <= own->share)
			continue;
		own->share = look.share;
		own->at_ns = at_ns;
		rule_way(&look, own->way);
	}
}

void closest_finish(struct list *closest, const struct record *record)
{
	LIST_EACH(*closest, struct closest, own)
		own->fired = record->stop_id && strcmp(record->stop_id, own->rule->id) == 0 &&
			(record->stop == STOP_GUARDRAIL || record->stop == STOP_PRECONDITION);
}

bool closest_is_near(const struct closest *own)
{
	return !own->fired && own->share >= CLOSEST_NEAR;
}
