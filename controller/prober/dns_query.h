/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_DNS_QUERY_H
#define BACKBURN_PROBER_DNS_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "contract/fail.h"

/*
 * DNS queries, many at once, on a libuv loop (c-ares). Each has a socket of its own, and with it a
 * port that no earlier one had: what stands between us and the server treats it as a new client.
 * Each is sent once: what is lost is lost. An answer that was cut short is asked for by TCP again.
 */
struct resolver;

enum dns_ending {
	DNS_ANSWERED,      /* a reply, whatever it says */
	DNS_TIMED_OUT,     /* none in time */
	DNS_NO_CONNECTION, /* refused or unreachable */
	DNS_BROKEN,        /* no DNS reply, or a name that can't be asked for */
};

struct dns_result {
	enum dns_ending ending;
	const char *text;           /* what went wrong, in words; "" for DNS_ANSWERED */
	const unsigned char *reply; /* of DNS_ANSWERED; borrowed */
	size_t length;
};

/* Strings are borrowed until dns_send() returns. */
struct dns_request {
	const char *server; /* "10.0.0.2:53", "[fd00::2]:53"; NULL: those of /etc/resolv.conf */
	const char *name;
	int type;         /* on the wire */
	int64_t limit_ns; /* from now, ≥ 1 ms (rounded up to whole ms) */
	/* Once, unless the resolver is freed before; possibly from inside dns_send(). */
	void (*done)(void *context, const struct dns_result *result);
	void *context;
};

/* At most `capacity` queries at once. */
struct resolver *resolver_new(uv_loop_t *loop, int capacity);
/* Drops all queries without a call. The loop must run once more to close what is left. */
void resolver_free(struct resolver *resolver);

/* -1 when all places are taken, or the server is no address: done() is not called then. */
int dns_send(struct resolver *resolver, const struct dns_request *request, struct fail *fail);

#endif
