/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_ALARM_H
#define BACKBURN_PROBER_ALARM_H

#include <stdint.h>

#include <uv.h>

#include "contract/fail.h"

/*
 * A timer at an absolute instant of CLOCK_MONOTONIC, to the nanosecond. libuv's own timers count
 * in whole milliseconds, which would go straight into every latency that we report.
 */
struct alarm;

int alarm_new(uv_loop_t *loop, void (*ring)(void *context), void *context, struct alarm **out,
	struct fail *fail);
/* The loop must run once more to close what is left. */
void alarm_free(struct alarm *alarm);

/* Rings once at `at_ns`, at once if that is past; INT64_MAX: never. Replaces what was set. */
void alarm_set(struct alarm *alarm, int64_t at_ns);

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t clock_now_ns(void);

#endif
