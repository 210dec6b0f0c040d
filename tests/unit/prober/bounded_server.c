/* SPDX-License-Identifier: Apache-2.0 */
#include "bounded_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/units.h"
#include "harness.h"

struct bounded_server {
	int64_t service_ns;
	int queue_max;
	uint16_t port;
	int listener;
	_Atomic bool stalled, ending;
	pthread_t thread;
	int *queue; /* connections, first in first out */
	int queued;
	int64_t free_at_ns; /* when the request before the first of the queue is done */
};

/* A request is one small packet, and the connection carries no other. */
static void take_in(struct bounded_server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (server->queued == server->queue_max) {
		close(fd);
		return;
	}
	if (server->queued == 0 && server->free_at_ns < harness_now_ns())
		server->free_at_ns = harness_now_ns();
	server->queue[server->queued++] = fd;
}

/* By then its client may be gone: the work was done all the same. */
static void answer_first(struct bounded_server *server)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	char request[4096];

	recv(server->queue[0], request, sizeof(request), MSG_DONTWAIT);
	send(server->queue[0], answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	close(server->queue[0]);
	server->queued--;
	memmove(server->queue, server->queue + 1, (size_t)server->queued * sizeof(int));
}

/* By the clock, not by sleeping: what this machine is late with is made up for. */
static void work(struct bounded_server *server)
{
	if (server->stalled) {
		server->free_at_ns = harness_now_ns();
		return;
	}
	while (server->queued && server->free_at_ns + server->service_ns <= harness_now_ns()) {
		server->free_at_ns += server->service_ns;
		answer_first(server);
	}
}

static void *serve(void *context)
{
	struct bounded_server *server = context;

	while (!server->ending) {
		struct pollfd incoming = {.fd = server->listener, .events = POLLIN};

		if (poll(&incoming, 1, 1) > 0)
			take_in(server);
		work(server);
	}
	return NULL;
}

struct bounded_server *bounded_server_new(int64_t service_ns, int queue_max)
{
	struct bounded_server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);

	assert_non_null(server);
	server->service_ns = service_ns;
	server->queue_max = queue_max;
	server->queue = calloc((size_t)queue_max, sizeof(*server->queue));
	assert_non_null(server->queue);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server->listener, 1024), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	return server;
}

void bounded_server_free(struct bounded_server *server)
{
	server->ending = true;
	pthread_join(server->thread, NULL);
	while (server->queued)
		close(server->queue[--server->queued]);
	close(server->listener);
	free(server->queue);
	free(server);
}

uint16_t bounded_server_port(const struct bounded_server *server)
{
	return server->port;
}

void bounded_server_stall(struct bounded_server *server, bool stalled)
{
	server->stalled = stalled;
}
