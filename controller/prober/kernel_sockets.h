/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KERNEL_SOCKETS_H
#define BACKBURN_KERNEL_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"

struct cgroup_ids;

/* Smoothed round trips of TCP connections, in microseconds (tcp_info.tcpi_rtt). */
struct round_trips {
	uint32_t *usec;
	size_t count, capacity;
	const struct cgroup_ids *only; /* of sockets of these cgroups; NULL: of all. Borrowed */
	bool cgroups_untold;           /* the kernel did not say whose a connection is */
};

/* Zeroed memory is none, of all. */
void round_trips_deinit(struct round_trips *trips);

/*
 * Appends those of all established connections of this network namespace, but not of those that
 * lead from the node to itself: what lies between their ends is no network. FAIL_UNSUPPORTED where
 * the kernel has no sock_diag for TCP, or does not tell cgroups (before Linux 5.8).
 */
int round_trips_read(struct round_trips *trips, struct fail *fail);

/* Sorts; NAN for none. `which` is "least", "median" (of two, the upper) or "most". */
double round_trips_of(struct round_trips *trips, const char *which);

/*
 * Takes over what one answer of the kernel holds, which is not trusted to be well-formed. Returns 1
 * when it was the last one, 0 when more will come, -errno when the kernel said no. Pure.
 */
int round_trips_take(struct round_trips *trips, const void *answer, size_t length);

#endif
