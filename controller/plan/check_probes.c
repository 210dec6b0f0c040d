/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/address.h"
#include "contract/host_port.h"
#include "contract/json.h"
#include "controller/files/loads.h"
#include "controller/plan/check_parts.h"
#include "controller/prober/dns_answer.h"
#include "controller/prober/orders.h"

/* What a probe may hold, according to its type. */

/* Keys of `expect`, whose type stands one level above: the probe's own are in its table. */
static const struct typed_key {
	const char *key;
	unsigned int of; /* FIELD_OF() its types */
} expect_keys[] = {
	{"status", FIELD_OF(PROBE_HTTP)},
	{"body", FIELD_OF(PROBE_HTTP)},
	{"answer", FIELD_OF(PROBE_TCP) | FIELD_OF(PROBE_DNS)},
	{"exit_code", FIELD_OF(PROBE_EXEC)},
	{"stdout", FIELD_OF(PROBE_EXEC)},
	{"rcode", FIELD_OF(PROBE_DNS)},
	{NULL, 0},
};

/* The keys of that type, as a list for people. */
static void list_keys(int type, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (const struct typed_key *key = expect_keys; key->key; key++)
		if (key->of & FIELD_OF(type) && used < size)
			used += (size_t)snprintf(
				out + used, size - used, "%s%s", used ? ", " : "", key->key);
}

static int check_keys(const cJSON *object, int type, const struct at *at, struct fail *fail)
{
	char known[200];

	for (const struct typed_key *key = expect_keys; key->key; key++) {
		if (!cJSON_GetObjectItemCaseSensitive(object, key->key) || key->of & FIELD_OF(type))
			continue;
		list_keys(type, known, sizeof(known));
		return fail_at(fail, at_key(at, key->key).path,
			"does not belong to type \"%s\", which has: %s", probe_type_words[type],
			known);
	}
	return 0;
}

/* --- http ------------------------------------------------------------------------------ */

static int check_body(const struct text_rules *rules, const struct probe_body *body,
	const struct at *at, struct fail *fail)
{
	struct at json = at_key(at, "json"), text = at_key(at, "text");

	if (body->text)
		return check_text_value(rules, body->text, &text, fail);
	return check_text_value(rules, body->json, &json, fail);
}

/* Each value of an object of texts; the object itself may look like a secret, and is none. */
static int check_texts(
	const struct text_rules *rules, const cJSON *object, const struct at *at, struct fail *fail)
{
	for (const cJSON *value = object ? object->child : NULL; value; value = value->next) {
		struct at place = at_key(at, value->string);

		if (check_text_value(rules, value, &place, fail) < 0)
			return -1;
	}
	return 0;
}

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

int check_tls(const struct text_rules *rules, const struct tls_spec *tls, const char *url,
	const struct at *at, struct fail *fail)
{
	struct at key = at_key(at, "key"), name = at_key(at, "server_name");
	const char *secret;

	if (url && begins(url, "http://"))
		return fail_at(
			fail, at->path, "needs a \"url\" that begins with https://, not http://");
	if (!tls->verify && tls->ca)
		return fail_at(fail, at_key(at, "ca").path,
			"with \"verify\": false nobody would look at it");
	if (tls->key && secret_reference(tls->key, &secret) &&
		check_text_value(rules, tls->key, &key, fail) < 0)
		return -1;
	return tls->server_name ? check_placeholders(rules, tls->server_name, &name, fail) : 0;
}

/* What all requests have, whatever is done with the answer. `at` is the probe. */
static int check_request(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at headers = at_key(at, "headers"), tls = at_key(at, "tls");
	const cJSON *url = probe->read ? probe->read->url : probe->url;

	if (check_texts(rules, probe->headers, &headers, fail) < 0)
		return -1;
	return probe->tls ? check_tls(rules, probe->tls, cJSON_GetStringValue(url), &tls, fail) : 0;
}

static int check_url(
	const struct text_rules *rules, const cJSON *url, const struct at *at, struct fail *fail)
{
	const char *text = cJSON_GetStringValue(url);

	if (text && !begins(text, "http://") && !begins(text, "https://") && !begins(text, "{var."))
		return fail_at(fail, at->path, "must begin with http:// or https://");
	return check_text_value(rules, url, at, fail);
}

static int check_http(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at url = at_key(at, "url"), body = at_key(at, "body");

	if (check_url(rules, probe->url, &url, fail) < 0 ||
		check_request(rules, probe, at, fail) < 0)
		return -1;
	return probe->body ? check_body(rules, probe->body, &body, fail) : 0;
}

static int check_prometheus(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at url = at_key(at, "url"), query = at_key(at, "query");

	if (check_value_probe(probe, at, fail) < 0 ||
		check_url(rules, probe->url, &url, fail) < 0 ||
		check_request(rules, probe, at, fail) < 0)
		return -1;
	return check_text_value(rules, probe->query, &query, fail);
}

/* --- tcp ------------------------------------------------------------------------------- */

static int check_tcp(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at address = at_key(at, "address"), send = at_key(at, "send");
	struct at expect = at_key(at, "expect"), answer = at_key(&expect, "answer");
	const struct text_match *match = probe->expect ? probe->expect->answer : NULL;
	struct host_port ignored;

	if (check_placeholders(rules, probe->address, &address, fail) < 0)
		return -1;
	/* What a placeholder puts in is known later, and checked again then. */
	if (!strchr(probe->address, '{') && host_port_parse(probe->address, &ignored, fail) < 0) {
		snprintf(fail->path, sizeof(fail->path), "%s", address.path);
		return -1;
	}
	if (probe->send && !match)
		return fail_at(fail, send.path,
			"without \"expect.answer\" nobody would look at what comes back");
	if (match && (match->equals || match->json))
		return fail_at(fail, answer.path,
			"a TCP stream has no end to compare at: only \"starts_with\" and "
			"\"contains\"");
	return probe->send ? check_text_value(rules, probe->send, &send, fail) : 0;
}

/* --- exec ------------------------------------------------------------------------------ */

static int check_words(const struct text_rules *rules, const struct list *words,
	const struct at *at, struct fail *fail)
{
	size_t index = 0;

	LIST_EACH(*words, char *, word) {
		struct at place = at_index(at, index++);

		if (check_placeholders(rules, *word, &place, fail) < 0)
			return -1;
	}
	return 0;
}

static int check_variables(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at env = at_key(at, "env");

	if (check_texts(rules, probe->env, &env, fail) < 0)
		return -1;
	for (const cJSON *value = probe->env ? probe->env->child : NULL; value;
		value = value->next) {
		struct at place = at_key(&env, value->string);

		if (!*value->string || strchr(value->string, '='))
			return fail_at(fail, place.path, "is not the name of a variable");
		/* `ps e` shows it to whoever runs as the same user. */
		if (!cJSON_IsString(value))
			return fail_at(fail, place.path,
				"a secret may not stand in the environment, where `ps e` shows it: "
				"give it to the program on \"stdin\"");
	}
	return 0;
}

static int check_exec(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at exec = at_key(at, "exec"), input = at_key(at, "stdin");

	if (probe->rate > EXEC_RATE_MAX)
		return fail_at(fail, at_key(at, "rate").path,
			"an exec probe starts a process for each event: at most %d a second, "
			"beyond that it would measure its own host",
			EXEC_RATE_MAX);
	if (check_words(rules, &probe->exec, &exec, fail) < 0 ||
		check_variables(rules, probe, at, fail) < 0)
		return -1;
	return probe->input ? check_text_value(rules, probe->input, &input, fail) : 0;
}

/* --- metric ---------------------------------------------------------------------------- */

static int check_metric(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at read = at_key(at, "read"), url = at_key(&read, "url");
	struct at exec = at_key(&read, "exec");
	const char *for_urls = probe->headers ? "headers" : probe->tls ? "tls" : NULL;

	if (check_value_probe(probe, at, fail) < 0 || check_read(probe->read, &read, fail) < 0)
		return -1;
	if (probe->read->url)
		return check_url(rules, probe->read->url, &url, fail) < 0
			? -1
			: check_request(rules, probe, at, fail);
	if (read_of_kernel(probe->read))
		return check_kernel_read(rules->scenario, probe, at, fail);
	if (for_urls)
		return fail_at(
			fail, at_key(at, for_urls).path, "a program is run, and no URL is asked");
	if (probe->rate > EXEC_RATE_MAX)
		return fail_at(fail, at_key(at, "rate").path,
			"a process is started for each event: at most %d a second", EXEC_RATE_MAX);
	return check_words(rules, &probe->read->exec, &exec, fail);
}

/* --- dns ------------------------------------------------------------------------------- */

static int check_server(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct host_port place;
	struct prefix address;
	struct fail ignored = FAIL_INIT;

	if (check_placeholders(rules, probe->server, at, fail) < 0)
		return -1;
	/* What a placeholder puts in is known later, and checked again then. */
	if (strchr(probe->server, '{'))
		return 0;
	if (host_port_parse(probe->server, &place, &ignored) < 0 ||
		prefix_parse(place.host, &address, &ignored) < 0 || !prefix_is_address(&address))
		return fail_at(fail, at->path,
			"must be ADDRESS:PORT, like \"10.0.0.2:53\" or \"[fd00::2]:53\": a name "
			"would need a server itself");
	return 0;
}

static int check_dns(const struct text_rules *rules, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	struct at server = at_key(at, "server"), name = at_key(at, "name");
	struct at expect = at_key(at, "expect");

	if (probe->expect && probe->expect->answer && probe->expect->rcode != DNS_NOERROR)
		return fail_at(fail, at_key(&expect, "answer").path,
			"only NOERROR has an answer, not %s",
			dns_rcode_words[probe->expect->rcode]);
	if (probe->server && check_server(rules, probe, &server, fail) < 0)
		return -1;
	return check_placeholders(rules, probe->lookup, &name, fail);
}

/* --- all types ------------------------------------------------------------------------- */

/* A probe of a group in which nothing names the node would send all its events to one place. */
static int check_depends(const cJSON *own, const struct at *at, struct fail *fail)
{
	char *text = json_print(own);
	bool depends =
		strstr(text, "{node.") || strstr(text, "{var.") || strstr(text, "\"secret\"");

	free(text);
	if (depends)
		return 0;
	return fail_at(fail, at_key(at, "to").path,
		"the events go to the nodes of a group, but nothing in the probe depends on the "
		"node: use {node.addr} or {node.name}");
}

int check_requests(const struct scenario *scenario, const struct probe_spec *probe,
	const struct request_place *place, struct fail *fail)
{
	struct at to = at_key(&place->outer, "to"), group = at_key(&to, "group");
	const struct text_rules rules = {
		.scenario = scenario, .counter = true, .node = probe->to != NULL};

	if (probe->to && need_group(scenario, probe->to->group, &group, fail) < 0)
		return -1;
	if (check_http(&rules, probe, &place->at, fail) < 0)
		return -1;
	return probe->to ? check_depends(place->own, &place->outer, fail) : 0;
}

static struct at place_of(const struct probe_spec *probe)
{
	struct at at;

	probe_path(probe, at.path);
	return at;
}

/* As it was written. */
static const cJSON *text_of(const struct scenario *scenario, const struct probe_spec *probe)
{
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(
		scenario->merged, probe->observes ? "groups" : "probes");
	const cJSON *own = cJSON_GetObjectItemCaseSensitive(all, probe->name);

	return probe->observes ? cJSON_GetObjectItemCaseSensitive(own, "observe") : own;
}

/* The group's name is that of a probe and of an SLO, too. */
static int check_observed(const struct scenario *scenario, const struct probe_spec *probe,
	const struct at *at, struct fail *fail)
{
	const struct slo_spec *slo = scenario_slo(scenario, probe->name);

	if (scenario_group(scenario, probe->name)->observe->to)
		return fail_at(fail, at_key(at, "to").path,
			"the nodes of this group are asked, each of them: leave it out");
	if (scenario_probe(scenario, probe->name) == probe && slo->observes)
		return 0;
	return fail_at(fail, at->path,
		"the probe and the SLO of a group that is observed have its name, and there is "
		"another %s \"%s\"",
		slo->observes ? "probe" : "SLO", probe->name);
}

int check_probe(const struct scenario *scenario, const struct probe_spec *probe, struct fail *fail)
{
	static int (*const checks[])(const struct text_rules *rules, const struct probe_spec *probe,
		const struct at *at, struct fail *fail) = {[PROBE_HTTP] = check_http,
		[PROBE_TCP] = check_tcp,
		[PROBE_EXEC] = check_exec,
		[PROBE_DNS] = check_dns,
		[PROBE_METRIC] = check_metric,
		[PROBE_PROMETHEUS] = check_prometheus};
	const cJSON *own = text_of(scenario, probe);
	struct at at = place_of(probe);
	struct at to = at_key(&at, "to"), group = at_key(&to, "group");
	struct at expect = at_key(&at, "expect");
	const struct text_rules rules = {
		.scenario = scenario, .counter = true, .node = probe->to != NULL};

	if (probe->observes && check_observed(scenario, probe, &at, fail) < 0)
		return -1;
	if (check_keys(cJSON_GetObjectItemCaseSensitive(own, "expect"), probe->type, &expect,
		    fail) < 0)
		return -1;
	if (probe->to && need_group(scenario, probe->to->group, &group, fail) < 0)
		return -1;
	if (checks[probe->type](&rules, probe, &at, fail) < 0)
		return -1;
	return probe->to ? check_depends(own, &at, fail) : 0;
}
