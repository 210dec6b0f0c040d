/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "controller/prober/runs.h"
#include "controller/prober/schedule.h"
#include "controller/prober/window.h"

/* --- the schedule ---------------------------------------------------------------------- */

static void events_are_due_by_index(void **state)
{
	(void)state;
	const struct schedule thirds = {.start_ns = 1000, .rate = 3};

	assert_int_equal(schedule_due_ns(&thirds, 0), 1000);
	assert_int_equal(schedule_due_ns(&thirds, 1), 1000 + 333333333);
	assert_int_equal(schedule_due_ns(&thirds, 3), 1000 + NS_PER_SEC);
	/* No drift: the millionth is where the formula says, not a million roundings away. */
	assert_int_equal(schedule_due_ns(&thirds, 3000000), 1000 + 1000000 * NS_PER_SEC);
}

static void first_at_inverts_due(void **state)
{
	(void)state;
	static const double rates[] = {0.1, 1, 3, 7, 49.9, 50, 333.3, 5000};

	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		const struct schedule schedule = {
			.start_ns = INT64_C(86400) * 100 * NS_PER_SEC + 17, .rate = rates[r]};

		for (int64_t i = 1; i < 100000000; i = i * 3 + 1) {
			int64_t due_ns = schedule_due_ns(&schedule, i);

			assert_true(due_ns > schedule_due_ns(&schedule, i - 1));
			assert_int_equal(schedule_first_at(&schedule, due_ns), i);
			assert_int_equal(schedule_first_at(&schedule, due_ns + 1), i + 1);
			assert_int_equal(schedule_first_at(&schedule, due_ns - 1), i);
		}
		assert_int_equal(schedule_first_at(&schedule, 0), 0);
		assert_int_equal(schedule_first_at(&schedule, schedule.start_ns), 0);
	}
}

/* --- runs ------------------------------------------------------------------------------ */

static void runs_go_round(void **state)
{
	(void)state;
	uint64_t seed = 5;

	for (int64_t count = 0; count < 400; count++) {
		bool good[400];
		char *text;
		const char *cursor;
		int64_t at = 0, length;
		bool is_good;
		struct fail fail = FAIL_INIT;
		int outcome;

		for (int64_t i = 0; i < count; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1;
			good[i] = seed >> 62 != 0;
		}
		cursor = text = runs_format(good, count);
		while ((outcome = runs_next(&cursor, &is_good, &length, &fail)) == 1)
			for (int64_t end = at + length; at < end; at++)
				assert_true(at < count && good[at] == is_good);
		assert_int_equal(outcome, 0);
		assert_int_equal(at, count);
		free(text);
	}
}

static void runs_text(void **state)
{
	(void)state;
	static const bool good[] = {true, true, false, false, false, true};
	char *text = runs_format(good, 6);

	assert_string_equal(text, "g2b3g1");
	free(text);
	text = runs_format(NULL, 0);
	assert_string_equal(text, "");
	free(text);
}

static void odd_runs_are_refused(void **state)
{
	(void)state;
	static const char *const odd[] = {
		"x3", "g", "g0", "b-1", "3", "g99999999999999999", "\x01"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		const char *cursor = odd[i];
		struct fail fail = FAIL_INIT;
		int64_t count;
		bool good;

		assert_int_equal(runs_next(&cursor, &good, &count, &fail), -1);
		assert_int_equal(fail.kind, FAIL_PEER);
	}
}

/* --- windows --------------------------------------------------------------------------- */

#define MS NS_PER_MS

static struct probe_class classes[] = {
	{.slo = (char[]){"avail"}},
	{.slo = (char[]){"fast"}, .latency_lt_ns = 20 * MS},
};
static const struct list two_classes = {.items = classes, .count = 2};

static int64_t outcome_count(const struct probe_window *window, enum probe_outcome outcome)
{
	return *LIST_AT(window->outcomes, int64_t, outcome);
}

static const char *runs_of(const struct probe_window *window, size_t class)
{
	return LIST_AT(window->classes, struct class_runs, class)->runs;
}

/* Ten events a second, windows of half a second: five events each. */
static void start(struct windows *windows)
{
	const struct schedule schedule = {.start_ns = 0, .rate = 10};

	windows_init(windows, schedule, 500 * MS, &two_classes);
}

static void windows_come_in_order_when_settled(void **state)
{
	(void)state;
	struct windows windows;
	struct probe_window window;

	start(&windows);
	for (int64_t i = 0; i < 10; i++)
		windows_sent(&windows, i, i == 3 ? 7 * MS : MS);
	/* The second window settles first, the first one backwards. */
	for (int64_t i = 5; i < 10; i++)
		windows_settle(&windows, i, OUTCOME_OK, 10 * MS, NULL);
	assert_int_equal(windows_take(&windows, 2000 * MS, &window), -1);
	windows_settle(&windows, 4, OUTCOME_OK, 30 * MS, NULL);
	windows_settle(&windows, 3, OUTCOME_TIMEOUT, 300 * MS, "n1: timed\nout\x1b[2J");
	windows_settle(&windows, 2, OUTCOME_OK, 20 * MS, NULL);
	windows_settle(&windows, 1, OUTCOME_STATUS, 5 * MS, NULL);
	assert_int_equal(windows_take(&windows, 2000 * MS, &window), -1);
	windows_settle(&windows, 0, OUTCOME_OK, 10 * MS, NULL);

	assert_int_equal(windows_take(&windows, 1999 * MS, &window), 0);
	assert_int_equal(window.first_index, 0);
	assert_int_equal(window.count, 5);
	assert_int_equal(window.start_ns, 0);
	assert_int_equal(window.end_ns, 500 * MS);
	assert_int_equal(outcome_count(&window, OUTCOME_OK), 3);
	assert_int_equal(outcome_count(&window, OUTCOME_TIMEOUT), 1);
	assert_int_equal(outcome_count(&window, OUTCOME_STATUS), 1);
	assert_string_equal(runs_of(&window, 0), "g1b1g1b1g1");
	assert_string_equal(runs_of(&window, 1), "g1b4"); /* below 20 ms, not at it */
	assert_int_equal(window.latency.count, 3);
	assert_int_equal(window.latency_max_ns, 30 * MS);
	assert_int_equal(window.lag_max_ns, 7 * MS);
	assert_string_equal(window.last_error, "n1: timed?out?[2J");
	shape_free(&probe_window_shape, &window);

	assert_int_equal(windows_take(&windows, 1999 * MS, &window), 0);
	assert_int_equal(window.first_index, 5);
	assert_string_equal(runs_of(&window, 0), "g5");
	assert_null(window.last_error);
	shape_free(&probe_window_shape, &window);
	windows_deinit(&windows);
}

static void windows_wait_for_their_end(void **state)
{
	(void)state;
	struct windows windows;
	struct probe_window window;

	start(&windows);
	for (int64_t i = 0; i < 5; i++)
		windows_settle(&windows, i, OUTCOME_OK, MS, NULL);
	assert_int_equal(windows_next_end_ns(&windows), 500 * MS);
	assert_int_equal(windows_take(&windows, 500 * MS - 1, &window), -1);
	assert_int_equal(windows_take(&windows, 500 * MS, &window), 0);
	shape_free(&probe_window_shape, &window);
	assert_int_equal(windows_next_end_ns(&windows), 1000 * MS);
	windows_deinit(&windows);
}

static void empty_windows_are_reported(void **state)
{
	(void)state;
	const struct schedule slow = {.start_ns = 0, .rate = 1};
	struct windows windows;
	struct probe_window window;

	windows_init(&windows, slow, 400 * MS, &two_classes);
	windows_settle(&windows, 0, OUTCOME_OK, MS, NULL);
	windows_settle(&windows, 1, OUTCOME_CONNECT, MS, "n2: refused");
	for (int64_t i = 0; i < 4; i++) {
		assert_int_equal(windows_take(&windows, 1600 * MS, &window), 0);
		assert_int_equal(window.start_ns, i * 400 * MS);
		assert_int_equal(window.count, i == 0 || i == 2);
		assert_string_equal(runs_of(&window, 0), i == 0 ? "g1" : i == 2 ? "b1" : "");
		shape_free(&probe_window_shape, &window);
	}
	assert_int_equal(windows_take(&windows, 1600 * MS, &window), -1);
	windows_deinit(&windows);
}

static void stop_cuts_the_last_window(void **state)
{
	(void)state;
	struct windows windows;
	struct probe_window window;

	start(&windows);
	for (int64_t i = 0; i < 3; i++)
		windows_sent(&windows, i, 0);
	windows_stop(&windows, 250 * MS);
	assert_false(windows_done(&windows));
	for (int64_t i = 0; i < 3; i++)
		windows_settle(&windows, i, OUTCOME_OK, MS, NULL);
	assert_int_equal(windows_take(&windows, 250 * MS, &window), 0);
	assert_int_equal(window.count, 3);
	assert_int_equal(window.end_ns, 250 * MS);
	shape_free(&probe_window_shape, &window);
	assert_true(windows_done(&windows));
	assert_int_equal(windows_take(&windows, 9000 * MS, &window), -1);
	assert_true(windows_next_end_ns(&windows) == INT64_MAX);
	windows_deinit(&windows);
}

static void stop_before_the_start_leaves_nothing(void **state)
{
	(void)state;
	const struct schedule later = {.start_ns = 1000 * MS, .rate = 10};
	struct windows windows;
	struct probe_window window;

	windows_init(&windows, later, 500 * MS, &two_classes);
	assert_int_equal(windows_take(&windows, 900 * MS, &window), -1);
	windows_stop(&windows, 900 * MS);
	assert_true(windows_done(&windows));
	assert_int_equal(windows_take(&windows, 9000 * MS, &window), -1);
	windows_deinit(&windows);
}

/* Sent later than the bound, or not begun: which events, as runs; nothing where there are none. */
static void what_the_prober_spoiled_is_marked(void **state)
{
	(void)state;
	const struct list no_classes = {0};
	const struct schedule schedule = {.start_ns = 0, .rate = 10};
	struct probe_window window;
	struct windows windows;

	windows_init(&windows, schedule, NS_PER_SEC, &no_classes);
	windows.late_ns = 30 * NS_PER_MS;
	for (int64_t i = 0; i < 20; i++) {
		windows_sent(&windows, i, i == 3 || i == 4 ? 31 * NS_PER_MS : 30 * NS_PER_MS);
		windows_settle(&windows, i, i == 4 || i == 9 ? OUTCOME_DROPPED : OUTCOME_OK,
			NS_PER_MS, NULL);
	}
	assert_int_equal(windows_take(&windows, NS_PER_SEC, &window), 0);
	assert_string_equal(window.late, "g3b2g5");
	assert_string_equal(window.dropped, "g4b1g4b1");
	shape_free(&probe_window_shape, &window);
	assert_int_equal(windows_take(&windows, 2 * NS_PER_SEC, &window), 0);
	assert_null(window.late);
	assert_null(window.dropped);
	shape_free(&probe_window_shape, &window);
	windows_deinit(&windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_prober_spoiled_is_marked),
		cmocka_unit_test(events_are_due_by_index),
		cmocka_unit_test(first_at_inverts_due),
		cmocka_unit_test(runs_go_round),
		cmocka_unit_test(runs_text),
		cmocka_unit_test(odd_runs_are_refused),
		cmocka_unit_test(windows_come_in_order_when_settled),
		cmocka_unit_test(windows_wait_for_their_end),
		cmocka_unit_test(empty_windows_are_reported),
		cmocka_unit_test(stop_cuts_the_last_window),
		cmocka_unit_test(stop_before_the_start_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
