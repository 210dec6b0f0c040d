/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/prober/exposition.h"
#include "controller/prober/value.h"
#include "controller/prober/value_text.h"
#include "controller/prober/window.h"

/* Numbers: out of what comes back, as rates, in windows and on their way as text. */

static const char page[] = "# HELP queue_depth Jobs that wait.\n"
			   "# TYPE queue_depth gauge\n"
			   "queue_depth{queue=\"mail\"} 3\n"
			   "queue_depth{queue=\"web\",zone=\"a\",} 4.5e1 1395066363000\n"
			   "queue_depth_total 7\n"
			   "  up 1 # {trace=\"x\"} 2\r\n"
			   "odd{text=\"a\\\\b\\\"c\\nd}\"} -1\n"
			   "sick NaN\n"
			   "vast{a=\"1\"} +Inf\n"
			   "vast{a=\"2\"} 5\n"
			   "bad{a=\"1} 5\n"
			   "worse 0x10\n"
			   "last 9";

struct reading_case {
	const char *metric, *labels;
	int aggregate;
	double value; /* NAN: there is none */
	const char *why;
};

static void assert_reads(const struct reading_case *given)
{
	struct value_order order = {.format = VALUE_METRIC,
		.metric = (char *)given->metric,
		.labels = given->labels ? cJSON_Parse(given->labels) : NULL,
		.aggregate = given->aggregate};
	char why[VALUE_WHY_SIZE] = "";
	double value = NAN;
	int outcome = value_read(&order, page, strlen(page), &value, why);

	assert_string_equal(why, given->why);
	assert_int_equal(outcome, isnan(given->value) ? -1 : 0);
	assert_true(isnan(given->value) || value == given->value);
	cJSON_Delete(order.labels);
}

static void a_series_is_found_by_its_labels(void **state)
{
	static const struct reading_case cases[] = {
		{"queue_depth", "{\"queue\":\"mail\"}", AGGREGATE_ONE, 3, ""},
		{"queue_depth", "{\"zone\":\"a\",\"queue\":\"web\"}", AGGREGATE_ONE, 45, ""},
		{"queue_depth", NULL, AGGREGATE_SUM, 48, ""},
		{"queue_depth", NULL, AGGREGATE_MIN, 3, ""},
		{"queue_depth", NULL, AGGREGATE_MAX, 45, ""},
		{"queue_depth", NULL, AGGREGATE_ONE, NAN, "2 series of queue_depth match, not one"},
		{"queue_depth", "{\"queue\":\"mai\"}", AGGREGATE_ONE, NAN,
			"no series of queue_depth with these labels in the answer"},
		{"queue_depth", "{\"queue\":\"mail\",\"zone\":\"a\"}", AGGREGATE_SUM, NAN,
			"no series of queue_depth with these labels in the answer"},
		{"queue_depth_total", NULL, AGGREGATE_ONE, 7, ""},
		{"queue", NULL, AGGREGATE_ONE, NAN, "no series of queue in the answer"},
		{"up", NULL, AGGREGATE_ONE, 1, ""},
		{"up", "{\"job\":\"x\"}", AGGREGATE_ONE, NAN,
			"no series of up with these labels in the answer"},
		{"odd", "{\"text\":\"a\\\\b\\\"c\\nd}\"}", AGGREGATE_ONE, -1, ""},
		{"last", NULL, AGGREGATE_ONE, 9, ""},
		{"sick", NULL, AGGREGATE_ONE, NAN, "line 8: its value is no finite number"},
		{"vast", NULL, AGGREGATE_MAX, NAN, "line 9: its value is no finite number"},
		{"vast", "{\"a\":\"2\"}", AGGREGATE_ONE, 5, ""},
		{"bad", NULL, AGGREGATE_ONE, NAN,
			"line 11: its labels are not in the format, or above 64"},
		{"worse", NULL, AGGREGATE_ONE, NAN, "line 12: its value is not in the format"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_reads(&cases[i]);
}

static void a_page_that_breaks_a_limit(void **state)
{
	const struct exposition_query query = {.metric = "m"};
	struct exposition_found found;
	struct fail fail = FAIL_INIT;
	size_t size = EXPOSITION_LINE_MAX + 100, used;
	char *text = malloc(size + 1);

	(void)state;
	assert_non_null(text);
	used = (size_t)snprintf(text, size, "m{");
	for (int i = 0; i < EXPOSITION_LABELS_MAX; i++)
		used += (size_t)snprintf(text + used, size - used, "l%d=\"1\",", i);
	snprintf(text + used, size - used, "} 1");
	assert_int_equal(exposition_find(text, strlen(text), &query, &found, &fail), 0);
	assert_int_equal(found.series, 1);
	snprintf(text + used, size - used, "l=\"1\",} 1");
	assert_int_equal(exposition_find(text, strlen(text), &query, &found, &fail), -1);
	memset(text, ' ', size);
	memcpy(text, "n 1\nm 1", 7);
	text[size] = '\0';
	assert_int_equal(exposition_find(text, size, &query, &found, &fail), -1);
	assert_string_equal(fail.text, "line 2: is longer than 65536 characters");
	assert_int_equal(
		exposition_find(text, EXPOSITION_BYTES_MAX + 1, &query, &found, &fail), -1);
	free(text);
}

struct answer_case {
	const char *text, *pointer; /* pointer: of JSON; NULL: a query's result */
	double value;
	const char *why;
};

static void numbers_in_json(void **state)
{
	static const struct answer_case cases[] = {
		{"{\"queue\":{\"depth\":12}}", "/queue/depth", 12, ""},
		{"[5,-0.5]", "/1", -0.5, ""},
		{"{\"a\":\"5\"}", "/a", NAN, "at \"/a\" is a string, not a number"},
		{"{\"a\":5}", "/b", NAN, "there is nothing at \"/b\""},
		{"busy", "/b", NAN, "the answer is no JSON"},
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":"
		 "[1,\"2.5\"]}}",
			NULL, 2.5, ""},
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
		 "\"metric\":{},\"value\":[1,\"7\"]}]}}",
			NULL, 7, ""},
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
			NULL, NAN, "no data: the query's result is empty"},
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{},{}]}}",
			NULL, NAN, "the query's result has 2 series, not one"},
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":"
		 "[1,\"NaN\"]}}",
			NULL, NAN, "the query's result is no finite number"},
		{"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
			NULL, NAN, "the query's result is neither a scalar nor an instant vector"},
		{"{\"status\":\"error\",\"error\":\"parse error\"}", NULL, NAN, "the query failed"},
		{"<html>", NULL, NAN, "the answer is none of Prometheus' HTTP API"},
		{"[]", NULL, NAN, "the answer is none of Prometheus' HTTP API"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct value_order order = {
			.format = cases[i].pointer ? VALUE_JSON : VALUE_QUERY,
			.pointer = (char *)cases[i].pointer};
		char why[VALUE_WHY_SIZE] = "";
		double value = NAN;
		int outcome = value_read(&order, cases[i].text, strlen(cases[i].text), &value, why);

		assert_string_equal(why, cases[i].why);
		assert_int_equal(outcome, isnan(cases[i].value) ? -1 : 0);
		assert_true(isnan(cases[i].value) || value == cases[i].value);
	}
}

static void the_first_line_is_a_number_or_is_none(void **state)
{
	static const struct {
		const char *text;
		double value;
	} cases[] = {
		{"12\n", 12},
		{"\t-1.5e3 \r\nmore", -1500},
		{"0", 0},
		{"", NAN},
		{"\n5", NAN},
		{"12 apples", NAN},
		{"nan", NAN},
		{"inf", NAN},
		{"0x10", NAN},
		{"1e999", NAN},
		{"-", NAN},
	};
	const struct value_order order = {.format = VALUE_FIRST_LINE};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[VALUE_WHY_SIZE];
		double value;
		int outcome = value_read(&order, cases[i].text, strlen(cases[i].text), &value, why);

		assert_int_equal(outcome, isnan(cases[i].value) ? -1 : 0);
		assert_true(isnan(cases[i].value) || value == cases[i].value);
	}
}

static void values_go_round_as_text(void **state)
{
	static const double values[] = {0, -1, 0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 12};
	const size_t count = sizeof(values) / sizeof(values[0]);
	double given[sizeof(values) / sizeof(values[0]) + 1], value;
	struct fail fail = FAIL_INIT;
	const char *cursor;
	char *text;

	(void)state;
	memcpy(given, values, sizeof(values));
	given[count] = NAN;
	cursor = text = value_text_format(given, (int64_t)count + 1);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(value_text_next(&cursor, &value, &fail), 1);
		assert_true(value == values[i]);
	}
	assert_int_equal(value_text_next(&cursor, &value, &fail), 1);
	assert_true(isnan(value));
	assert_int_equal(value_text_next(&cursor, &value, &fail), 0);
	free(text);
	cursor = text = value_text_format(given, 0);
	assert_int_equal(value_text_next(&cursor, &value, &fail), 0);
	free(text);
	text = value_text_format((const double[]){12, NAN, 0.5}, 3);
	assert_string_equal(text, "12 - 0.5");
	free(text);
}

static void text_that_holds_no_values_is_refused(void **state)
{
	static const char *const texts[] = {" 1", "1  2", "1 ", "x", "1,2", "inf", "1e999", "--",
		"1.5.2", "0x1", "11111111111111111111111111111111111111111111111"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *cursor = texts[i];
		struct fail fail = FAIL_INIT;
		double value;
		int outcome;

		while ((outcome = value_text_next(&cursor, &value, &fail)) > 0)
			;
		assert_int_equal(outcome, -1);
	}
}

/* --- windows --------------------------------------------------------------------------- */

static struct probe_window window_of(const double *readings, size_t count, bool per_second,
	const struct list *classes, struct windows *windows)
{
	const struct schedule schedule = {.start_ns = 0, .rate = 10};
	struct probe_window window;

	windows_init(windows, schedule, NS_PER_SEC, classes);
	windows->reads_values = true;
	windows->per_second = per_second;
	for (size_t i = 0; i < count; i++) {
		windows_sent(windows, (int64_t)i, 0);
		if (!isnan(readings[i]))
			windows_read(windows, (int64_t)i, readings[i]);
		windows_settle(windows, (int64_t)i,
			isnan(readings[i]) ? OUTCOME_CONTENT : OUTCOME_OK, NS_PER_MS, NULL);
	}
	assert_int_equal(windows_take(windows, NS_PER_SEC, &window), 0);
	return window;
}

static void a_value_decides_what_is_good(void **state)
{
	struct value_bound below = {BOUND_LT, 5}, least = {BOUND_GE, 1};
	struct probe_class classes[] = {
		{.slo = (char *)"low", .bounds = {&below, 1}},
		{.slo = (char *)"some", .bounds = {&least, 1}},
		{.slo = (char *)"any"},
	};
	const struct list list = {classes, 3};
	const double readings[] = {5, 4.9, 1, 0, NAN, 6, 1, 1, 1, 1};
	struct windows windows;
	struct probe_window window = window_of(readings, 10, false, &list, &windows);

	(void)state;
	assert_string_equal(window.values, "5 4.9 1 0 - 6 1 1 1 1");
	assert_string_equal(LIST_AT(window.classes, struct class_runs, 0)->runs, "b1g3b2g4");
	assert_string_equal(LIST_AT(window.classes, struct class_runs, 1)->runs, "g3b2g5");
	assert_string_equal(LIST_AT(window.classes, struct class_runs, 2)->runs, "g4b1g5");
	shape_free(&probe_window_shape, &window);
	windows_deinit(&windows);
}

/* 10 a second: what grew by 1 grew by 10 a second. */
static void a_counter_is_read_as_its_rate(void **state)
{
	struct value_bound below = {BOUND_LT, 15};
	struct probe_class class = {.slo = (char *)"slow", .bounds = {&below, 1}};
	const struct list list = {&class, 1};
	/* The first has none; a gap spans two events; at the end it begins anew. */
	const double readings[] = {100, 101, 101, NAN, 103, 106, 107, 108, 109, 2};
	struct windows windows;
	struct probe_window window = window_of(readings, 10, true, &list, &windows);

	(void)state;
	assert_string_equal(window.values, "- 10 0 - 10 30 10 10 10 20");
	assert_string_equal(LIST_AT(window.classes, struct class_runs, 0)->runs, "g3b1g1b1g3b1");
	shape_free(&probe_window_shape, &window);
	/* The next window goes on from there. */
	for (int64_t i = 10; i < 20; i++) {
		windows_sent(&windows, i, 0);
		windows_read(&windows, i, 3);
		windows_settle(&windows, i, OUTCOME_OK, NS_PER_MS, NULL);
	}
	assert_int_equal(windows_take(&windows, 2 * NS_PER_SEC, &window), 0);
	assert_string_equal(window.values, "10 0 0 0 0 0 0 0 0 0");
	shape_free(&probe_window_shape, &window);
	windows_deinit(&windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_is_found_by_its_labels),
		cmocka_unit_test(a_page_that_breaks_a_limit),
		cmocka_unit_test(numbers_in_json),
		cmocka_unit_test(the_first_line_is_a_number_or_is_none),
		cmocka_unit_test(values_go_round_as_text),
		cmocka_unit_test(text_that_holds_no_values_is_refused),
		cmocka_unit_test(a_value_decides_what_is_good),
		cmocka_unit_test(a_counter_is_read_as_its_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
