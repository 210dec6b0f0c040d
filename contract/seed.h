/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SEED_H
#define BACKBURN_SEED_H

#include <stdint.h>

/* What is drawn by chance is drawn from seeds, so that a run can be had again. Pure. */

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t seed_next(uint64_t *state);

/*
 * A fault's own seed, from the scenario's and its id: FNV-1a over the id, started with the
 * scenario's seed, then one step of splitmix64; 0 to 2^63 − 1. It stands in journals and orders,
 * and must never change: the same scenario draws the same packets with every version.
 */
int64_t seed_of_fault(int64_t scenario_seed, const char *id);

#endif
