/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_PARTS_H
#define BACKBURN_CHAOS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/chaos/world.h"

/*
 * The processes of a run, and what the kernel was told by its injectors. A map of an injector is
 * held by this process too, so that what it says outlives the injector: drop it before anybody
 * looks for leftovers.
 */
enum {
	PARTS_MAX = 64,
	PROGRAMS_MAX = 4
};

/* The page that the classifiers compare with, as it was seen at one instant. */
struct page_seen {
	int64_t at_ns, lease_until_ns;
};

struct part {
	pid_t pid;
	int pidfd;
	enum role role; /* ROLES: of no interest, or not known yet */
	int node;       /* of an injector */
	bool ended;
	int64_t ended_ns; /* when this was noticed: at the latest a tick later */
	int map;          /* its control page, -1: none (yet) */
	uint32_t map_id, programs[PROGRAMS_MAX];
	int64_t start_ns, deadline_ns; /* the latest that its slots ever said */
	bool acting;                   /* a slot is open now */
	struct page_seen *pages;       /* each change of the lease */
	size_t page_count, page_room;
};

struct parts {
	const struct world *world;
	pid_t controller;
	struct part items[PARTS_MAX];
	size_t count;
};

void parts_init(struct parts *parts, const struct world *world, pid_t controller);
void parts_deinit(struct parts *parts);
/* Looks for new processes, for ended ones, and at each injector's page. */
void parts_tick(struct parts *parts);
/* Gives up the maps, so that they can go. */
void parts_drop_maps(struct parts *parts);

/* A living one; `node` counts for injectors. NULL: none. */
struct part *parts_find(struct parts *parts, enum role role, int node);
/* Some injector has an open slot. */
bool parts_acting(const struct parts *parts);
/* Injectors that have not ended. */
size_t parts_injectors(const struct parts *parts);

/*
 * The instant from which on nothing that passes between two nodes may be dropped, as the kernel
 * was told until right after `at_ns`.
 */
int64_t parts_bound_ns(const struct parts *parts, int node, int64_t at_ns, int64_t lease_ns);

#endif
