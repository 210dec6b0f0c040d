/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_READ_BACK_H
#define BACKBURN_PROBER_READ_BACK_H

#include "contract/fail.h"
#include "controller/prober/orders.h"
#include "controller/prober/ranges.h"
#include "controller/prober/reporter.h"

/*
 * Reads a workload's data back while it goes on: each `read_every` a client of its own is told
 * `read`, and what had been acknowledged by then is looked for in its answer. One read at a time:
 * what falls due while one is under way is left out. Each is told as a notification `read_back`.
 */
struct read_backs;

/*
 * All but `out` is borrowed until read_backs_free(). `acked` grows meanwhile by ids that were
 * acknowledged, and is tidied here.
 */
int read_backs_new(const struct workload_order *order, const struct reporter *reporter,
	struct ranges *acked, struct read_backs **out, struct fail *fail);
/* Gives up what is under way, without a word, and begins nothing more. NULL: nothing to do. */
void read_backs_stop(struct read_backs *reads);
void read_backs_free(struct read_backs *reads);
/* Kills the client's process group at once, for the way out. NULL: nothing to do. */
void read_backs_kill(struct read_backs *reads);

#endif
