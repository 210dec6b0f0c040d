/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/starter/starter.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/files/environment.h"
#include "controller/files/params.h"
#include "controller/plan/check.h"

#define MEMBER_ROLE "member"
#define CLIENT_ROLE "client"
#define RUNNER "runner"
#define HERE "here"

extern const char starter_several[], starter_single[];
extern const size_t starter_several_size, starter_single_size;

void starter_deinit(struct starter *starter)
{
	LIST_EACH(starter->hosts, struct starter_host, host) {
		free(host->node);
		list_free_texts(&host->connect);
	}
	free(starter->hosts.items);
	list_free_texts(&starter->nodes);
	free(starter->role);
	free(starter->url);
	free(starter->client);
	*starter = (struct starter){0};
}

/* --- from a lab ------------------------------------------------------------------------ */

/* The value of "role" that all members have, or NULL. */
static const char *common_role(const struct lab_file *lab, const struct list *members)
{
	const char *common = NULL;

	LIST_EACH(*members, char *, name) {
		const struct lab_node_spec *node =
			lab_file_node(lab, (size_t)lab_file_find(lab, *name));
		const char *role = json_string(node->labels, "role", NULL);

		if (!role || (common && strcmp(role, common) != 0))
			return NULL;
		common = role;
	}
	return common;
}

static bool has_role(const struct lab_node_spec *node, const char *role)
{
	return role && strcmp(json_string(node->labels, "role", ""), role) == 0;
}

static const char *ready_url(const struct lab_node_spec *node)
{
	LIST_EACH(node->services, struct lab_service, service)
		if (service->ready && service->ready->http &&
			strstr(service->ready->http->url, "{node.addr}"))
			return service->ready->http->url;
	return NULL;
}

int starter_from_lab(struct starter *starter, const struct lab_file *lab, struct fail *fail)
{
	size_t client = lab->nodes.count - 1;
	const char *role;

	if (lab->nodes.count < 2)
		return fail_set(fail, FAIL_USAGE,
			"lab %s has one node; a scenario needs one to hit and one to probe from",
			lab->name);
	for (size_t i = lab->nodes.count; i-- > 0;)
		if (lab_file_node(lab, i)->services.count == 0)
			client = i;
	starter->client = must_copy(lab_file_node(lab, client)->name);
	for (size_t i = 0; i < lab->nodes.count; i++) {
		const struct lab_node_spec *node = lab_file_node(lab, i);

		if (i == client || (starter->role && !has_role(node, starter->role)))
			continue;
		list_push_text(&starter->nodes, node->name);
		if (!starter->url)
			starter->url = must_copy_if(ready_url(node));
	}
	if (!starter->nodes.count)
		return fail_set(fail, FAIL_USAGE, "no node of lab %s has the label role %s",
			lab->name, starter->role);
	if (!starter->url)
		return fail_set(fail, FAIL_USAGE,
			"no service of lab %s has an http readiness check to ask: name one, as in "
			"--url http://{node.addr}:8080/health",
			lab->name);
	role = common_role(lab, &starter->nodes);
	/* A role that the client has, too, would make it a member. */
	if (!starter->role && !has_role(lab_file_node(lab, client), role))
		starter->role = must_copy_if(role);
	return 0;
}

/* --- from hosts ------------------------------------------------------------------------ */

static void push_words(struct list *list, const char *const *words)
{
	for (; *words; words++)
		list_push_text(list, *words);
}

/* ssh must never ask: there is nobody to answer. */
static void connect_by_ssh(struct starter_host *host, const char *target)
{
	push_words(&host->connect, (const char *const[]){"ssh", "-oBatchMode=yes", target, NULL});
	if (strncmp(target, "root@", 5) != 0)
		push_words(&host->connect, (const char *const[]){"sudo", "-n", NULL});
}

static void connect_by_words(struct starter_host *host, const char *text)
{
	char *copy = must_copy(text), *rest = copy, *word;

	while ((word = strsep(&rest, ",")))
		list_push_text(&host->connect, word);
	free(copy);
}

/* Of another host, or of what is written beside them. */
static bool name_is_taken(const struct starter *starter, const char *name)
{
	return list_has_text(&starter->nodes, name) || strcmp(name, RUNNER) == 0 ||
		strcmp(name, HERE) == 0 || strcmp(name, "local") == 0;
}

/* "db1" of "db1.example"; an IPv4 address stays whole. */
static size_t first_part(const char *host)
{
	size_t length = strlen(host);

	return strspn(host, "0123456789.") == length ? length : strcspn(host, ".");
}

int starter_add_host(struct starter *starter, const char *text, struct fail *fail)
{
	const char *equals = strchr(text, '='), *target = text, *name;
	struct starter_host host = {0};

	/* An "=" behind a comma is part of a word. */
	if (equals && strcspn(text, ",") > (size_t)(equals - text)) {
		host.node = strndup(text, (size_t)(equals - text));
		target = equals + 1;
	} else {
		name = strchr(text, '@');
		name = name ? name + 1 : text;
		host.node = strndup(name, first_part(name));
	}
	if (!host.node)
		abort();
	if (target[0] == '-') {
		fail_set(fail, FAIL_USAGE, "--host %s: \"%s\" would be an option of ssh", text,
			target);
		free(host.node);
		return -1;
	}
	if (name_is_taken(starter, host.node)) {
		fail_set(fail, FAIL_USAGE,
			"--host %s: \"%s\" is the name of another node; give it one, as in --host "
			"other=%s",
			text, host.node, target);
		free(host.node);
		return -1;
	}
	if (strchr(target, ','))
		connect_by_words(&host, target);
	else
		connect_by_ssh(&host, target);
	*(struct starter_host *)list_push(&starter->hosts, sizeof(host)) = host;
	list_push_text(&starter->nodes, host.node);
	if (!starter->role)
		starter->role = must_copy(MEMBER_ROLE);
	if (!starter->client)
		starter->client = must_copy(RUNNER);
	return 0;
}

/* --- the scenario ---------------------------------------------------------------------- */

static cJSON *at(cJSON *tree, const char *const *keys)
{
	for (; *keys; keys++)
		tree = cJSON_GetObjectItemCaseSensitive(tree, *keys);
	return tree;
}

#define AT(tree, ...) at(tree, (const char *const[]){__VA_ARGS__, NULL})

static cJSON *role_label(const char *role)
{
	cJSON *labels = json_object();

	json_put_string(labels, "role", role);
	return labels;
}

/* In place of the label that the template asks for. */
static void list_by_name(cJSON *group, const struct list *nodes)
{
	cJSON *names = list_to_json(nodes);

	cJSON_DeleteItemFromObjectCaseSensitive(group, "labels");
	names->string = must_copy("nodes");
	cJSON_InsertItemInArray(group, 0, names);
}

static void fill_in(cJSON *tree, const struct starter *starter)
{
	cJSON *members = AT(tree, "groups", "members");

	cJSON_SetValuestring(AT(tree, "name"), starter->name);
	if (starter->role)
		cJSON_SetValuestring(AT(members, "labels", "role"), starter->role);
	else
		list_by_name(members, &starter->nodes);
	cJSON_SetValuestring(AT(tree, "probes", "health", "from"), starter->client);
	cJSON_SetValuestring(AT(tree, "probes", "health", "url"), starter->url);
	cJSON_SetValuestring(AT(tree, "guardrails", "limits", "protect"), starter->client);
}

static int check_scenario(const cJSON *tree, struct fail *fail)
{
	struct scenario scenario;
	struct catalogue catalogue;
	cJSON *copy = cJSON_Duplicate(tree, true);
	int outcome;

	if (params_apply(copy, NULL, fail) < 0) {
		cJSON_Delete(copy);
		return -1;
	}
	if (scenario_from_merged(&scenario, copy, fail) < 0)
		return -1;
	outcome = catalogue_builtin(&catalogue, fail);
	if (outcome == 0) {
		outcome = scenario_check(&scenario, &catalogue, fail);
		catalogue_deinit(&catalogue);
	}
	scenario_deinit(&scenario);
	return outcome;
}

/* What was asked for would make a wrong file. */
static int explain(struct fail *fail)
{
	fail->kind = FAIL_USAGE;
	return fail->path[0] ? fail_context(fail, "%s", fail->path) : -1;
}

int starter_scenario(const struct starter *starter, cJSON **out, struct fail *fail)
{
	bool several = starter->nodes.count > 1;
	cJSON *tree;

	if (!starter->url || !strstr(starter->url, "{node.addr}"))
		return fail_set(fail, FAIL_USAGE,
			"what shall be asked of each member? Say it as in --url "
			"http://{node.addr}:8080/health, where {node.addr} is its address");
	if (starter->role && strcmp(starter->role, CLIENT_ROLE) == 0 && !starter->lab)
		return fail_set(fail, FAIL_USAGE,
			"--role " CLIENT_ROLE ": that is the role of the node that probes");
	tree = several ? json_parse(starter_several, starter_several_size, fail)
		       : json_parse(starter_single, starter_single_size, fail);
	if (!tree)
		return -1;
	fill_in(tree, starter);
	if (check_scenario(tree, fail) < 0) {
		cJSON_Delete(tree);
		return explain(fail);
	}
	*out = tree;
	return 0;
}

/* --- the environment ------------------------------------------------------------------- */

static void add_node(cJSON *nodes, const char *name, const char *host, const char *role)
{
	cJSON *node = json_object();

	json_put_string(node, "host", host);
	json_put(node, "labels", role_label(role));
	json_put(nodes, name, node);
}

static void add_host(cJSON *hosts, const char *name, const struct list *connect)
{
	cJSON *host = json_object();

	json_put(host, "connect", list_to_json(connect));
	json_put(hosts, name, host);
}

static void add_hosts(cJSON *tree, const struct starter *starter)
{
	cJSON *hosts = json_object(), *nodes = json_object();
	struct list sudo = {0};

	LIST_EACH(starter->hosts, struct starter_host, host) {
		add_host(hosts, host->node, &host->connect);
		add_node(nodes, host->node, host->node, starter->role);
	}
	if (starter->client_sudo) {
		push_words(&sudo, (const char *const[]){"sudo", "-n", NULL});
		add_host(hosts, HERE, &sudo);
		list_free_texts(&sudo);
	}
	add_node(nodes, starter->client, starter->client_sudo ? HERE : "local", CLIENT_ROLE);
	json_put(tree, "hosts", hosts);
	json_put(tree, "nodes", nodes);
}

int starter_environment(const struct starter *starter, cJSON **out, struct fail *fail)
{
	cJSON *tree = json_object();

	json_put_string(tree, "$schema", "../schema/environment.v1.json");
	json_put_number(tree, "backburn_environment", 1);
	json_put_string(tree, "name", starter->name);
	json_put_string(tree, "class", starter->lab ? "lab" : "shared");
	if (starter->lab)
		json_put_string(tree, "lab", starter->lab);
	else
		add_hosts(tree, starter);
	if (shape_decode(&environment_shape, tree, "", NULL, fail) < 0) {
		cJSON_Delete(tree);
		return explain(fail);
	}
	*out = tree;
	return 0;
}
