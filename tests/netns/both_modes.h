/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_BOTH_MODES_H
#define BACKBURN_TESTS_BOTH_MODES_H

#include <stddef.h>

/*
 * Runs each test twice in a fresh world of `nodes` nodes: attached by tcx, and by clsact. After
 * each, the world must be as it was. On a kernel without tcx that half is skipped, with the reason.
 * BACKBURN_ATTACH in the environment names the one mode to run. Returns what main() returns: 77
 * when all that ran was skipped.
 */
struct world;

struct world_test {
	const char *name;
	void (*fn)(struct world *world);
	int nodes;
};

#define WORLD_TEST(function, count)                                                                \
	{                                                                                          \
		.name = #function, .fn = (function), .nodes = (count)                              \
	}

int run_in_both_modes(const struct world_test *tests, size_t count);

#endif
