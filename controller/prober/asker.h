/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ASKER_H
#define BACKBURN_ASKER_H

#include "contract/shape.h"

/*
 * `backburn ask`: an unprivileged child, here or behind a `connect` prefix, that fetches URLs for
 * the controller, or runs programs (asker_run.h): a group's `where` is asked at the candidate
 * itself, which always reaches itself. Wire on stdin and stdout; two methods, `get` and `run`. End
 * of stdin ends it.
 */
struct http_tls;

struct ask_get {
	char *url;
	int64_t timeout_ns;
	struct http_tls *tls; /* NULL: https as every client of that host speaks it */
};

struct ask_answer {
	int64_t status;
	char *body; /* at most ASK_BODY_MAX bytes */
};

enum {
	ASK_BODY_MAX = 512 * 1024
};

extern const struct shape ask_get_shape, ask_answer_shape;

/* The subcommand. Returns the exit code: 0 at the end of stdin, 70 for what breaks the contract. */
int asker_main(void);

#endif
