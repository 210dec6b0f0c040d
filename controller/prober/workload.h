/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_WORKLOAD_H
#define BACKBURN_PROBER_WORKLOAD_H

#include <stdbool.h>

#include "contract/fail.h"
#include "controller/prober/orders.h"
#include "controller/prober/reporter.h"

/*
 * One `set` workload: `add` 1, 2, 3, … at a constant rate, open loop, to a client process that is
 * started anew (at most once a second) when it ends. Operations under way at that moment, and
 * those not answered in time, are unknown; those that never reached a client have failed.
 */
struct workload;

/* FAIL_USAGE for an order that makes no sense. */
int workload_check(const struct workload_order *order, struct fail *fail);

/*
 * Starts the client and takes over what a checked order holds (and zeroes it); on failure nothing
 * runs. `reporter` is borrowed.
 */
int workload_new(struct workload_order *order, const struct reporter *reporter,
	struct workload **out, struct fail *fail);
/* Kills the client. */
void workload_free(struct workload *workload);

const char *workload_id(const struct workload *workload);

/*
 * Begins what is due now and nothing after. finished() is called, and the client's input closed,
 * when every operation has been answered or has timed out.
 */
void workload_stop(struct workload *workload);
bool workload_is_done(const struct workload *workload);

/* Kills the client's process group at once, for the way out. */
void workload_kill(struct workload *workload);

#endif
