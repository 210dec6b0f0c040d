/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/seed.h"
#include "controller/plan/counterparts.h"
#include "controller/plan/groups.h"
#include "controller/prober/orders.h"
#include "controller/run/run_parts.h"

/* What the engine wants, as the orders that injectors and probers understand. */

/* --- faults ---------------------------------------------------------------------------- */

static void add_prefix(struct list *list, const struct prefix *prefix)
{
	*(struct prefix *)list_push(list, sizeof(*prefix)) = *prefix;
}

/* A counterpart whose addresses each node finds for itself. */
static void add_host(struct list *list, const char *name)
{
	struct endpoint *endpoint = list_push(list, sizeof(*endpoint));

	endpoint->node = must_copy(name);
	endpoint->host = must_copy(name);
}

static void add_endpoint(const struct plan *plan, struct list *list, const char *name)
{
	struct endpoint *endpoint = list_push(list, sizeof(*endpoint));
	const struct plan_node *node = plan_node(plan, name);
	const struct fault_spec *set = counterpart_set_of(plan->scenario, name);
	struct prefix prefix;
	struct fail ignored = FAIL_INIT;

	endpoint->node = must_copy(name);
	if (node) {
		LIST_EACH(node->addresses, struct prefix, address)
			add_prefix(&endpoint->prefixes, address);
		LIST_EACH(node->also_reached_as, struct prefix, address)
			add_prefix(&endpoint->prefixes, address);
	} else if (set) {
		endpoint->set = must_copy(set->id); /* run_inspect.c has filled it */
	} else if (strcmp(name, "everything") == 0) {
		prefix_parse("0.0.0.0/0", &prefix, &ignored);
		add_prefix(&endpoint->prefixes, &prefix);
		prefix_parse("::/0", &prefix, &ignored);
		add_prefix(&endpoint->prefixes, &prefix);
	} else if (prefix_parse(name, &prefix, &ignored) == 0) {
		add_prefix(&endpoint->prefixes, &prefix);
	}
}

/* By its table, so that no key is forgotten. */
static struct process_selector *copy_selector(const struct process_selector *selector)
{
	struct process_selector *copy = must_alloc(sizeof(*copy));
	cJSON *json = shape_encode(&process_selector_shape, selector);
	struct fail fail = FAIL_INIT;

	if (shape_decode(&process_selector_shape, json, "", copy, &fail) < 0)
		abort();
	cJSON_Delete(json);
	return copy;
}

void order_fault(const struct plan *plan, const struct fault_record *fault, enum fault_role role,
	const char *node, struct fault_order *out)
{
	*out = (struct fault_order){.id = must_copy(fault->spec->id),
		.fault = must_copy(fault->spec->fault),
		.scope = must_alloc(sizeof(struct scope)),
		.role = role,
		.self = must_copy(node),
		.seed = seed_of_fault(plan->scenario->seed, fault->spec->id),
		.with = cJSON_Duplicate(fault->spec->with, true),
		.start_ns = fault->start_ns,
		.deadline_ns = fault->deadline_ns};
	if (!out->with)
		abort();
	if (fault->spec->on->processes)
		out->processes = copy_selector(fault->spec->on->processes);
	LIST_EACH(fault->on, char *, name)
		add_endpoint(plan, &out->on, *name);
	LIST_EACH(fault->from, char *, name)
		if (list_has_text(&fault->spec->from->hosts, *name))
			add_host(&out->from, *name);
		else if (role != ROLE_ON ||
			strcmp(*name, node) != 0) /* no node is cut from itself */
			add_endpoint(plan, &out->from, *name);
}

/* --- workloads ------------------------------------------------------------------------- */

static int fill_argv(const struct plan_text *text, const struct workload_spec *workload,
	struct list *out, struct fail *fail)
{
	if (plan_expand_all(text, &workload->exec, out, fail) < 0)
		return fail_context(fail, "workload %s", workload->name);
	return 0;
}

cJSON *order_workload(const struct plan *plan, const struct list *groups,
	const struct workload_spec *workload, int64_t start_ns, struct fail *fail)
{
	const struct plan_text text = {.plan = plan, .groups = groups};
	struct workload_order order = {.id = must_copy(workload->name),
		.rate = workload->rate,
		.timeout_ns = workload->timeout_ns,
		.start_ns = start_ns,
		.window_ns = REPORT_WINDOW_NS,
		.read_every_ns = workload->read_every_ns,
		.read_timeout_ns = workload->read_timeout_ns};
	cJSON *json = NULL;

	if (fill_argv(&text, workload, &order.argv, fail) == 0)
		json = shape_encode(&workload_order_shape, &order);
	shape_free(&workload_order_shape, &order);
	return json;
}

/* Each member is read by a client that knows only that member. */
cJSON *order_final_read(const struct plan *plan, const struct list *groups,
	const struct workload_spec *workload, struct fail *fail)
{
	struct plan_text text = {.plan = plan, .groups = groups};
	struct final_read_order order = {.workload = must_copy(workload->name),
		.timeout_ns = workload->final_read->timeout_ns};
	struct list name = {0}, nodes = {0};
	cJSON *json = NULL;
	int outcome = 0;

	list_push_text(&name, workload->final_read->from_each);
	nodes_of_names(plan, groups, &name, &nodes);
	LIST_EACH(nodes, char *, node) {
		struct list only = {.items = node, .count = 1};
		struct read_target *target = list_push(&order.targets, sizeof(*target));

		target->node = must_copy(*node);
		text.only = &only;
		if (outcome == 0)
			outcome = fill_argv(&text, workload, &target->argv, fail);
	}
	if (outcome == 0)
		json = shape_encode(&final_read_order_shape, &order);
	list_free_texts(&name);
	list_free_texts(&nodes);
	shape_free(&final_read_order_shape, &order);
	return json;
}
