/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_BUCKET_H
#define BACKBURN_LANE_BUCKET_H

#include <stdint.h>

#include "injector/lane/lane.h"

/*
 * A rate as a token bucket, kept as the instant at which all bytes so far would have been sent at
 * the rate (the generic cell rate algorithm, ITU-T I.371): an idle time of at most burst / rate is
 * credited. In any time t at most burst + rate · t bytes leave. Without a burst a packet leaves
 * when its last bit would have been sent, as with netem's rate.
 */
struct bucket {
	int64_t sent_ns; /* all so far would have been sent at it */
	uint64_t rest;   /* of the division by the rate, so that no rounding adds up */
};

/* When `bytes` that come at `now_ns` may leave; counts them as sent. `now_ns` never goes back. */
int64_t bucket_pass(
	struct bucket *bucket, const struct lane_spec *spec, int64_t now_ns, uint64_t bytes);

#endif
