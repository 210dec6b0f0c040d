/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_OUTPUT_H
#define BACKBURN_PROBER_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "contract/fail.h"

/*
 * Lines to the controller, queued in bounded memory. A controller that takes nothing for a while
 * is gone or stuck; what we would go on measuring nobody would read.
 */
#define OUTPUT_QUEUE_MAX ((size_t)16 * 1024 * 1024)
#define OUTPUT_STUCK_NS (INT64_C(30) * 1000000000)

struct output {
	uv_pipe_t pipe;
	uint64_t accepted;        /* bytes, ever */
	uint64_t taken_before;    /* bytes the reader had taken at the last look */
	int64_t waiting_since_ns; /* since when it has taken none while some wait; 0: none wait */
	bool failed;              /* the pipe is broken, or the queue overflowed */
};

/* Takes over the descriptor, which must be a pipe or a stream socket. */
int output_init(struct output *output, uv_loop_t *loop, int fd, struct fail *fail);

/* Queues one line (with its newline) and frees it. */
void output_send(struct output *output, char *text);

/* True when nobody reads any more: broken, overflowed, or stuck for OUTPUT_STUCK_NS. */
bool output_is_dead(struct output *output, int64_t now_ns);

#endif
