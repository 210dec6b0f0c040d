/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_CLIENT_H
#define BACKBURN_PROBER_CLIENT_H

#include <stddef.h>

#include <uv.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * A workload client: a persistent process in a process group of its own, started from an argument
 * vector without a shell, in a minimal environment (PATH, HOME, LANG, and what the order gives).
 * Its standard input and output are pipes; of its standard error only the last line is kept.
 */
struct client;

struct client_events {
	void (*bytes)(void *context, const char *bytes, size_t count);
	/* It has ended, and all it said has been handed out; `how` is for people. The client is
	 * gone after this call. */
	void (*gone)(void *context, const char *how);
	void *context;
};

struct client_command {
	const struct list *argv; /* of char * */
	const struct list *env;  /* of char *: "NAME=value" */
};

int client_start(uv_loop_t *loop, const struct client_command *command,
	const struct client_events *events, struct client **out, struct fail *fail);

/* Queues bytes for its input; -1, with nothing queued, when it leaves too much unread. */
int client_send(struct client *client, const char *bytes, size_t count);

/* EOF, which asks it to end. */
void client_close_input(struct client *client);

/* The last line of its standard error, cleaned; "" when there is none. */
const char *client_last_words(const struct client *client);

/* Kills its process group now, without waiting. */
void client_kill(struct client *client);

/* Kills it and lets go of it: no more events; its memory goes when it has been reaped. */
void client_discard(struct client *client);

#endif
