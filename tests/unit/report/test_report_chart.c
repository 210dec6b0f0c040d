/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/report/chart.h"
#include "told.h"

/* The SVG: where things stand on its axis, what it leaves out, and that it stays small. */

static char *whole_chart(void)
{
	struct told told;

	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	return told_finish(&told, chart_print);
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
	text = told_finish(&told, chart_print);
	assert_int_equal(count_of(text, ">no data</text>"), 1);
	assert_int_equal(count_of(text, ">no answer</text>"), 1);
	assert_float_equal(number_at(void_at(text), "<rect x=\""), 58 + (946 - 58) / 3.0, 0.11);
	free(text);
}

/*
 * A total outage of 2 s is a tenth of a window of 20 s, and 10 times the budget of 1 %; the short
 * window of 2 s burns at 100 then, which is beyond what is drawn of a rate of 8.
 */
static void budgets_burn_against_the_rates_of_their_pairs(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text, burns[32];
	const char *panel, *line;

	(void)state;
	given_set(tree, "slos.avail.burn", "[{'severity':'page','rate':8,'long':'20s'}]");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, chart_print);
	panel = strstr(text, "avail: how fast the budget burns");
	assert_non_null(panel);
	assert_has(panel, ">over 20s</tspan>");
	assert_has(panel, ">over 2s</tspan>");
	assert_has(panel, ">dashed: page, from 8 times on over both</tspan>");
	assert_has(panel, ">≥ 32</text>");
	/* Nothing is known until the long window is full: at the end of the step from 19 s on. */
	assert_has(panel, ">no full window</text>");
	assert_float_equal(number_at(void_at(panel), "width=\""), x_of(19) - 58, 0.11);
	/* Nothing burns before the fault; within its first second it does. */
	line = strstr(strstr(panel, "class=\"c-stop\""), "<path d=\"M");
	assert_non_null(line);
	snprintf(burns, sizeof(burns), "H%.1fV", x_of(31));
	assert_has(line, burns);
	free(text);
	text = whole_chart();
	assert_null(strstr(text, "how fast the budget burns"));
	free(text);
}

/* Of a rule that stops, too. */
static void a_rule_that_stops_at_a_burn_has_a_panel(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "guardrails.stop_if[0]",
		"{'id':'slow','slo':'avail','burn':{'rate':20,'long':'60s','short':'5s'}}");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, chart_print);
	assert_has(text, ">over 60s</tspan>");
	assert_has(text, ">over 5s</tspan>");
	assert_has(text, ">dashed: slow, from 20 times on over both</tspan>");
	free(text);
}

/* A fault that never began is not drawn, so the key has nothing to say of its end. */
static void the_key_tells_of_what_is_drawn(void **state)
{
	cJSON *tree = given_tree();
	struct told told;
	char *text;

	(void)state;
	given_set(tree, "phases[3].faults",
		"[{'id':'second','fault':'partition','on':{'nodes':'n1'},'from':{'nodes':'n2'}}]");
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, chart_print_key);
	assert_has(text, "Red shade: a fault, from its start to its heal. ");
	free(text);
}

static void nothing_measured_is_no_chart(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "run_ended", SECONDS(30), "'end':true");
	text = told_finish(&told, chart_print);
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
	text = told_finish(&told, chart_print);
	assert_true(strlen(text) < 40000);
	assert_has(text, "in steps of 64s");
	/* What is drawn is right all the same: 5 of 150 are bad. */
	assert_has(text, "of 50 a second");
	free(text);
}

/* A kill has no length: no shade, no bar, but a mark at its instant. */
static void an_instant_is_a_mark(void **state)
{
	struct told told;
	const char *fault, *end;
	char *text;

	(void)state;
	told_kill(&told);
	text = told_finish(&told, chart_print);
	fault = strstr(text, "<title>cut-leader: kill on n2; began T+31.000 s");
	assert_non_null(fault);
	end = strstr(fault, "</g>");
	assert_non_null(end);
	assert_float_equal(number_at(fault, "<path d=\"M"), x_of(31), 0.11);
	assert_null(memmem(fault, (size_t)(end - fault), "<rect", 5));
	assert_has_not(text, "c-shade");
	assert_has(text, ">cut-leader</text>");
	free(text);
}

/* Of three members one is down: the strip says which, and a member alone has none. */
static void members_have_a_strip_each(void **state)
{
	static const char *const members[] = {"n1", "n2", "n3"};

	(void)state;
	for (int count = 1; count <= 3; count += 2) {
		struct told told;
		char *text;

		told_begin(&told, given_tree());
		for (int i = 0; i < count; i++)
			told_event(&told, "source", 0,
				"'probe':'put','from':'client','to':'%s','start_ns':0,'rate':50",
				members[i]);
		for (int second = 0; second < 10; second++)
			for (int i = 0; i < count; i++)
				told_member_second(&told, members[i], second * 50,
					i == 1 && second >= 5 ? "b50" : "g50");
		told_event(&told, "run_ended", SECONDS(10), "'end':true");
		text = told_finish(&told, chart_print);
		if (count == 1) {
			assert_has_not(text, "member by member");
		} else {
			assert_has(text, "avail: member by member");
			assert_has(text, "<title>n3</title>");
			/* One block, over the second half, wholly bad. */
			assert_int_equal(count_of(text, "class=\"c-down\""), 1);
			assert_has(text, "<rect x=\"502.0\"");
			assert_has(text, "fill-opacity=\"0.90\"");
		}
		free(text);
	}
}

/* What no claim, rule or phase asks for gets no room. */
static void an_slo_that_nothing_depends_on_is_not_drawn(void **state)
{
	cJSON *tree = given_tree();
	struct report report;
	struct told told;
	char *text;

	(void)state;
	cJSON_AddItemToObject(cJSON_GetObjectItem(tree, "slos"), "idle",
		cJSON_Duplicate(
			cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "slos"), "avail"), true));
	told_begin(&told, tree);
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_event(&told, "window", SECONDS(1),
		"'probe':'put','from':'client','window':{'probe':'put','first_index':0,'count':50,"
		"'start_ns':'0','end_ns':'0','outcomes':[50,0,0,0,0,0],'classes':["
		"{'slo':'avail','runs':'g50'},{'slo':'idle','runs':'g50'}],'latency':[],"
		"'latency_max':'0ns','lag_max':'1ms','target':'n1'}");
	told_event(&told, "run_ended", SECONDS(1), "'end':true");
	told_report(&told, &report);
	text = told_form(&report, report_html);
	assert_has(text, "avail: good events");
	assert_has(text, "events bad in avail");
	assert_has_not(text, "idle: good events");
	assert_has_not(text, "events bad in idle");
	free(text);
	/* Programs get all of it. */
	text = told_form(&report, report_json);
	assert_has(text, "\"slo\":\t\"idle\"");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

/* heal --run, a day later: its lines are the run's, their time is not. */
static void what_a_later_heal_adds_is_no_part_of_the_axis(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_event(&told, "heal", SECONDS(79200),
		"'wall':'2026-02-01T21:59:30Z','by':'pid 7 on there'");
	told_event(&told, "node_recovered", SECONDS(79201), "'node':'n2'");
	told_report(&told, &report);
	text = told_form(&report, chart_print);
	assert_has(text, ">60 s</text>");
	assert_has_not(text, " h</text>");
	free(text);
	text = told_form(&report, report_summary);
	assert_has(text, "The run was cut off at T+66.000 s");
	assert_has(text, "heal --run looked at the nodes on 2026-02-01T21:59:30Z.");
	free(text);
	text = told_form(&report, report_text);
	assert_has(text, "T+22:00:01  node       recovered, what ");
	free(text);
	report_deinit(&report);
	told_end(&told);
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
		cmocka_unit_test(the_key_tells_of_what_is_drawn),
		cmocka_unit_test(nothing_measured_is_no_chart),
		cmocka_unit_test(a_long_run_makes_no_big_chart),
		cmocka_unit_test(an_instant_is_a_mark),
		cmocka_unit_test(members_have_a_strip_each),
		cmocka_unit_test(an_slo_that_nothing_depends_on_is_not_drawn),
		cmocka_unit_test(what_a_later_heal_adds_is_no_part_of_the_axis),
		cmocka_unit_test(looks_are_attributes),
		cmocka_unit_test(budgets_burn_against_the_rates_of_their_pairs),
		cmocka_unit_test(a_rule_that_stops_at_a_burn_has_a_panel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
