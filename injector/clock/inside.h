/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_INSIDE_H
#define BACKBURN_INJECTOR_CLOCK_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

struct tracee;

struct span {
	uint64_t from, to;
};

/*
 * Whether a thread that is held is in `body`, or will come back to it: it was called from there and
 * is in `around`, or a signal has interrupted it in one of both and its handler still runs. What
 * stacks say may be stale, so a yes may be wrong; then another moment says no.
 */
bool inside_any(const struct tracee *tracee, struct span body, struct span around);

#endif
