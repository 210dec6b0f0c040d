/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload client of the `set` model for Redis with Sentinel: reads "add ID" and "read" on
 * standard input and answers on standard output, as docs/scenario.md says.
 *
 *	redis-set-client [--name TEXT] [--key TEXT] [--wait N] [--timeout D] [--port N]
 *		[--sentinel-port N] ADDRESS[,ADDRESS…]
 *
 * Sentinels are asked who the primary is, all adds go there over one connection, and they are asked
 * again when it is lost, silent for the timeout, or no primary any more. An add is sent once. What
 * was sent and not answered is unknown; what was refused, or waited for a primary in vain, has
 * certainly not happened. With --wait an add counts as done when N replicas have it. A read takes
 * the set from the first address that answers, whatever its role.
 */
#include <argp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "contract/units.h"
#include "redis_link.h"
#include "set_input.h"

enum {
	WAIT_MAX = 16,
	PORT_MAX = 65535,
	IN_FLIGHT_MAX = 512, /* more wait in the pipe */
	IDLE_MS = 1000,
};

/* How long one node may take to accept a connection, and a Sentinel to answer. */
#define LOOK_UP_NS (200 * NS_PER_MS)
/* Between two looks for a primary. */
#define LOOK_AGAIN_NS (100 * NS_PER_MS)

/* An add that was read and not answered. */
struct operation {
	int64_t id, deadline_ns;
	int replies;
	bool refused;
	char reason[REDIS_REASON_SIZE];
};

struct client {
	/* options */
	struct set_addresses nodes;
	int port, sentinel_port;
	const char *name, *key;
	uint64_t wait; /* replicas; 0: the primary's word is enough */
	int64_t timeout_ns;
	/* state */
	redisContext *link; /* NULL: no primary is known */
	struct redis_place primary;
	bool unsent;                     /* the link's buffer is not empty */
	bool doubted;                    /* it refused an add: nothing more is sent on this link */
	size_t current;                  /* index of the node whose Sentinel answered last */
	int64_t look_again_ns;           /* not before */
	char trouble[REDIS_REASON_SIZE]; /* why there is no primary */
	/* A ring. The first `sent` of them are on the link, in the order of their answers. */
	struct operation operations[IN_FLIGHT_MAX];
	size_t first, sent, count;
	struct set_input input;
};

static struct operation *operation_at(struct client *client, size_t index)
{
	return &client->operations[(client->first + index) % IN_FLIGHT_MAX];
}

/* Answers the first operation and forgets it. */
static void finish(struct client *client, const char *word, const char *reason)
{
	const struct operation *operation = operation_at(client, 0);

	if (reason)
		printf("%s %lld %s\n", word, (long long)operation->id, reason);
	else
		printf("%s %lld\n", word, (long long)operation->id);
	client->first = (client->first + 1) % IN_FLIGHT_MAX;
	client->count--;
	if (client->sent > 0)
		client->sent--;
}

/* --- the link to the primary ----------------------------------------------------------- */

/* Whatever was sent and not answered may have happened. */
static void drop_link(struct client *client, const char *why)
{
	char text[REDIS_REASON_SIZE + REDIS_ADDRESS_SIZE];

	snprintf(text, sizeof(text), "%s: %s", client->primary.address, why);
	redisFree(client->link);
	client->link = NULL;
	client->unsent = client->doubted = false;
	client->look_again_ns = set_now_ns();
	redis_reason(client->trouble, text);
	while (client->sent > 0)
		finish(client, "unknown", client->trouble);
}

static bool find_primary(struct client *client)
{
	for (size_t i = 0; i < client->nodes.count; i++) {
		size_t index = (client->current + i) % client->nodes.count;
		struct redis_place sentinel = {.port = client->sentinel_port};

		snprintf(sentinel.address, sizeof(sentinel.address), "%s",
			client->nodes.items[index]);
		if (redis_ask_sentinel(&sentinel, client->name, LOOK_UP_NS, &client->primary,
			    client->trouble) == 0) {
			client->current = index;
			return true;
		}
	}
	return false;
}

static void look_for_primary(struct client *client)
{
	if (find_primary(client))
		client->link = redis_open(&client->primary, LOOK_UP_NS, client->trouble);
	client->look_again_ns = set_now_ns() + LOOK_AGAIN_NS;
	if (!client->link)
		return;
	client->link->flags &= ~REDIS_BLOCK;
	if (fcntl(client->link->fd, F_SETFL, O_NONBLOCK) < 0)
		abort();
}

static void send_waiting(struct client *client)
{
	while (client->sent < client->count) {
		const struct operation *operation = operation_at(client, client->sent);

		redisAppendCommand(
			client->link, "SADD %s %lld", client->key, (long long)operation->id);
		if (client->wait > 0)
			redisAppendCommand(client->link, "WAIT %llu %lld",
				(unsigned long long)client->wait,
				(long long)(client->timeout_ns / 2 / NS_PER_MS));
		client->sent++;
		client->unsent = true;
	}
}

/* An error in answer to an add says that it was not carried out, whatever else it says. */
static void take_reply(struct client *client, const redisReply *reply)
{
	struct operation *operation = operation_at(client, 0);
	char text[REDIS_REASON_SIZE];

	if (operation->replies++ == 0) {
		operation->refused = reply->type == REDIS_REPLY_ERROR;
		if (operation->refused)
			redis_reason(operation->reason, reply->str);
		if (client->wait > 0)
			return;
	}
	if (operation->refused) {
		client->doubted = true;
		finish(client, "fail", operation->reason);
	} else if (client->wait == 0 ||
		(reply->type == REDIS_REPLY_INTEGER && reply->integer >= (long long)client->wait)) {
		finish(client, "ok", NULL);
	} else {
		snprintf(text, sizeof(text), "%lld of %llu replicas have it",
			reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0,
			(unsigned long long)client->wait);
		finish(client, "unknown", text);
	}
}

static void take_replies(struct client *client)
{
	void *reply = NULL;

	if (redisBufferRead(client->link) != REDIS_OK) {
		drop_link(client, client->link->errstr);
		return;
	}
	while (redisGetReplyFromReader(client->link, &reply) == REDIS_OK && reply) {
		if (client->sent > 0)
			take_reply(client, reply);
		freeReplyObject(reply);
		reply = NULL;
	}
	if (client->link->err)
		drop_link(client, client->link->errstr);
}

/* One round: `events` are what poll() said of the link. */
static void work(struct client *client, short events)
{
	int done = 0;

	if (client->link && events & (POLLIN | POLLHUP | POLLERR))
		take_replies(client);
	if (client->link && client->sent > 0 &&
		operation_at(client, 0)->deadline_ns <= set_now_ns())
		drop_link(client, "no answer in time");
	if (client->link && client->doubted && client->sent == 0)
		drop_link(client, "is no primary, or takes no writes");
	if (!client->link && client->count > 0 && client->look_again_ns <= set_now_ns())
		look_for_primary(client);
	while (client->count > client->sent && client->sent == 0 &&
		operation_at(client, 0)->deadline_ns <= set_now_ns())
		finish(client, "fail", client->trouble);
	if (client->link && !client->doubted)
		send_waiting(client);
	if (client->link && client->unsent) {
		if (redisBufferWrite(client->link, &done) != REDIS_OK)
			drop_link(client, client->link->errstr);
		else
			client->unsent = !done;
	}
}

/* --- read ------------------------------------------------------------------------------ */

static void read_all(struct client *client)
{
	char reason[REDIS_REASON_SIZE] = "";
	redisReply *reply = NULL;
	size_t node = 0;

	for (; !reply && node < client->nodes.count; node++) {
		struct redis_place place = {.port = client->port};

		snprintf(place.address, sizeof(place.address), "%s", client->nodes.items[node]);
		reply = redis_read_set(&place, client->key, client->timeout_ns, reason);
	}
	if (!reply) {
		printf("fail %s: %s\n", client->nodes.items[client->nodes.count - 1], reason);
		return;
	}
	fputs("ok", stdout);
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING)
			printf(" %s", reply->element[i]->str);
	putchar('\n');
	freeReplyObject(reply);
}

/* --- input ----------------------------------------------------------------------------- */

static void begin_add(struct client *client, int64_t id)
{
	*operation_at(client, client->count++) =
		(struct operation){.id = id, .deadline_ns = set_now_ns() + client->timeout_ns};
}

/* Obeys while there is room; a read waits until all adds are answered. */
static void obey_lines(struct client *client)
{
	int64_t id;

	while (client->count < IN_FLIGHT_MAX) {
		switch (set_input_next(&client->input, client->count == 0, &id)) {
		case SET_NONE:
			return;
		case SET_ADD:
			begin_add(client, id);
			break;
		case SET_READ:
			read_all(client);
			break;
		}
	}
}

/* Until the first deadline, or until a primary is looked for again. */
static int patience_ms(struct client *client)
{
	int64_t until_ns;

	if (client->count == 0)
		return IDLE_MS;
	if (client->link && !client->doubted && client->sent < client->count)
		return 0;
	until_ns = operation_at(client, 0)->deadline_ns;
	if (!client->link && client->look_again_ns < until_ns)
		until_ns = client->look_again_ns;
	until_ns -= set_now_ns();
	return until_ns <= 0 ? 0 : (int)(until_ns / NS_PER_MS) + 1;
}

static int serve(struct client *client)
{
	struct set_input *lines = &client->input;

	while (!lines->ended || client->count > 0 || set_input_has_line(lines)) {
		bool listens =
			!lines->ended && set_input_has_room(lines) && client->count < IN_FLIGHT_MAX;
		struct pollfd fds[] = {
			{.fd = listens ? STDIN_FILENO : -1, .events = POLLIN},
			{.fd = client->link ? client->link->fd : -1,
				.events = (short)(POLLIN | (client->unsent ? POLLOUT : 0))},
		};

		poll(fds, 2, patience_ms(client));
		if (fds[0].revents)
			set_input_take(lines);
		obey_lines(client);
		work(client, fds[1].revents);
		obey_lines(client); /* a read may have waited for the last answer */
		if (fflush(stdout) != 0)
			return EXIT_FAILURE;
		set_input_drop_rest(lines);
	}
	return EXIT_SUCCESS;
}

/* --- options --------------------------------------------------------------------------- */

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct client *client = state->input;

	switch (key) {
	case 'n':
		client->name = text;
		return 0;
	case 'k':
		client->key = text;
		return 0;
	case 'w':
		client->wait = (uint64_t)set_parse_number(text, 0, WAIT_MAX, state);
		return 0;
	case 'p':
		client->port = (int)set_parse_number(text, 1, PORT_MAX, state);
		return 0;
	case 's':
		client->sentinel_port = (int)set_parse_number(text, 1, PORT_MAX, state);
		return 0;
	case 't':
		client->timeout_ns = set_parse_timeout(text, 2 * NS_PER_MS, state);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_usage(state);
		set_parse_addresses(&client->nodes, text, state);
		return 0;
	case ARGP_KEY_END:
		if (client->nodes.count == 0)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{"name", 'n', "TEXT", 0, "What the Sentinels call the primary (main)", 0},
	{"key", 'k', "TEXT", 0, "The set's key (backburn:set)", 0},
	{"wait", 'w', "N", 0, "Replicas that must have an add before it is done (0)", 0},
	{"port", 'p', "PORT", 0, "Port of Redis, for reads (6379)", 0},
	{"sentinel-port", 's', "PORT", 0, "Port of the Sentinels (26379)", 0},
	{"timeout", 't', "DURATION", 0, "After which an operation's outcome is unknown (1s)", 0},
	{0},
};

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "ADDRESS[,ADDRESS...]",
	.doc = "Adds integers to a set in Redis, and reads the set: a workload client of backburn.",
};

int main(int argc, char **argv)
{
	static struct client client = {.port = 6379,
		.sentinel_port = 26379,
		.name = "main",
		.key = "backburn:set",
		.timeout_ns = NS_PER_SEC,
		.trouble = "no primary yet"};
	int status;

	argp_err_exit_status = 64;
	argp_parse(&argp, argc, argv, 0, NULL, &client);
	/* A lost link is an error of write(), not the end. */
	signal(SIGPIPE, SIG_IGN);
	status = serve(&client);
	if (client.link)
		redisFree(client.link);
	return status;
}
