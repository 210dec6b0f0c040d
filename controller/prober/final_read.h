/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_FINAL_READ_H
#define BACKBURN_PROBER_FINAL_READ_H

#include <uv.h>

#include "contract/fail.h"
#include "controller/prober/orders.h"

/*
 * The final read of a workload: a client for each target, all at once, is told `read`, and its
 * answer taken in. A target whose client can't be started, ends without an answer, or says nothing
 * in time is a read that failed, with its reason; the others are reported all the same.
 */
struct final_read;

struct final_read_reader {
	uv_loop_t *loop;
	/* Called once with the result, which is borrowed; not from inside final_read_new(). */
	void (*done)(void *context, const struct final_read_result *result);
	void *context;
};

/* Takes over what the order holds (and zeroes it). */
int final_read_new(struct final_read_order *order, const struct final_read_reader *reader,
	struct final_read **out, struct fail *fail);
/* Kills what still runs. May be called from inside done(). */
void final_read_free(struct final_read *all);

/* Kills the clients' process groups at once, for the way out. */
void final_read_kill(struct final_read *all);

#endif
