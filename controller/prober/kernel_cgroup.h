/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KERNEL_CGROUP_H
#define BACKBURN_KERNEL_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The processes of a cgroup, counted by those files alone that need no controller. */
struct cgroup_sum {
	size_t processes;
	double resident_bytes; /* pages that several share count for each */
};

/*
 * Adds up those of the cgroup's directory and of the ones below it, 16 levels deep at most. What
 * ends in between is left out. 0, or -errno when the directory's own processes can't be read.
 */
int cgroup_sum_read(const char *directory, struct cgroup_sum *out);

/* The numbers by which the kernel knows a cgroup and those below it. */
struct cgroup_ids {
	uint64_t *items;
	size_t count, capacity;
};

/* Zeroed memory is none. */
void cgroup_ids_deinit(struct cgroup_ids *ids);
bool cgroup_ids_have(const struct cgroup_ids *ids, uint64_t id);
/* As cgroup_sum_read(); what is there now. Appends. */
int cgroup_ids_read(const char *directory, struct cgroup_ids *ids);

#endif
