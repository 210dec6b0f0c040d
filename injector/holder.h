/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOLDER_H
#define BACKBURN_INJECTOR_HOLDER_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * One session per network namespace: RUNTIME/<netns cookie>/lock, held by a file lock, with the
 * holder's words inside for whoever comes second.
 */
struct holder {
	char *session, *controller;
	int64_t pid, start_ticks;
};
extern const struct shape holder_shape;

/* FAIL_BUSY, with the holder's name and process, when somebody holds it. */
int holder_take(const char *runtime_dir, uint64_t cookie, const struct holder *holder,
	int *out_lock, struct fail *fail);

/* Gives the lock back and removes what is empty then. A lock of -1 is none. */
void holder_release(const char *runtime_dir, uint64_t cookie, int lock);

/* Who is written there, whether the lock is held or not; -1 when nobody is, or it can't be read. */
int holder_read(const char *runtime_dir, uint64_t cookie, struct holder *out, struct fail *fail);

#endif
