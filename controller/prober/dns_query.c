/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/dns_query.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <arpa/nameser.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/alarm.h"

/*
 * A channel of c-ares holds one query at a time: when it has none left it closes its sockets, so
 * that the next one gets a fresh one. Channels are kept, since each takes some 80 KiB.
 */
struct channel {
	struct resolver *resolver;
	ares_channel ares; /* NULL until it is needed */
	char *server;      /* what it is set to; NULL: what it began with */
	uv_timer_t *timer;
	int64_t deadline_ns;
	void (*done)(void *context, const struct dns_result *result);
	void *context;
	struct watched *watched; /* sockets; singly linked */
	struct channel *next_free;
	bool busy, late;
};

struct resolver {
	uv_loop_t *loop;
	int capacity;
	struct channel *channels, *free;
};

/* One socket that c-ares wants watched; freed by its close callback. */
struct watched {
	uv_poll_t poll;
	struct watched *next;
	struct channel *channel;
	ares_socket_t socket;
};

/* --- the loop -------------------------------------------------------------------------- */

static void on_watched_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void unwatch(struct channel *channel, ares_socket_t socket)
{
	struct watched **link = &channel->watched, *watched;

	while (*link && (*link)->socket != socket)
		link = &(*link)->next;
	watched = *link;
	if (!watched)
		return;
	*link = watched->next;
	uv_poll_stop(&watched->poll);
	uv_close((uv_handle_t *)&watched->poll, on_watched_closed);
}

static void set_timer(struct channel *channel);

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched *watched = poll->data;
	struct channel *channel = watched->channel;
	ares_socket_t socket = watched->socket;
	bool failed = status < 0;

	ares_process_fd(channel->ares, failed || events & UV_READABLE ? socket : ARES_SOCKET_BAD,
		failed || events & UV_WRITABLE ? socket : ARES_SOCKET_BAD);
	set_timer(channel);
}

static struct watched *watch(struct channel *channel, ares_socket_t socket)
{
	struct watched *watched = channel->watched;

	while (watched && watched->socket != socket)
		watched = watched->next;
	if (watched)
		return watched;
	watched = must_alloc(sizeof(*watched));
	watched->channel = channel;
	watched->socket = socket;
	if (uv_poll_init_socket(channel->resolver->loop, &watched->poll, socket) < 0) {
		free(watched);
		return NULL;
	}
	watched->poll.data = watched;
	watched->next = channel->watched;
	channel->watched = watched;
	return watched;
}

/* Without a place in the loop the query waits for its timeout. */
static void on_socket(void *context, ares_socket_t socket, int readable, int writable)
{
	struct channel *channel = context;
	struct watched *watched;

	if (!readable && !writable) {
		unwatch(channel, socket);
		return;
	}
	watched = watch(channel, socket);
	if (watched)
		uv_poll_start(&watched->poll,
			(readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_ready);
}

static void on_timer(uv_timer_t *timer)
{
	struct channel *channel = timer->data;

	if (clock_now_ns() >= channel->deadline_ns) {
		channel->late = true;
		ares_cancel(channel->ares);
		return;
	}
	/* c-ares may want to ask the next server of several. */
	ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(channel);
}

/* For the query's end, or sooner, when c-ares has something to do before. */
static void set_timer(struct channel *channel)
{
	struct timeval limit, *next;
	int64_t left_ns = channel->deadline_ns - clock_now_ns();

	if (!channel->busy) {
		uv_timer_stop(channel->timer);
		return;
	}
	left_ns = left_ns < 0 ? 0 : left_ns;
	limit = (struct timeval){
		.tv_sec = left_ns / NS_PER_SEC, .tv_usec = left_ns % NS_PER_SEC / NS_PER_US + 1};
	next = ares_timeout(channel->ares, &limit, &limit);
	/* uv counts from the beginning of this turn, which may be long over. */
	uv_update_time(channel->resolver->loop);
	uv_timer_start(channel->timer, on_timer,
		(uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1, 0);
}

/* --- the end of a query ------------------------------------------------------------------ */

static struct dns_result result_of(const struct channel *channel, int status)
{
	switch (status) {
	case ARES_ECANCELLED:
	case ARES_ETIMEOUT:
		if (channel->late || status == ARES_ETIMEOUT)
			return (struct dns_result){DNS_TIMED_OUT, "no answer in time", NULL, 0};
		break;
	case ARES_ECONNREFUSED:
		return (struct dns_result){DNS_NO_CONNECTION, "Connection refused", NULL, 0};
	case ARES_EBADNAME:
		return (struct dns_result){DNS_BROKEN, "the name can't be asked for", NULL, 0};
	}
	return (struct dns_result){DNS_BROKEN, ares_strerror(status), NULL, 0};
}

static void on_answer(void *context, int status, int timeouts, unsigned char *reply, int length)
{
	struct channel *channel = context;
	struct dns_result result;

	(void)timeouts;
	if (!channel->busy)
		return;
	if (reply)
		result = (struct dns_result){DNS_ANSWERED, "", reply, (size_t)length};
	else
		result = result_of(channel, status);
	uv_timer_stop(channel->timer);
	channel->busy = false;
	channel->next_free = channel->resolver->free;
	channel->resolver->free = channel;
	channel->done(channel->context, &result);
}

/* --- queries ----------------------------------------------------------------------------- */

/* With one server its silence is ours to judge, with several c-ares goes on to the next. */
static int open_channel(struct channel *channel, const struct dns_request *request)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP,
		.tries = 1,
		.timeout = INT32_MAX / 2,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = channel,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;

	if (request->server)
		mask |= ARES_OPT_TIMEOUTMS;
	return ares_init_options(&channel->ares, &options, mask);
}

static int prepare(struct channel *channel, const struct dns_request *request, struct fail *fail)
{
	int status = ARES_SUCCESS;

	if (!channel->ares)
		status = open_channel(channel, request);
	if (status != ARES_SUCCESS) {
		channel->ares = NULL;
		return fail_set(fail, FAIL_SYSTEM, "c-ares: %s", ares_strerror(status));
	}
	if (!request->server || (channel->server && strcmp(channel->server, request->server) == 0))
		return 0;
	if (ares_set_servers_ports_csv(channel->ares, request->server) != ARES_SUCCESS)
		return fail_set(fail, FAIL_USAGE,
			"server \"%.80s\" is not of the form ADDRESS:PORT", request->server);
	free(channel->server);
	channel->server = must_copy(request->server);
	return 0;
}

int dns_send(struct resolver *resolver, const struct dns_request *request, struct fail *fail)
{
	struct channel *channel = resolver->free;

	if (!channel)
		return fail_set(
			fail, FAIL_BUSY, "%d queries have no answer yet", resolver->capacity);
	if (prepare(channel, request, fail) < 0)
		return -1;
	resolver->free = channel->next_free;
	channel->done = request->done;
	channel->context = request->context;
	channel->deadline_ns = clock_now_ns() + request->limit_ns;
	channel->busy = true;
	channel->late = false;
	ares_query(channel->ares, request->name, ns_c_in, request->type, on_answer, channel);
	set_timer(channel);
	return 0;
}

/* --- life ------------------------------------------------------------------------------ */

struct resolver *resolver_new(uv_loop_t *loop, int capacity)
{
	struct resolver *resolver = must_alloc(sizeof(*resolver));

	resolver->loop = loop;
	resolver->capacity = capacity;
	resolver->channels = must_array((size_t)capacity, sizeof(*resolver->channels));
	/* The first ones end on top, so that few channels are opened when few are needed. */
	for (int i = capacity - 1; i >= 0; i--) {
		struct channel *channel = &resolver->channels[i];

		channel->resolver = resolver;
		channel->timer = must_alloc(sizeof(*channel->timer));
		uv_timer_init(loop, channel->timer);
		channel->timer->data = channel;
		channel->next_free = resolver->free;
		resolver->free = channel;
	}
	return resolver;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	for (int i = 0; i < resolver->capacity; i++) {
		struct channel *channel = &resolver->channels[i];

		channel->busy = false;
		if (channel->ares)
			ares_destroy(channel->ares);
		free(channel->server);
		uv_close((uv_handle_t *)channel->timer, on_timer_closed);
	}
	free(resolver->channels);
	free(resolver);
}
