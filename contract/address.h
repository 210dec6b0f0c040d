/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ADDRESS_H
#define BACKBURN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"

/*
 * IP addresses, prefixes and port sets. IPv4 is kept as IPv4-mapped IPv6 (::ffff:a.b.c.d), so
 * that one table serves both; the prefix length then counts from the mapped start (v4 /8 = 104).
 */
struct prefix {
	uint8_t address[16]; /* network order; bits behind `length` are zero */
	uint8_t length;      /* 0..128, in the mapped form */
	bool ipv4;
};

enum {
	PREFIX_TEXT_MAX = 64,
	PORT_RANGES_MAX = 8
};

/*
 * "10.0.0.5", "10.0.0.0/8", "fd00::1", "fd00::/64". A single address gets its full length.
 * Bits set behind the length are an error (10.0.0.5/8): the author meant something else.
 */
int prefix_parse(const char *text, struct prefix *out, struct fail *fail);

/* A whole address prints without its length. Returns `buffer`. */
const char *prefix_format(const struct prefix *prefix, char buffer[PREFIX_TEXT_MAX]);

bool prefix_is_address(const struct prefix *prefix);

/* True when every address of `inner` lies in `outer`. IPv4 never lies in an IPv6 prefix. */
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);

struct port_range {
	uint16_t low, high; /* host order, both included */
};

struct port_set {
	struct port_range ranges[PORT_RANGES_MAX];
	uint8_t count; /* 0: no ports named, which callers read as "any" */
};

/* "2379" or "2379-2380"; adds to the set. */
int port_set_add(struct port_set *set, const char *text, struct fail *fail);

bool port_set_has(const struct port_set *set, uint16_t port);

#endif
