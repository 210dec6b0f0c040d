/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/world.h"

enum {
	LOST_AFTER_MS = 250,
	CONNECT_WITHIN_MS = 10000,
	ANY_PORT = 7777
};

static int open_netns(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(file >= 0);
	return file;
}

int world_enter(const struct world *world, int node)
{
	int home = open_netns("/proc/self/ns/net"), there;
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", world_netns(world, node));
	there = open_netns(path);
	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	close(there);
	return home;
}

void world_leave(int home)
{
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	close(home);
}

int world_socket_of(const struct world *world, int node, int family, int type, int protocol)
{
	int home = world_enter(world, node);
	int sock = socket(family, type | SOCK_CLOEXEC, protocol), error = errno;

	world_leave(home);
	errno = error;
	return sock;
}

int world_socket(const struct world *world, int node, int family, int type)
{
	int sock = world_socket_of(world, node, family, type, 0);

	assert_true(sock >= 0);
	return sock;
}

socklen_t sockaddr_of(const char *address, int family, int port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (family == AF_INET) {
		struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;

		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons((uint16_t)port);
		assert_int_equal(inet_pton(AF_INET, address, &ipv4->sin_addr), 1);
		return sizeof(*ipv4);
	}
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;

	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons((uint16_t)port);
	assert_int_equal(inet_pton(AF_INET6, address, &ipv6->sin6_addr), 1);
	return sizeof(*ipv6);
}

socklen_t world_sockaddr(int node, int family, int port, struct sockaddr_storage *out)
{
	return sockaddr_of(world_address(node, family), family, port, out);
}

static bool readable(int sock, int within_ms)
{
	struct pollfd wait = {.fd = sock, .events = POLLIN};

	return poll(&wait, 1, within_ms) == 1;
}

struct way {
	int from, to, family, port;
};

static bool datagram_arrives(const struct world *world, const struct way *way, int within_ms)
{
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(way->to, way->family, way->port, &address);
	int receiver = world_socket(world, way->to, way->family, SOCK_DGRAM);
	int sender = world_socket(world, way->from, way->family, SOCK_DGRAM);
	int64_t give_up = now_ns() + within_ms * 1000000LL;
	bool arrived = false;
	int error = 0;
	socklen_t error_size = sizeof(error);

	assert_int_equal(bind(receiver, (struct sockaddr *)&address, size), 0);
	do {
		/* Connected, so that an ICMP error would come back as an error of the socket. */
		assert_int_equal(connect(sender, (struct sockaddr *)&address, size), 0);
		assert_int_equal(send(sender, "x", 1, 0), 1);
		arrived = readable(receiver, LOST_AFTER_MS);
	} while (!arrived && now_ns() < give_up);
	assert_int_equal(getsockopt(sender, SOL_SOCKET, SO_ERROR, &error, &error_size), 0);
	assert_int_equal(error, 0);
	close(sender);
	close(receiver);
	return arrived;
}

bool udp_passes(const struct world *world, int from, int to, int family, int port)
{
	struct way way = {.from = from, .to = to, .family = family, .port = port};

	return datagram_arrives(world, &way, 0);
}

bool udp_passes_within(const struct world *world, int from, int to, int family, int within_ms)
{
	struct way way = {.from = from, .to = to, .family = family, .port = ANY_PORT};

	return datagram_arrives(world, &way, within_ms);
}

void udp_send(const struct world *world, int from, const char *ipv4, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int sender = world_socket(world, from, AF_INET, SOCK_DGRAM);

	assert_int_equal(inet_pton(AF_INET, ipv4, &address.sin_addr), 1);
	assert_int_equal(
		sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)), 1);
	close(sender);
}

struct tcp_pair tcp_connect(const struct world *world, int from, int to, int family, int port)
{
	struct tcp_pair pair = {
		.listener = world_socket(world, to, family, SOCK_STREAM),
		.client = world_socket(world, from, family, SOCK_STREAM),
	};
	struct sockaddr_storage address;
	socklen_t size = world_sockaddr(to, family, port, &address);
	int yes = 1;

	setsockopt(pair.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(pair.listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(pair.listener, 1), 0);
	assert_int_equal(connect(pair.client, (struct sockaddr *)&address, size), 0);
	pair.server = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair.server >= 0);
	assert_int_equal(send(pair.client, "ping", 4, 0), 4);
	assert_true(tcp_receives(pair.server, 4, CONNECT_WITHIN_MS));
	assert_int_equal(send(pair.server, "pong", 4, 0), 4);
	assert_true(tcp_receives(pair.client, 4, CONNECT_WITHIN_MS));
	return pair;
}

void tcp_close(struct tcp_pair *pair)
{
	close(pair->client);
	close(pair->server);
	close(pair->listener);
}

bool tcp_receives(int sock, size_t bytes, int within_ms)
{
	int64_t give_up = now_ns() + within_ms * 1000000LL;

	while (bytes) {
		int left_ms = (int)((give_up - now_ns()) / 1000000);
		char buffer[4096];
		ssize_t got;

		if (left_ms < 0 || !readable(sock, left_ms))
			return false;
		got = recv(sock, buffer, bytes < sizeof(buffer) ? bytes : sizeof(buffer), 0);
		assert_true(got > 0);
		bytes -= (size_t)got;
	}
	return true;
}

int tcp_backoff(int sock)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	assert_int_equal(getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	return info.tcpi_backoff;
}
