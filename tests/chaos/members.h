/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_MEMBERS_H
#define BACKBURN_CHAOS_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/chaos/world.h"

/*
 * What faults on processes do to the members of the lab, as /proc tells it: who stands still, and
 * who has the pages by which another time is read. And visitors: programs that are started in the
 * first member's cgroup one after another, so that there is somebody to be stopped at a gate.
 */
struct members {
	const struct world *world;
	bool stood, skewed; /* somebody, at some moment */
	bool wanted;        /* visitors are */
	pid_t visitor;      /* 0: none */
	int64_t next_ns;    /* the next look, and the next visitor */
};

/* The first process in a node's cgroup; 0: there is none. */
pid_t members_first(const struct world *world, const char *node);

/* What the kernel calls its cgroup v2; "" when nobody is in it. */
void members_cgroup(const struct world *world, const char *node, char *out, size_t size);

void members_init(struct members *members, const struct world *world, bool visitors);
void members_tick(struct members *members);
/* True when the last visitor has ended; it is waited for, and killed if need be. */
bool members_settle(struct members *members);

/* A line for each process that stands still or has such pages. */
void members_left(const struct world *world, FILE *out);

#endif
