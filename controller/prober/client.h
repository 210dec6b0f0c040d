/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_CLIENT_H
#define BACKBURN_PROBER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * A program that a workload or a probe runs: a process in a process group of its own, started from
 * an argument vector without a shell, in a minimal environment (PATH, HOME, LANG, and what the
 * order gives). Its standard input and output are pipes; of its standard error only the last line
 * is kept. What is left of its group when it ends is killed.
 */
struct client;

struct client_end {
	int signal;             /* that killed it, or 0: */
	int64_t status;         /* the exit status */
	const char *how;        /* for people: "the client exited with status 3" */
	const char *last_words; /* the last line of its standard error, cleaned; "": none */
};

struct client_events {
	/* NULL: its output goes to /dev/null. */
	void (*bytes)(void *context, const char *bytes, size_t count);
	/* It has ended, and all it said has been handed out. The client is gone after this call. */
	void (*gone)(void *context, const struct client_end *end);
	void *context;
};

struct client_command {
	const struct list *argv; /* of char * */
	const struct list *env;  /* of char *: "NAME=value" */
	const char *name;        /* what errors call it: "the client"; static */
	bool no_input;           /* its input is /dev/null */
};

/* The PATH that programs are looked up in, and that they get. */
const char *client_search_path(void);

int client_start(uv_loop_t *loop, const struct client_command *command,
	const struct client_events *events, struct client **out, struct fail *fail);

/* Queues bytes for its input; -1, with nothing queued, when it leaves too much unread. */
int client_send(struct client *client, const char *bytes, size_t count);

/* EOF behind what has been sent, which asks it to end. */
void client_close_input(struct client *client);

/* The last line of its standard error, cleaned; "" when there is none. */
const char *client_last_words(const struct client *client);

/* Kills its process group now, without waiting. */
void client_kill(struct client *client);

/* Kills it and lets go of it: no more events; its memory goes when it has been reaped. */
void client_discard(struct client *client);

#endif
