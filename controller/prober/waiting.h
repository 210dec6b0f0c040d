/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_WAITING_H
#define BACKBURN_PROBER_WAITING_H

#include <stddef.h>
#include <stdint.h>

/* Things that wait for an instant each, the earliest first: a binary heap. Pure. */
struct waiting {
	struct waiting_place *places;
	size_t count, capacity;
};

void waiting_deinit(struct waiting *waiting);

/* `thing` is borrowed. */
void waiting_add(struct waiting *waiting, int64_t at_ns, void *thing);

/* The earliest instant; INT64_MAX when nothing waits. */
int64_t waiting_next_ns(const struct waiting *waiting);

/* Takes out what waits for the earliest instant if that is no later than `now_ns`; else NULL. */
void *waiting_take(struct waiting *waiting, int64_t now_ns);

#endif
