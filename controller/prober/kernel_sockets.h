/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KERNEL_SOCKETS_H
#define BACKBURN_KERNEL_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"

/* Smoothed round trips of TCP connections, in microseconds (tcp_info.tcpi_rtt). */
struct round_trips {
	uint32_t *usec;
	size_t count, capacity;
};

/* Zeroed memory is none. */
void round_trips_deinit(struct round_trips *trips);

/*
 * Appends those of all established connections of this network namespace, but not of those that
 * lead from the node to itself: what lies between their ends is no network. FAIL_UNSUPPORTED where
 * the kernel has no sock_diag for TCP.
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
