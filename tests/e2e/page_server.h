/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_PAGE_SERVER_H
#define BACKBURN_TEST_PAGE_SERVER_H

#include <pthread.h>
#include <stdint.h>

/* Pages for a browser, each under a policy of its own, as CI servers send archived files. */

struct page {
	const char *path, *type, *policy;
	const char *body;
};

struct server {
	struct page pages[16]; /* ends with path NULL */
	int listener, stop[2];
	uint16_t port;
	pthread_t thread;
};

/* On a port of its own of 127.0.0.1; the pages must stay where they are. Both assert. */
void server_start(struct server *server);
void server_stop(struct server *server);

#endif
