/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PEERS_H
#define BACKBURN_INJECTOR_PEERS_H

#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"

/*
 * The named address sets of a session. Pure. A set only grows, and stays where it is: endpoints of
 * faults borrow its list.
 */
enum {
	PEER_SETS_MAX = 256
};

struct peer_set {
	char *name;
	struct list prefixes; /* of struct prefix, sorted by match_compare(), no repeats */
};

/* `sets`: list of struct peer_set *. NULL when there is none. */
struct peer_set *peers_find(const struct list *sets, const char *name);
size_t peers_total(const struct list *sets);
/* The set of that name, made when there is none; FAIL_REFUSED when there are too many. */
int peers_open(struct list *sets, const char *name, struct peer_set **out, struct fail *fail);
/* `out` becomes what is in either list, of which the first is a set's. */
void peers_merge(const struct list *prefixes, const struct list *more, struct list *out);
void peers_free(struct list *sets);

/*
 * Lets the endpoints of an order that name a set borrow its list. FAIL_USAGE when there is no such
 * set, or when an endpoint has addresses of its own, too.
 */
int peers_bind(const struct list *sets, const struct list *endpoints, struct fail *fail);

#endif
