/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_DRAW_H
#define BACKBURN_CHAOS_DRAW_H

#include <stdbool.h>
#include <stdint.h>

/* Everything that is random in a run of chaos comes from its seed through this (splitmix64). */
struct draw {
	uint64_t state;
};

uint64_t draw_next(struct draw *draw);
/* From `low` to `high`, both included. */
int draw_between(struct draw *draw, int low, int high);
bool draw_percent(struct draw *draw, int percent);

#endif
