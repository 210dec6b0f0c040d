/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_ATTEMPTS_TEXT_H
#define BACKBURN_PROBER_ATTEMPTS_TEXT_H

#include <stdint.h>

#include "contract/fail.h"

/*
 * How many attempts requests took, in their order, as one text: "25*1 2*3" is 25 requests of one
 * attempt each and two of three. A request that could not be begun has 0.
 */

/* The text for `count` requests; the caller frees. */
char *attempts_text_format(const uint8_t *attempts, int64_t count);

/*
 * Takes the next run from *cursor and moves it on. Returns 1 with a run, 0 at the end, -1 with
 * FAIL_PEER for text that is none of this.
 */
int attempts_text_next(
	const char **cursor, int64_t *out_attempts, int64_t *out_count, struct fail *fail);

#endif
