/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/both_modes.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/netns/world.h"

enum {
	SKIPPED = 77,
	LOOPBACK = 1,
	TCX_INGRESS = 46
};

struct run {
	const struct world_test *test;
	const char *attach;
	bool supported, ended; /* neither skipped nor failed */
	struct world world;
	char name[128];
};

/* Asked in our own words: an injector that is wrong about it must not make its tests go away. */
static bool kernel_has_tcx(void)
{
	__u32 count = 0;

	return bpf_prog_query(LOOPBACK, (enum bpf_attach_type)TCX_INGRESS, 0, NULL, NULL, &count) ==
		0 ||
		errno != EINVAL;
}

static int set_up(void **state)
{
	struct run *run = *state;

	if (run->supported)
		world_up(&run->world, run->test->nodes, run->attach);
	return 0;
}

static void body(void **state)
{
	struct run *run = *state;

	if (!run->supported) {
		print_message("skipped: this kernel has no %s\n", run->attach);
		skip();
	}
	run->test->fn(&run->world);
	world_assert_unchanged(&run->world);
	run->ended = true;
}

static int tear_down(void **state)
{
	struct run *run = *state;

	if (run->supported)
		world_down(&run->world);
	return 0;
}

/* The runs in one mode; how many. */
static size_t add_runs(
	struct run *runs, const struct world_test *tests, size_t count, const char *attach)
{
	const char *only = getenv("BACKBURN_ATTACH");
	/* To look into one of them: a part of its name. */
	const char *wanted = getenv("BACKBURN_ONLY");
	size_t chosen = 0;
	bool supported = strcmp(attach, "tcx") != 0 || kernel_has_tcx();

	if (only && strcmp(only, attach) != 0) {
		print_message(
			"not run: attached by %s; BACKBURN_ATTACH asks for %s\n", attach, only);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct run *run = &runs[chosen];

		*run = (struct run){.test = &tests[i], .attach = attach, .supported = supported};
		snprintf(run->name, sizeof(run->name), "%s (%s)", tests[i].name, attach);
		chosen += !wanted || strstr(run->name, wanted);
	}
	return chosen;
}

/* Of tests none of which failed. */
static bool all_were_skipped(const struct run *runs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (runs[i].ended)
			return false;
	return true;
}

int run_in_both_modes(const struct world_test *tests, size_t count)
{
	struct CMUnitTest *units;
	struct run *runs;
	int skipped = world_init(), failed;
	size_t used;

	if (skipped)
		return skipped;
	units = calloc(count * 2, sizeof(*units));
	runs = calloc(count * 2, sizeof(*runs));
	if (!units || !runs)
		abort();
	used = add_runs(runs, tests, count, "tcx");
	used += add_runs(runs + used, tests, count, "clsact");
	for (size_t i = 0; i < used; i++)
		units[i] = (struct CMUnitTest){
			.name = runs[i].name,
			.test_func = body,
			.setup_func = set_up,
			.teardown_func = tear_down,
			.initial_state = &runs[i],
		};
	/* Nothing run is nothing shown: a mode that there is not. */
	failed = used ? _cmocka_run_group_tests("both modes", units, used, NULL, NULL) : 1;
	if (!failed && all_were_skipped(runs, used))
		failed = SKIPPED;
	free(units);
	free(runs);
	return failed;
}
