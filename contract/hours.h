/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HOURS_H
#define BACKBURN_HOURS_H

#include <stdbool.h>

#include "contract/fail.h"
#include "contract/shape.h"

/* Times of the week at which something is allowed, as hosts' policies and scenarios state them. */
struct hours {
	struct list days; /* of int, 0 = Monday */
	char *from, *to;  /* "09:00", local time of `zone` */
	char *zone;       /* "Europe/Berlin", "UTC" */
};
extern const struct shape hours_shape;

/*
 * What the table can't say: `from` before `to`, and a zone that this machine knows. `exists` tells
 * whether a file does. FAIL_BAD_FILE with a path below `path`.
 */
int hours_check(const struct hours *hours, bool (*exists)(const char *file), const char *path,
	struct fail *fail);

/*
 * True when a stretch of time lies inside, on one day of those named: CLOCK_REALTIME, in
 * nanoseconds. For a process with one thread: the C library knows one zone at a time.
 */
bool hours_cover(const struct hours *hours, int64_t from_ns, int64_t to_ns);

#endif
