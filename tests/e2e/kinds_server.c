/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that probes read numbers and names from: kinds_server ADDRESS. On TCP port 9100 it
 * answers any GET with metrics (a queue of 3 jobs, a counter that grows by 2 with each request), or
 * for a path that begins with /api with the result of a Prometheus query, 7; on UDP port 5353 any
 * question with the address it was given.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void answer_request(int fd)
{
	static int counter;
	char request[4096], body[512], answer[1024];
	ssize_t count = recv(fd, request, sizeof(request) - 1, 0);
	int length;

	if (count <= 0)
		return;
	request[count] = '\0';
	counter += 2;
	if (strncmp(request, "GET /api/v1/query?query=", 24) == 0)
		length = snprintf(body, sizeof(body),
			"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
			"\"metric\":{},\"value\":[1,\"7\"]}]}}");
	else
		length = snprintf(body, sizeof(body),
			"queue_depth{queue=\"mail\"} 3\nqueue_depth{queue=\"web\"} 90\n"
			"asked_total %d\n",
			counter);
	length = snprintf(answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", length,
		body);
	if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length)
		perror("send");
	shutdown(fd, SHUT_WR);
}

static void answer_question(int fd, const struct in_addr *address)
{
	static const uint8_t record[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
	uint8_t message[1024];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t length = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &size);

	if (length < 12)
		return;
	message[2] |= 0x80;
	message[3] = 0x80;
	message[7] = 1;
	memcpy(message + length, record, sizeof(record));
	memcpy(message + length + sizeof(record), address, sizeof(*address));
	length += (ssize_t)(sizeof(record) + sizeof(*address));
	sendto(fd, message, (size_t)length, 0, (struct sockaddr *)&from, size);
}

static int bound(int type, const struct in_addr *host, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = *host, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

int main(int argc, char **argv)
{
	const struct timeval patience = {.tv_sec = 1};
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	struct in_addr host;

	if (argc != 2 || inet_pton(AF_INET, argv[1], &host) != 1)
		return 64;
	fds[0].fd = bound(SOCK_STREAM, &host, 9100);
	fds[1].fd = bound(SOCK_DGRAM, &host, 5353);
	if (fds[0].fd < 0 || fds[1].fd < 0 || listen(fds[0].fd, 128) < 0) {
		perror(argv[1]);
		return 70;
	}
	for (;;) {
		int fd;

		poll(fds, 2, -1);
		if (fds[1].revents)
			answer_question(fds[1].fd, &host);
		if (!fds[0].revents)
			continue;
		fd = accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		answer_request(fd);
		close(fd);
	}
}
