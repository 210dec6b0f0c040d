/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/*
 * Sends a datagram every few milliseconds, for ever: whoever watches the wire sees when it is cut.
 * It holds the port that its counterpart sends to, so that nothing is answered.
 */
enum {
	PORT = 9009,
	EVERY_NS = 4000000
};

int main(int argc, char **argv)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)}, there = here;
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || inet_pton(AF_INET, argv[1], &there.sin_addr) != 1) {
		fprintf(stderr, "usage: ticker ADDRESS\n");
		return 64;
	}
	if (sock < 0 || bind(sock, (struct sockaddr *)&here, sizeof(here)) < 0) {
		perror("ticker");
		return 1;
	}
	for (;;) {
		/* A packet that the neighbour is not there for yet is nobody's loss. */
		(void)!sendto(sock, "tick", 4, 0, (struct sockaddr *)&there, sizeof(there));
		nanosleep(&(struct timespec){.tv_nsec = EVERY_NS}, NULL);
	}
}
