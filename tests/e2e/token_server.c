/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that demands a token: token_server ADDRESS PORT HASH. A request is welcome when the
 * value of its Authorization header has that hash (FNV-1a, 64 bits, hexadecimal), so that the
 * token itself stands in no argument. To everybody else it is hostile: 401, and the body tells
 * what came.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t hash_of(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* The whole request's head, one at a time: it is small, and the client waits for the answer. */
static void serve(int fd, uint64_t wanted)
{
	char request[8192], answer[16384];
	size_t used = 0;
	ssize_t count;

	while ((count = recv(fd, request + used, sizeof(request) - 1 - used, 0)) > 0) {
		const char *token;
		int length;

		used += (size_t)count;
		request[used] = '\0';
		if (!strstr(request, "\r\n\r\n"))
			continue;
		token = strstr(request, "\r\nAuthorization: ");
		token = token ? token + strlen("\r\nAuthorization: ") : "";
		if (hash_of(token, strcspn(token, "\r")) == wanted)
			length = snprintf(answer, sizeof(answer),
				"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"
				"welcome");
		else
			length = snprintf(answer, sizeof(answer),
				"HTTP/1.1 401 No\r\nConnection: close\r\n\r\nyou sent %s", request);
		if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length)
			perror("send");
		break;
	}
	shutdown(fd, SHUT_WR);
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 4 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1)
		return 64;
	address.sin_port = htons((uint16_t)atoi(argv[2]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 128) < 0) {
		perror(argv[1]);
		return 70;
	}
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		const struct timeval patience = {.tv_sec = 1};

		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		serve(fd, strtoull(argv[3], NULL, 16));
	}
}
