/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REDIS_LINK_H
#define BACKBURN_REDIS_LINK_H

#include <stdint.h>

/* Of hiredis. */
struct redisContext;
struct redisReply;

/*
 * The little that the set client needs of a node where a Redis and a Sentinel run: connections,
 * who the primary is, all of a set. All of these block, for `timeout_ns` at most.
 */
enum {
	REDIS_REASON_SIZE = 160,
	REDIS_ADDRESS_SIZE = 64,
};

struct redis_place {
	char address[REDIS_ADDRESS_SIZE];
	int port;
};

/* One line, no control characters: it goes into an answer of the client's protocol. */
void redis_reason(char reason[REDIS_REASON_SIZE], const char *text);

/* NULL with the reason; redisFree() after use. */
struct redisContext *redis_open(
	const struct redis_place *place, int64_t timeout_ns, char reason[REDIS_REASON_SIZE]);

/* Asks the Sentinel at `sentinel` who the primary called `name` is. 0, or -1 with the reason. */
int redis_ask_sentinel(const struct redis_place *sentinel, const char *name, int64_t timeout_ns,
	struct redis_place *out, char reason[REDIS_REASON_SIZE]);

/* All members of a set, as that node has them; NULL with the reason. freeReplyObject() after use.
 */
struct redisReply *redis_read_set(const struct redis_place *place, const char *key,
	int64_t timeout_ns, char reason[REDIS_REASON_SIZE]);

#endif
