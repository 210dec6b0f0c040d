/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REMOTE_H
#define BACKBURN_REMOTE_H

#include <stddef.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * Runs a program on a host, behind the words of its `connect`, without a shell on our side. ssh
 * joins its words and gives them to a shell at the far end: so they must be fixed and harmless
 * (letters, digits and -./_), and whatever is not goes through `input`.
 */
struct remote_call {
	const struct list *connect; /* of char * */
	const char *const *words;   /* program and arguments, NULL-terminated */
	const void *input;          /* for its standard input, or NULL */
	size_t input_size;
	int patience_s; /* it is ended when nothing moves for that long */
	int longest_s;  /* and after that, whatever moves */
};

enum {
	REMOTE_TEXT_MAX = 64 * 1024 /* what is kept of each output */
};

struct remote_answer {
	int code;        /* exit code, or 128 + signal */
	char *out, *err; /* text, NUL-terminated */
};

/*
 * Fails when the program can't be started (FAIL_SYSTEM), falls silent, does not exit or takes too
 * long (FAIL_PEER): then it has been killed. Its own exit code is no failure. The caller frees with
 * remote_answer_deinit().
 */
int remote_run(const struct remote_call *call, struct remote_answer *out, struct fail *fail);
void remote_answer_deinit(struct remote_answer *answer);

/* The same, and an exit code other than 0 is FAIL_REFUSED with the last line of its stderr. */
int remote_must(const struct remote_call *call, struct remote_answer *out, struct fail *fail);

#endif
