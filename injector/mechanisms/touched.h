/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_TOUCHED_H
#define BACKBURN_INJECTOR_TOUCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/shape.h"
#include "injector/host.h"

/*
 * Who was hit, by the packets' own addresses, held against what the order names. Pure, and it goes
 * by the order alone: what is wrong in the matcher's tables would be wrong here too otherwise.
 */
struct touched_index {
	struct list places;  /* of struct place, sorted: each prefix of each endpoint */
	uint64_t lengths[3]; /* bit per length of a prefix that there is */
};

/* `peers`: of struct endpoint; `exempt`: of struct prefix, which are nobody's. */
void touched_index_init(
	struct touched_index *index, const struct list *peers, const struct list *exempt);
void touched_index_deinit(struct touched_index *index);

/* Index into `peers` of whose longest prefix the address lies in; -1: nobody's. */
int32_t touched_owner(const struct touched_index *index, const struct prefix *address);

/* What was hit of an address, and whose that is. */
struct owned_hit {
	struct host_touched hit;
	int32_t owner; /* as touched_owner() has it */
};
/* `hits`: of struct host_touched. A list of struct owned_hit, which needs the index no more. */
struct list touched_own(const struct touched_index *index, const struct list *hits);

/*
 * `hits`: of struct owned_hit. Adds struct touched to `out`, at most TOUCHED_MAX: nobody's first,
 * then those with most packets; returns how many were left out.
 */
size_t touched_tell(const struct list *peers, const struct list *hits, struct list *out);
/* Whether one of the hits is nobody's. */
bool touched_spills(const struct list *hits);

#endif
