/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "controller/measure/cusum.h"

/* The sequential test: its numbers. How rarely it errs is in test_cusum_rule.c. */

#define assert_near(value, expected, tolerance)                                                    \
	assert_true(fabs((value) - (expected)) <= (tolerance))

static void steps_and_limit(void **state)
{
	struct cusum_test test = cusum_test(0.001, 0.008, 0.001, 0.05);

	(void)state;
	assert_near(test.bad_step, 2.079442, 5e-7);
	assert_near(test.good_step, -0.007031672, 1e-9);
	assert_near(test.limit, 6.856462, 5e-7);
	/* The same as ratios of chances, multiplied. */
	assert_near(exp(test.bad_step), 8, 1e-12);
	assert_near(exp(test.good_step), 0.992 / 0.999, 1e-12);
	assert_near(exp(test.limit), 950, 1e-9);
	assert_int_equal(cusum_least_bad(&test), 4);
}

static void the_sum_is_never_below_zero(void **state)
{
	struct cusum_test test = cusum_test(0.001, 0.008, 0.001, 0.05);
	double sum = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		sum = cusum_next(&test, sum, false);
	assert_true(sum == 0);
	sum = cusum_next(&test, sum, true);
	assert_near(sum, test.bad_step, 1e-12);
	/* 295.7 good events outweigh it. */
	for (int i = 0; i < 295; i++)
		sum = cusum_next(&test, sum, false);
	assert_true(sum > 0);
	assert_true(cusum_next(&test, sum, false) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_and_limit),
		cmocka_unit_test(the_sum_is_never_below_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
