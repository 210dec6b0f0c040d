/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LINK_H
#define BACKBURN_LINK_H

#include <uv.h>

#include "contract/wire.h"

/*
 * A child process that speaks the wire on its stdin and stdout: an injector, a prober or an asker,
 * here or behind a `connect` prefix. Its stderr is passed on line by line, bounded and without
 * control characters.
 *
 * Callbacks run on the loop. After `lost` nothing else is called; every request that was still out
 * has been answered with a failure before. The link then frees itself: it is not to be used again.
 */
struct link;

/* `reply` is NULL when there is none; then `why` says so. */
typedef void link_reply(void *context, const struct wire_message *reply, const struct fail *why);

struct link_options {
	const char *label;       /* for error texts: "injector on n1" */
	const struct list *argv; /* of char *; copied */
	size_t max_line;         /* bytes of a line that the child sends */
	/* Notifications a second; more is a flood, and the child is lost. 0: none come. */
	size_t max_notices;
	void *context;
	void (*notified)(void *context, const struct wire_message *message);
	void (*lost)(void *context, const struct fail *why);
	void (*said)(void *context, const char *line); /* a line of stderr; may be NULL */
};

/* NULL when the child could not be started: FAIL_SYSTEM. */
struct link *link_open(uv_loop_t *loop, const struct link_options *options, struct fail *fail);

/* How long for an answer, and who gets it. */
struct link_wait {
	int64_t timeout_ns;
	link_reply *replied;
	void *context;
};

/* `body` is consumed. The reply comes within the time, or a failure does. */
void link_request(struct link *link, const char *method, cJSON *body, const struct link_wait *wait);

/*
 * Closes the child's stdin, which tells it to heal and exit; after `patience_ns` it gets SIGKILL.
 * The link frees itself when the child is gone; `lost` is not called.
 */
void link_close(struct link *link, int64_t patience_ns);

/* How many links of the process are not gone yet, closing ones included. */
size_t links_alive(void);

#endif
