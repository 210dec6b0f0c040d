/* SPDX-License-Identifier: Apache-2.0 */
#include "http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void drop(struct http_server *server, size_t index)
{
	close(server->connections[index].fd);
	server->connections[index] = server->connections[--server->count];
}

static void answer_held(struct http_server *server, struct server_connection *connection)
{
	const char *body = server->body;
	char *text = NULL;
	int length = asprintf(&text, "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n\r\n%s",
		server->status, strlen(body), body);

	assert_true(length > 0);
	for (; connection->held > 0; connection->held--)
		if (send(connection->fd, text, (size_t)length, MSG_NOSIGNAL) != length)
			break;
	free(text);
}

/* The length of the request that the buffer begins with; 0 while it is not complete. */
static size_t request_length(const struct server_connection *connection)
{
	const char *end = strstr(connection->buffer, "\r\n\r\n");
	const char *body = strstr(connection->buffer, "Content-Length: ");
	size_t length;

	if (!end)
		return 0;
	length = (size_t)(end + 4 - connection->buffer);
	if (body && body < end)
		length += strtoul(body + strlen("Content-Length: "), NULL, 10);
	return length <= connection->used ? length : 0;
}

/* False when the connection is to be closed. */
static bool serve(struct http_server *server, struct server_connection *connection)
{
	size_t room = sizeof(connection->buffer) - 1 - connection->used, length;
	ssize_t count = recv(connection->fd, connection->buffer + connection->used, room, 0);

	if (count <= 0)
		return false;
	connection->used += (size_t)count;
	connection->buffer[connection->used] = '\0';
	while ((length = request_length(connection)) > 0) {
		pthread_mutex_lock(&server->lock);
		memcpy(server->last_request, connection->buffer, length);
		server->last_request[length] = '\0';
		pthread_mutex_unlock(&server->lock);
		server->requests++;
		connection->held++;
		connection->used -= length;
		memmove(connection->buffer, connection->buffer + length, connection->used + 1);
	}
	return server->mode != SERVER_BREAKS || connection->held == 0;
}

static void accept_one(struct http_server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (server->count == SERVER_CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	server->connections[server->count] = (struct server_connection){.fd = fd};
	server->count++;
	server->accepted++;
}

static void *serve_all(void *context)
{
	struct http_server *server = context;
	static const size_t fixed = 2;

	for (;;) {
		struct pollfd fds[2 + SERVER_CONNECTIONS_MAX] = {
			{.fd = server->wake[0], .events = POLLIN},
			{.fd = server->listener, .events = POLLIN}};
		size_t count = server->count;
		char byte;

		for (size_t i = 0; i < count; i++)
			fds[fixed + i] =
				(struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
		poll(fds, fixed + count, -1);
		if (fds[0].revents & POLLIN && read(server->wake[0], &byte, 1) == 1 && byte == 'q')
			return NULL;
		/* Backwards: dropping puts the last one in the place of the dropped. */
		for (size_t i = count; i-- > 0;)
			if (fds[fixed + i].revents && !serve(server, &server->connections[i]))
				drop(server, i);
		if (server->mode == SERVER_ANSWERS)
			for (size_t i = 0; i < server->count; i++)
				answer_held(server, &server->connections[i]);
		if (fds[1].revents & POLLIN)
			accept_one(server);
	}
}

static int listen_on_loopback(bool ipv6, uint16_t *out_port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	struct sockaddr *address = ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t length = ipv6 ? sizeof(v6) : sizeof(v4);
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, address, length), 0);
	assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, address, &length), 0);
	*out_port = ntohs(ipv6 ? v6.sin6_port : v4.sin_port);
	return fd;
}

struct http_server *http_server_new(bool ipv6)
{
	struct http_server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	server->listener = listen_on_loopback(ipv6, &server->port);
	server->status = 200;
	server->body = "ok";
	pthread_mutex_init(&server->lock, NULL);
	assert_int_equal(pipe2(server->wake, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve_all, server), 0);
	return server;
}

void http_server_set(struct http_server *server, enum server_mode mode, int status)
{
	server->status = status;
	server->mode = mode;
	assert_int_equal(write(server->wake[1], "w", 1), 1);
}

void http_server_free(struct http_server *server)
{
	assert_int_equal(write(server->wake[1], "q", 1), 1);
	pthread_join(server->thread, NULL);
	while (server->count)
		drop(server, 0);
	close(server->listener);
	close(server->wake[0]);
	close(server->wake[1]);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t unused_port(void)
{
	uint16_t port;

	/* Bound a moment ago and free again: the kernel hands others out first. */
	close(listen_on_loopback(false, &port));
	return port;
}

int64_t ports_in_time_wait(uint16_t port)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	int64_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		FILE *table = fopen(tables[i], "r");
		char line[512];

		while (table && fgets(line, sizeof(line), table)) {
			unsigned int local, remote, state;

			if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x", &local, &remote,
				    &state) == 3 &&
				state == 6 && (local == port || remote == port))
				count++;
		}
		if (table)
			fclose(table);
	}
	return count;
}
