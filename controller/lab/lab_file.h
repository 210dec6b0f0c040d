/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_FILE_H
#define BACKBURN_LAB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "contract/address.h"
#include "contract/fail.h"
#include "contract/shape.h"

/*
 * A lab file: which nodes a local cluster has, and which services run on them. Pure: reading it
 * touches nothing but the file.
 */
enum {
	LAB_NAME_MAX = 16,
	LAB_NODE_NAME_MAX = 32,
	LAB_NODES_MAX = 200,
	LAB_FILE_BYTES_MAX = 1024 * 1024,
};

enum lab_restart {
	LAB_RESTART_ALWAYS,  /* at once, with a growing pause when it keeps dying */
	LAB_RESTART_NEVER,   /* what died stays dead */
	LAB_RESTART_ON_HEAL, /* when told that a fault on its node was healed */
};

struct lab_ready_http {
	char *url; /* ready when it answers 200..299 */
};

/* Exactly one of `http` and `tcp`. Checked from inside the node's network namespace. */
struct lab_ready {
	struct lab_ready_http *http;
	char *tcp; /* "address:port": ready when it accepts a connection */
	int64_t within_ns;
};

struct lab_service {
	char *name;
	struct list argv; /* of char *; argv[0] is looked up in the usual places */
	cJSON *env;       /* object of strings, or NULL */
	cJSON *files;     /* object: name in the node's directory → text; or NULL */
	char *user;       /* NULL: nobody */
	struct lab_ready *ready;
	int restart;              /* enum lab_restart */
	int64_t restart_after_ns; /* it stays down at least that long */
};

struct lab_node_spec {
	char *name;
	cJSON *labels;        /* object of strings, or NULL */
	struct list services; /* of struct lab_service */
};

struct lab_file {
	char *schema;          /* "$schema", ignored */
	int64_t version;       /* 1 */
	char *name;            /* of lab_name_form: it names kernel objects */
	char *title;           /* for people, or NULL */
	struct prefix subnet;  /* IPv4; length 0: none. At least one of the two is there. */
	struct prefix subnet6; /* IPv6 */
	struct list nodes;     /* of struct lab_node_spec, in the file's order */
	char *text;            /* the file as read */
};

extern const struct shape lab_file_shape;
extern const struct form lab_name_form;

/*
 * Reads and checks a lab file, placeholders included. On failure fail.path and fail.line name the
 * place, and fail.text begins with the file's name. lab_file_deinit() gives the memory back.
 */
int lab_file_load(const char *path, struct lab_file *out, struct fail *fail);

/* The same from memory; `origin` stands for the file's name in error texts. */
int lab_file_parse(const char *text, size_t length, const char *origin, struct lab_file *out,
	struct fail *fail);
void lab_file_deinit(struct lab_file *file);

const struct lab_node_spec *lab_file_node(const struct lab_file *file, size_t index);

/* The index of the node called `name`, or -1. */
int lab_file_find(const struct lab_file *file, const char *name);

/* True for a name that lab_file_load() would accept as a lab's name. */
bool lab_name_ok(const char *name);

/*
 * Addresses go by the order in the file: host 1 of a subnet is the hub's bridge, node `index` is
 * host 2 + index. False when the lab has no subnet of that family.
 */
enum lab_family {
	LAB_IPV4,
	LAB_IPV6
};
enum {
	LAB_HUB_HOST = 1,
	LAB_FIRST_NODE_HOST = 2
};
bool lab_file_address(
	const struct lab_file *file, enum lab_family family, size_t host, struct prefix *out);

/*
 * Expands {node.name}, {node.addr}, {node.dir} and {nodes.NAME.addr} as node `index` sees them.
 * Anything else in braces is FAIL_BAD_FILE without a path. The caller frees *out.
 */
int lab_file_expand(
	const struct lab_file *file, size_t index, const char *text, char **out, struct fail *fail);

#endif
