/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KERNEL_CGROUP_H
#define BACKBURN_KERNEL_CGROUP_H

#include <stddef.h>

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

#endif
