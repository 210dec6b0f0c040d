/* SPDX-License-Identifier: Apache-2.0 */
#include "redis_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "contract/units.h"

void redis_reason(char reason[REDIS_REASON_SIZE], const char *text)
{
	snprintf(reason, REDIS_REASON_SIZE, "%s", text);
	for (char *at = reason; *at; at++)
		if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f)
			*at = ' ';
}

redisContext *redis_open(
	const struct redis_place *place, int64_t timeout_ns, char reason[REDIS_REASON_SIZE])
{
	const struct timeval limit = {
		.tv_sec = timeout_ns / NS_PER_SEC, .tv_usec = timeout_ns % NS_PER_SEC / 1000};
	redisContext *context = redisConnectWithTimeout(place->address, place->port, limit);

	if (!context)
		abort();
	if (context->err || redisSetTimeout(context, limit) != REDIS_OK) {
		redis_reason(reason, context->errstr);
		redisFree(context);
		return NULL;
	}
	return context;
}

/* The answer, which must be a list. */
static redisReply *listed(
	const redisContext *context, redisReply *reply, char reason[REDIS_REASON_SIZE])
{
	if (!reply) {
		redis_reason(reason, context->errstr);
		return NULL;
	}
	if (reply->type == REDIS_REPLY_ARRAY)
		return reply;
	redis_reason(reason, reply->type == REDIS_REPLY_ERROR ? reply->str : "answers no list");
	freeReplyObject(reply);
	return NULL;
}

int redis_ask_sentinel(const struct redis_place *sentinel, const char *name, int64_t timeout_ns,
	struct redis_place *out, char reason[REDIS_REASON_SIZE])
{
	redisContext *context = redis_open(sentinel, timeout_ns, reason);
	redisReply *reply = NULL;
	uint64_t port;
	int outcome = -1;

	if (context)
		reply = listed(context,
			redisCommand(context, "SENTINEL get-master-addr-by-name %s", name), reason);
	if (reply && reply->elements == 2 && reply->element[0]->type == REDIS_REPLY_STRING &&
		reply->element[0]->len < REDIS_ADDRESS_SIZE &&
		reply->element[1]->type == REDIS_REPLY_STRING &&
		u64_parse(reply->element[1]->str, &port) == 0 && port >= 1 && port <= 65535) {
		snprintf(out->address, sizeof(out->address), "%s", reply->element[0]->str);
		out->port = (int)port;
		outcome = 0;
	} else if (reply) {
		redis_reason(reason, "the sentinel names no address");
	}
	if (reply)
		freeReplyObject(reply);
	if (context)
		redisFree(context);
	return outcome;
}

redisReply *redis_read_set(const struct redis_place *place, const char *key, int64_t timeout_ns,
	char reason[REDIS_REASON_SIZE])
{
	redisContext *context = redis_open(place, timeout_ns, reason);
	redisReply *reply = NULL;

	if (context) {
		reply = listed(context, redisCommand(context, "SMEMBERS %s", key), reason);
		redisFree(context);
	}
	return reply;
}
