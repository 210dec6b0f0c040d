/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_RETRY_H
#define BACKBURN_PROBER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/shape.h"

/*
 * How a client tries again: after attempt k (from 1) that did not end well it waits
 *
 *     min(max, backoff × factor^(k − 1)) × (1 − jitter × u),  0 ≤ u < 1
 *
 * with u drawn from seed, request and attempt, so that a run can be had again. Pure.
 */
enum {
	LOAD_ATTEMPTS_MAX = 20, /* of one request */
	/* Retries that a full budget holds: so many may come at once, whatever the ratio. */
	RETRY_BUDGET_FULL = 10,
};

/* Outcomes that a client may try again after; see retry_heeds(). */
enum retry_on {
	RETRY_ON_TIMEOUT,
	RETRY_ON_CONNECT,
	RETRY_ON_BROKEN,
	RETRY_ON_STATUS,
	RETRY_ON_CONTENT
};
extern const char *const retry_on_words[];

struct retry {
	int64_t attempts; /* of a request, the first among them; 1: no retries */
	int64_t backoff_ns;
	double factor;
	int64_t max_ns;
	double jitter;  /* share of the pause that chance may take away */
	struct list on; /* of int, enum retry_on; empty: all but `content` */
	/* Retries for each request that the client allows itself on the whole; 0: any. */
	double budget;
};

extern const struct shape retry_shape;

/* Whether an attempt that ended so is tried again; `outcome` is an enum probe_outcome. */
bool retry_heeds(const struct retry *retry, int outcome);

/* How long to wait after attempt `number` (from 1) of request `index`. */
int64_t retry_pause_ns(const struct retry *retry, int64_t seed, int64_t index, int64_t number);

/* The longest that a request may take, when each attempt takes `timeout_ns`. NULL: one attempt. */
int64_t retry_longest_ns(const struct retry *retry, int64_t timeout_ns);

/*
 * What is left of `budget`, in retries: each request earns that ratio of one, up to
 * RETRY_BUDGET_FULL, with which it begins; each retry costs one. (Token bucket, as in Finagle and
 * gRPC.)
 */
struct retry_budget {
	double left;
};
struct retry_budget retry_budget_full(void);
void retry_budget_earn(struct retry_budget *budget, const struct retry *retry);
/* False when it is used up; always true without a budget. */
bool retry_budget_spend(struct retry_budget *budget, const struct retry *retry);

#endif
