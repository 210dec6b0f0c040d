/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HALT_H
#define BACKBURN_HALT_H

#include <stddef.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * The emergency stop of an environment, as it lies in a file: beside the run directories, and as a
 * mark at each of the environment's hosts. As long as one of these is there, runs are refused,
 * and those under way stop. One that can't be read or understood counts as engaged.
 */
struct halt {
	char *environment;
	char *by;      /* who, to people: "root on gate" */
	char *because; /* in one line */
	char *since;   /* UTC, like "2026-01-31T23:59:30Z" */
};
extern const struct shape halt_shape;

enum {
	HALT_BYTES_MAX = 4096, /* of a file */
	HALT_BECAUSE_MAX = 200,
	HALT_TEXT_MAX = 640
};

enum halt_action {
	HALT_ENGAGE,
	HALT_RELEASE,
	HALT_STATUS
};

/* What the controller asks of a host: on standard input of `backburn-injector halt`. */
struct halt_order {
	int action; /* enum halt_action */
	struct halt *halt;
};
extern const struct shape halt_order_shape;

/* FAIL_USAGE: empty, longer than HALT_BECAUSE_MAX bytes, or with control characters in it. */
int halt_check_because(const char *because, struct fail *fail);

/* "halt engaged by root on gate because the pager went off (environment etcd, since …)". */
void halt_say(const struct halt *halt, char text[HALT_TEXT_MAX]);

/* The same of a file's text; what is no halt counts as one that can't be read. */
void halt_say_file(const char *path, const char *content, size_t length, char text[HALT_TEXT_MAX]);

/* The same for a file that can't be read: safety first. */
void halt_say_unreadable(const char *path, const struct fail *why, char text[HALT_TEXT_MAX]);

#endif
