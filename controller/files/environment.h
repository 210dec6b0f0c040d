/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ENVIRONMENT_H
#define BACKBURN_ENVIRONMENT_H

#include <stdbool.h>

#include "contract/shape.h"
#include "controller/files/source.h"

/* Where a scenario runs: hosts (each has one injector) and nodes (what scenarios target). */
struct host_spec {
	char *name;
	struct list connect; /* of char *: argument vector prefix; empty: this machine */
};

struct inside_spec {
	char *container, *cgroup, *netns;
};

struct node_spec {
	char *name;
	char *host;
	cJSON *labels; /* object of strings */
	struct inside_spec *inside;
	struct list also_reached_as; /* of char *: further addresses that lead here */
	char *cgroup; /* what it runs in, below the cgroup v2 mount; NULL: not told */
};

/* "shared", "lab", "production" */
extern const char *const environment_class_words[];

struct environment {
	char *schema;
	int64_t version;
	char *name;
	int class;   /* index of shared, lab, production */
	cJSON *vars; /* object of strings */
	int64_t connect_at_once;
	struct list hosts; /* of struct host_spec */
	struct list nodes; /* of struct node_spec */
	char *lab;         /* file name of a lab that makes hosts and nodes, or NULL */
};

/*
 * Loads and checks an environment: hosts exist, labels and vars are strings, either a lab or
 * hosts and nodes. Errors carry file and line. The lab's own file is not read here; `*lab_path`
 * (owned by the caller) is its path beside the environment's, or NULL.
 */
int environment_load(struct environment *out, const char *path, char **lab_path, struct fail *fail);
void environment_deinit(struct environment *environment);

/*
 * The only environment beside the scenario (its folder, and env/ in it). None or several is
 * FAIL_USAGE with a list. The caller frees *out_path.
 */
int environment_find(const char *scenario_path, char **out_path, struct fail *fail);

extern const struct shape environment_shape;

#endif
