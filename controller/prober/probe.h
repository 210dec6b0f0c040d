/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_PROBE_H
#define BACKBURN_PROBER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "controller/prober/orders.h"
#include "controller/prober/reporter.h"

/*
 * One HTTP probe: an open loop at a constant rate. Every event of the schedule happens and is
 * reported; one that finds no free connection, or that we come to only after its timeout, is
 * DROPPED, which is bad.
 */
struct probe;

/*
 * Whether the order makes sense and all its texts can be expanded. FAIL_USAGE, or
 * FAIL_UNSUPPORTED for what this version does not do. Adds the Content-Type that belongs to the
 * body where no header names one.
 */
int probe_check(struct probe_order *order, struct fail *fail);

/* How many connections the order may need at once, were nothing to answer. */
int probe_connections(const struct probe_order *order);

/*
 * Takes over what a checked order holds (and zeroes it). At most `capacity` connections.
 * `reporter` is borrowed.
 */
int probe_new(struct probe_order *order, int capacity, const struct reporter *reporter,
	struct probe **out, struct fail *fail);
/* Events under way are dropped without a report. */
void probe_free(struct probe *probe);

const char *probe_id(const struct probe *probe);

/* Begins what is due now and nothing after; finished() is called when all of it has settled. */
void probe_stop(struct probe *probe);
bool probe_is_done(const struct probe *probe);

#endif
