/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_VALUE_H
#define BACKBURN_PROBER_VALUE_H

#include <stddef.h>

#include "controller/prober/orders.h"

enum {
	/* Of an answer that a number is read from; a page of metrics may be long. */
	VALUE_BODY_MAX = 8 * 1024 * 1024,
	VALUE_WHY_SIZE = 200
};

/*
 * Reads the one number of an event out of what came back. -1 where there is none, with the reason
 * in words that quote nothing but what the order says. Pure.
 */
int value_read(const struct value_order *order, const char *text, size_t length, double *out,
	char why[VALUE_WHY_SIZE]);

/* Whether a value keeps all bounds (struct value_bound); so does NAN, which stands for none. */
bool value_is_within(const struct list *bounds, double value);

/*
 * How much a counter grew each second between two readings of it, of which the earlier one stood
 * at `before`. A counter that fell was begun anew from zero in between (as Prometheus takes it).
 * `apart_ns` > 0.
 */
double value_per_second(double before, double now, int64_t apart_ns);

#endif
