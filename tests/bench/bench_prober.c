/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "tests/bench/bench.h"
#include "tests/netns/world.h"
#include "tests/unit/prober/harness.h"

/* One prober against a server on loopback: how late it sends, and what it costs. */

enum {
	SECONDS = 5,
	BACKLOG = 4096,
	EVENTS_MAX = 256,
	REQUEST_MAX = 4096
};

/* --- a server that costs little ------------------------------------------------------------- */

struct server {
	int listener, poll;
	uint16_t port;
	pthread_t thread;
	_Atomic bool ends;
};

/* A request of this prober has no body and comes in one piece: its end is the end of what is read.
 */
static void answer(struct server *server, int fd)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	char request[REQUEST_MAX];
	ssize_t count = recv(fd, request, sizeof(request), 0);

	if (count >= 4 && memcmp(request + count - 4, "\r\n\r\n", 4) == 0) {
		(void)send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
	} else if (count <= 0) {
		epoll_ctl(server->poll, EPOLL_CTL_DEL, fd, NULL);
		close(fd);
	}
}

static void watch(const struct server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

	epoll_ctl(server->poll, EPOLL_CTL_ADD, fd, &event);
}

static void *serve(void *context)
{
	struct server *server = context;
	struct epoll_event events[EVENTS_MAX];

	while (!server->ends) {
		int count = epoll_wait(server->poll, events, EVENTS_MAX, 20), fd;

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd != server->listener) {
				answer(server, events[i].data.fd);
				continue;
			}
			fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0) {
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
				watch(server, fd);
			}
		}
	}
	return NULL;
}

static void server_begin(struct server *server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);

	*server = (struct server){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.poll = epoll_create1(EPOLL_CLOEXEC)};
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server->listener, BACKLOG), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	watch(server, server->listener);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

/* The prober is gone by now, and with it its connections. */
static void server_end(struct server *server)
{
	server->ends = true;
	pthread_join(server->thread, NULL);
	close(server->listener);
	close(server->poll);
}

/* --- the prober ------------------------------------------------------------------------------ */

static int64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

static void add_lags(const struct harness *harness, struct series *lags)
{
	for (size_t i = 0; i < harness->note_count; i++) {
		struct probe_window window;
		struct fail fail = FAIL_INIT;

		if (shape_decode(&probe_window_shape, harness->notes[i].body, "", &window, &fail) <
			0)
			continue;
		if (window.count > 0)
			series_add(lags, window.lag_max_ns);
		shape_free(&probe_window_shape, &window);
	}
}

/* Windows of 100 ms; what is in them is looked at afterwards, for these cores are the prober's too.
 */
static int has_windows(const struct harness *harness, const void *unused)
{
	(void)unused;
	return harness->note_count >= SECONDS * 10;
}

struct measured {
	struct series lags;
	struct probe_sum sum;
	double share; /* of a core */
};

static void measure(double rate, struct measured *out)
{
	struct server server;
	struct harness *harness = harness_new(0);
	int64_t before_ns = cpu_ns();
	char rest[128];

	server_begin(&server);
	snprintf(rest, sizeof(rest), "\"targets\":[{}],\"http\":{\"url\":\"http://127.0.0.1:%u/\"}",
		server.port);
	harness_probe(harness, rate, "1s", rest);
	harness_await(harness, has_windows, NULL);
	out->sum = harness_stop(harness);
	add_lags(harness, &out->lags);
	assert_int_equal(harness_end(harness), 0);
	server_end(&server);
	out->share = (double)(cpu_ns() - before_ns) / (double)(out->sum.end_ns - out->sum.start_ns);
}

void bench_prober(struct page *page)
{
	static const double rates[] = {500, 2000, 5000};
	struct measured measured[3] = {0};
	char what[64];

	page_chapter(page, "How fast one prober can ask",
		"`backburn probe` asks a server on loopback (a thread of the bench, on the same "
		"cores) "
		"at a\n"
		"constant rate for five seconds, over connections that stay. Its send lag, from "
		"the "
		"intended\n"
		"instant to the real one, is the longest in each 100 ms.");
	for (size_t i = 0; i < 3; i++)
		measure(rates[i], &measured[i]);
	page_times(page, NULL);
	for (size_t i = 0; i < 3; i++) {
		snprintf(what, sizeof(what), "longest lag in 100 ms, %.0f a second", rates[i]);
		page_time(page, what, &measured[i].lags, NULL);
		series_free(&measured[i].lags);
	}
	page_facts(page);
	for (size_t i = 0; i < 3; i++) {
		const struct probe_sum *sum = &measured[i].sum;

		snprintf(what, sizeof(what), "%.0f a second", rates[i]);
		page_fact(page, what,
			"%lld events, %lld ok, %lld sent more than 100 ms late; %.1f %% of a core",
			(long long)sum->events, (long long)sum->outcomes[OUTCOME_OK],
			(long long)sum->late, 100 * measured[i].share);
	}
}
