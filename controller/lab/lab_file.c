/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_file.h"

#include <assert.h>
#include <string.h>

#include "contract/memory.h"
#include "controller/lab/lab_paths.h"
#include "controller/texts/placeholder.h"

#define KNOWN_PLACEHOLDERS "{node.name}, {node.addr}, {node.dir}, {nodes.NAME.addr}"

/* A lab's, its nodes' and its services' names become parts of paths and of kernel objects' names.
 */
const struct form lab_name_form = {.pattern = "^[a-z][a-z0-9_]{0,15}$",
	.says = "a lab's name: lower-case letters, digits and '_', a letter first, at most 16: it "
		"names network namespaces and cgroups"};
#define PART_NAME "^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"
#define PART_NAME_SAYS ": letters, digits, '_' and '-', the first a letter or digit, at most 32"
static_assert(LAB_NAME_MAX == 16 && LAB_NODE_NAME_MAX == 32, "as the forms say");
static const struct form node_name_form = {
	.pattern = PART_NAME, .says = "a node's name" PART_NAME_SAYS};
static const struct form service_name_form = {
	.pattern = PART_NAME, .says = "a service's name" PART_NAME_SAYS};
static const struct form variable_form = {.pattern = "^[A-Za-z_][A-Za-z0-9_]*$",
	.says = "a variable's name: letters, digits and '_', no digit first"};
/* A leading dot could be "..": refused together with hidden files. */
static const struct form file_form = {.pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}$",
	.says = "a file's name: letters, digits, '.', '_' and '-', no dot first, at most 63"};

static const struct field ready_http_fields[] = {
	{.key = "url",
		.kind = FIELD_STRING,
		.offset = offsetof(struct lab_ready_http, url),
		.required = true,
		.help = "Ready when a GET of this URL answers 200 to 299."},
};
static const struct shape ready_http_shape = {.name = "http check",
	.size = sizeof(struct lab_ready_http),
	SHAPE_FIELDS(ready_http_fields),
	.help = "A readiness check over HTTP."};

static const struct field ready_fields[] = {
	{.key = "http",
		.kind = FIELD_OBJECT,
		.choice = CHOICE_ONE,
		.offset = offsetof(struct lab_ready, http),
		.sub = &ready_http_shape,
		.help = "Ready when a URL answers."},
	{.key = "tcp",
		.kind = FIELD_STRING,
		.choice = CHOICE_ONE,
		.offset = offsetof(struct lab_ready, tcp),
		.help = "Ready when address:port accepts a connection."},
	{.key = "within",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct lab_ready, within_ns),
		.min = 100e6,
		.max = 600e9,
		.preset = "\"20s\"",
		.help = "How long the service may take before the lab counts as failed."},
};
static const struct shape ready_shape = {.name = "ready check",
	.size = sizeof(struct lab_ready),
	SHAPE_FIELDS(ready_fields),
	.help = "When a service counts as up; exactly one of http and tcp."};

static const char *const restart_words[] = {
	[LAB_RESTART_ALWAYS] = "always",
	[LAB_RESTART_NEVER] = "never",
	[LAB_RESTART_ON_HEAL] = "on_heal",
	NULL,
};

static const struct field service_fields[] = {
	{.key = "argv",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		.offset = offsetof(struct lab_service, argv),
		.required = true,
		.allow_empty = true, /* an argument may be; the list may not, lab_load.c */
		.help = "The program and its arguments; no shell is involved."},
	{.key = "env",
		.kind = FIELD_STRINGS,
		.form = &variable_form,
		.offset = offsetof(struct lab_service, env),
		.help = "Environment variables: name to value."},
	{.key = "files",
		.kind = FIELD_STRINGS,
		.form = &file_form,
		.offset = offsetof(struct lab_service, files),
		.help = "Files to write into the node's directory first: name to text."},
	{.key = "user",
		.kind = FIELD_NAME,
		.offset = offsetof(struct lab_service, user),
		.help = "Who the service runs as; nobody when left out."},
	{.key = "ready",
		.kind = FIELD_OBJECT,
		.offset = offsetof(struct lab_service, ready),
		.sub = &ready_shape,
		.help = "When the service counts as up."},
	{.key = "restart",
		.kind = FIELD_ENUM,
		.offset = offsetof(struct lab_service, restart),
		.words = restart_words,
		.preset = "\"never\"",
		.help = "Whether the supervisor starts the service again after it ended."},
	{.key = "restart_after",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct lab_service, restart_after_ns),
		.max = 600e9,
		.needs = "restart",
		.help = "How long the service stays down at least before it is started again."},
};
static const struct shape service_shape = {.name = "service",
	.size = sizeof(struct lab_service),
	SHAPE_FIELDS(service_fields),
	.help = "One process that runs on a node."};

static const struct field node_fields[] = {
	{.key = "labels",
		.kind = FIELD_STRINGS,
		.offset = offsetof(struct lab_node_spec, labels),
		.help = "What groups select by: name to value."},
	{.key = "services",
		.kind = FIELD_MAP,
		.offset = offsetof(struct lab_node_spec, services),
		.sub = &service_shape,
		.form = &service_name_form,
		.allow_empty = true,
		.help = "What runs on the node, by name."},
};
static const struct shape node_shape = {.name = "lab node",
	.size = sizeof(struct lab_node_spec),
	SHAPE_FIELDS(node_fields),
	.help = "One node: a network namespace, a cgroup and a directory."};

static const struct field lab_fields[] = {
	{.key = "$schema",
		.kind = FIELD_STRING,
		.offset = offsetof(struct lab_file, schema),
		.help = "For editors; ignored."},
	{.key = "backburn_lab",
		.kind = FIELD_INTEGER,
		.offset = offsetof(struct lab_file, version),
		.required = true,
		.min = 1,
		.max = 1,
		.help = "Marks a lab file; the format's version."},
	{.key = "name",
		.kind = FIELD_NAME,
		.offset = offsetof(struct lab_file, name),
		.required = true,
		.form = &lab_name_form,
		.help = "Names the lab's namespaces, cgroups and directory."},
	{.key = "title",
		.kind = FIELD_STRING,
		.offset = offsetof(struct lab_file, title),
		.help = "One line for people."},
	{.key = "subnet",
		.kind = FIELD_PREFIX,
		.choice = CHOICE_ANY,
		.offset = offsetof(struct lab_file, subnet),
		.help = "IPv4 prefix of the nodes' addresses."},
	{.key = "subnet6",
		.kind = FIELD_PREFIX,
		.choice = CHOICE_ANY,
		.offset = offsetof(struct lab_file, subnet6),
		.help = "IPv6 prefix of the nodes' addresses."},
	{.key = "nodes",
		.kind = FIELD_MAP,
		.offset = offsetof(struct lab_file, nodes),
		.required = true,
		.sub = &node_shape,
		.form = &node_name_form,
		.help = "The nodes by name."},
};
static_assert(offsetof(struct lab_node_spec, name) == 0, "a map's key is its first member");
static_assert(offsetof(struct lab_service, name) == 0, "a map's key is its first member");

const struct shape lab_file_shape = {.name = "lab",
	.size = sizeof(struct lab_file),
	SHAPE_FIELDS(lab_fields),
	.help = "A local cluster in network namespaces."};

const struct lab_node_spec *lab_file_node(const struct lab_file *file, size_t index)
{
	return LIST_AT(file->nodes, struct lab_node_spec, index);
}

int lab_file_find(const struct lab_file *file, const char *name)
{
	for (size_t i = 0; i < file->nodes.count; i++)
		if (strcmp(lab_file_node(file, i)->name, name) == 0)
			return (int)i;
	return -1;
}

bool lab_file_address(
	const struct lab_file *file, enum lab_family family, size_t host, struct prefix *out)
{
	*out = family == LAB_IPV4 ? file->subnet : file->subnet6;
	if (out->length == 0)
		return false;
	out->length = 128;
	/* Host parts are zero in a prefix, and lab_file_load() saw that the count fits. */
	out->address[15] = (uint8_t)(out->address[15] | (host & 0xff));
	out->address[14] = (uint8_t)(out->address[14] | (host >> 8 & 0xff));
	return true;
}

struct expansion {
	const struct lab_file *file;
	size_t index;
};

static enum placeholder_answer address_value(
	const struct lab_file *file, size_t index, char **out_value)
{
	struct prefix address;
	char text[PREFIX_TEXT_MAX];

	if (!lab_file_address(file, LAB_IPV4, LAB_FIRST_NODE_HOST + index, &address))
		lab_file_address(file, LAB_IPV6, LAB_FIRST_NODE_HOST + index, &address);
	*out_value = must_copy(prefix_format(&address, text));
	return PLACEHOLDER_VALUE;
}

/* nodes.NAME.addr: a node's name holds no '.', so the parts are plain to see. */
static enum placeholder_answer other_node(
	const struct lab_file *file, const char *rest, char **out_value)
{
	const char *dot = strchr(rest, '.');
	char name[LAB_NODE_NAME_MAX + 1];
	int index;

	if (!dot || strcmp(dot, ".addr") != 0 || dot - rest > LAB_NODE_NAME_MAX)
		return PLACEHOLDER_UNKNOWN;
	memcpy(name, rest, (size_t)(dot - rest));
	name[dot - rest] = '\0';
	index = lab_file_find(file, name);
	if (index < 0)
		return PLACEHOLDER_UNKNOWN;
	return address_value(file, (size_t)index, out_value);
}

static enum placeholder_answer lookup(void *context, const char *name, char **out_value)
{
	const struct expansion *expansion = context;
	const struct lab_file *file = expansion->file;
	const char *node = lab_file_node(file, expansion->index)->name;
	char path[LAB_PATH_MAX];

	if (strncmp(name, "nodes.", 6) == 0)
		return other_node(file, name + 6, out_value);
	if (strcmp(name, "node.addr") == 0)
		return address_value(file, expansion->index, out_value);
	if (strcmp(name, "node.name") == 0)
		*out_value = must_copy(node);
	else if (strcmp(name, "node.dir") == 0)
		*out_value = must_copy(lab_path_node_dir(file->name, node, path));
	else
		return PLACEHOLDER_UNKNOWN;
	return PLACEHOLDER_VALUE;
}

int lab_file_expand(
	const struct lab_file *file, size_t index, const char *text, char **out, struct fail *fail)
{
	struct expansion expansion = {.file = file, .index = index};
	const struct placeholders placeholders = {
		.lookup = lookup, .context = &expansion, .known = KNOWN_PLACEHOLDERS};

	return placeholder_expand(text, &placeholders, out, fail);
}
