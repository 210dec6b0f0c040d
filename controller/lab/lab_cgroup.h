/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_CGROUP_H
#define BACKBURN_LAB_CGROUP_H

#include <limits.h>
#include <sys/types.h>

#include "contract/fail.h"

/*
 * The lab's cgroups, in the v2 hierarchy wherever that is mounted. A lab's is
 * <mount>/backburn/lab/LAB, each node's a child of it; killing the lab's ends all of its
 * processes, the supervisor included, even while they fork.
 */

/* The full path of a node's cgroup; `node` NULL: the lab's. */
int lab_cgroup_path(const char *lab, const char *node, char out[PATH_MAX], struct fail *fail);

/* Creates it with what is missing above it. */
int lab_cgroup_make(const char *lab, const char *node, struct fail *fail);

/* Moves the process into a node's cgroup; `pid` 0: the caller. */
int lab_cgroup_join(const char *lab, const char *node, pid_t pid, struct fail *fail);

/*
 * SIGKILLs everything in the lab, waits until it is gone and removes the cgroups. Without them:
 * nothing to do, 0. Waits at most 10 s.
 */
int lab_cgroup_destroy(const char *lab, struct fail *fail);

#endif
