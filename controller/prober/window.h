/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_WINDOW_H
#define BACKBURN_PROBER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/shape.h"
#include "controller/prober/orders.h"
#include "controller/prober/schedule.h"

/*
 * Report windows of one probe: events are put into windows by their intended time, settle in any
 * order, and windows come out in order and gapless once all their events have settled. Pure.
 */
struct window; /* one that is not finished yet */

/* A reading of a counter, and when it came. */
struct reading {
	double value; /* NAN: none yet */
	int64_t at_ns;
};

struct windows {
	struct schedule schedule;
	int64_t window_ns;
	const struct list *classes; /* of struct probe_class, borrowed */
	int64_t opened;             /* number of windows opened so far */
	int64_t stop_ns;            /* INT64_MAX until windows_stop() */
	int64_t late_ns;            /* a longer send lag is late; set by the caller; 0: none is */
	bool reads_values;          /* set by the caller, before the first event */
	bool per_second;            /* likewise: values are readings of a counter */
	size_t target_count;        /* likewise: of a load, whose attempts are counted; else 0 */
	struct reading earlier;     /* per_second: of the windows that have been taken */
	struct window *first, *last;
};

void windows_init(struct windows *windows, struct schedule schedule, int64_t window_ns,
	const struct list *classes);
void windows_deinit(struct windows *windows);

/*
 * Nothing is due from `at_ns` on: the window that holds it is cut short there and is the last.
 * No event due at or after it may have been begun; those due before must all settle as ever.
 */
void windows_stop(struct windows *windows, int64_t at_ns);

/* The event, or an attempt of it, was sent so long after its intended instant. Before it settles.
 */
void windows_sent(struct windows *windows, int64_t index, int64_t lag_ns);

/* What the event read, finite; before it settles, as OK. */
void windows_read(struct windows *windows, int64_t index, double value);

/*
 * Of a load, before the request settles: an attempt of it at the target with that index has ended;
 * a retry of it was not made because the budget was used up.
 */
void windows_attempted(struct windows *windows, int64_t index, size_t target, bool ok);
void windows_withheld(struct windows *windows, int64_t index);

/*
 * How an event ended; once for each, in any order. `latency_ns` counts from the intended send.
 * `error` (NULL for none) is what to report as the window's last error: copied, cut, cleaned.
 */
void windows_settle(struct windows *windows, int64_t index, enum probe_outcome outcome,
	int64_t latency_ns, const char *error);

/*
 * The next finished window: its end has passed and all its events have settled. Returns 0 and
 * fills *out (free with shape_free(&probe_window_shape, …); probe, target and the
 * names of shares, which come in the order of targets, stay NULL for the caller to fill); -1 when
 * there is none yet.
 */
int windows_take(struct windows *windows, int64_t now_ns, struct probe_window *out);

/* The end of the window to be finished next: call windows_take() again then. INT64_MAX: none. */
int64_t windows_next_end_ns(const struct windows *windows);

/* True after windows_stop() when the last window has been taken. */
bool windows_done(const struct windows *windows);

#endif
