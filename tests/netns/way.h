/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_WAY_H
#define BACKBURN_TESTS_WAY_H

#include "tests/netns/world.h"

/* One way between two nodes, and how long a datagram takes on it. Everything asserts. */
struct way {
	int from, to, family;
};

/* The shortest time of `count` datagrams, sent one after the other; none may be lost. */
int64_t way_best_ns(const struct world *world, const struct way *way, int count);

#endif
