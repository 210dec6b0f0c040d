/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_PROBE_KIND_H
#define BACKBURN_PROBER_PROBE_KIND_H

#include <stdint.h>

#include <uv.h>

#include "contract/fail.h"
#include "controller/prober/expand.h"
#include "controller/prober/orders.h"

/*
 * What kinds of probes differ in: how one event is sent, and what tells whether it ended well.
 * The open loop, targets, windows and statistics are the same for all (probe.c). A new kind is a
 * member of struct probe_order, one file, and a row in probe_kind_of().
 */

/*
 * How an attempt ended. `text` says what was wrong, in our words. `quote` is what others said:
 * the far end, a program, a library that was given names. It may hold what was sent, in any
 * encoding, so it is not reported where a secret was sent. Both borrowed; NULL: nothing.
 */
struct attempt_end {
	enum probe_outcome outcome;
	const char *text, *quote;
	const double *value; /* of an OK attempt of a probe that reads one; else NULL. Borrowed */
};

/* One event under way. Owned by the probe; it stays until done() or close(). */
struct attempt {
	const struct probe_order *order;
	struct event_values values;
	int64_t limit_ns; /* from begin() on; a bit more is no harm: the probe looks at the clock */
	/* Once, possibly from inside begin() or flush(). */
	void (*done)(void *context, const struct attempt_end *end);
	void *context;
};

struct probe_kind {
	const char *name;
	int descriptors;  /* that one attempt may take */
	int attempts_max; /* at once, whatever rate and timeout are */

	/* Whether the order makes sense and its texts can be expanded with `values`. May complete
	 * the order. FAIL_USAGE, or FAIL_REFUSED for what this host lacks. */
	int (*check)(
		struct probe_order *order, const struct event_values *values, struct fail *fail);
	/* `order` is borrowed until close(). At most `capacity` attempts at once. */
	int (*open)(uv_loop_t *loop, const struct probe_order *order, int capacity,
		void **out_means, struct fail *fail);
	/* Ends all attempts without a call; the loop must run once more. NULL is nothing. */
	void (*close)(void *means);
	/* -1 when the prober itself can't begin it: done() is not called then. */
	int (*begin)(void *means, const struct attempt *attempt, struct fail *fail);
	/* Begins at once what begin() has queued; NULL where it queues nothing. */
	void (*flush)(void *means);
};

extern const struct probe_kind probe_kind_http, probe_kind_tcp, probe_kind_exec, probe_kind_dns,
	probe_kind_kernel;

/* NULL when the order names none, or several. */
const struct probe_kind *probe_kind_of(const struct probe_order *order);

/* Expands a text that may be absent and throws the result away; the error says `what` it is. */
int probe_try_text(
	const char *text, const struct event_values *values, const char *what, struct fail *fail);

#endif
