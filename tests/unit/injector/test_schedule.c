/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "injector/guard/schedule.h"

/* When the guardian holds, and when it looks next. */

static const struct guard_order all_the_time = {.start_ns = 100, .deadline_ns = 200};
static const struct guard_order on_and_off = {
	.start_ns = 100, .deadline_ns = 200, .on_ns = 10, .period_ns = 40};
enum {
	FAR = 100000
};

static void what_makes_sense(void **state)
{
	static const struct guard_order wrong[] = {
		{.start_ns = -1, .deadline_ns = 5},
		{.start_ns = 5, .deadline_ns = 5},
		{.start_ns = 1, .deadline_ns = 5, .on_ns = 0, .period_ns = 2},
		{.start_ns = 1, .deadline_ns = 5, .on_ns = 2, .period_ns = 2},
		{.start_ns = 1, .deadline_ns = 5, .on_ns = 2, .period_ns = -2},
	};

	(void)state;
	assert_true(schedule_makes_sense(&all_the_time));
	assert_true(schedule_makes_sense(&on_and_off));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(schedule_makes_sense(&wrong[i]));
}

static void from_start_to_end_or_lease(void **state)
{
	(void)state;
	assert_false(schedule_holds(&all_the_time, 99, FAR));
	assert_true(schedule_holds(&all_the_time, 100, FAR));
	assert_true(schedule_holds(&all_the_time, 199, FAR));
	assert_false(schedule_holds(&all_the_time, 200, FAR));
	assert_false(schedule_holds(&all_the_time, 150, 150));
	assert_int_equal(schedule_next_ns(&all_the_time, 0, FAR), 100);
	assert_int_equal(schedule_next_ns(&all_the_time, 100, FAR), 200);
	assert_int_equal(schedule_next_ns(&all_the_time, 100, 150), 150);
	assert_int_equal(schedule_next_ns(&all_the_time, 200, FAR), INT64_MAX);
	assert_int_equal(schedule_next_ns(&all_the_time, 0, 50), INT64_MAX);
}

/* Whoever follows next_ns from change to change misses none, and what adds up is the sum. */
static void on_and_off_again(void **state)
{
	const int64_t leases[] = {FAR, 200, 165, 145, 141, 140, 110, 101, 100, 50};

	(void)state;
	for (size_t i = 0; i < sizeof(leases) / sizeof(leases[0]); i++) {
		int64_t until_ns = leases[i], now_ns = 0, held_ns = 0, counted_ns = 0;

		for (int64_t ns = 0; ns < 300; ns++)
			counted_ns += schedule_holds(&on_and_off, ns, until_ns);
		while (now_ns < INT64_MAX) {
			int64_t next_ns = schedule_next_ns(&on_and_off, now_ns, until_ns);
			bool holds = schedule_holds(&on_and_off, now_ns, until_ns);

			assert_true(next_ns > now_ns);
			for (int64_t ns = now_ns; ns < next_ns && ns < 300; ns++)
				assert_true(schedule_holds(&on_and_off, ns, until_ns) == holds);
			if (holds)
				held_ns += next_ns - now_ns;
			now_ns = next_ns;
		}
		assert_int_equal(held_ns, counted_ns);
		assert_int_equal(schedule_sum_ns(&on_and_off, until_ns), counted_ns);
	}
	assert_int_equal(schedule_sum_ns(&all_the_time, FAR), 100);
	assert_int_equal(schedule_sum_ns(&all_the_time, 130), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_makes_sense),
		cmocka_unit_test(from_start_to_end_or_lease),
		cmocka_unit_test(on_and_off_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
