/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_MAPS_H
#define BACKBURN_INJECTOR_CLOCK_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/shape.h"

/* /proc/PID/maps, which the process it tells of may have shaped as it likes. Pure. */
enum {
	MAP_NAME_MAX = 32
};

struct map {
	uint64_t from, to, offset, inode;
	char rights[5]; /* "r-xp" */
	char device[12];
	char name[MAP_NAME_MAX]; /* cut; "" for none */
};

/* List of struct map, rising. Lines that are none are left out. */
void maps_parse(const char *text, struct list *out);
/* NULL when there is none. */
const struct map *maps_named(const struct list *maps, const char *name);
const struct map *maps_at(const struct list *maps, uint64_t from);
/* Room for so many bytes within a signed 31-bit distance of `near`, and not where a stack grows. 0:
 * none. */
uint64_t maps_room(const struct list *maps, uint64_t near, uint64_t bytes);

#endif
