/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_FAULTS_LANE_FAULTS_H
#define BACKBURN_FAULTS_LANE_FAULTS_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "injector/faults/network.h"
#include "injector/lane/lane.h"
#include "injector/lane/spec.h"

/*
 * The faults that go through a lane: their own parameters, and what these mean for it. `with` is
 * what the shape decoded; `out` is overwritten. FAIL_USAGE where parameters contradict each other.
 */
extern const struct shape delay_shape, rate_shape, reorder_shape;

/*
 * The plan of such a fault: `spec` as one of those below. What both ends of a path were to hold
 * back would wait twice, so it is done at the nodes of "on".
 */
struct lane_fault {
	int (*spec)(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);
	const struct network *network;
	int choice; /* enum lane_choice */
};
int lane_plan(const struct fault_order *order, const void *with, const struct lane_fault *fault,
	struct plan *plan, struct fail *fail);

int delay_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);
int rate_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);
int reorder_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);

#endif
