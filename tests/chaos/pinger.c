/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/pinger.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/memory.h"
#include "contract/units.h"

enum {
	PORT = 17999,
	TICK_MS = 5
};

/* What a datagram carries. */
struct token {
	uint32_t pair;
	uint32_t index;
};

static int open_member(struct pinger *pinger, const struct world *world, int member)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int file;

	here.sin_addr.s_addr = pinger->address[member];
	if (!world_enter(world, member))
		return -1;
	file = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	world_leave(world);
	pinger->socket[member] = file;
	return file < 0 ? -1 : bind(file, (struct sockaddr *)&here, sizeof(here));
}

int pinger_open(struct pinger *pinger, const struct world *world)
{
	*pinger = (struct pinger){.socket = {-1, -1, -1}};
	for (int i = 0; i < PING_MEMBERS; i++) {
		pinger->address[i] = world->address[i];
		if (open_member(pinger, world, i) < 0)
			return -1;
	}
	return 0;
}

void pinger_close(struct pinger *pinger)
{
	for (int i = 0; i < PING_MEMBERS; i++)
		if (pinger->socket[i] >= 0)
			close(pinger->socket[i]);
	for (int i = 0; i < PING_PAIRS; i++)
		free(pinger->pings[i]);
	*pinger = (struct pinger){.socket = {-1, -1, -1}};
}

static struct ping *add(struct pinger *pinger, int pair)
{
	if (pinger->count[pair] == pinger->room[pair]) {
		size_t room = pinger->room[pair] ? pinger->room[pair] * 2 : 1024;

		pinger->pings[pair] =
			realloc(pinger->pings[pair], room * sizeof(*pinger->pings[pair]));
		if (!pinger->pings[pair])
			abort();
		pinger->room[pair] = room;
	}
	return &pinger->pings[pair][pinger->count[pair]++];
}

static void send_one(struct pinger *pinger, int from, int to)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int pair = from * PING_MEMBERS + to;
	struct token token = {(uint32_t)pair, (uint32_t)pinger->count[pair]};
	struct ping *ping = add(pinger, pair);

	there.sin_addr.s_addr = pinger->address[to];
	*ping = (struct ping){.sent_ns = now_ns()};
	if (sendto(pinger->socket[from], &token, sizeof(token), 0, (struct sockaddr *)&there,
		    sizeof(there)) < 0)
		pinger->count[pair]--; /* our own socket said no: nothing was sent */
}

static void take(struct pinger *pinger)
{
	struct token token;

	for (int to = 0; to < PING_MEMBERS; to++)
		while (recv(pinger->socket[to], &token, sizeof(token), 0) == sizeof(token))
			if (token.pair < PING_PAIRS && token.index < pinger->count[token.pair])
				pinger->pings[token.pair][token.index].came = true;
}

void pinger_tick(struct pinger *pinger)
{
	for (int from = 0; from < PING_MEMBERS; from++)
		for (int to = 0; to < PING_MEMBERS; to++)
			if (from != to)
				send_one(pinger, from, to);
	take(pinger);
}

void pinger_settle(struct pinger *pinger, int ms)
{
	for (int waited = 0; waited < ms; waited += TICK_MS) {
		pause_ms(TICK_MS);
		take(pinger);
	}
}

static bool last_round_came(const struct pinger *pinger)
{
	for (int pair = 0; pair < PING_PAIRS; pair++)
		if (pair / PING_MEMBERS != pair % PING_MEMBERS &&
			(!pinger->count[pair] ||
				!pinger->pings[pair][pinger->count[pair] - 1].came))
			return false;
	return true;
}

bool pinger_passes(struct pinger *pinger, int within_ms)
{
	int64_t until_ns = now_ns() + within_ms * NS_PER_MS;

	do {
		pinger_tick(pinger);
		pinger_settle(pinger, 2 * TICK_MS);
		if (last_round_came(pinger))
			return true;
	} while (now_ns() < until_ns);
	return false;
}

void pinger_forget(struct pinger *pinger)
{
	pinger_settle(pinger, 2 * TICK_MS);
	memset(pinger->count, 0, sizeof(pinger->count));
}

size_t pinger_lost(const struct pinger *pinger)
{
	size_t lost = 0;

	for (int pair = 0; pair < PING_PAIRS; pair++)
		for (size_t i = 0; i < pinger->count[pair]; i++)
			lost += !pinger->pings[pair][i].came;
	return lost;
}
