/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PLAN_H
#define BACKBURN_PLAN_H

#include <stdbool.h>

#include "contract/address.h"
#include "contract/verbs.h"
#include "controller/files/environment.h"
#include "controller/files/scenario.h"
#include "controller/plan/catalogue.h"

/*
 * A scenario in an environment: which nodes there are, how each is reached, and what its addresses
 * are. Pure: facts (addresses) are put in by whoever asked the injectors.
 */
struct plan_node {
	char *name, *host;
	cJSON *labels;               /* object of strings, never NULL */
	struct list connect;         /* of char *: argument vector prefix, may be empty */
	struct list injector_args;   /* of char *: after "backburn-injector session" */
	bool here;                   /* the programs on this machine are used (local, lab) */
	struct list addresses;       /* of struct prefix: the injector's facts, then the file's */
	struct list also_reached_as; /* of struct prefix */
	char *cgroup; /* what it runs in, below the cgroup v2 mount, from '/' on; NULL: not known */
	bool facts_known;
};

struct plan {
	const struct scenario *scenario;   /* borrowed */
	const struct catalogue *catalogue; /* borrowed */
	const char *origin; /* the scenario's file, borrowed: names in it count from there */
	char *environment;
	cJSON *vars;       /* object of strings or NULL */
	struct list nodes; /* of struct plan_node */
};

/* A group as it means nodes for the rest of the run. */
struct resolved_group {
	char *group;
	struct list nodes; /* of char * */
};

/*
 * Nodes of an ordinary environment; a lab's are added by plan_add_node(). Scenario and catalogue
 * may be NULL where only nodes are wanted.
 */
void plan_init(struct plan *plan, const struct scenario *scenario,
	const struct catalogue *catalogue, const struct environment *environment);
void plan_deinit(struct plan *plan);
/* A new node at the end, without labels: those are the caller's to set. Earlier ones may move. */
struct plan_node *plan_add_node(struct plan *plan, const char *name, const char *host);

/* NULL: there is none of that name. */
struct plan_node *plan_node(const struct plan *plan, const char *name);

/*
 * Takes over what a node's injector says of its addresses (of struct prefix; emptied). Each must be
 * a whole one: a node that named a network would have all of that network cut off in its place.
 * FAIL_REFUSED, with nothing taken.
 */
int plan_node_learn(struct plan_node *node, struct list *addresses, struct fail *fail);

/* The first address of a node as text; IPv4 before IPv6. NULL while unknown. */
const char *plan_node_address(const struct plan_node *node, char buffer[PREFIX_TEXT_MAX]);
/* The same as it stands before a port: an IPv6 address in brackets. */
const char *plan_node_host(const struct plan_node *node, char buffer[PREFIX_TEXT_MAX + 2]);

/*
 * Names that scenarios use for nodes exist here: probe and workload origins, members of groups,
 * targets. FAIL_REFUSED with the path of the name.
 */
int plan_check_names(const struct plan *plan, struct fail *fail);

/*
 * What `limits` allow, with the worst case of groups that are not resolved yet (their greatest
 * count). FAIL_REFUSED, with the numbers.
 */
int plan_check_limits(const struct plan *plan, struct fail *fail);

/* The text with {node.*} of one node, {group.NAME.addrs} and {var.NAME}; {n}, {uuid} stay. */
struct plan_text {
	const struct plan *plan;
	const struct plan_node *node; /* NULL: no {node.…} here */
	bool keep_node;               /* {node.…} stay, for whoever chooses the node */
	const struct list *only;      /* of char *: replaces every group's members; or NULL */
	const struct list *groups;    /* of struct resolved_group: what is resolved */
};
int plan_expand(
	const struct plan_text *context, const char *text, char **out_text, struct fail *fail);
/* Each text of a list of char *, appended to `out`. */
int plan_expand_all(const struct plan_text *context, const struct list *texts, struct list *out,
	struct fail *fail);

#endif
