/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/files/loads.h"
#include "controller/plan/check.h"
#include "controller/plan/groups.h"
#include "controller/plan/overlap.h"
#include "controller/texts/placeholder.h"

struct plan_node *plan_add_node(struct plan *plan, const char *name, const char *host)
{
	struct plan_node *node = list_push(&plan->nodes, sizeof(*node));

	node->name = must_copy(name);
	node->host = must_copy(host);
	return node;
}

static void add_environment_node(
	struct plan *plan, const struct environment *environment, const struct node_spec *spec)
{
	struct plan_node *node = plan_add_node(plan, spec->name, spec->host);

	node->labels = spec->labels ? cJSON_Duplicate(spec->labels, true) : json_object();
	node->here = strcmp(spec->host, "local") == 0;
	node->cgroup = must_copy_if(spec->cgroup);
	LIST_EACH(environment->hosts, struct host_spec, host) {
		if (strcmp(host->name, spec->host) != 0)
			continue;
		LIST_EACH(host->connect, char *, word)
			list_push_text(&node->connect, *word);
	}
	LIST_EACH(spec->also_reached_as, char *, text) {
		struct fail checked = FAIL_INIT;

		prefix_parse(*text, list_push(&node->also_reached_as, sizeof(struct prefix)),
			&checked); /* environment_load() has seen to it that this succeeds */
	}
}

void plan_init(struct plan *plan, const struct scenario *scenario,
	const struct catalogue *catalogue, const struct environment *environment)
{
	*plan = (struct plan){.scenario = scenario,
		.catalogue = catalogue,
		.environment = must_copy(environment->name),
		.vars = environment->vars ? cJSON_Duplicate(environment->vars, true) : NULL};
	LIST_EACH(environment->nodes, struct node_spec, spec)
		add_environment_node(plan, environment, spec);
}

void plan_deinit(struct plan *plan)
{
	LIST_EACH(plan->nodes, struct plan_node, node) {
		free(node->name);
		free(node->host);
		cJSON_Delete(node->labels);
		list_free_texts(&node->connect);
		list_free_texts(&node->injector_args);
		free(node->addresses.items);
		free(node->also_reached_as.items);
		free(node->cgroup);
	}
	free(plan->nodes.items);
	free(plan->environment);
	cJSON_Delete(plan->vars);
	*plan = (struct plan){0};
}

struct plan_node *plan_node(const struct plan *plan, const char *name)
{
	LIST_EACH(plan->nodes, struct plan_node, node)
		if (strcmp(node->name, name) == 0)
			return node;
	return NULL;
}

int plan_node_learn(struct plan_node *node, struct list *addresses, struct fail *fail)
{
	char text[PREFIX_TEXT_MAX];

	LIST_EACH(*addresses, struct prefix, address)
		if (!prefix_is_address(address))
			return fail_set(fail, FAIL_REFUSED,
				"%s says that it has the address %s, which is a whole network",
				node->name, prefix_format(address, text));
	free(node->addresses.items);
	node->addresses = *addresses;
	*addresses = (struct list){0};
	node->facts_known = true;
	return 0;
}

const char *plan_node_address(const struct plan_node *node, char buffer[PREFIX_TEXT_MAX])
{
	const struct prefix *first = NULL;

	LIST_EACH(node->addresses, struct prefix, address)
		if (!first || (address->ipv4 && !first->ipv4))
			first = address;
	return first ? prefix_format(first, buffer) : NULL;
}

const char *plan_node_host(const struct plan_node *node, char buffer[PREFIX_TEXT_MAX + 2])
{
	char plain[PREFIX_TEXT_MAX];
	const char *address = plan_node_address(node, plain);

	if (!address)
		return NULL;
	snprintf(buffer, PREFIX_TEXT_MAX + 2, strchr(address, ':') ? "[%s]" : "%s", address);
	return buffer;
}

/* --- names ----------------------------------------------------------------------------- */

enum {
	NAMES_MAX = 256
};

/* Groups and nodes share one space of names, so a misspelt one may have meant either. */
static const char *nearest_name(const struct plan *plan, const char *name)
{
	const char *names[NAMES_MAX];
	size_t count = 0;

	LIST_EACH(plan->scenario->groups, struct group_spec, group)
		if (count < NAMES_MAX)
			names[count++] = group->name;
	LIST_EACH(plan->nodes, struct plan_node, node)
		if (count < NAMES_MAX)
			names[count++] = node->name;
	return json_nearest(name, names, count);
}

static int check_name_list(
	const struct plan *plan, const struct list *names, const char *path, struct fail *fail)
{
	LIST_EACH(*names, char *, name) {
		const char *nearest;

		if (scenario_group(plan->scenario, *name) || plan_node(plan, *name))
			continue;
		nearest = nearest_name(plan, *name);
		fail_at(fail, path,
			"no group of the scenario and no node of environment \"%s\" is named "
			"\"%s\"%s%s%s",
			plan->environment, *name, nearest ? " (did you mean \"" : "",
			nearest ? nearest : "", nearest ? "\"?)" : "");
		fail->kind = FAIL_REFUSED;
		return -1;
	}
	return 0;
}

/* The path of a member of something in one of the scenario's maps: probes.put.from. */
struct place {
	char path[JSON_PATH_MAX];
};

static struct place place_of(const char *section, const char *name, const char *key)
{
	struct place place;

	json_path_key(place.path, json_path_key(place.path, section, name), key);
	return place;
}

/* Of a load the workload's. */
static struct place from_of(const struct probe_spec *probe)
{
	char path[JSON_PATH_MAX];
	struct place place;

	if (probe->load)
		return place_of("workloads", probe->name, "from");
	json_path_key(place.path, probe_path(probe, path), "from");
	return place;
}

static int check_claim_names(const struct plan *plan, struct fail *fail)
{
	size_t index = 0;

	LIST_EACH(plan->scenario->invariants, struct invariant_spec, claim) {
		char path[JSON_PATH_MAX];

		snprintf(path, sizeof(path), "invariants[%zu].degraded_at_most.expected", index++);
		if (claim->degraded &&
			check_name_list(plan, &claim->degraded->expected, path, fail) < 0)
			return -1;
	}
	return 0;
}

static int check_fault_names(const struct plan *plan, struct fail *fail)
{
	size_t i = 0;

	LIST_EACH(plan->scenario->phases, struct phase_spec, phase) {
		char path[JSON_PATH_MAX];
		size_t phase_index = i++, j = 0;

		LIST_EACH(phase->faults, struct fault_spec, fault) {
			snprintf(path, sizeof(path), "phases[%zu].faults[%zu]", phase_index, j++);
			if (check_name_list(plan, &fault->on->nodes, path, fail) < 0 ||
				check_name_list(plan, &fault->from->nodes, path, fail) < 0)
				return -1;
		}
	}
	return check_name_list(plan, &plan->scenario->guardrails->limits->protect,
		"guardrails.limits.protect", fail);
}

int plan_check_names(const struct plan *plan, struct fail *fail)
{
	const struct scenario *scenario = plan->scenario;
	struct place place;

	LIST_EACH(scenario->groups, struct group_spec, group) {
		place = place_of("groups", group->name, "nodes");
		if (check_name_list(plan, &group->nodes, place.path, fail) < 0)
			return -1;
		place = place_of("groups", group->name, "not");
		if (check_name_list(plan, &group->without, place.path, fail) < 0)
			return -1;
	}
	LIST_EACH(scenario->probes, struct probe_spec, probe) {
		place = from_of(probe);
		if (check_name_list(plan, &probe->from, place.path, fail) < 0)
			return -1;
	}
	LIST_EACH(scenario->workloads, struct workload_spec, workload) {
		place = place_of("workloads", workload->name, "from");
		if (check_name_list(plan, &workload->from, place.path, fail) < 0)
			return -1;
	}
	if (check_claim_names(plan, fail) < 0)
		return -1;
	return check_fault_names(plan, fail);
}

/* --- limits before anything is resolved ------------------------------------------------ */

/* The greatest number of nodes that a name can stand for. */
static size_t worst_count(const struct plan *plan, const char *name)
{
	const struct group_spec *group = scenario_group(plan->scenario, name);
	struct list none = {0}, candidates = {0};
	size_t count;

	if (!group)
		return 1;
	group_candidates(plan, &none, group, &candidates);
	count = candidates.count;
	list_free_texts(&candidates);
	/* Groups of groups are not resolved yet: then only the stated count bounds them. */
	if (group->in || group->unite.count)
		count = plan->nodes.count;
	if (group->pick && (size_t)group->pick < count)
		count = (size_t)group->pick;
	return (size_t)group->count.max < count ? (size_t)group->count.max : count;
}

/* All that is hit when `fault` begins; a name that stands there twice is hit once. */
static size_t worst_at_start(
	const struct plan *plan, const struct phase_spec *phase, const struct fault_spec *fault)
{
	struct list names = {0};
	size_t worst = 0;

	LIST_EACH(phase->faults, struct fault_spec, other) {
		if (!overlap_at_start(plan->catalogue, fault, other, phase_longest_ns(phase)))
			continue;
		LIST_EACH(other->on->nodes, char *, name) {
			if (list_has_text(&names, *name))
				continue;
			list_push_text(&names, *name);
			worst += worst_count(plan, *name);
		}
	}
	list_free_texts(&names);
	return worst < plan->nodes.count ? worst : plan->nodes.count;
}

static size_t worst_of_phase(const struct plan *plan, const struct phase_spec *phase)
{
	size_t worst = 0;

	LIST_EACH(phase->faults, struct fault_spec, fault) {
		size_t own = worst_at_start(plan, phase, fault);

		worst = own > worst ? own : worst;
	}
	return worst;
}

int plan_check_limits(const struct plan *plan, struct fail *fail)
{
	const struct limits_spec *limits = plan->scenario->guardrails->limits;

	LIST_EACH(plan->scenario->phases, struct phase_spec, phase) {
		size_t worst = worst_of_phase(plan, phase);

		if (limits->nodes && worst > (size_t)limits->nodes)
			return fail_set(fail, FAIL_REFUSED,
				"phase \"%s\" may hit %zu nodes at one time; "
				"guardrails.limits.nodes "
				"allows %lld (state a smaller \"count\" for the groups)",
				phase->id, worst, (long long)limits->nodes);
	}
	return 0;
}

/* --- placeholders ---------------------------------------------------------------------- */

static char *addresses_of(const struct plan_text *context, const struct list *nodes)
{
	char *text = NULL, buffer[PREFIX_TEXT_MAX];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool first = true;

	if (!out)
		abort();
	LIST_EACH(*nodes, char *, name) {
		const struct plan_node *node = plan_node(context->plan, *name);
		const char *address = node ? plan_node_address(node, buffer) : NULL;

		if (!address)
			continue;
		fprintf(out, "%s%s", first ? "" : ",", address);
		first = false;
	}
	fclose(out);
	return text;
}

static enum placeholder_answer group_addresses(
	const struct plan_text *context, const char *name, char **out_value)
{
	const char *group = name + strlen("group.");
	size_t length = strlen(group);

	if (length <= 6 || strcmp(group + length - 6, ".addrs") != 0)
		return PLACEHOLDER_UNKNOWN;
	if (context->only) {
		*out_value = addresses_of(context, context->only);
		return PLACEHOLDER_VALUE;
	}
	LIST_EACH(*context->groups, struct resolved_group, known) {
		if (strlen(known->group) != length - 6 ||
			memcmp(known->group, group, length - 6) != 0)
			continue;
		*out_value = addresses_of(context, &known->nodes);
		return PLACEHOLDER_VALUE;
	}
	return PLACEHOLDER_UNKNOWN;
}

/* In texts of hosts and groups {node.addr} is used in URLs. */
static const char *node_value(
	const struct plan_node *node, const char *name, char buffer[PREFIX_TEXT_MAX + 2])
{
	if (strcmp(name, "node.name") == 0)
		return node->name;
	return strcmp(name, "node.addr") == 0 ? plan_node_host(node, buffer) : NULL;
}

static enum placeholder_answer lookup(void *opaque, const char *name, char **out_value)
{
	const struct plan_text *context = opaque;
	bool of_node = strcmp(name, "node.name") == 0 || strcmp(name, "node.addr") == 0;
	char buffer[PREFIX_TEXT_MAX + 2];
	const char *value = NULL;

	if (strcmp(name, "n") == 0 || strcmp(name, "uuid") == 0 || (of_node && context->keep_node))
		return PLACEHOLDER_KEEP;
	if (strncmp(name, "group.", 6) == 0)
		return group_addresses(context, name, out_value);
	if (strncmp(name, "var.", 4) == 0)
		value = json_string(context->plan->vars, name + 4, NULL);
	else if (context->node)
		value = node_value(context->node, name, buffer);
	if (!value)
		return PLACEHOLDER_UNKNOWN;
	*out_value = must_copy(value);
	return PLACEHOLDER_VALUE;
}

int plan_expand(
	const struct plan_text *context, const char *text, char **out_text, struct fail *fail)
{
	struct plan_text copy = *context;
	const struct placeholders placeholders = {.lookup = lookup,
		.context = &copy,
		.known = "those of this environment: {var.NAME} of its vars, {group.NAME.addrs} of "
			 "a "
			 "group resolved by now"};

	return placeholder_expand(text, &placeholders, out_text, fail);
}

int plan_expand_all(const struct plan_text *context, const struct list *texts, struct list *out,
	struct fail *fail)
{
	LIST_EACH(*texts, char *, text) {
		char *expanded;

		if (plan_expand(context, *text, &expanded, fail) < 0)
			return -1;
		list_push_text(out, expanded);
		free(expanded);
	}
	return 0;
}
