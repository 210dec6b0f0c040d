/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_RUNS_H
#define BACKBURN_PROBER_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"

/* Run-length text of good and bad events in order: "g25b3g2"; "" for no event. */

/* The text for `count` events; the caller frees. */
char *runs_format(const bool *good, int64_t count);

/*
 * Takes the next run from *cursor and moves it on. Returns 1 with a run, 0 at the end, -1 with
 * FAIL_PEER for text that is none: another letter, a count that is missing, zero or above 2^53.
 */
int runs_next(const char **cursor, bool *out_good, int64_t *out_count, struct fail *fail);

#endif
