/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_FLOOD_H
#define BACKBURN_TESTS_FLOOD_H

#include <stddef.h>
#include <stdint.h>

#include "tests/netns/world.h"

/*
 * Many numbered datagrams from one node to another, and what became of each. Everything asserts;
 * the sender hears of no error.
 */
struct flood {
	int from, to, family, port;
	size_t count;
	size_t bytes; /* of each datagram, at least 16; 0: 64 */
};

struct flooded {
	size_t count, arrived; /* `arrived` counts each number once */
	size_t copies;         /* second and further copies */
	size_t changed;        /* datagrams whose bytes were not those that were sent */
	size_t overtaken;      /* datagrams that came behind one with a higher number */
	uint8_t *times;        /* by number: how often it arrived */
};

struct flooded flood(const struct world *world, const struct flood *flood);
void flooded_free(struct flooded *flooded);

/*
 * Whether `hits` of `count` trials is what chance allows for `ratio`: within z standard deviations
 * of the normal approximation, which needs at least 1,000 trials and is then close to the exact
 * interval. z = 3.29 leaves one honest run in a thousand outside.
 */
bool within_chance(size_t hits, size_t count, double ratio);

/* Sends `bytes` over a TCP connection and asserts that they arrive, in order and unchanged. */
void tcp_stream(const struct world *world, int from, int to, int family, size_t bytes);

#endif
