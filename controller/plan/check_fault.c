/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/address.h"
#include "contract/json.h"
#include "contract/verbs.h"
#include "controller/plan/check.h"
#include "controller/plan/check_parts.h"

/* A fault against what its kind says of itself in the catalogue. */

/* The parameter that says how the fault acts among the nodes it is on; NULL: none does. */
static const char *among_key(const struct fault_spec *fault)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, fault->with) {
		/* The shape "sides" is that of a fault with a counterpart. */
		if (catalogue_acts_among(member->string) &&
			strcmp(json_string(fault->with, member->string, ""), "sides") != 0)
			return member->string;
	}
	return NULL;
}

static bool takes_among(const struct catalogue_fault *kind)
{
	for (size_t i = 0; i < kind->params->count; i++)
		if (catalogue_acts_among(kind->params->fields[i].key))
			return true;
	return false;
}

/* The most nodes that the names can stand for, as far as the file says. */
static int64_t most_nodes(const struct scenario *scenario, const struct list *names)
{
	int64_t most = 0;

	LIST_EACH(*names, char *, name) {
		const struct group_spec *group = scenario_group(scenario, *name);

		most += !group ? 1 : group->pick ? group->pick : group->count.max;
	}
	return most;
}

static int check_within(const struct scenario *scenario, const struct catalogue_fault *kind,
	const struct fault_spec *fault, const struct at *at, struct fail *fail)
{
	struct at on = at_key(at, "on"), nodes = at_key(&on, "nodes");

	if (takes_among(kind) && !among_key(fault))
		return fail_at(fail, at->path,
			"%s needs the key \"from\", with exactly one of \"nodes\", \"prefixes\", "
			"\"hosts\" and \"everything\", or in \"with\" a \"shape\" or \"drops\"",
			fault->fault);
	if (most_nodes(scenario, &fault->on->nodes) < 2)
		return fail_at(fail, nodes.path,
			"without \"from\" %s acts between the nodes of \"on\": there must be two "
			"at "
			"least",
			fault->fault);
	return 0;
}

static int check_names(const struct fault_from *from, const struct at *at, struct fail *fail)
{
	struct at hosts = at_key(at, "hosts");
	size_t index = 0;

	if (from->prefixes.count > PEERS_MAX)
		return fail_at(fail, at_key(at, "prefixes").path,
			"names %zu addresses and prefixes, more than %d", from->prefixes.count,
			PEERS_MAX);
	if (from->hosts.count > HOSTS_MAX)
		return fail_at(fail, hosts.path, "names %zu hosts, more than %d", from->hosts.count,
			HOSTS_MAX);
	LIST_EACH(from->hosts, char *, host) {
		struct fail ignored = FAIL_INIT;
		struct prefix prefix;

		if (prefix_parse(*host, &prefix, &ignored) == 0)
			return fail_at(fail, at_index(&hosts, index).path,
				"%s is an address: it belongs into \"prefixes\"", *host);
		index++;
	}
	return 0;
}

static int check_counterpart(const struct scenario *scenario, const struct catalogue_fault *kind,
	const struct fault_spec *fault, const struct at *at, struct fail *fail)
{
	const struct fault_from *from = fault->from;
	int counterparts = (from->nodes.count > 0) + (from->prefixes.count > 0) +
		(from->hosts.count > 0) + from->everything;
	struct at place = at_key(at, "from"), with = at_key(at, "with");

	if (!catalogue_has_from(kind) && counterparts)
		return fail_at(fail, place.path, "%s has no counterpart: leave \"from\" out",
			fault->fault);
	if (!catalogue_has_from(kind))
		return 0;
	if (!counterparts && kind->within)
		return check_within(scenario, kind, fault, at, fail);
	if (!counterparts)
		return fail_at(fail, at->path,
			"%s needs the key \"from\", with exactly one of \"nodes\", \"prefixes\", "
			"\"hosts\" and \"everything\"",
			fault->fault);
	if (counterparts > 1)
		return fail_at(fail, place.path,
			"needs exactly one of \"nodes\", \"prefixes\", \"hosts\" and "
			"\"everything\"");
	if ((from->nodes.count && !kind->from_nodes) ||
		(from->prefixes.count && !kind->from_prefixes) ||
		(from->hosts.count && !kind->from_hosts) ||
		(from->everything && !kind->from_everything))
		return fail_at(
			fail, place.path, "%s does not support this counterpart", fault->fault);
	if (check_names(from, &place, fail) < 0)
		return -1;
	if (kind->within && takes_among(kind) && among_key(fault))
		return fail_at(fail, at_key(&with, among_key(fault)).path,
			"it parts the nodes of \"on\" among themselves: leave it out, or \"from\"");
	return 0;
}

static int check_processes(const struct catalogue_fault *kind, const struct fault_spec *fault,
	const struct at *at, struct fail *fail)
{
	struct at on = at_key(at, "on"), place = at_key(&on, "processes");

	if (!kind->on_processes && fault->on->processes)
		return fail_at(fail, place.path,
			"%s hits nodes, not single processes: leave \"processes\" out",
			fault->fault);
	if (!kind->on_processes)
		return 0;
	if (!fault->on->processes)
		return fail_at(fail, on.path,
			"%s needs the key \"processes\": which of them on these nodes, by \"exe\", "
			"\"cmdline\", \"pidfile\", \"cgroup\", \"unit\" or \"port\"",
			fault->fault);
	return 0; /* its own table has said the rest */
}

int check_machines(
	const struct scenario *scenario, const struct catalogue *catalogue, struct fail *fail)
{
	struct at base = at_key(NULL, "phases");
	size_t number = 0;

	LIST_EACH(scenario->phases, struct phase_spec, phase) {
		struct at at = at_index(&base, number++), faults = at_key(&at, "faults");
		size_t index = 0;

		LIST_EACH(phase->faults, struct fault_spec, fault) {
			struct at place = at_index(&faults, index++);

			if (catalogue_find(catalogue, fault->fault)->machine)
				return fail_at(fail, at_key(&place, "fault").path,
					"%s acts on a whole machine, and the nodes of a lab share "
					"one: it needs hosts",
					fault->fault);
		}
	}
	return 0;
}

int check_fault_kind(const struct scenario *scenario, const struct catalogue *catalogue,
	const struct fault_spec *fault, const struct at *at, struct fail *fail)
{
	const struct catalogue_fault *kind = catalogue_find(catalogue, fault->fault);
	struct at name = at_key(at, "fault"), lasts = at_key(at, "for"), with = at_key(at, "with");

	if (!kind)
		return no_such(&name, "fault", fault->fault,
			catalogue_nearest(catalogue, fault->fault), fail);
	if (check_counterpart(scenario, kind, fault, at, fail) < 0 ||
		check_processes(kind, fault, at, fail) < 0)
		return -1;
	if (catalogue_at_once(catalogue, fault->fault, fault->with) && fault->for_ns)
		return fail_at(fail, lasts.path,
			"%s is over as soon as it has acted: leave \"for\" out%s%s%s", fault->fault,
			kind->lasts_with ? ", or give it \"" : "",
			kind->lasts_with ? kind->lasts_with : "", kind->lasts_with ? "\"" : "");
	return shape_decode(kind->params, fault->with, with.path, NULL, fail);
}
