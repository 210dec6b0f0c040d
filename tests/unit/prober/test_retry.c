/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "controller/prober/attempts_text.h"
#include "controller/prober/orders.h"
#include "controller/prober/retry.h"
#include "controller/prober/waiting.h"

/* How a client tries again: pure parts. */

#define MS NS_PER_MS

/* --- pauses ---------------------------------------------------------------------------- */

static void pauses_grow_to_their_bound(void **state)
{
	(void)state;
	const struct retry retry = {
		.attempts = 6, .backoff_ns = 100 * MS, .factor = 2, .max_ns = 500 * MS};
	static const int64_t pauses_ms[] = {100, 200, 400, 500, 500};

	for (int64_t number = 1; number <= 5; number++)
		assert_int_equal(
			retry_pause_ns(&retry, 7, 1234, number), pauses_ms[number - 1] * MS);
	assert_int_equal(retry_longest_ns(&retry, 300 * MS), (6 * 300 + 1700) * MS);
	assert_int_equal(retry_longest_ns(NULL, 300 * MS), 300 * MS);
}

static void no_backoff_is_no_pause(void **state)
{
	(void)state;
	const struct retry retry = {.attempts = 3, .factor = 2, .max_ns = 500 * MS, .jitter = 1};

	assert_int_equal(retry_pause_ns(&retry, 7, 0, 1), 0);
	assert_int_equal(retry_longest_ns(&retry, 50 * MS), 150 * MS);
}

/* Each draw lies in its share, they fill it, and the same seed draws the same. */
static void jitter_takes_its_share_by_the_seed(void **state)
{
	(void)state;
	const struct retry retry = {.attempts = 3,
		.backoff_ns = 1000 * MS,
		.factor = 1,
		.max_ns = 1000 * MS,
		.jitter = 0.4};
	int64_t least_ns = INT64_MAX, most_ns = 0, equal = 0;
	double sum_ns = 0;

	for (int64_t i = 0; i < 10000; i++) {
		int64_t pause_ns = retry_pause_ns(&retry, 7, i, 1);

		assert_true(pause_ns > 600 * MS && pause_ns <= 1000 * MS);
		assert_int_equal(pause_ns, retry_pause_ns(&retry, 7, i, 1));
		equal += pause_ns == retry_pause_ns(&retry, 8, i, 1);
		equal += pause_ns == retry_pause_ns(&retry, 7, i, 2);
		least_ns = pause_ns < least_ns ? pause_ns : least_ns;
		most_ns = pause_ns > most_ns ? pause_ns : most_ns;
		sum_ns += (double)pause_ns;
	}
	assert_int_equal(equal, 0);
	assert_true(least_ns < 601 * MS && most_ns > 999 * MS);
	/* Of 10,000 the mean is 800 ms, and 1.15 ms its deviation. */
	assert_in_range((int64_t)(sum_ns / 10000) / MS, 794, 806);
}

static void which_outcomes_are_tried_again(void **state)
{
	(void)state;
	int chosen[] = {RETRY_ON_STATUS, RETRY_ON_CONTENT};
	const struct retry usual = {.attempts = 2};
	const struct retry own = {.attempts = 2, .on = {.items = chosen, .count = 2}};
	static const bool usually[OUTCOME_COUNT] = {[OUTCOME_TIMEOUT] = true,
		[OUTCOME_CONNECT] = true,
		[OUTCOME_BROKEN] = true,
		[OUTCOME_STATUS] = true};

	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
		assert_int_equal(retry_heeds(&usual, outcome), usually[outcome]);
		assert_int_equal(retry_heeds(&own, outcome),
			outcome == OUTCOME_STATUS || outcome == OUTCOME_CONTENT);
	}
}

/* --- the budget ------------------------------------------------------------------------ */

static void a_budget_allows_its_ratio(void **state)
{
	(void)state;
	const struct retry retry = {.attempts = 4, .budget = 0.1};
	struct retry_budget budget = retry_budget_full();
	int retries = 0;

	/* Every request would be tried three times more: it is a tenth of them, and the reserve. */
	for (int request = 0; request < 1000; request++) {
		retry_budget_earn(&budget, &retry);
		for (int i = 0; i < 3; i++)
			retries += retry_budget_spend(&budget, &retry);
	}
	assert_in_range(retries, 100 + RETRY_BUDGET_FULL - 1, 100 + RETRY_BUDGET_FULL);
}

static void what_is_not_spent_is_not_kept_beyond_the_reserve(void **state)
{
	(void)state;
	const struct retry retry = {.attempts = 4, .budget = 1};
	struct retry_budget budget = retry_budget_full();

	for (int request = 0; request < 1000; request++)
		retry_budget_earn(&budget, &retry);
	for (int i = 0; i < RETRY_BUDGET_FULL; i++)
		assert_true(retry_budget_spend(&budget, &retry));
	assert_false(retry_budget_spend(&budget, &retry));
}

static void without_a_budget_all_are_allowed(void **state)
{
	(void)state;
	const struct retry retry = {.attempts = 4};
	struct retry_budget budget = retry_budget_full();

	for (int i = 0; i < 1000; i++)
		assert_true(retry_budget_spend(&budget, &retry));
}

/* --- what waits ------------------------------------------------------------------------ */

static void the_earliest_comes_first(void **state)
{
	(void)state;
	struct waiting waiting = {0};
	int64_t things[1000], before_ns = -1, taken = 0;
	uint32_t draw = 5;

	assert_int_equal(waiting_next_ns(&waiting), INT64_MAX);
	assert_null(waiting_take(&waiting, INT64_MAX - 1));
	for (size_t i = 0; i < 1000; i++) {
		draw = draw * 1664525 + 1013904223;
		things[i] = draw >> 20;
		waiting_add(&waiting, things[i], &things[i]);
	}
	for (int64_t now_ns = 0; now_ns < 4096; now_ns += 10)
		for (int64_t *thing; (thing = waiting_take(&waiting, now_ns)); taken++) {
			assert_true(*thing >= before_ns && *thing <= now_ns);
			before_ns = *thing;
		}
	assert_int_equal(taken + (int64_t)waiting.count, 1000);
	while (waiting_take(&waiting, INT64_MAX - 1))
		taken++;
	assert_int_equal(taken, 1000);
	waiting_deinit(&waiting);
}

/* --- text ------------------------------------------------------------------------------ */

static void attempts_go_round(void **state)
{
	(void)state;
	const uint8_t attempts[] = {1, 1, 1, 3, 20, 20, 0};
	static const int64_t runs[][2] = {{1, 3}, {3, 1}, {20, 2}, {0, 1}};
	char *text = attempts_text_format(attempts, sizeof(attempts));
	const char *cursor = text;
	struct fail fail = FAIL_INIT;
	int64_t number, count;

	assert_string_equal(text, "3*1 1*3 2*20 1*0");
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		assert_int_equal(attempts_text_next(&cursor, &number, &count, &fail), 1);
		assert_int_equal(number, runs[i][0]);
		assert_int_equal(count, runs[i][1]);
	}
	assert_int_equal(attempts_text_next(&cursor, &number, &count, &fail), 0);
	free(text);
	text = attempts_text_format(attempts, 0);
	assert_string_equal(text, "");
	free(text);
}

static void what_is_no_text_of_attempts(void **state)
{
	(void)state;
	static const char *const texts[] = {" ", "1", "1*", "*1", "0*1", "1*21", "1*1 ", "1*1,1*1",
		"-1*1", "1*-1", "9007199254740993*1", "1**1", "1*1x"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *cursor = texts[i];
		struct fail fail = FAIL_INIT;
		int64_t number, count;

		if (attempts_text_next(&cursor, &number, &count, &fail) != -1)
			fail_msg("taken: \"%s\"", texts[i]);
		assert_string_equal(fail.text, "attempts: what is there is no run of requests");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_their_bound),
		cmocka_unit_test(no_backoff_is_no_pause),
		cmocka_unit_test(jitter_takes_its_share_by_the_seed),
		cmocka_unit_test(which_outcomes_are_tried_again),
		cmocka_unit_test(a_budget_allows_its_ratio),
		cmocka_unit_test(what_is_not_spent_is_not_kept_beyond_the_reserve),
		cmocka_unit_test(without_a_budget_all_are_allowed),
		cmocka_unit_test(the_earliest_comes_first),
		cmocka_unit_test(attempts_go_round),
		cmocka_unit_test(what_is_no_text_of_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
