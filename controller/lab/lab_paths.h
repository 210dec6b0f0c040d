/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_PATHS_H
#define BACKBURN_LAB_PATHS_H

/*
 * Where the things of a lab lie. All of it follows from the lab's name alone, so that `lab down`
 * finds everything without the file and without the supervisor.
 *
 * A lab's name holds no '-', a node's may: "bb-LAB-NODE" can be read in one way only, and the
 * hub's "bb-LAB" is nobody else's.
 */
#define LAB_RUN_ROOT "/run/backburn/lab"
#define LAB_NETNS_ROOT "/run/netns"
/* There while LAB_NETNS_ROOT is a mount that a lab has made. */
#define LAB_NETNS_MARK LAB_RUN_ROOT "/netns-root"

enum {
	LAB_PATH_MAX = 192
};

/* Each fills `out` and returns it. */
const char *lab_path_dir(const char *lab, char out[LAB_PATH_MAX]);
const char *lab_path_lock(const char *lab, char out[LAB_PATH_MAX]);
/* A file directly in the lab's directory. */
const char *lab_path_file(const char *lab, const char *name, char out[LAB_PATH_MAX]);
const char *lab_path_node_dir(const char *lab, const char *node, char out[LAB_PATH_MAX]);
/* `node` NULL: the hub. */
const char *lab_path_netns(const char *lab, const char *node, char out[LAB_PATH_MAX]);
/* Below the cgroup v2 mount; `node` NULL: the whole lab's. */
const char *lab_path_cgroup(const char *lab, const char *node, char out[LAB_PATH_MAX]);

#define LAB_FILE_COPY "lab.json"
#define LAB_FILE_COMPLETE "complete"
#define LAB_FILE_SOCKET "supervisor.sock"
#define LAB_FILE_NODES "nodes"

/* The supervisor's own cgroup: no node can be called that, names begin with a letter or digit. */
#define LAB_SUPERVISOR_CGROUP ".supervisor"

#endif
