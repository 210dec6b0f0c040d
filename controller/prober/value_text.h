/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_VALUE_TEXT_H
#define BACKBURN_PROBER_VALUE_TEXT_H

#include <stdint.h>

#include "contract/fail.h"

/*
 * Values of events in their order, as one text with a blank between each two: "12 0.5 - 13". What
 * has none is "-". Numbers come back as they were, to the last bit. In memory that is NAN.
 */

/* The text for `count` events, each value finite or NAN; the caller frees. */
char *value_text_format(const double *values, int64_t count);

/*
 * Takes the next value from *cursor and moves it on. Returns 1 with a value or NAN, 0 at the end,
 * -1 with FAIL_PEER for text that is none of this.
 */
int value_text_next(const char **cursor, double *out_value, struct fail *fail);

#endif
