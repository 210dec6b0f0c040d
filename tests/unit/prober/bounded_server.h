/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_BOUNDED_SERVER_H
#define BACKBURN_TEST_BOUNDED_SERVER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An HTTP server on loopback that can do so much and no more: one request after the other, each of
 * which takes its time, from a queue of bounded length. Like most servers it does not know that a
 * client has given up, and works for nobody then. What finds the queue full is closed.
 */
struct bounded_server;

struct bounded_server *bounded_server_new(int64_t service_ns, int queue_max);
void bounded_server_free(struct bounded_server *server);

uint16_t bounded_server_port(const struct bounded_server *server);

/* While it is stalled it takes requests in and answers none. */
void bounded_server_stall(struct bounded_server *server, bool stalled);

#endif
