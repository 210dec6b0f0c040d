/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_STREAM_H
#define BACKBURN_TESTS_STREAM_H

#include "tests/netns/world.h"

/*
 * Datagrams from node A to node B of a world, as fast as one process can send them; each carries
 * the instant at which it was sent. What a fault does to traffic is seen in the gaps.
 */
struct stream {
	pid_t sender;
	int receiver; /* a socket in node B */
};

struct stream stream_start(const struct world *world);
void stream_stop(struct stream *stream);

/* Throws away what waits, until nothing has come for `quiet_ms`. */
void stream_drain(const struct stream *stream, int quiet_ms);
/* The instant at which the next datagram to arrive was sent (CLOCK_MONOTONIC); asserts that one
 * comes. */
int64_t stream_next_sent_ns(const struct stream *stream, int within_ms);
/* Median distance of two datagrams as sent, from some hundreds of them. */
int64_t stream_gap_ns(const struct stream *stream);

#endif
