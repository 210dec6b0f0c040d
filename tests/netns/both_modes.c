/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/both_modes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/netns/world.h"

struct run {
	const struct world_test *test;
	const char *attach;
	struct world world;
	char name[128];
};

static int set_up(void **state)
{
	struct run *run = *state;

	world_up(&run->world, run->test->nodes, run->attach);
	return 0;
}

static void body(void **state)
{
	struct run *run = *state;

	run->test->fn(&run->world);
	world_assert_unchanged(&run->world);
}

static int tear_down(void **state)
{
	world_down(&((struct run *)*state)->world);
	return 0;
}

int run_in_both_modes(const struct world_test *tests, size_t count)
{
	static const char *const modes[] = {"tcx", "clsact"};
	struct CMUnitTest *units;
	struct run *runs;
	/* To look into one of them: a part of its name. */
	const char *wanted = getenv("BACKBURN_TEST");
	int skipped = world_init(), failed;
	size_t chosen = 0;

	if (skipped)
		return skipped;
	units = calloc(count * 2, sizeof(*units));
	runs = calloc(count * 2, sizeof(*runs));
	if (!units || !runs)
		abort();
	for (size_t i = 0; i < count * 2; i++) {
		runs[i].test = &tests[i / 2];
		runs[i].attach = modes[i % 2];
		snprintf(runs[i].name, sizeof(runs[i].name), "%s (%s)", tests[i / 2].name,
			modes[i % 2]);
		if (wanted && !strstr(runs[i].name, wanted))
			continue;
		units[chosen++] = (struct CMUnitTest){
			.name = runs[i].name,
			.test_func = body,
			.setup_func = set_up,
			.teardown_func = tear_down,
			.initial_state = &runs[i],
		};
	}
	failed = _cmocka_run_group_tests("both modes", units, chosen, NULL, NULL);
	free(units);
	free(runs);
	return failed;
}
