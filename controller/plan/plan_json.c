/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/plan_json.h"

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"
#include "controller/plan/comparison_claims.h"
#include "controller/plan/degraded_claims.h"
#include "controller/plan/plan_print.h"
#include "controller/plan/plan_times.h"

enum {
	PLAN_VERSION = 1
};

static void put_duration(cJSON *object, const char *key, int64_t ns)
{
	char text[DURATION_TEXT_MAX];

	json_put_string(object, key, duration_format(ns, text));
}

static cJSON *nodes_json(const struct plan *plan)
{
	cJSON *list = json_array();
	char text[PREFIX_TEXT_MAX];

	LIST_EACH(plan->nodes, struct plan_node, node) {
		cJSON *item = json_object(), *addresses = json_array();

		json_put_string(item, "node", node->name);
		json_put_string(item, "host", node->host);
		json_put(item, "labels", cJSON_Duplicate(node->labels, true));
		LIST_EACH(node->addresses, struct prefix, address)
			json_append_string(addresses, prefix_format(address, text));
		json_put(item, "addresses", addresses);
		json_append(list, item);
	}
	return list;
}

static cJSON *groups_json(const struct list *groups)
{
	cJSON *object = json_object();

	LIST_EACH(*groups, struct resolved_group, group)
		json_put(object, group->group, list_to_json(&group->nodes));
	return object;
}

static cJSON *claim_json(const struct scenario *scenario, const struct invariant_spec *claim)
{
	cJSON *item = json_object();

	json_put_string(item, "id", claim->id);
	json_put_string(item, "kind", claim_kind(claim));
	json_put_string(item, "gate", gate_words[claim->gate]);
	json_put_string(item, "expect", claim->expect == EXPECT_HELD ? "held" : "violated");
	if (claim->holds) {
		const struct slo_spec *slo = scenario_slo(scenario, claim->holds->slo);
		int64_t samples = claim_samples(scenario, claim);

		json_put_number(item, "samples", (double)samples);
		json_put_number(item, "held_with_at_most_bad",
			(double)statistics_tolerated(samples, slo->objective, claim_alpha(claim)));
		json_put_number(item, "violated_from_bad",
			(double)statistics_violating(samples, slo->objective, claim_alpha(claim)));
		json_put_number(item, "chance_inconclusive_at_0.1_percent_errors",
			statistics_chance_inconclusive(samples, slo->objective, claim_alpha(claim),
				PLAN_BACKGROUND_ERRORS));
	}
	if (claim->ratio || (claim->compare && claim->compare->slo)) {
		const struct comparison_zone zone = comparison_zone(scenario, claim);

		json_put_number(item, "samples", (double)zone.samples);
		json_put_number(item, "samples_to_compare_with", (double)zone.reference_samples);
		if (zone.tolerated >= 0) {
			json_put_number(item, "held_with_at_most_bad", (double)zone.tolerated);
			json_put_number(item, "violated_from_bad", (double)zone.violating);
		}
	}
	if (claim->degraded) {
		const struct degraded_zone zone = degraded_zone(scenario, claim);

		json_put_number(item, "members", (double)zone.members);
		json_put_number(item, "samples_of_each", (double)zone.samples);
		json_put_number(
			item, "samples_of_each_to_compare_with", (double)zone.reference_samples);
		json_put_number(item, "no_worse_with_at_most_bad", (double)zone.tolerated);
		json_put_number(item, "worse_from_bad", (double)zone.violating);
	}
	return item;
}

static cJSON *faults_json(const struct plan *plan)
{
	cJSON *list = json_array();

	LIST_EACH(plan->scenario->phases, struct phase_spec, phase)
		LIST_EACH(phase->faults, struct fault_spec, fault) {
			cJSON *item = json_object();

			json_put_string(item, "id", fault->id);
			json_put_string(item, "fault", fault->fault);
			json_put_string(item, "phase", phase->id);
			json_put(item, "on", list_to_json(&fault->on->nodes));
			if (fault->on->processes)
				json_put(item, "processes",
					shape_encode(
						&process_selector_shape, fault->on->processes));
			json_put(item, "with", cJSON_Duplicate(fault->with, true));
			put_duration(item, "starts_after", fault->at_ns);
			put_duration(item, "lasts_at_most",
				fault_end_ns(plan->catalogue, fault, phase_longest_ns(phase)) -
					fault->at_ns);
			json_append(list, item);
		}
	return list;
}

static cJSON *stops_json(const struct scenario *scenario)
{
	cJSON *list = json_array();

	LIST_EACH(scenario->guardrails->stop_if, struct stop_rule, rule) {
		cJSON *item = json_object();

		json_put_string(item, "id", rule->id);
		put_duration(item, "fires_after", stop_rule_fires_ns(scenario, rule));
		json_append(list, item);
	}
	return list;
}

cJSON *plan_to_json(const struct plan *plan, const struct list *groups)
{
	cJSON *json = json_object(), *claims = json_array();
	struct plan_times times = plan_times(plan->scenario);

	json_put_number(json, "plan", PLAN_VERSION);
	json_put_string(json, "scenario", plan->scenario->name);
	json_put_string(json, "environment", plan->environment);
	json_put(json, "nodes", nodes_json(plan));
	json_put(json, "groups", groups_json(groups));
	json_put(json, "faults", faults_json(plan));
	LIST_EACH(plan->scenario->invariants, struct invariant_spec, claim)
		json_append(claims, claim_json(plan->scenario, claim));
	json_put(json, "claims", claims);
	json_put(json, "stop_rules", stops_json(plan->scenario));
	put_duration(json, "run_lasts_at_least", times.shortest_ns);
	put_duration(json, "run_lasts_about", times.expected_ns);
	put_duration(json, "run_lasts_at_most", times.longest_ns);
	put_duration(json, "healed_after_sigterm_at_most",
		plan_heal_ns(plan->scenario, plan->catalogue));
	put_duration(json, "run_limit", plan->scenario->guardrails->limits->run_ns);
	put_duration(json, "lease", plan->scenario->guardrails->limits->lease_ns);
	return json;
}
