/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_RANGES_H
#define BACKBURN_PROBER_RANGES_H

#include <stdint.h>

#include "contract/shape.h"

/*
 * A set of ids collected in any order. Ids that come in order cost one range; disorder costs a
 * range each until ranges_tidy() sorts and merges them.
 */
struct ranges {
	struct list list; /* of struct id_range (controller/prober/orders.h) */
	size_t capacity;
};

/* Zeroed memory is an empty set. */
void ranges_deinit(struct ranges *ranges);

void ranges_add(struct ranges *ranges, int64_t id);
/* All ids from `first` to `last`, which is not below it. */
void ranges_add_run(struct ranges *ranges, int64_t first, int64_t last);

/* Sorts and merges; returns how many different ids had been added more than once. */
int64_t ranges_tidy(struct ranges *ranges);

/* The following want tidy sets, and append to `out`, which begins empty and ends tidy. */
void ranges_copy(struct ranges *out, const struct ranges *ranges);
/* Ids of `ranges` that `holes` does not have. */
void ranges_without(const struct ranges *ranges, const struct ranges *holes, struct ranges *out);
/* Ids that both have. */
void ranges_common(const struct ranges *a, const struct ranges *b, struct ranges *out);
/* How many ids a tidy set has. */
int64_t ranges_count(const struct ranges *ranges);

#endif
