/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_H
#define BACKBURN_LAB_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "contract/address.h"
#include "contract/fail.h"
#include "controller/lab/lab_file.h"
#include "controller/lab/lab_paths.h"
#include "controller/lab/lab_ready.h"
#include "controller/lab/supervisor.h"

/*
 * Local clusters: a lab file becomes network namespaces, cgroups, a tmpfs and one supervisor
 * that owns the services. All of it needs root, and says so (FAIL_REFUSED).
 */

/*
 * Brings the lab up and returns when every service is ready. `progress` (may be NULL) hears each
 * step. A missing program or user is FAIL_REFUSED before anything is built; what fails later, a
 * signal included, takes the half-built lab down again.
 *
 * Up already from the same file: 0, after saying so. Up from a file that says something else:
 * FAIL_REFUSED. Leftovers of an `up` that was killed are taken down first. Another process
 * that changes the lab at the same time: FAIL_BUSY.
 */
int lab_up(const struct lab_file *file, lab_progress *progress, void *context, struct fail *fail);

/*
 * Ends and removes everything that belongs to the lab of that name, in whatever state it is,
 * with or without its supervisor. Nothing there: 0.
 */
int lab_down(const char *name, struct fail *fail);

/* True when an `up` of that name completed and its supervisor answers. */
bool lab_is_up(const char *name);

/*
 * Its nodes are there, and whatever was done to them, even when its supervisor is not: what must
 * be healed is asked by this.
 */
bool lab_is_built(const char *name);

/* The file that the running lab was made from. lab_file_deinit() gives it back. */
int lab_open(const char *name, struct lab_file *out, struct fail *fail);

struct lab_node {
	const char *name;           /* these two are borrowed from the file */
	const cJSON *labels;        /* object of strings, or NULL */
	struct prefix addresses[2]; /* whole addresses, IPv4 before IPv6 */
	size_t address_count;
	char netns[LAB_PATH_MAX];  /* for nsenter --net= */
	char cgroup[LAB_PATH_MAX]; /* below the cgroup v2 mount, beginning with '/' */
	char dir[LAB_PATH_MAX];
};

/* What a node is called and where it lies. Pure: the lab need not be up. */
void lab_node(const struct lab_file *file, size_t index, struct lab_node *out);

/*
 * What the services of the running lab do (struct service_status of supervisor.h). The caller
 * frees with shape_free(&service_list_shape, out).
 */
int lab_services(const char *name, struct service_list *out, struct fail *fail);

/* Tells the supervisor that a fault on the node was healed: what restarts on heal does so now. */
int lab_node_healed(const char *name, const char *node, struct fail *fail);

/*
 * Runs a command inside a node of the running lab, with the caller's terminal, environment and
 * directory, as root. *out_code is its exit code, or 128 + the signal that ended it.
 */
int lab_exec(
	const char *name, const char *node, char *const argv[], int *out_code, struct fail *fail);

#endif
