/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_PINGER_H
#define BACKBURN_CHAOS_PINGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/chaos/world.h"

enum {
	PING_MEMBERS = 3,
	PING_PAIRS = PING_MEMBERS * PING_MEMBERS
};

struct ping {
	int64_t sent_ns; /* read right before it was sent: the kernel can only have judged it later
			  */
	bool came;
};

/*
 * One datagram from each member to each other, at every tick, past everything of backburn's own.
 * A member's sockets live in its namespace; this process drives all of them.
 */
struct pinger {
	int socket[PING_MEMBERS];
	uint32_t address[PING_MEMBERS];
	struct ping *pings[PING_PAIRS]; /* by from * PING_MEMBERS + to */
	size_t count[PING_PAIRS], room[PING_PAIRS];
};

int pinger_open(struct pinger *pinger, const struct world *world);
void pinger_close(struct pinger *pinger);
/* Sends one round, and takes what has come. */
void pinger_tick(struct pinger *pinger);
/* Takes what still comes, for `ms`. */
void pinger_settle(struct pinger *pinger, int ms);
/* True when a round comes through everywhere within `within_ms`. */
bool pinger_passes(struct pinger *pinger, int within_ms);
/* What was sent until now counts no more. */
void pinger_forget(struct pinger *pinger);
size_t pinger_lost(const struct pinger *pinger);

#endif
