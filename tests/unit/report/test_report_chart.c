/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/report/chart.h"
#include "told.h"

/* The SVG: where things stand on its axis, what it leaves out, and that it stays small. */

static char *chart_of(struct told *told)
{
	struct report report;
	char *text;

	told_report(told, &report);
	text = told_form(&report, chart_print);
	report_deinit(&report);
	told_end(told);
	return text;
}

static char *whole_chart(void)
{
	struct told told;

	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	return chart_of(&told);
}

/* The number behind `key` in the first tag after `text` that has it. */
static double number_at(const char *text, const char *key)
{
	const char *place = strstr(text, key);

	assert_non_null(place);
	return strtod(place + strlen(key), NULL);
}

/* 71 s from 58 to 946: chart_parts.h. */
static double x_of(double seconds)
{
	return 58 + (946 - 58) * seconds / 71;
}

static void a_fault_is_shaded_from_start_to_heal(void **state)
{
	char *text = whole_chart();
	const char *shade = strstr(text, "<title>cut-leader: partition on n2, from n1, n3");

	(void)state;
	assert_non_null(shade);
	assert_float_equal(number_at(shade, "<rect x=\""), x_of(31), 0.11);
	assert_float_equal(number_at(shade, "width=\""), x_of(41) - x_of(31), 0.11);
	assert_has(shade, ">cut-leader</text>");
	free(text);
}

static void phases_rules_and_recoveries_are_named(void **state)
{
	char *text = whole_chart();

	(void)state;
	assert_has(text, "<title>phase before: T+0.000 s to T+30.000 s</title>");
	assert_has(text, ">settle</text>");
	assert_has(text, ">outage stops the run</text>");
	assert_has(text, "longest 2.02s");
	assert_has(text, ">failover: good again after 2.00s</text>");
	free(text);
}

/* The line of good events falls at the fault and not a step before. */
static void a_line_falls_where_its_cause_is(void **state)
{
	char *text = whole_chart(), falls[32];
	const char *line = strstr(text, "class=\"c-bound\"");

	(void)state;
	assert_non_null(line);
	line = strstr(line, "<path d=\"M");
	assert_non_null(line);
	snprintf(falls, sizeof(falls), "H%.1fV", x_of(31));
	assert_has(line, falls);
	free(text);
}

/* The first grey field. */
static const char *void_at(const char *text)
{
	const char *place = strstr(text, "class=\"c-void\"");

	assert_non_null(place);
	while (place > text && *place != '<')
		place--;
	return place;
}

static void missing_data_is_a_gap_and_not_a_zero(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_seconds(&told, 10, "g50");
	/* Nothing more is heard for twice as long. */
	told_event(&told, "run_ended", SECONDS(30), "'end':true");
	text = chart_of(&told);
	assert_int_equal(count_of(text, ">no data</text>"), 1);
	assert_int_equal(count_of(text, ">no answer</text>"), 1);
	assert_float_equal(number_at(void_at(text), "<rect x=\""), 58 + (946 - 58) / 3.0, 0.11);
	free(text);
}

static void nothing_measured_is_no_chart(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "run_ended", SECONDS(30), "'end':true");
	text = chart_of(&told);
	assert_string_equal(text, "");
	free(text);
}

/* 10,000 windows, each unlike the one before it: nearly three hours. */
static void a_long_run_makes_no_big_chart(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	for (int i = 0; i < 10000; i++)
		told_second(&told, i % 3 ? "g50" : "g20b5g25", (i % 50 + 1) * NS_PER_MS);
	told_event(&told, "run_ended", SECONDS(10000), "'end':true");
	text = chart_of(&told);
	assert_true(strlen(text) < 40000);
	assert_has(text, "in steps of 64s");
	/* What is drawn is right all the same: 5 of 150 are bad. */
	assert_has(text, "of 50 a second");
	free(text);
}

static void looks_are_attributes(void **state)
{
	char *text = whole_chart();

	(void)state;
	assert_has_not(text, "style");
	for (const char *tag = strstr(text, "<text "); tag; tag = strstr(tag + 1, "<text ")) {
		const char *end = strchr(tag, '>');

		assert_non_null(memmem(tag, (size_t)(end - tag), " fill=\"#", 8));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_shaded_from_start_to_heal),
		cmocka_unit_test(phases_rules_and_recoveries_are_named),
		cmocka_unit_test(a_line_falls_where_its_cause_is),
		cmocka_unit_test(missing_data_is_a_gap_and_not_a_zero),
		cmocka_unit_test(nothing_measured_is_no_chart),
		cmocka_unit_test(a_long_run_makes_no_big_chart),
		cmocka_unit_test(looks_are_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
