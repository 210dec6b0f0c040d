/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_PATH_H
#define BACKBURN_LANE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "injector/lane/bucket.h"
#include "injector/lane/lane.h"
#include "injector/lane/random.h"
#include "injector/lane/spread.h"

/*
 * One direction of a lane: decides of each packet when it leaves. First the rate lets it go, as a
 * slow link would; from then on it is delayed, as on a long one. The n-th packet of a path meets
 * the same random numbers in every run with that seed, whether packets were lost or not.
 */
struct path {
	struct spread spread;
	struct lane_random reorder;
	struct bucket bucket;
	int64_t last_due_ns; /* of those that keep order */
	bool last_ahead;
	int32_t delayed;        /* packets since the last one that skipped the delay */
	uint64_t waiting_bytes; /* kept by path_decide() and path_leave() */
};

struct decision {
	bool lost;      /* what waits already leaves no room for it */
	bool ahead;     /* it skips the delay */
	bool overtakes; /* others wait that came before */
	int64_t due_ns;
};

void path_start(struct path *path, const struct lane_spec *spec, int direction);
/* Another order while packets wait: they keep their time, and a slow link is as busy as it was. */
void path_change(struct path *path, const struct lane_spec *spec, int direction);

/* What happens to a packet of `bytes` (a frame), `rate_bytes` of which count for a rate. */
struct decision path_decide(struct path *path, const struct lane_spec *spec, int64_t now_ns,
	uint64_t bytes, uint64_t rate_bytes);

/* A packet that was not lost is gone. */
void path_leave(struct path *path, uint64_t bytes);

#endif
