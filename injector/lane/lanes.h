/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_LANES_H
#define BACKBURN_LANE_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "contract/fail.h"
#include "injector/lane/arena.h"
#include "injector/lane/lane.h"

/*
 * All lanes of a keeper: what comes, waits, and leaves. No system call after lanes_new(), and no
 * clock: each function is told the time, which never goes back. Nothing that stands in the shared
 * memory can make it do worse than treat packets wrongly.
 */
struct lanes;

/* `memory` must outlive it. */
struct lanes *lanes_new(struct lane_memory *memory, struct fail *fail);
void lanes_free(struct lanes *lanes);

/* Takes over orders that changed; what is not to wait any more is due at once. Returns whether
 * `now_ns` has reached until_ns. */
bool lanes_look(struct lanes *lanes, int64_t now_ns);

/* From now on nothing waits. */
void lanes_end(struct lanes *lanes);

/* Room for one packet, for readv(): LANE_FRAME_MAX bytes at least. */
const struct iovec *lanes_room(const struct lanes *lanes, int *count);

/* A packet of `length` bytes lies in that room. */
void lanes_take(struct lanes *lanes, size_t length, int64_t now_ns);

/* When the next one is due: INT64_MAX when none waits. */
int64_t lanes_due_ns(const struct lanes *lanes);

/* A packet on its way out. */
struct leaving {
	struct iovec pieces[ARENA_SPARE];
	int count;
	int32_t packet;
	bool early;
};

/* Takes out what is due at `now_ns`; false when nothing is. Ends with lanes_left(). */
bool lanes_let_go(struct lanes *lanes, int64_t now_ns, struct leaving *leaving);

/* It was written, or could not be. `now_ns` is the time after that. */
void lanes_left(struct lanes *lanes, const struct leaving *leaving, bool written, int64_t now_ns);

#endif
