/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/environment.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/address.h"
#include "contract/cgroups.h"
#include "contract/json.h"
#include "contract/memory.h"

#define AT(type, member) .offset = offsetof(struct type, member)

const char *const environment_class_words[] = {"shared", "lab", "production", NULL};

static const struct field host_fields[] = {
	{.key = "connect",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(host_spec, connect),
		.required = true,
		.allow_empty = true,
		.help = "The argument vector in front of backburn-injector, such as ssh and its "
			"options; run without a shell."},
};
static const struct shape host_shape = {.name = "host",
	.size = sizeof(struct host_spec),
	SHAPE_FIELDS(host_fields),
	.help = "A machine that runs one injector."};

static const struct field inside_fields[] = {
	{.key = "container", .kind = FIELD_STRING, .later = true},
	{.key = "cgroup", .kind = FIELD_STRING, .later = true},
	{.key = "netns", .kind = FIELD_STRING, .later = true},
};
static const struct shape inside_shape = {.name = "inside",
	.size = sizeof(struct inside_spec),
	SHAPE_FIELDS(inside_fields),
	.help = "The part of its host that a node is."};

static const struct field node_fields[] = {
	{.key = "host",
		.kind = FIELD_NAME,
		AT(node_spec, host),
		.required = true,
		.help = "The host it lies on, or local: this machine."},
	{.key = "labels",
		.kind = FIELD_STRINGS,
		AT(node_spec, labels),
		.help = "What groups select by: name to value."},
	{.key = "inside",
		.kind = FIELD_OBJECT,
		.sub = &inside_shape,
		AT(node_spec, inside),
		.help = "The part of the host that the node is; all of it when left out."},
	{.key = "also_reached_as",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		.one_is_list = true,
		AT(node_spec, also_reached_as),
		.help = "Further addresses and prefixes that lead there, without ports."},
	{.key = "cgroup",
		.kind = FIELD_STRING,
		AT(node_spec, cgroup),
		.form = &cgroup_form,
		.help = "The cgroup that it runs in, below the cgroup v2 mount: what probes read "
			"of "
			"its CPU and memory."},
};
static const struct shape node_shape = {.name = "node",
	.size = sizeof(struct node_spec),
	SHAPE_FIELDS(node_fields),
	.help = "What scenarios target; lies on a host."};

static const struct field environment_fields[] = {
	{.key = "$schema",
		.kind = FIELD_STRING,
		AT(environment, schema),
		.help = "The JSON Schema of this file, for editors."},
	{.key = "backburn_environment",
		.kind = FIELD_INTEGER,
		AT(environment, version),
		.required = true,
		.min = 1,
		.max = 1,
		.help = "Marks an environment; the version of the format."},
	{.key = "name",
		.kind = FIELD_NAME,
		AT(environment, name),
		.required = true,
		.help = "What a run locks."},
	{.key = "class",
		.kind = FIELD_ENUM,
		.words = environment_class_words,
		AT(environment, class),
		.preset = "\"shared\"",
		.help = "Who else depends on it."},
	{.key = "vars",
		.kind = FIELD_STRINGS,
		AT(environment, vars),
		.help = "Values for {var.NAME} in scenarios."},
	{.key = "connect_at_once",
		.kind = FIELD_INTEGER,
		AT(environment, connect_at_once),
		.preset = "10",
		.min = 1,
		.max = 1000,
		.help = "How many hosts are connected at one time."},
	{.key = "hosts",
		.kind = FIELD_MAP,
		.sub = &host_shape,
		AT(environment, hosts),
		.allow_empty = true,
		.help = "Hosts, by name."},
	{.key = "nodes",
		.kind = FIELD_MAP,
		.sub = &node_shape,
		AT(environment, nodes),
		.choice = CHOICE_ONE,
		.help = "Nodes, by name; one a host."},
	{.key = "lab",
		.kind = FIELD_STRING,
		AT(environment, lab),
		.choice = CHOICE_ONE,
		.help = "The file of a lab that makes hosts and nodes itself, as seen from this "
			"file's folder."},
};
const struct shape environment_shape = {.name = "environment",
	.size = sizeof(struct environment),
	SHAPE_FIELDS(environment_fields),
	.help = "Where scenarios run."};

static bool host_exists(const struct environment *environment, const char *name)
{
	if (strcmp(name, "local") == 0)
		return true;
	LIST_EACH(environment->hosts, struct host_spec, host)
		if (strcmp(host->name, name) == 0)
			return true;
	return false;
}

/* "10.96.12.7:80" is known to the format: a virtual IP that leads here on one port only. */
static int check_aliases(const struct node_spec *node, const char *path, struct fail *fail)
{
	char list_path[JSON_PATH_MAX], item_path[JSON_PATH_MAX];
	size_t index = 0;

	json_path_key(list_path, path, "also_reached_as");
	LIST_EACH(node->also_reached_as, char *, text) {
		const char *colon = strrchr(*text, ':');
		struct prefix prefix;

		json_path_index(item_path, list_path, index++);
		if (prefix_parse(*text, &prefix, fail) == 0)
			continue;
		if (colon && (strchr(*text, ':') == colon || colon[-1] == ']'))
			return fail_at(fail, item_path,
				"\"%.60s\": an address with a port is not supported in this "
				"version",
				*text);
		memcpy(fail->path, item_path, sizeof(fail->path));
		return -1;
	}
	return 0;
}

static int check_nodes(const struct environment *environment, struct fail *fail)
{
	char path[JSON_PATH_MAX], key_path[JSON_PATH_MAX];

	LIST_EACH(environment->nodes, struct node_spec, node) {
		json_path_key(path, "nodes", node->name);
		if (!host_exists(environment, node->host))
			return fail_at(fail, json_path_key(key_path, path, "host"),
				"no host named \"%s\" stands under \"hosts\"", node->host);
		if (check_aliases(node, path, fail) < 0)
			return -1;
		for (struct node_spec *other = LIST_AT(environment->nodes, struct node_spec, 0);
			other < node; other++)
			if (strcmp(other->host, node->host) == 0)
				return fail_at(fail, json_path_key(key_path, path, "host"),
					"the nodes \"%s\" and \"%s\" share the host \"%s\"; "
					"several "
					"nodes on one host are not supported in this version",
					other->name, node->name, node->host);
	}
	return 0;
}

static int check(const struct environment *environment, struct fail *fail)
{
	if (environment->lab && environment->hosts.count)
		return fail_at(
			fail, "lab", "a lab makes its own hosts and nodes; name one or the other");
	return check_nodes(environment, fail);
}

int environment_load(struct environment *out, const char *path, char **lab_path, struct fail *fail)
{
	struct sources sources = {0};
	const struct source *source = sources_add(&sources, path, "backburn_environment", fail);
	struct environment environment;
	int outcome = -1;

	if (!source)
		goto out;
	if (shape_decode(&environment_shape, source->tree, "", &environment, fail) < 0) {
		sources_explain(&sources, fail);
		goto out;
	}
	if (check(&environment, fail) < 0) {
		sources_explain(&sources, fail);
		environment_deinit(&environment);
		goto out;
	}
	*lab_path = environment.lab ? path_beside(path, environment.lab) : NULL;
	*out = environment;
	outcome = 0;
out:
	sources_deinit(&sources);
	return outcome;
}

void environment_deinit(struct environment *environment)
{
	shape_free(&environment_shape, environment);
}

/* --- the default ----------------------------------------------------------------------- */

struct found {
	char *path;
	size_t count;
	char list[512];
};

static void look_in(const char *scenario_path, const char *pattern, struct found *found)
{
	char *full = path_beside(scenario_path, pattern);
	glob_t matches;

	if (glob(full, 0, NULL, &matches) == 0) {
		for (size_t i = 0; i < matches.gl_pathc; i++) {
			size_t used = strlen(found->list);

			if (!source_has_kind(matches.gl_pathv[i], "backburn_environment"))
				continue;
			free(found->path);
			found->path = must_copy(matches.gl_pathv[i]);
			found->count++;
			snprintf(found->list + used, sizeof(found->list) - used, "%s%s",
				used ? ", " : "", matches.gl_pathv[i]);
		}
		globfree(&matches);
	}
	free(full);
}

int environment_find(const char *scenario_path, char **out_path, struct fail *fail)
{
	struct found found = {0};

	look_in(scenario_path, "*.json", &found);
	look_in(scenario_path, "env/*.json", &found);
	if (found.count == 1) {
		*out_path = found.path;
		return 0;
	}
	free(found.path);
	if (found.count == 0)
		return fail_set(fail, FAIL_USAGE,
			"no environment stands beside %s (or in env/ there); name one with --on "
			"FILE",
			scenario_path);
	return fail_set(fail, FAIL_USAGE,
		"%zu environments stand beside %s; choose one with --on: %s", found.count,
		scenario_path, found.list);
}
