/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_MEASURES_H
#define BACKBURN_LANE_MEASURES_H

#include "contract/verbs.h"
#include "injector/lane/lane.h"

/*
 * What a lane was asked to do beside what it did in one direction, appended to `measures` (struct
 * measure; names are copies). Nothing, where no packet came.
 *
 *   delay p50, p90, p99   the spec's quantiles, within 5 % of themselves, and what a timer is late
 *                         by (0.2, 1 and 2 ms), and chance. Only told, not judged, where order or
 *                         rate make packets wait longer than their own delay
 *   late p50              how long after it was due a packet was written: at most 0.2 ms
 *   late p99              only told: it says more of the machine than of the lane
 *   rate                  from the first packet that came to the last that left: at most what was
 *                         asked, the burst, and 1 %
 *   reordered             share that skipped the delay
 *   overtook              share that did so while others waited: only told, since it depends on
 *                         how close upon each other packets come
 *   lost to a full lane   none; only told with a rate, whose queue is full when more is sent
 */
void lane_measures(const struct lane_spec *spec, const struct lane_counts *counts, int direction,
	struct list *measures);

#endif
