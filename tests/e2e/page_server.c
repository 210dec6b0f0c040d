/* SPDX-License-Identifier: Apache-2.0 */
#include "page_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct page *page_at(const struct server *server, const char *request)
{
	for (const struct page *page = server->pages; page->path; page++) {
		size_t length = strlen(page->path);

		if (strncmp(request, "GET ", 4) == 0 &&
			strncmp(request + 4, page->path, length) == 0 && request[4 + length] == ' ')
			return page;
	}
	return NULL;
}

static void send_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		length -= (size_t)sent;
	}
}

static void answer(const struct server *server, int fd)
{
	char request[4096] = "", head[512];
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	size_t used = 0;
	const struct page *page;

	/* Browsers open connections that they may never use. */
	while (!strstr(request, "\r\n\r\n") && used < sizeof(request) - 1) {
		ssize_t got;

		if (poll(&poller, 1, 300) <= 0)
			return;
		got = recv(fd, request + used, sizeof(request) - 1 - used, 0);
		if (got <= 0)
			return;
		used += (size_t)got;
		request[used] = '\0';
	}
	page = page_at(server, request);
	snprintf(head, sizeof(head),
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n%s%s\r\n\r\n",
		page ? "200 OK" : "404 Not Found", page ? page->type : "text/plain",
		page ? strlen(page->body) : 0,
		page && page->policy ? "Content-Security-Policy: " : "X-Policy: none",
		page && page->policy ? page->policy : "");
	send_all(fd, head, strlen(head));
	if (page)
		send_all(fd, page->body, strlen(page->body));
}

static void *serve(void *context)
{
	const struct server *server = context;
	struct pollfd pollers[] = {{.fd = server->listener, .events = POLLIN},
		{.fd = server->stop[0], .events = POLLIN}};

	while (poll(pollers, 2, -1) > 0 && !pollers[1].revents) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		answer(server, fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

void server_start(struct server *server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);

	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->listener >= 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server->listener, 64), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pipe2(server->stop, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void server_stop(struct server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->listener);
}
