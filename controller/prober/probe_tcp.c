/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/host_port.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/prober/probe_kind.h"
#include "controller/prober/text.h"

/*
 * Probes that open a TCP connection, and may say something and look at what comes back.
 *
 * Connections are closed by a reset (SO_LINGER of zero): an orderly close leaves the port in
 * TIME_WAIT for a minute, and at 5,000 events a second all ports would be gone in six seconds.
 */
enum {
	DIALS_MAX = 4096,
	ANSWER_MAX = 64 * 1024,
	ANSWER_CHUNK = 4096,
};

struct tcp {
	uv_loop_t *loop;
	int capacity, count;
	struct dial *first; /* under way; doubly linked */
};

/* One attempt. Its memory goes when its timer has been closed and its lookup has come back. */
struct dial {
	struct dial *previous, *next;
	struct tcp *tcp;
	const struct attempt *attempt;
	uv_getaddrinfo_t lookup;
	uv_timer_t timer;
	int holds; /* timer, lookup */
	bool looking_up, connected, over;
	struct addrinfo *found;
	const struct addrinfo *address; /* the one being tried */
	int socket;                     /* -1: none */
	uv_poll_t *poll;                /* of the socket; NULL: none */
	char *send;                     /* NULL: nothing */
	size_t sent;
	struct text_kept answer;
};

/* --- the order ------------------------------------------------------------------------- */

static int parse_address(const char *text, const struct event_values *values, struct host_port *out,
	struct fail *fail)
{
	char *expanded;
	int outcome;

	if (expand_text(text, values, &expanded, fail) < 0)
		return fail_context(fail, "address");
	outcome = host_port_parse(expanded, out, fail);
	free(expanded);
	return outcome < 0 ? fail_context(fail, "address") : 0;
}

static int check(struct probe_order *order, const struct event_values *values, struct fail *fail)
{
	const struct tcp_order *tcp = order->tcp;
	struct host_port place;

	if (parse_address(tcp->address, values, &place, fail) < 0)
		return -1;
	if (tcp->expect_answer && (tcp->expect_answer->equals || tcp->expect_answer->json))
		return fail_set(fail, FAIL_USAGE,
			"expect_answer: a stream has no end to compare at: only starts_with and "
			"contains");
	return probe_try_text(tcp->send, values, "send", fail);
}

/* --- the end of a dial ----------------------------------------------------------------- */

static void let_go(struct dial *dial)
{
	if (--dial->holds > 0)
		return;
	uv_freeaddrinfo(dial->found);
	text_kept_deinit(&dial->answer);
	free(dial->send);
	free(dial);
}

static void on_timer_closed(uv_handle_t *handle)
{
	let_go(handle->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void drop_socket(struct dial *dial)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (dial->poll)
		uv_close((uv_handle_t *)dial->poll, on_poll_closed);
	dial->poll = NULL;
	if (dial->socket < 0)
		return;
	setsockopt(dial->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(dial->socket);
	dial->socket = -1;
}

static void dial_end(struct dial *dial)
{
	struct tcp *tcp = dial->tcp;

	if (dial->previous)
		dial->previous->next = dial->next;
	else
		tcp->first = dial->next;
	if (dial->next)
		dial->next->previous = dial->previous;
	tcp->count--;
	dial->over = true;
	drop_socket(dial);
	if (dial->looking_up)
		uv_cancel((uv_req_t *)&dial->lookup); /* one that runs already ends by itself */
	uv_close((uv_handle_t *)&dial->timer, on_timer_closed);
}

static void settle(struct dial *dial, enum probe_outcome outcome, const char *text)
{
	const struct attempt *attempt = dial->attempt;

	dial_end(dial);
	attempt->done(attempt->context, &(struct attempt_end){.outcome = outcome, .text = text});
}

static void on_timeout(uv_timer_t *timer)
{
	struct dial *dial = timer->data;
	const char *text = "no connection in time";

	if (dial->looking_up)
		text = "the name was not resolved in time";
	else if (dial->connected)
		text = "no answer in time";
	settle(dial, OUTCOME_TIMEOUT, text);
}

/* --- once connected -------------------------------------------------------------------- */

static void settle_otherwise(struct dial *dial)
{
	const struct attempt *attempt = dial->attempt;
	char why[TEXT_MATCH_WHY_SIZE], text[TEXT_MATCH_WHY_SIZE + 16];
	struct text_kept answer = dial->answer;

	dial->answer = (struct text_kept){0};
	text_match_say(attempt->order->tcp->expect_answer, why);
	snprintf(text, sizeof(text), "the answer %s", why);
	dial_end(dial);
	attempt->done(attempt->context,
		&(struct attempt_end){
			.outcome = OUTCOME_CONTENT, .text = text, .quote = answer.bytes});
	text_kept_deinit(&answer);
}

static void judge_answer(struct dial *dial, bool at_end)
{
	const struct text_match *expected = dial->attempt->order->tcp->expect_answer;
	const char *text = dial->answer.bytes ? dial->answer.bytes : "";

	if (text_match_fits(expected, text, dial->answer.length))
		settle(dial, OUTCOME_OK, "");
	else if (at_end && !dial->answer.length)
		settle(dial, OUTCOME_BROKEN, "closed without an answer");
	else if (at_end || text_match_is_decided(expected, text, dial->answer.length))
		settle_otherwise(dial);
}

static void take_answer(struct dial *dial)
{
	char chunk[ANSWER_CHUNK];
	ssize_t count = recv(dial->socket, chunk, sizeof(chunk), 0);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count < 0)
		settle(dial, OUTCOME_BROKEN, strerror(errno));
	else if (text_keep(&dial->answer, chunk, (size_t)count, ANSWER_MAX) < 0)
		judge_answer(dial, true); /* so much, and still not what was expected */
	else
		judge_answer(dial, count == 0);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct dial *dial, int events)
{
	uv_poll_start(dial->poll, events, on_ready);
}

static void send_rest(struct dial *dial)
{
	size_t left = strlen(dial->send) - dial->sent;
	ssize_t count = send(dial->socket, dial->send + dial->sent, left, MSG_NOSIGNAL);

	if (count < 0 && errno != EAGAIN && errno != EINTR) {
		settle(dial, OUTCOME_BROKEN, strerror(errno));
		return;
	}
	dial->sent += count > 0 ? (size_t)count : 0;
	if (!dial->send[dial->sent])
		watch(dial, UV_READABLE);
}

/* --- connecting ------------------------------------------------------------------------ */

static void try_next(struct dial *dial, int error);

static void on_connected(struct dial *dial, int status)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(dial->socket, SOL_SOCKET, SO_ERROR, &error, &size);
	if (!error && status < 0)
		error = EIO;
	if (error) {
		drop_socket(dial);
		dial->address = dial->address->ai_next;
		try_next(dial, error);
		return;
	}
	dial->connected = true;
	if (!dial->attempt->order->tcp->expect_answer)
		settle(dial, OUTCOME_OK, "");
	else if (dial->send)
		send_rest(dial);
	else
		watch(dial, UV_READABLE);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct dial *dial = poll->data;

	(void)events;
	if (!dial->connected)
		on_connected(dial, status); /* which error it was the socket says */
	else if (dial->send && dial->send[dial->sent])
		send_rest(dial);
	else
		take_answer(dial);
}

/* 0, or the error that the address is refused with at once. */
static int begin_connect(struct dial *dial)
{
	const struct addrinfo *address = dial->address;

	dial->socket = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dial->socket < 0)
		return errno;
	if (connect(dial->socket, address->ai_addr, address->ai_addrlen) < 0 &&
		errno != EINPROGRESS)
		return errno;
	dial->poll = must_alloc(sizeof(*dial->poll));
	if (uv_poll_init_socket(dial->tcp->loop, dial->poll, dial->socket) < 0) {
		free(dial->poll);
		dial->poll = NULL;
		return EMFILE;
	}
	dial->poll->data = dial;
	watch(dial, UV_WRITABLE);
	return 0;
}

/* A name may have several addresses: one refusal is not the last word. `error` is the last one. */
static void try_next(struct dial *dial, int error)
{
	for (; dial->address; dial->address = dial->address->ai_next) {
		error = begin_connect(dial);
		if (!error)
			return;
		drop_socket(dial);
	}
	settle(dial, OUTCOME_CONNECT, strerror(error));
}

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
	struct dial *dial = lookup->data;

	dial->looking_up = false;
	dial->found = found;
	if (dial->over) {
		let_go(dial);
		return;
	}
	dial->holds--; /* the timer still holds it */
	dial->address = found;
	if (status < 0)
		settle(dial, OUTCOME_CONNECT, uv_strerror(status));
	else
		try_next(dial, EADDRNOTAVAIL);
}

/* A literal address costs no thread; a name is looked up by one of libuv's. */
static int find_addresses(struct dial *dial, const struct host_port *place, struct fail *fail)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	char port[8];
	int outcome;

	snprintf(port, sizeof(port), "%u", place->port);
	if (getaddrinfo(place->host, port, &hints, &dial->found) == 0) {
		dial->address = dial->found;
		return 0;
	}
	hints.ai_flags = AI_NUMERICSERV;
	dial->found = NULL;
	dial->lookup.data = dial;
	outcome =
		uv_getaddrinfo(dial->tcp->loop, &dial->lookup, on_found, place->host, port, &hints);
	if (outcome < 0)
		return fail_errno(fail, outcome, "the name can't be looked up");
	dial->looking_up = true;
	dial->holds++;
	return 0;
}

/* --- one attempt ----------------------------------------------------------------------- */

static struct dial *dial_new(struct tcp *tcp, const struct attempt *attempt)
{
	struct dial *dial = must_alloc(sizeof(*dial));

	dial->tcp = tcp;
	dial->attempt = attempt;
	dial->socket = -1;
	dial->next = tcp->first;
	if (dial->next)
		dial->next->previous = dial;
	tcp->first = dial;
	tcp->count++;
	uv_timer_init(tcp->loop, &dial->timer);
	dial->timer.data = dial;
	dial->holds = 1;
	return dial;
}

static int begin(void *means, const struct attempt *attempt, struct fail *fail)
{
	const struct tcp_order *order = attempt->order->tcp;
	struct tcp *tcp = means;
	struct host_port place = {0};
	struct dial *dial;

	if (tcp->count == tcp->capacity)
		return fail_set(fail, FAIL_BUSY, "all connections are in use");
	if (parse_address(order->address, &attempt->values, &place, fail) < 0)
		return -1;
	dial = dial_new(tcp, attempt);
	if ((order->send && expand_text(order->send, &attempt->values, &dial->send, fail) < 0) ||
		find_addresses(dial, &place, fail) < 0) {
		dial_end(dial);
		return -1;
	}
	/* uv counts from the beginning of this turn, which may be long over. */
	uv_update_time(tcp->loop);
	uv_timer_start(&dial->timer, on_timeout,
		(uint64_t)((attempt->limit_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
	if (!dial->looking_up)
		try_next(dial, 0);
	return 0;
}

/* --- life ------------------------------------------------------------------------------ */

static int open_means(uv_loop_t *loop, const struct probe_order *order, int capacity,
	void **out_means, struct fail *fail)
{
	struct tcp *tcp = must_alloc(sizeof(*tcp));

	(void)order;
	(void)fail;
	tcp->loop = loop;
	tcp->capacity = capacity;
	*out_means = tcp;
	return 0;
}

static void close_means(void *means)
{
	struct tcp *tcp = means;

	if (!tcp)
		return;
	while (tcp->first)
		dial_end(tcp->first);
	free(tcp);
}

const struct probe_kind probe_kind_tcp = {
	.name = "tcp",
	.descriptors = 1,
	.attempts_max = DIALS_MAX,
	.check = check,
	.open = open_means,
	.close = close_means,
	.begin = begin,
};
