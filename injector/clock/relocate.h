/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_RELOCATE_H
#define BACKBURN_INJECTOR_CLOCK_RELOCATE_H

#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"

/* Instructions at the beginning of a function, moved elsewhere. Pure; x86-64. */
enum {
	JUMP_BYTES = 5, /* what takes their place: jmp rel32 */
	RELOCATED_MAX = 64
};

struct code {
	const uint8_t *bytes; /* borrowed */
	size_t length;
	uint64_t address; /* where they run */
};

/*
 * Writes whole instructions, at least as many as a jump needs, so that they do the same at `to`,
 * and behind them a jump to the rest. FAIL_REFUSED when they can't be moved: a jump or call among
 * them, or one elsewhere in the function that leads into their middle, or `to` is too far away.
 */
int relocate_prologue(const struct code *function, uint64_t to, uint8_t out[static RELOCATED_MAX],
	size_t *out_length, struct fail *fail);

/* jmp rel32; FAIL_REFUSED when it is too far. */
int relocate_jump(uint64_t from, uint64_t to, uint8_t out[static JUMP_BYTES], struct fail *fail);

#endif
