/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RADIUS_H
#define BACKBURN_RADIUS_H

#include "controller/judge/judge.h"

/*
 * The blast radius of a run: who was to be hit, what was live there just before, and what was
 * counted, of all faults together as a graph, and of each fault as numbers. Pure.
 */
enum radius_role {
	RADIUS_TARGET, /* some fault was on it */
	RADIUS_PEER,   /* some fault's counterpart: it counts against no limit */
	RADIUS_APART   /* no fault named it */
};

struct radius_node {
	const char *name; /* borrowed from the record */
	enum radius_role role;
	bool known;   /* a node of the environment; else prefixes, a host's name, "everything" */
	bool hit;     /* something was counted there, or of its packets */
	bool spilled; /* of its packets, by a fault that does not name it */
};

/* Between two nodes; it has no direction. */
struct radius_link {
	size_t a, b;         /* indexes of nodes, a < b */
	int64_t connections; /* live just before, the most of all faults; -1: nobody was asked */
	int64_t packets;     /* that faults hit, both ways */
};

struct radius {
	struct list nodes; /* of struct radius_node, by name */
	struct list links; /* of struct radius_link, by a and b: those that faults were to hit */
};

/* Faults whose phase was left out have no part in it. Borrows from both, which must outlive it. */
void radius_init(
	struct radius *radius, const struct record *record, const struct judgement *judgement);
void radius_deinit(struct radius *radius);

/* One fault's part in numbers. */
struct radius_share {
	size_t links, links_live, links_hit; /* to be hit; with live connections before; hit */
	int64_t connections;                 /* live before, on all links; -1: nobody was asked */
	int64_t packets;
	size_t found, processes, processes_hit; /* before; aimed at; proven */
};
struct radius_share radius_share(const struct effect_judgement *effect);

#endif
