/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a lab file: what the tables of lab_file.c can't say about it is checked here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/file.h"
#include "contract/json.h"
#include "controller/lab/lab_file.h"

bool lab_name_ok(const char *name)
{
	return form_matches(&lab_name_form, name);
}

struct node_place {
	const struct lab_file *file;
	size_t index;
};

static int check_text(
	const struct node_place *node, const char *text, const char *path, struct fail *fail)
{
	char *expanded = NULL;

	if (lab_file_expand(node->file, node->index, text, &expanded, fail) < 0) {
		snprintf(fail->path, sizeof(fail->path), "%s", path);
		return -1;
	}
	free(expanded);
	return 0;
}

static int check_texts(
	const struct node_place *node, const cJSON *object, const char *path, struct fail *fail)
{
	char place[JSON_PATH_MAX];
	const cJSON *member;

	cJSON_ArrayForEach(member, object) {
		json_path_key(place, path, member->string);
		if (check_text(node, member->valuestring, place, fail) < 0)
			return -1;
	}
	return 0;
}

static int check_ready(const struct node_place *node, const struct lab_ready *ready,
	const char *path, struct fail *fail)
{
	char http[JSON_PATH_MAX], place[JSON_PATH_MAX];

	if (!ready)
		return 0;
	if (ready->tcp)
		return check_text(node, ready->tcp, json_path_key(place, path, "tcp"), fail);
	json_path_key(http, path, "http");
	return check_text(node, ready->http->url, json_path_key(place, http, "url"), fail);
}

static int check_service(const struct node_place *node, const struct lab_service *service,
	const char *path, struct fail *fail)
{
	char list[JSON_PATH_MAX], place[JSON_PATH_MAX];
	size_t i = 0;

	json_path_key(list, path, "argv");
	if (service->argv.count == 0 || !**LIST_AT(service->argv, char *, 0))
		return fail_at(fail, list, "must begin with a program");
	LIST_EACH(service->argv, char *, argument) {
		if (check_text(node, *argument, json_path_index(place, list, i++), fail) < 0)
			return -1;
	}
	json_path_key(list, path, "env");
	if (check_texts(node, service->env, list, fail) < 0)
		return -1;
	json_path_key(list, path, "files");
	if (check_texts(node, service->files, list, fail) < 0)
		return -1;
	return check_ready(node, service->ready, json_path_key(list, path, "ready"), fail);
}

/* Two services of a node share its directory, so they can't both own a file of one name. */
static int check_shared_files(
	const struct lab_node_spec *node, const char *services, struct fail *fail)
{
	char path[JSON_PATH_MAX], files[JSON_PATH_MAX], place[JSON_PATH_MAX];
	const cJSON *name;

	LIST_EACH(node->services, struct lab_service, one) {
		LIST_EACH(node->services, struct lab_service, other) {
			cJSON_ArrayForEach(name, other->files) {
				if (other <= one ||
					!cJSON_GetObjectItemCaseSensitive(one->files, name->string))
					continue;
				json_path_key(path, services, other->name);
				json_path_key(files, path, "files");
				return fail_at(fail, json_path_key(place, files, name->string),
					"service \"%s\" of this node writes a file of that name "
					"too",
					one->name);
			}
		}
	}
	return 0;
}

static int check_node(const struct lab_file *file, size_t index, struct fail *fail)
{
	const struct lab_node_spec *spec = lab_file_node(file, index);
	const struct node_place node = {.file = file, .index = index};
	char path[JSON_PATH_MAX], list[JSON_PATH_MAX], place[JSON_PATH_MAX];

	json_path_key(path, "nodes", spec->name);
	json_path_key(list, path, "services");
	LIST_EACH(spec->services, struct lab_service, service) {
		json_path_key(place, list, service->name);
		if (check_service(&node, service, place, fail) < 0)
			return -1;
	}
	return check_shared_files(spec, list, fail);
}

/* Room for the network's own address, the hub, the nodes and IPv4's broadcast. */
static int check_subnet(const struct lab_file *file, const struct prefix *subnet, const char *key,
	struct fail *fail)
{
	bool want_ipv4 = strcmp(key, "subnet") == 0;
	unsigned host_bits = 128u - subnet->length;
	size_t needed = file->nodes.count + 3;

	if (subnet->ipv4 != want_ipv4)
		return fail_at(fail, key, "expected an %s prefix", want_ipv4 ? "IPv4" : "IPv6");
	if (subnet->length < (want_ipv4 ? 104 : 16))
		return fail_at(
			fail, key, "wider than a lab may be: at most /%d", want_ipv4 ? 8 : 16);
	if (host_bits < 16 && ((size_t)1 << host_bits) < needed)
		return fail_at(fail, key, "too small for %zu nodes: needs %zu addresses, has %zu",
			file->nodes.count, needed, (size_t)1 << host_bits);
	return 0;
}

static int check_lab(const struct lab_file *file, const cJSON *value, struct fail *fail)
{
	const cJSON *subnet = cJSON_GetObjectItemCaseSensitive(value, "subnet");
	const cJSON *subnet6 = cJSON_GetObjectItemCaseSensitive(value, "subnet6");

	if (file->nodes.count > LAB_NODES_MAX)
		return fail_at(fail, "nodes", "a lab has 1 to %d nodes, this one has %zu",
			LAB_NODES_MAX, file->nodes.count);
	if (subnet && check_subnet(file, &file->subnet, "subnet", fail) < 0)
		return -1;
	if (subnet6 && check_subnet(file, &file->subnet6, "subnet6", fail) < 0)
		return -1;
	for (size_t i = 0; i < file->nodes.count; i++)
		if (check_node(file, i, fail) < 0)
			return -1;
	return 0;
}

/* "file:line: path: text", as for every file that people write. */
static void name_place(const char *origin, struct fail *fail)
{
	if (fail->path[0])
		fail_context(fail, "%s", fail->path);
	fail_context(fail, "%s:%d", origin, fail->line > 0 ? fail->line : 1);
}

int lab_file_parse(const char *text, size_t length, const char *origin, struct lab_file *out,
	struct fail *fail)
{
	cJSON *value = json_parse(text, length, fail);
	struct lab_file file = {.name = NULL};
	int outcome = -1;

	if (!value) {
		name_place(origin, fail);
		return -1;
	}
	if (shape_decode(&lab_file_shape, value, "", &file, fail) == 0)
		outcome = check_lab(&file, value, fail);
	cJSON_Delete(value);
	if (outcome < 0) {
		fail->line = json_line_of(text, length, fail->path);
		name_place(origin, fail);
		lab_file_deinit(&file);
		return -1;
	}
	file.text = strndup(text, length);
	if (!file.text)
		abort();
	*out = file;
	return 0;
}

int lab_file_load(const char *path, struct lab_file *out, struct fail *fail)
{
	char *text = NULL;
	size_t length = 0;
	int outcome;

	if (file_read(path, LAB_FILE_BYTES_MAX, &text, &length, fail) < 0)
		return -1;
	outcome = lab_file_parse(text, length, path, out, fail);
	free(text);
	return outcome;
}

void lab_file_deinit(struct lab_file *file)
{
	free(file->text);
	file->text = NULL;
	shape_free(&lab_file_shape, file);
}
