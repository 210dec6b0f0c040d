/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_TIME_H
#define BACKBURN_LAB_TIME_H

#include <stdint.h>

/* CLOCK_MONOTONIC. */
int64_t lab_now_ns(void);

/* May return early when a signal is handled. */
void lab_sleep_ns(int64_t length_ns);

#endif
