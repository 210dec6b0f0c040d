/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_ARRIVALS_H
#define BACKBURN_PROBER_ARRIVALS_H

#include <stdint.h>

#include "contract/shape.h"

/*
 * How many requests a second come in, step by step from the start on. With N(t) the integral of
 * the rate, request i is due where N(t) = i: each instant is computed from i alone, so nothing
 * drifts. What the last step ends with holds for ever. Pure.
 */
enum {
	ARRIVALS_MAX = 64 /* steps */
};

/* One step: a constant rate, or a straight ramp to another one. */
struct arrival {
	double rate;    /* events a second, RATE_MIN..RATE_MAX */
	double to;      /* at the step's end; 0: constant */
	int64_t for_ns; /* 0, of the last step only: to the end */
};

extern const struct shape arrival_shape;

/* Each list below is of struct arrival, not empty, and one that arrivals_check() passes. */

/*
 * What is wrong with the steps, as a sentence, and which step it is; NULL: nothing. It sees what
 * the table can't: a step without an end before another, too many steps.
 */
const char *arrivals_check(const struct list *arrivals, size_t *out_step);

/* When request `index` ≥ 0 is due, from the start. */
int64_t arrivals_due_ns(const struct list *arrivals, int64_t index);

/* N: the requests that came in before that time from the start, with the part of the next one. */
double arrivals_before(const struct list *arrivals, int64_t offset_ns);

/* The lowest rate in [from, to] and the highest ever, a second. */
double arrivals_least(const struct list *arrivals, int64_t from_ns, int64_t to_ns);
double arrivals_most(const struct list *arrivals);

#endif
