/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_PROBE_H
#define BACKBURN_PROBER_PROBE_H

#include <stdbool.h>

#include "contract/fail.h"
#include "controller/prober/orders.h"
#include "controller/prober/reporter.h"

/*
 * One probe of any kind: an open loop at a constant rate, or a load's arrivals. Every event of the
 * schedule happens and is reported; one that the prober itself can't begin, or that it comes to
 * only after the timeout, is DROPPED, which is bad. A load's request is tried again as its order
 * says, after probe_stop() too, and reported when no further attempt will be made.
 */
struct probe;

/*
 * Whether the order makes sense and all its texts can be expanded. FAIL_USAGE, or FAIL_REFUSED
 * for what this host lacks. Adds the Content-Type that belongs to an HTTP body where no header
 * names one.
 */
int probe_check(struct probe_order *order, struct fail *fail);

/* How many attempts a checked order may have under way at once, were nothing to answer. */
int probe_attempts(const struct probe_order *order);
/* File descriptors that each of them takes. */
int probe_descriptors(const struct probe_order *order);

/*
 * Takes over what a checked order holds (and zeroes it). At most `capacity` attempts at once.
 * `reporter` is borrowed.
 */
int probe_new(struct probe_order *order, int capacity, const struct reporter *reporter,
	struct probe **out, struct fail *fail);
/* Events under way are dropped without a report. */
void probe_free(struct probe *probe);

/* True for the probe that this order would be a second time: id, and with `each` the member. */
bool probe_is(const struct probe *probe, const struct probe_order *order);

/* Begins what is due now and nothing after; finished() is called when all of it has settled. */
void probe_stop(struct probe *probe);
bool probe_is_done(const struct probe *probe);

#endif
