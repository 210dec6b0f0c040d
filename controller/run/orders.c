/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/groups.h"
#include "controller/prober/orders.h"
#include "controller/run/run_parts.h"

/* What the engine wants, as the orders that injectors and probers understand. */

enum {
	PROBE_WINDOW_MS = 250,
	SECRET_MAX = 64 * 1024
};

/* --- faults ---------------------------------------------------------------------------- */

static void add_prefix(struct list *list, const struct prefix *prefix)
{
	*(struct prefix *)list_push(list, sizeof(*prefix)) = *prefix;
}

static void add_endpoint(const struct plan *plan, struct list *list, const char *name)
{
	struct endpoint *endpoint = list_push(list, sizeof(*endpoint));
	const struct plan_node *node = plan_node(plan, name);
	struct prefix prefix;
	struct fail ignored = FAIL_INIT;

	endpoint->node = must_copy(name);
	if (node) {
		LIST_EACH(node->addresses, struct prefix, address)
			add_prefix(&endpoint->prefixes, address);
		LIST_EACH(node->also_reached_as, struct prefix, address)
			add_prefix(&endpoint->prefixes, address);
	} else if (strcmp(name, "everything") == 0) {
		prefix_parse("0.0.0.0/0", &prefix, &ignored);
		add_prefix(&endpoint->prefixes, &prefix);
		prefix_parse("::/0", &prefix, &ignored);
		add_prefix(&endpoint->prefixes, &prefix);
	} else if (prefix_parse(name, &prefix, &ignored) == 0) {
		add_prefix(&endpoint->prefixes, &prefix);
	}
}

static struct process_selector *copy_selector(const struct process_selector *selector)
{
	struct process_selector *copy = must_alloc(sizeof(*copy));

	*copy = (struct process_selector){.exe = must_copy_if(selector->exe),
		.cmdline = must_copy_if(selector->cmdline),
		.pidfile = must_copy_if(selector->pidfile),
		.cgroup = must_copy_if(selector->cgroup),
		.count = selector->count};
	return copy;
}

void order_fault(const struct plan *plan, const struct fault_record *fault, enum fault_role role,
	const char *node, struct fault_order *out)
{
	*out = (struct fault_order){.id = must_copy(fault->spec->id),
		.fault = must_copy(fault->spec->fault),
		.scope = calloc(1, sizeof(struct scope)),
		.role = role,
		.with = cJSON_Duplicate(fault->spec->with, true),
		.start_ns = fault->start_ns,
		.deadline_ns = fault->deadline_ns};
	if (!out->scope || !out->with)
		abort();
	if (fault->spec->on->processes)
		out->processes = copy_selector(fault->spec->on->processes);
	LIST_EACH(fault->on, char *, name)
		add_endpoint(plan, &out->on, *name);
	LIST_EACH(fault->from, char *, name)
		if (role != ROLE_ON || strcmp(*name, node) != 0) /* no node is cut from itself */
			add_endpoint(plan, &out->from, *name);
}

/* --- secrets --------------------------------------------------------------------------- */

static int read_secret_file(
	const struct plan *plan, const struct secret_spec *secret, char **out, struct fail *fail)
{
	char *path = path_beside(plan->origin ? plan->origin : "", secret->file);
	size_t length;
	int outcome = json_read_file(path, SECRET_MAX, out, &length, fail);

	free(path);
	if (outcome < 0) {
		fail->kind = FAIL_REFUSED;
		return fail_context(fail, "secret \"%s\"", secret->name);
	}
	(*out)[strcspn(*out, "\r\n")] = '\0';
	return 0;
}

static int read_secret(const struct plan *plan, const char *name, char **out, struct fail *fail)
{
	LIST_EACH(plan->scenario->secrets, struct secret_spec, secret) {
		const char *value;

		if (strcmp(secret->name, name) != 0)
			continue;
		if (secret->file)
			return read_secret_file(plan, secret, out, fail);
		value = getenv(secret->env);
		if (!value)
			return fail_set(fail, FAIL_REFUSED,
				"secret \"%s\": the environment variable %s is not set", name,
				secret->env);
		*out = must_copy(value);
		return 0;
	}
	return fail_set(fail, FAIL_INTERNAL, "secret \"%s\" is not declared", name);
}

/* Placeholders expanded and secrets put in, everywhere in a value; the caller deletes the result.
 */
static cJSON *fill_in(const struct plan_text *text, const cJSON *value, struct fail *fail)
{
	cJSON *copy;
	const char *secret;
	char *filled = NULL;

	if (secret_reference(value, &secret)) {
		if (read_secret(text->plan, secret, &filled, fail) < 0)
			return NULL;
	} else if (cJSON_IsString(value)) {
		if (plan_expand(text, value->valuestring, &filled, fail) < 0)
			return NULL;
	} else if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
		copy = cJSON_IsObject(value) ? json_object() : json_array();
		for (const cJSON *child = value->child; child; child = child->next) {
			cJSON *item = fill_in(text, child, fail);

			if (!item) {
				cJSON_Delete(copy);
				return NULL;
			}
			if (cJSON_IsObject(value))
				json_put(copy, child->string, item);
			else
				json_append(copy, item);
		}
		return copy;
	} else {
		return cJSON_Duplicate(value, true);
	}
	copy = cJSON_CreateString(filled);
	free(filled);
	return copy;
}

static int fill_text(
	const struct plan_text *text, const cJSON *value, char **out, struct fail *fail)
{
	cJSON *filled = fill_in(text, value, fail);

	if (!filled)
		return -1;
	*out = must_copy(filled->valuestring);
	cJSON_Delete(filled);
	return 0;
}

/* --- probes ---------------------------------------------------------------------------- */

static int add_targets(const struct plan_text *base, const struct probe_spec *probe,
	struct probe_order *order, struct fail *fail)
{
	struct plan_text text = *base;
	struct list nodes = {0}, name = {0};
	int outcome = 0;

	if (!probe->to) {
		struct probe_target *target = list_push(&order->targets, sizeof(*target));

		return fill_text(&text, probe->url, &target->url, fail);
	}
	list_push_text(&name, probe->to->group);
	nodes_of_names(base->plan, base->groups, &name, &nodes);
	LIST_EACH(nodes, char *, node) {
		struct probe_target *target = list_push(&order->targets, sizeof(*target));

		target->node = must_copy(*node);
		text.node = plan_node(base->plan, *node);
		outcome = fill_text(&text, probe->url, &target->url, fail);
		if (outcome < 0)
			break;
	}
	list_free_texts(&nodes);
	list_free_texts(&name);
	return outcome;
}

static int add_headers(const struct plan_text *text, const struct probe_spec *probe,
	struct probe_order *order, struct fail *fail)
{
	for (const cJSON *header = probe->headers ? probe->headers->child : NULL; header;
		header = header->next) {
		char *value, *line = NULL;

		if (fill_text(text, header, &value, fail) < 0)
			return -1;
		if (asprintf(&line, "%s: %s", header->string, value) < 0)
			abort();
		list_push_text(&order->headers, line);
		free(value);
		free(line);
	}
	return 0;
}

static int add_body(const struct plan_text *text, const struct probe_body *body,
	struct probe_order *order, struct fail *fail)
{
	if (body->text)
		return fill_text(text, body->text, &order->body, fail);
	order->body_json = fill_in(text, body->json, fail);
	if (!order->body_json)
		return -1;
	LIST_EACH(body->base64_at, char *, pointer)
		list_push_text(&order->base64_at, *pointer);
	return 0;
}

static void add_classes(
	const struct scenario *scenario, const struct probe_spec *probe, struct probe_order *order)
{
	LIST_EACH(scenario->slos, struct slo_spec, slo) {
		struct probe_class *class;

		if (strcmp(slo->probe, probe->name) != 0)
			continue;
		class = list_push(&order->classes, sizeof(*class));
		class->slo = must_copy(slo->name);
		class->latency_lt_ns = slo->good->latency_lt_ns;
	}
}

cJSON *order_probe(const struct plan *plan, const struct list *groups,
	const struct probe_spec *probe, int64_t start_ns, struct fail *fail)
{
	const struct plan_text text = {.plan = plan, .groups = groups};
	struct probe_order order = {.id = must_copy(probe->name),
		.rate = probe->rate,
		.timeout_ns = probe->timeout_ns,
		.start_ns = start_ns,
		.window_ns = PROBE_WINDOW_MS * NS_PER_MS,
		.seed = plan->scenario->seed,
		.policy = probe->to ? probe->to->policy : POLICY_FIRST_ANSWER,
		.method = must_copy(probe->method)};
	cJSON *json = NULL;

	LIST_EACH(probe->expect ? probe->expect->status : (struct list){0}, int64_t, status)
		*(int64_t *)list_push(&order.expect_status, sizeof(*status)) = *status;
	add_classes(plan->scenario, probe, &order);
	if (add_targets(&text, probe, &order, fail) == 0 &&
		add_headers(&text, probe, &order, fail) == 0 &&
		(!probe->body || add_body(&text, probe->body, &order, fail) == 0))
		json = shape_encode(&probe_order_shape, &order);
	else
		fail_context(fail, "probe %s", probe->name);
	shape_free(&probe_order_shape, &order);
	return json;
}

/* --- workloads ------------------------------------------------------------------------- */

static int fill_argv(const struct plan_text *text, const struct workload_spec *workload,
	struct list *out, struct fail *fail)
{
	LIST_EACH(workload->exec, char *, word) {
		char *filled;

		if (plan_expand(text, *word, &filled, fail) < 0)
			return fail_context(fail, "workload %s", workload->name);
		list_push_text(out, filled);
		free(filled);
	}
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
		.window_ns = PROBE_WINDOW_MS * NS_PER_MS};
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
