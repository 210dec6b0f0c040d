/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_FAULTS_LANE_FAULTS_H
#define BACKBURN_FAULTS_LANE_FAULTS_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "injector/lane/lane.h"

/*
 * The faults that go through a lane: their own parameters, and what these mean for it. `with` is
 * what the shape decoded; `out` is overwritten. FAIL_USAGE where parameters contradict each other.
 */
extern const struct shape delay_shape, rate_shape, reorder_shape;

int delay_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);
int rate_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);
int reorder_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail);

#endif
