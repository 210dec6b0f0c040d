/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/groups.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/orders.h"
#include "controller/run/run_parts.h"
#include "controller/run/tls_files.h"

/* A scenario's probe as the order that a prober understands. */

/* What the texts of one probe are filled in with, and the order that gets what they need. */
struct filling {
	const struct order_context *context;
	struct plan_text text;
	struct probe_order *order;
};

static bool has_secret(const struct list *secrets, const char *name)
{
	LIST_EACH(*secrets, struct secret_value, secret)
		if (strcmp(secret->name, name) == 0)
			return true;
	return false;
}

/* A secret is a placeholder to the end; the prober alone puts it in, as its last step. */
static char *refer_to_secret(const struct filling *filling, const char *name)
{
	char *reference = NULL;

	LIST_EACH(*filling->context->secrets, struct secret_value, secret) {
		struct secret_value *sent;

		if (strcmp(secret->name, name) != 0 || has_secret(&filling->order->secrets, name))
			continue;
		sent = list_push(&filling->order->secrets, sizeof(*sent));
		sent->name = must_copy(name);
		sent->value = must_copy(secret->value);
	}
	if (asprintf(&reference, "{secret.%s}", name) < 0)
		abort();
	return reference;
}

/* Placeholders expanded and secrets referred to, everywhere in a value; the caller deletes it. */
static cJSON *fill_in(const struct filling *filling, const cJSON *value, struct fail *fail)
{
	cJSON *copy;
	const char *secret;
	char *filled = NULL;

	if (secret_reference(value, &secret)) {
		filled = refer_to_secret(filling, secret);
	} else if (cJSON_IsString(value)) {
		if (plan_expand(&filling->text, value->valuestring, &filled, fail) < 0)
			return NULL;
	} else if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
		copy = cJSON_IsObject(value) ? json_object() : json_array();
		for (const cJSON *child = value->child; child; child = child->next) {
			cJSON *item = fill_in(filling, child, fail);

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

/* A text or a secret; one that is not given stays NULL. */
static int fill_text(
	const struct filling *filling, const cJSON *value, char **out, struct fail *fail)
{
	cJSON *filled = value ? fill_in(filling, value, fail) : NULL;

	if (!value)
		return 0;
	if (!filled)
		return -1;
	*out = must_copy(filled->valuestring);
	cJSON_Delete(filled);
	return 0;
}

/* An object of texts as a list of "NAME<separator>VALUE". */
static int fill_pairs(const struct filling *filling, const cJSON *object, const char *separator,
	struct list *out, struct fail *fail)
{
	for (const cJSON *item = object ? object->child : NULL; item; item = item->next) {
		char *value = NULL, *line = NULL;

		if (fill_text(filling, item, &value, fail) < 0)
			return -1;
		if (asprintf(&line, "%s%s%s", item->string, separator, value) < 0)
			abort();
		list_push_text(out, line);
		free(value);
		free(line);
	}
	return 0;
}

/* Encoded and decoded again: the table knows what there is to copy. */
static struct text_match *copy_match(const struct text_match *match)
{
	struct text_match *copy = NULL;
	struct fail ignored = FAIL_INIT;
	cJSON *json;

	if (!match)
		return NULL;
	copy = must_alloc(sizeof(*copy));
	json = shape_encode(&text_match_shape, match);
	shape_decode(&text_match_shape, json, "", copy, &ignored);
	cJSON_Delete(json);
	return copy;
}

int order_tls(const struct tls_spec *tls, const struct tls_text *text,
	const struct plan_text *context, struct http_tls *out, struct fail *fail)
{
	out->verify = tls->verify;
	if (text) {
		out->ca = must_copy_if(text->ca);
		out->cert = must_copy_if(text->cert);
		out->key = must_copy_if(text->key);
	}
	return tls->server_name ? plan_expand(context, tls->server_name, &out->server_name, fail)
				: 0;
}

static int fill_tls(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	struct http_tls *tls = filling->order->http->tls = must_alloc(sizeof(*tls));

	return order_tls(probe->tls,
		tls_text_of(filling->context->tls, tls_owner_of(probe), probe->name),
		&filling->text, tls, fail);
}

/* A request with what all have that ask a URL; its own things are the caller's to add. */
static int fill_request(const struct filling *filling, const struct probe_spec *probe,
	const cJSON *url, struct fail *fail)
{
	struct http_order *http = filling->order->http = must_alloc(sizeof(*http));

	http->method = must_copy(probe->method);
	http->connection = probe->connection;
	if (fill_text(filling, url, &http->url, fail) < 0 ||
		fill_pairs(filling, probe->headers, ": ", &http->headers, fail) < 0)
		return -1;
	return probe->tls ? fill_tls(filling, probe, fail) : 0;
}

static int fill_http(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	struct http_order *http;

	if (fill_request(filling, probe, probe->url, fail) < 0)
		return -1;
	http = filling->order->http;
	if (probe->expect) {
		LIST_EACH(probe->expect->status, int64_t, status)
			*(int64_t *)list_push(&http->expect_status, sizeof(*status)) = *status;
		http->expect_body = copy_match(probe->expect->body);
	}
	if (!probe->body)
		return 0;
	LIST_EACH(probe->body->base64_at, char *, pointer)
		list_push_text(&http->base64_at, *pointer);
	if (probe->body->text)
		return fill_text(filling, probe->body->text, &http->body, fail);
	http->body_json = fill_in(filling, probe->body->json, fail);
	return http->body_json ? 0 : -1;
}

static struct value_order *add_value(
	struct probe_order *order, const struct probe_spec *probe, enum value_format format)
{
	struct value_order *value = order->value = must_alloc(sizeof(*value));

	value->format = format;
	value->per_second = probe->per_second;
	return value;
}

/* The probe's own word about the cgroup goes before what is known of the node. */
static int fill_kernel(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	const struct read_spec *read = probe->read;
	const struct order_context *context = filling->context;
	const struct plan_node *node =
		context->from ? plan_node(context->plan, context->from) : NULL;
	struct kernel_order *kernel = filling->order->kernel = must_alloc(sizeof(*kernel));

	add_value(filling->order, probe, VALUE_KERNEL);
	kernel->metric = read->kernel;
	kernel->per = read->per;
	if (read->cgroup)
		return plan_expand(&filling->text, read->cgroup, &kernel->cgroup, fail);
	if (node && kernel_metric_cgroup(&kernel_metrics[read->kernel]) == KERNEL_CGROUP_MUST)
		kernel->cgroup = must_copy_if(node->cgroup);
	return 0;
}

static int fill_metric(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	const struct read_spec *read = probe->read;
	struct value_order *value;

	if (read_of_kernel(read))
		return fill_kernel(filling, probe, fail);
	if (!read->url) {
		struct exec_order *exec = filling->order->exec = must_alloc(sizeof(*exec));

		add_value(filling->order, probe, VALUE_FIRST_LINE);
		return plan_expand_all(&filling->text, &read->exec, &exec->argv, fail);
	}
	value = add_value(filling->order, probe, read->metric ? VALUE_METRIC : VALUE_JSON);
	value->metric = must_copy_if(read->metric);
	value->labels = read->labels ? cJSON_Duplicate(read->labels, true) : NULL;
	value->aggregate = read->aggregate;
	value->pointer = must_copy_if(read->pointer);
	return fill_request(filling, probe, read->url, fail);
}

/* The path of an instant query (prometheus.io/docs, HTTP API), below where the API is. */
static int fill_prometheus(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	struct http_order *http;
	char *base;
	size_t length;

	add_value(filling->order, probe, VALUE_QUERY);
	if (fill_request(filling, probe, probe->url, fail) < 0)
		return -1;
	http = filling->order->http;
	base = http->url;
	length = strlen(base);
	if (length > 0 && base[length - 1] == '/')
		base[length - 1] = '\0';
	if (asprintf(&http->url, "%s/api/v1/query", base) < 0)
		abort();
	free(base);
	return fill_text(filling, probe->query, &http->query, fail);
}

static int fill_tcp(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	struct tcp_order *tcp = filling->order->tcp = must_alloc(sizeof(*tcp));

	if (probe->expect)
		tcp->expect_answer = copy_match(probe->expect->answer);
	if (plan_expand(&filling->text, probe->address, &tcp->address, fail) < 0)
		return -1;
	return fill_text(filling, probe->send, &tcp->send, fail);
}

static int fill_exec(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	struct exec_order *exec = filling->order->exec = must_alloc(sizeof(*exec));

	if (probe->expect) {
		exec->expect_exit_code = probe->expect->exit_code;
		exec->expect_stdout = copy_match(probe->expect->output);
	}
	if (plan_expand_all(&filling->text, &probe->exec, &exec->argv, fail) < 0 ||
		fill_pairs(filling, probe->env, "=", &exec->env, fail) < 0)
		return -1;
	return fill_text(filling, probe->input, &exec->input, fail);
}

static int fill_dns(
	const struct filling *filling, const struct probe_spec *probe, struct fail *fail)
{
	struct dns_order *dns = filling->order->dns = must_alloc(sizeof(*dns));

	dns->record = probe->record;
	if (probe->expect) {
		dns->expect_rcode = probe->expect->rcode;
		dns->expect_answer = copy_match(probe->expect->answer);
	}
	if (probe->server && plan_expand(&filling->text, probe->server, &dns->server, fail) < 0)
		return -1;
	return plan_expand(&filling->text, probe->lookup, &dns->name, fail);
}

static bool runs_program(const struct probe_spec *probe)
{
	return probe->type == PROBE_EXEC ||
		(probe->type == PROBE_METRIC && probe->read->exec.count > 0);
}

static void add_target(
	const struct plan *plan, const struct probe_spec *probe, const char *node, struct list *out)
{
	struct probe_target *target = list_push(out, sizeof(*target));
	const struct plan_node *known = plan_node(plan, node);
	char text[PREFIX_TEXT_MAX + 2];

	target->node = must_copy(node);
	if (!known)
		return;
	/* Programs take an address as it is, a URL and HOST:PORT want brackets. */
	target->addr = must_copy_if(
		runs_program(probe) ? plan_node_address(known, text) : plan_node_host(known, text));
}

static void add_targets(const struct order_context *context, const struct probe_spec *probe,
	const char *member, struct list *out)
{
	struct list members = {0};

	if (!probe->to) {
		list_push(out, sizeof(struct probe_target));
	} else if (member) {
		add_target(context->plan, probe, member, out);
	} else {
		order_members(context, probe, &members);
		LIST_EACH(members, char *, node)
			add_target(context->plan, probe, *node, out);
		list_free_texts(&members);
	}
}

static void add_bound(struct probe_class *class, enum value_op op, double value)
{
	struct value_bound *bound;

	if (isnan(value))
		return;
	bound = list_push(&class->bounds, sizeof(*bound));
	*bound = (struct value_bound){.op = op, .value = value};
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
		class->attempts_le = slo->good->attempts_le;
		add_bound(class, BOUND_LT, slo->good->value_lt);
		add_bound(class, BOUND_LE, slo->good->value_le);
		add_bound(class, BOUND_GT, slo->good->value_gt);
		add_bound(class, BOUND_GE, slo->good->value_ge);
	}
}

/* Encoded and decoded again: the tables know what there is to copy. */
static struct load_order *copy_load(const struct workload_spec *load)
{
	struct load_order *order = must_alloc(sizeof(*order));
	struct fail ignored = FAIL_INIT;

	LIST_EACH(load->arrivals, const struct arrival, step)
		*(struct arrival *)list_push(&order->arrivals, sizeof(*step)) = *step;
	if (load->retry) {
		cJSON *json = shape_encode(&retry_shape, load->retry);

		order->retry = must_alloc(sizeof(*order->retry));
		shape_decode(&retry_shape, json, "", order->retry, &ignored);
		cJSON_Delete(json);
	}
	return order;
}

void order_members(
	const struct order_context *context, const struct probe_spec *probe, struct list *out)
{
	struct list name = {0};

	list_push_text(&name, probe->to->group);
	nodes_of_names(context->plan, context->groups, &name, out);
	list_free_texts(&name);
}

cJSON *order_probe(const struct order_context *context, const struct probe_spec *probe,
	const char *member, struct fail *fail)
{
	static int (*const fill[])(const struct filling *filling, const struct probe_spec *probe,
		struct fail *fail) = {[PROBE_HTTP] = fill_http,
		[PROBE_TCP] = fill_tcp,
		[PROBE_EXEC] = fill_exec,
		[PROBE_DNS] = fill_dns,
		[PROBE_METRIC] = fill_metric,
		[PROBE_PROMETHEUS] = fill_prometheus};
	struct probe_order order = {.id = must_copy(probe->name),
		.rate = probe->rate,
		.timeout_ns = probe->timeout_ns,
		.start_ns = context->start_ns,
		.window_ns = REPORT_WINDOW_NS,
		.seed = context->plan->scenario->seed,
		.policy = probe->to ? probe->to->policy : POLICY_FIRST_ANSWER};
	const struct filling filling = {.context = context,
		.text = {.plan = context->plan,
			.groups = context->groups,
			.keep_node = probe->to != NULL},
		.order = &order};
	cJSON *json = NULL;

	if (probe->load)
		order.load = copy_load(probe->load);
	add_classes(context->plan->scenario, probe, &order);
	add_targets(context, probe, member, &order.targets);
	if (fill[probe->type](&filling, probe, fail) == 0)
		json = shape_encode(&probe_order_shape, &order);
	else
		fail_context(fail, "probe %s", probe->name);
	shape_free(&probe_order_shape, &order);
	return json;
}
