/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_HTTP_SERVER_H
#define BACKBURN_TEST_HTTP_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A small HTTP/1.1 server on loopback, in a thread of the test, that misbehaves on demand. */
enum server_mode {
	SERVER_ANSWERS, /* with `status`; also what was held before */
	SERVER_HOLDS,   /* reads, and answers when it is told to answer again */
	SERVER_BREAKS,  /* closes the connection in place of an answer */
};

enum {
	SERVER_CONNECTIONS_MAX = 600,
	SERVER_REQUEST_MAX = 4096
};

struct server_connection {
	int fd;
	int held; /* requests read and not answered */
	size_t used;
	char buffer[SERVER_REQUEST_MAX];
};

struct http_server {
	uint16_t port;
	_Atomic int mode, status;
	_Atomic(const char *) body; /* of answers */
	_Atomic long accepted, requests;
	/* Text of the request that came last; under the lock. */
	pthread_mutex_t lock;
	char last_request[SERVER_REQUEST_MAX];

	int listener, wake[2];
	pthread_t thread;
	struct server_connection connections[SERVER_CONNECTIONS_MAX];
	size_t count;
};

/* On 127.0.0.1, or on ::1 with `ipv6`; to be ended with http_server_free(). */
struct http_server *http_server_new(bool ipv6);
void http_server_free(struct http_server *server);

void http_server_set(struct http_server *server, enum server_mode mode, int status);

/* Connections of this network namespace to or from the port that wait out their minute. */
int64_t ports_in_time_wait(uint16_t port);

/* A port of 127.0.0.1 on which nobody listens. */
uint16_t unused_port(void);

#endif
