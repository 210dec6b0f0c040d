/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/world.h"

/*
 * The clock is the whole machine's: an injector in a network namespace, as a lab's nodes have them,
 * never steps it, whoever asks. That it is stepped and set right is shown where a machine can be
 * had for it (tests/vm/test_guest_clock.c), and nowhere else.
 */
#define SECOND INT64_C(1000000000)

static int64_t at_ns(clockid_t clock)
{
	struct timespec now;

	assert_int_equal(clock_gettime(clock, &now), 0);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* Only who steps the clock changes this. */
static int64_t wall_from_boot_ns(void)
{
	return at_ns(CLOCK_REALTIME) - at_ns(CLOCK_BOOTTIME);
}

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world_up(world, 2, "clsact");
	*state = world;
	return 0;
}

static int finish(void **state)
{
	struct world *world = *state;

	world_assert_unchanged(world);
	world_down(world);
	free(world);
	return 0;
}

/* Where process 1 can't be looked into, that is a reason as well. */
static void assert_reason(const char *text)
{
	if (!strstr(text, "of its own") && !strstr(text, "it can't be told"))
		fail_msg("%s", text);
}

static void assert_refused(struct injector *injector, const char *verb)
{
	bool arm = strcmp(verb, "arm") == 0;
	int64_t start_ns = now_ns() + SECOND / 10;
	char *text = injector_refusal(injector, verb,
		"{\"id\":\"s\",\"fault\":\"clock_step\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"offset\":\"+1h\"},\"on\":[{\"node\":\"a\",\"prefixes\":[]}],"
		"\"from\":[],\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		arm ? start_ns : 0, arm ? start_ns + 10 * SECOND : 0);

	assert_reason(text);
	free(text);
}

static void the_nodes_of_a_lab_have_no_clock_of_their_own(void **state)
{
	struct world *world = *state;
	int64_t before_ns = wall_from_boot_ns();
	bool noted = access("/var/lib/backburn/clock_step", F_OK) == 0;
	struct injector *injector = injector_greeted(world, NODE_A, "30s");

	assert_refused(injector, "inspect");
	assert_refused(injector, "arm");
	assert_int_equal(injector_finish(injector), 0);
	assert_true(llabs(wall_from_boot_ns() - before_ns) < SECOND);
	assert_int_equal(access("/var/lib/backburn/clock_step", F_OK) == 0, noted);
}

/* The controller is told before anything is asked for. */
static void hello_tells_why(void **state)
{
	struct world *world = *state;
	struct injector *injector = injector_start(world, NODE_B, NULL);
	cJSON *hello = injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"test\",\"controller\":\"the test\",\"lease\":\"30s\","
		"\"attach\":\"clsact\"}");
	cJSON *capability;
	int told = 0;

	cJSON_ArrayForEach(capability, cJSON_GetObjectItem(hello, "capabilities")) {
		if (strcmp(cJSON_GetObjectItem(capability, "name")->valuestring, "clock_step") != 0)
			continue;
		told++;
		assert_false(cJSON_IsTrue(cJSON_GetObjectItem(capability, "ok")));
		assert_reason(cJSON_GetObjectItem(capability, "reason")->valuestring);
	}
	assert_int_equal(told, 1);
	cJSON_Delete(hello);
	assert_int_equal(injector_finish(injector), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_nodes_of_a_lab_have_no_clock_of_their_own, begin, finish),
		cmocka_unit_test_setup_teardown(hello_tells_why, begin, finish),
	};
	int skipped = world_init();

	return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
