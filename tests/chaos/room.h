/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_ROOM_H
#define BACKBURN_CHAOS_ROOM_H

#include "tests/chaos/plan.h"
#include "tests/chaos/world.h"

/* A mount namespace for one run: a runtime directory of its own, a disk as the plan says. */
struct room {
	pid_t keeper; /* lives in it, so that it can be looked into; 0: there is no room */
	int mounts;   /* -1 without one */
	char disk[PATH_MAX + 16]; /* that is small or read-only; "": none is */
};

/* Sets world->view. */
int room_open(struct room *room, const struct chaos_plan *plan, struct world *world);
/* The disk has room again, and can be written: what whoever recovers would see to first. */
int room_relieve(const struct room *room);
void room_close(struct room *room, struct world *world);

#endif
