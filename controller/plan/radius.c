/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/radius.h"

#include <stdlib.h>

#include "contract/host_port.h"
#include "contract/json.h"
#include "contract/list.h"
#include "controller/files/loads.h"
#include "controller/plan/groups.h"

static bool may_be_hit(const struct plan *plan, const struct list *groups, const char *node)
{
	LIST_EACH(plan->scenario->phases, struct phase_spec, phase)
		LIST_EACH(phase->faults, struct fault_spec, fault)
			LIST_EACH(fault->on->nodes, char *, name) {
				const struct group_spec *group =
					scenario_group(plan->scenario, *name);
				struct list members = {0};
				bool hit;

				if (group)
					group_candidates(plan, groups, group, &members);
				else
					list_push_text(&members, *name);
				hit = list_has_text(&members, node);
				list_free_texts(&members);
				if (hit)
					return true;
			}
	return false;
}

static bool leads_to(const struct plan_node *node, const struct prefix *address)
{
	LIST_EACH(node->addresses, struct prefix, own)
		if (prefix_is_address(own) && prefix_contains(own, address))
			return true;
	LIST_EACH(node->also_reached_as, struct prefix, own)
		if (prefix_contains(own, address))
			return true;
	return false;
}

static int check_host(const struct plan *plan, const struct list *groups,
	const struct probe_spec *probe, const char *host, struct fail *fail)
{
	static const char *const keys[] = {[PROBE_HTTP] = "url",
		[PROBE_TCP] = "address",
		[PROBE_DNS] = "server",
		[PROBE_METRIC] = "read",
		[PROBE_PROMETHEUS] = "url"};
	char base[JSON_PATH_MAX], path[JSON_PATH_MAX];
	struct fail no_literal = FAIL_INIT;
	struct prefix address;

	if (prefix_parse(host, &address, &no_literal) < 0 || !prefix_is_address(&address))
		return 0;
	LIST_EACH(plan->nodes, struct plan_node, node) {
		if (!leads_to(node, &address) || !may_be_hit(plan, groups, node->name))
			continue;
		json_path_key(path, probe_path(probe, base), keys[probe->type]);
		return fail_at(fail, path,
			"%s %s lies on node \"%s\", inside the blast radius of a fault: it "
			"would measure the fault (if that is meant: \"inside_radius\": true)",
			probe->load ? "load" : "probe", probe->name, node->name);
	}
	return 0;
}

static bool is_url(const struct probe_spec *probe)
{
	return probe->type == PROBE_HTTP || probe->type == PROBE_PROMETHEUS ||
		(probe->type == PROBE_METRIC && probe->read->url);
}

static int check_probe(const struct plan *plan, const struct list *groups,
	const struct probe_spec *probe, const char *target, struct fail *fail)
{
	const struct plan_text context = {.plan = plan, .groups = groups};
	struct host_port place = {0};
	char *text;
	int outcome = 0;

	if (plan_expand(&context, target, &text, fail) < 0)
		return fail_context(fail, "probe %s", probe->name);
	if (is_url(probe))
		url_host(text, place.host, sizeof(place.host));
	else
		outcome = host_port_parse(text, &place, fail);
	free(text);
	if (outcome < 0)
		return fail_context(fail, "probe %s: %s", probe->name,
			probe->type == PROBE_TCP ? "address" : "server");
	return check_host(plan, groups, probe, place.host, fail);
}

/* NULL: nothing fixed that can be looked at. */
static const char *fixed_target(const struct probe_spec *probe)
{
	if (probe->to)
		return NULL;
	if (is_url(probe))
		return cJSON_GetStringValue(probe->read ? probe->read->url : probe->url);
	if (probe->type == PROBE_DNS)
		return probe->server;
	return probe->type == PROBE_TCP ? probe->address : NULL;
}

int plan_check_radius(const struct plan *plan, const struct list *groups, struct fail *fail)
{
	LIST_EACH(plan->scenario->probes, struct probe_spec, probe) {
		const char *target = fixed_target(probe);

		if (target && !probe->inside_radius &&
			check_probe(plan, groups, probe, target, fail) < 0)
			return -1;
	}
	return 0;
}
