/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "contract/units.h"
#include "controller/prober/schedule.h"

/* When the requests of a load are due: steps and ramps. */

#define S NS_PER_SEC
#define STEPS(...)                                                                                 \
	{                                                                                          \
		.items = (struct arrival[]){__VA_ARGS__},                                          \
		.count = sizeof((struct arrival[]){__VA_ARGS__}) / sizeof(struct arrival)          \
	}

static void a_single_step_is_a_constant_rate(void **state)
{
	(void)state;
	const struct schedule constant = {.start_ns = 17, .rate = 3};
	const struct schedule stepped = {.start_ns = 17, .arrivals = STEPS({.rate = 3})};

	for (int64_t i = 0; i < 1000000; i = i * 2 + 1)
		assert_in_range(
			schedule_due_ns(&stepped, i) - schedule_due_ns(&constant, i) + 1, 0, 2);
}

static void each_step_begins_where_the_one_before_ends(void **state)
{
	(void)state;
	const struct schedule steps = {.start_ns = 5 * S,
		.arrivals = STEPS({.rate = 10, .for_ns = 2 * S}, {.rate = 100, .for_ns = S},
			{.rate = 1, .for_ns = 3 * S}, {.rate = 50})};

	assert_int_equal(schedule_due_ns(&steps, 0), 5 * S);
	assert_int_equal(schedule_due_ns(&steps, 19), 5 * S + 1900000000);
	assert_int_equal(schedule_due_ns(&steps, 20), 7 * S);
	assert_int_equal(schedule_due_ns(&steps, 21), 7 * S + 10000000);
	assert_int_equal(schedule_due_ns(&steps, 120), 8 * S);
	assert_int_equal(schedule_due_ns(&steps, 122), 10 * S);
	assert_int_equal(schedule_due_ns(&steps, 123), 11 * S);
	/* An hour later nothing has drifted: 50 each second. */
	assert_int_equal(schedule_due_ns(&steps, 123 + 50 * 3600), (11 + 3600) * S);
	assert_int_equal(schedule_first_at(&steps, 7 * S), 20);
	assert_int_equal(schedule_first_at(&steps, 8 * S), 120);
	assert_int_equal(schedule_first_at(&steps, 8 * S + 1), 121);
}

/* 0 to 100 in 10 s would be 5 t² requests: here 10 to 110, so 10 t + 5 t². */
static void a_ramp_follows_its_parabola(void **state)
{
	(void)state;
	const struct schedule ramp = {.arrivals = STEPS({.rate = 10, .to = 110, .for_ns = 10 * S})};

	assert_int_equal(schedule_first_at(&ramp, 10 * S), 600);
	assert_int_equal(schedule_due_ns(&ramp, 15), 1 * S);
	assert_int_equal(schedule_due_ns(&ramp, 40), 2 * S);
	assert_int_equal(schedule_due_ns(&ramp, 75), 3 * S);
	assert_int_equal(schedule_due_ns(&ramp, 600), 10 * S);
	/* What it ended with holds. */
	assert_int_equal(schedule_due_ns(&ramp, 600 + 110), 11 * S);
	assert_int_equal(schedule_due_ns(&ramp, 600 + 110 * 1000), 1010 * S);
}

static void a_ramp_may_fall(void **state)
{
	(void)state;
	const struct schedule ramp = {
		.arrivals = STEPS({.rate = 20, .for_ns = S},
			{.rate = 100, .to = 20, .for_ns = 4 * S}, {.rate = 20})};

	/* 20, then 4 s at 60 on the whole. */
	assert_int_equal(schedule_first_at(&ramp, 5 * S), 260);
	assert_int_equal(schedule_due_ns(&ramp, 260), 5 * S);
	assert_int_equal(schedule_due_ns(&ramp, 20 + 90), 2 * S); /* 100 t − 10 t² */
	assert_int_equal(schedule_due_ns(&ramp, 280), 6 * S);
}

static void first_at_inverts_due(void **state)
{
	(void)state;
	const struct schedule schedules[] = {
		{.start_ns = INT64_C(86400) * 100 * S + 17,
			.arrivals = STEPS({.rate = 0.1, .to = 5000, .for_ns = 7 * S},
				{.rate = 5000, .to = 0.1, .for_ns = 13 * S}, {.rate = 333.3})},
		{.start_ns = 3,
			.arrivals = STEPS({.rate = 0.7, .for_ns = S}, {.rate = 49.9, .for_ns = S},
				{.rate = 50, .to = 50.0001, .for_ns = 3600 * S})},
	};

	for (size_t s = 0; s < sizeof(schedules) / sizeof(schedules[0]); s++) {
		const struct schedule *schedule = &schedules[s];
		int64_t before_ns = -1;

		for (int64_t i = 0; i < 60000; i++) {
			int64_t due_ns = schedule_due_ns(schedule, i);

			assert_true(due_ns > before_ns);
			assert_int_equal(schedule_first_at(schedule, due_ns), i);
			assert_int_equal(schedule_first_at(schedule, due_ns + 1), i + 1);
			before_ns = due_ns;
		}
	}
}

static void the_lowest_rate_of_a_stretch(void **state)
{
	(void)state;
	const struct list arrivals = STEPS({.rate = 40, .for_ns = 10 * S},
		{.rate = 100, .to = 20, .for_ns = 8 * S}, {.rate = 60});

	assert_float_equal(arrivals_least(&arrivals, 0, 5 * S), 40, 1e-9);
	assert_float_equal(arrivals_least(&arrivals, 11 * S, 12 * S), 80, 1e-9);
	assert_float_equal(arrivals_least(&arrivals, 11 * S, 19 * S), 20, 1e-9);
	assert_float_equal(arrivals_least(&arrivals, 19 * S, INT64_MAX), 60, 1e-9);
	assert_float_equal(arrivals_least(&arrivals, 0, INT64_MAX), 20, 1e-9);
	assert_float_equal(arrivals_most(&arrivals), 100, 1e-9);
}

static void what_the_table_cannot_see(void **state)
{
	(void)state;
	const struct list good = STEPS({.rate = 1, .for_ns = S}, {.rate = 2});
	const struct list endless = STEPS({.rate = 1, .for_ns = S}, {.rate = 2}, {.rate = 3});
	struct arrival many[ARRIVALS_MAX + 1];
	struct list too_many = {.items = many, .count = ARRIVALS_MAX + 1};
	size_t step = 99;

	for (size_t i = 0; i <= ARRIVALS_MAX; i++)
		many[i] = (struct arrival){.rate = 1, .for_ns = S};
	assert_null(arrivals_check(&good, &step));
	assert_string_equal(arrivals_check(&endless, &step),
		"a step without \"for\" never ends: only the last may go without");
	assert_int_equal(step, 1);
	assert_string_equal(
		arrivals_check(&too_many, &step), "more steps than a load can have (64)");
	assert_int_equal(step, ARRIVALS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_step_is_a_constant_rate),
		cmocka_unit_test(each_step_begins_where_the_one_before_ends),
		cmocka_unit_test(a_ramp_follows_its_parabola),
		cmocka_unit_test(a_ramp_may_fall),
		cmocka_unit_test(first_at_inverts_due),
		cmocka_unit_test(the_lowest_rate_of_a_stretch),
		cmocka_unit_test(what_the_table_cannot_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
