/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PLAN_TIMES_H
#define BACKBURN_PLAN_TIMES_H

#include "contract/units.h"
#include "controller/files/scenario.h"
#include "controller/plan/catalogue.h"

/* How long what a node or a member is asked may take. */
#define ANSWER_PATIENCE_NS (15 * NS_PER_SEC)
/* How far ahead of its start a fault is armed. */
#define ARM_LEAD_NS NS_PER_SEC

/*
 * How long a run takes from its first probe to its last read, from its scenario alone; nanoseconds.
 * Bringing a lab up and connecting come before that.
 */
struct plan_times {
	int64_t shortest_ns; /* every `until` is met at once */
	int64_t expected_ns; /* every `until` takes as long as the slowest `recovers` may */
	int64_t longest_ns;  /* everything takes what it may; never beyond limits.run */
};

struct plan_times plan_times(const struct scenario *scenario);

/*
 * From SIGTERM until no fault acts, at most; nanoseconds: an answer that never comes, then the
 * lease; but no longer than the longest fault (one that is over at once has 0). An injector that
 * answers heals within milliseconds.
 */
int64_t plan_heal_ns(const struct scenario *scenario, const struct catalogue *catalogue);

#endif
