/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LOAD_TOLD_H
#define BACKBURN_LOAD_TOLD_H

#include <stdint.h>

#include "controller/prober/orders.h"
#include "controller/prober/schedule.h"

/*
 * What one prober told of a load: how many attempts each request took, and where they went. Times
 * are the intended ones of requests, whenever their attempts were made.
 */

/* A request that took another number of attempts than one; 0: it could not be begun. */
struct load_request {
	int64_t at_ns;
	int64_t attempts;
};

/* A window: as finely as it is known where attempts went. */
struct load_slice {
	int64_t at_ns;      /* its first request */
	int64_t withheld;   /* retries that the budget did not allow */
	struct list shares; /* of struct load_share */
};

struct load_told {
	struct list unusual; /* of struct load_request, in their order */
	struct list slices;  /* of struct load_slice, likewise */
};

/* FAIL_PEER: it does not tell of `count` requests, or of more than that could have done. */
int load_window_check(const struct load_window *window, int64_t count, struct fail *fail);

/* A checked window, whose requests begin with that one of the schedule. */
void load_told_add(struct load_told *told, const struct schedule *schedule, int64_t first_index,
	const struct load_window *window);
void load_told_deinit(struct load_told *told);

/* Sums over requests. */
struct load_sum {
	int64_t requests; /* that were due, and are told of */
	int64_t begun;    /* of these by the prober */
	int64_t attempts, retries;
	int64_t withheld;
	struct list shares; /* of struct load_share, names borrowed; to be freed */
};

/* Adds those due in [from, to), of the first `reported` of the schedule. */
void load_told_sum(const struct load_told *told, const struct schedule *schedule, int64_t reported,
	const int64_t bounds[2], struct load_sum *sum);

#endif
