/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_PACE_H
#define BACKBURN_TESTS_PACE_H

#include <stdlib.h>

/*
 * How many times less a test does that repeats itself, so that it ends in its time where each step
 * takes longer: 64 under valgrind, 4 with AddressSanitizer, else 1. With BACKBURN_LONG 1 too, but
 * not under valgrind.
 */
static inline unsigned pace(void)
{
	if (getenv("BACKBURN_VALGRIND"))
		return 64;
#if defined(__SANITIZE_ADDRESS__)
	if (!getenv("BACKBURN_LONG"))
		return 4;
#endif
	return 1;
}

#endif
