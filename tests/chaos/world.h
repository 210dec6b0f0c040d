/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_WORLD_H
#define BACKBURN_CHAOS_WORLD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/chaos/child.h"
#include "tests/chaos/plan.h"

/* The lab that a run is broken on: made anew for each, so that a seed finds what it found before.
 */
struct world {
	const char *build, *source; /* folders */
	char lab[17];
	char dir[PATH_MAX]; /* of this run of chaos: files, run directories, outputs */
	char lab_file[PATH_MAX + 16], environment[PATH_MAX + 32], runs[PATH_MAX + 16];
	char failpoint_log[PATH_MAX + 16];
	int home;              /* our own network namespace */
	int netns[PLAN_NODES]; /* -1: not there */
	uint64_t inode[PLAN_NODES], cookie[PLAN_NODES];
	uint32_t address[PLAN_NODES]; /* network order */
	char view[32]; /* what stands before a path to see it as the run does: "" or a process's
			  root */
	char *outside; /* what there was of the lab before it was up */
};

extern const char *const world_nodes[PLAN_NODES];

/* Makes the directory and the files in it; `worker` chooses name and addresses of the lab. */
int world_init(struct world *world, const char *dir, int worker);
void world_deinit(struct world *world);

/* Runs `backburn ARGS…` to its end (NULL-terminated); its output goes to NAME.out. Its code. */
int world_backburn(struct world *world, const char *name, const struct conditions *conditions,
	const char *const *args);
/* The same in the background. */
int world_start(struct world *world, const char *name, const struct conditions *conditions,
	const char *const *args, struct child *out);

/* After `lab up`: opens the namespaces. -1: one is missing. */
int world_open(struct world *world);
void world_close(struct world *world);
/* Between these two the process is inside a node's network namespace. */
bool world_enter(const struct world *world, int node);
void world_leave(const struct world *world);

/* Full path of the lab's cgroup, or a node's. */
void world_cgroup(const struct world *world, const char *node, char out[PATH_MAX]);

#endif
