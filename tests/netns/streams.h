/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_STREAMS_H
#define BACKBURN_TESTS_STREAMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/netns/world.h"

/*
 * Traffic that goes on while things happen: numbered datagrams in both directions between two
 * nodes, on several ports, one a millisecond each, and a TCP connection that streams from one to
 * the other. A thread of its own keeps it up.
 */
enum {
	STREAMS_MAX = 4,
	STREAM_PACKETS_MAX = 60000
};

#define STREAM_SLOW_NS 20000000LL

struct stream {
	int from, to, port;
	int in, out; /* sockets */
	size_t sent;
	int64_t *sent_ns, *arrived_ns; /* by number; arrived: 0 while it has not */
	size_t copies;
};

struct streams {
	struct stream all[STREAMS_MAX];
	int count;
	struct tcp_pair tcp;
	uint64_t tcp_sent, tcp_got;
	bool tcp_broken;   /* it was reset, or brought other bytes than were sent */
	int64_t latest_ns; /* the longest that the thread was kept from sending */
	bool stop;
	pthread_t thread;
};

/* Both ways between NODE_A and NODE_B on each of these ports. */
void streams_start(struct streams *streams, const struct world *world, const int *ports, int count);
/* Until the instant, and then until so many more were sent on each: a busy machine may be slow. */
void streams_await(const struct streams *streams, int64_t until_ns, size_t packets);
/* Sends no more, waits a moment for what is on its way, and asserts that TCP is alive. */
void streams_stop(struct streams *streams);
void streams_free(struct streams *streams);

/* Of datagrams that were sent in [begin_ns, end_ns). */
struct streamed {
	size_t sent, lost;
	size_t slow;          /* that took STREAM_SLOW_NS or longer */
	int64_t worst_ns;     /* the longest way of one that arrived */
	int64_t best_ns;      /* the shortest; INT64_MAX: none arrived */
	int64_t last_lost_ns; /* when the last one that was lost was sent; 0: none was */
};
struct streamed streams_between(
	const struct streams *streams, int port, int64_t begin_ns, int64_t end_ns);

#endif
