/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/seed.h"
#include "contract/units.h"
#include "controller/plan/cusum_rule.h"
#include "given.h"
#include "tests/pace.h"

/* The stop rule `cusum`: how rarely it errs, whatever the objective, and how soon it notices. */

enum {
	RUN = 90 * 50, /* events of given_tree()'s phases at their longest */
	RUNS = 2000
};

static struct cusum_test test_with(double objective, double rate, double false_stop)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct cusum_test test;
	char rule[160], text[32];

	snprintf(rule, sizeof(rule),
		"{'id':'grown','slo':'avail','cusum':{'rate':%g,'false_stop':%g}}", rate,
		false_stop);
	snprintf(text, sizeof(text), "%g", objective);
	given_set(tree, "guardrails.stop_if[0]", rule);
	given_set(tree, "slos.avail.objective", text);
	scenario = given_scenario(tree);
	test = cusum_rule_test(
		&scenario, LIST_AT(scenario.guardrails->stop_if, struct stop_rule, 0));
	scenario_deinit(&scenario);
	return test;
}

/* Events until it stops; `most` when it does not. */
static int64_t stops_after(
	const struct cusum_test *test, double error_rate, int64_t most, uint64_t *seed)
{
	uint64_t bound = (uint64_t)ldexp(error_rate, 63);
	double sum = 0;

	for (int64_t i = 0; i < most; i++) {
		sum = cusum_next(test, sum, seed_next(seed) >> 1 < bound);
		if (sum >= test->limit)
			return i + 1;
	}
	return most;
}

static void the_limit_grows_with_the_run(void **state)
{
	struct cusum_test test = test_with(0.99, 8, 0.01);

	(void)state;
	assert_true(fabs(test.limit - log(RUN / 0.01)) < 1e-9);
	test = test_with(0.99, 8, 0.0001);
	assert_true(fabs(test.limit - log(RUN / 0.0001)) < 1e-9);
}

static void a_system_at_its_objective_is_rarely_stopped(void **state)
{
	static const double objectives[] = {0.5, 0.9, 0.99, 0.999}, rates[] = {1.5, 4, 8};
	int runs = RUNS / (int)pace();
	uint64_t seed = 1;

	(void)state;
	for (size_t o = 0; o < 4; o++)
		for (size_t r = 0; r < 3; r++) {
			struct cusum_test test;
			int stopped = 0;

			if (rates[r] * (1 - objectives[o]) > 0.99)
				continue;
			test = test_with(objectives[o], rates[r], 0.01);
			for (int i = 0; i < runs; i++)
				stopped += stops_after(&test, 1 - objectives[o], RUN, &seed) < RUN;
			/* Of so few that one is more than a hundredth, chance may bring more. */
			assert_true(stopped <= (pace() == 1 ? runs / 100 : 4));
		}
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double median_events(const struct cusum_test *test, double error_rate)
{
	int64_t after[401];
	uint64_t seed = 2;

	for (size_t run = 0; run < 401; run++)
		after[run] = stops_after(test, error_rate, 100000, &seed);
	qsort(after, 401, sizeof(after[0]), by_number);
	return (double)after[200];
}

static void a_change_is_noticed_soon(void **state)
{
	struct cusum_test test = test_with(0.999, 8, 0.01);
	double as_asked = median_events(&test, 0.008), much = median_events(&test, 0.05);

	(void)state;
	print_message("8 times as bad: %.0f events; 50 times: %.0f\n", as_asked, much);
	/* By the mean growth of the sum: 13.0 / 0.00966 and 13.0 / 0.0973. */
	assert_true(as_asked > 800 && as_asked < 1700);
	assert_true(much > 70 && much < 180);
	assert_true(median_events(&test, 1) == (double)cusum_least_bad(&test));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_grows_with_the_run),
		cmocka_unit_test(a_system_at_its_objective_is_rarely_stopped),
		cmocka_unit_test(a_change_is_noticed_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
