/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/verbs.h"
#include "controller/report/words.h"
#include "told.h"

/* What was asked of a fault beside what it did, in every form of the report. */

static void tell(struct told *told)
{
	told_begin(told, given_tree());
	told_run(told);
	told_slow(told);
	told_run_ends(told, 100);
}

static void every_form_shows_what_differs(void **state)
{
	static void (*const forms[])(FILE * out, const struct report *report) = {report_summary,
		report_text, report_html, report_markdown, report_junit, report_annotations};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct told told;
		char *text;

		tell(&told);
		text = told_finish(&told, forms[i]);
		if (!strstr(text, "did other than asked"))
			fail_msg("form %zu does not say so:\n%s", i, text);
		assert_has(text, "4.8 %");
		assert_has(text, "35 packets");
		assert_has_not(text, "dropped");
		free(text);
	}
}

static void the_verdict_does_not_hang_on_it(void **state)
{
	struct told told;
	struct report report;

	(void)state;
	tell(&told);
	told_report(&told, &report);
	assert_int_equal(report.judgement.exit_code, 0);
	assert_string_equal(report.judgement.headline, "HELD");
	report_deinit(&report);
	told_end(&told);
}

static void the_text_has_a_line_for_each(void **state)
{
	struct told told;
	char *text;

	(void)state;
	tell(&told);
	text = told_finish(&told, report_summary);
	assert_has(text,
		"  ? cut-leader did other than asked: loss on n2, out: 4.8 %, asked 1 %; lane full "
		"on n2, out: 35 packets, asked none\n");
	assert_has(text,
		"!              ✗ loss on n2, out: 4.8 %, asked 1 % (48 of 1000; 2.87 % to 7.43 "
		"%): "
		"differs\n");
	assert_has(text,
		"               ✓ delay p50 on n2, out: 50.1ms, asked 50ms (812 samples, may be "
		"off "
		"by 1ms): ok\n");
	assert_has(text,
		"?              ? loss on n2, in: 0 %, asked 1 % (0 of 12; 0 % to 46.9 %): not "
		"enough packets to tell\n");
	assert_has(text, "✓ rate on n2, out: 9.8 Mbit/s, asked at most 10 Mbit/s");
	assert_has(text, "– longest on n2, out: 61.2ms (812 samples): not asked for\n");
	assert_has(text, "packets delayed 7 (9 of 90 segments)");
	free(text);
}

static void the_page_has_a_table(void **state)
{
	struct told told;
	char *text;

	(void)state;
	tell(&told);
	text = told_finish(&told, report_html);
	assert_int_equal(count_of(text, "<table class=\"measures\">"), 1);
	assert_has(text, "<td>48 of 1000; 2.87 % to 7.43 %</td>");
	assert_has(text, "<td class=\"number\">7 delayed</td>");
	assert_has(text, "<td class=\"number\">9 of 90</td>");
	free(text);
}

/* Without measures nobody is shown an empty table. */
static void a_run_without_measures_has_no_table(void **state)
{
	static void (*const forms[])(FILE * out, const struct report *report) = {
		report_html, report_markdown};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct told told;
		char *text;

		told_begin(&told, given_tree());
		told_run(&told);
		told_run_ends(&told, 100);
		text = told_finish(&told, forms[i]);
		assert_has_not(text, "Achieved");
		assert_has(text, "dropped");
		free(text);
	}
}

static void programs_get_the_numbers(void **state)
{
	struct told told;
	struct report report;
	cJSON *json;
	const cJSON *fault, *measures, *own;

	(void)state;
	tell(&told);
	told_report(&told, &report);
	json = report_summary_json(&report);
	fault = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "faults"), 0);
	assert_string_equal(json_string(fault, "did", ""), "delayed");
	assert_int_equal(cJSON_GetObjectItem(fault, "measures_differing")->valueint, 2);
	measures = cJSON_GetObjectItem(fault, "measures");
	assert_int_equal(cJSON_GetArraySize(measures), 6);
	own = cJSON_GetArrayItem(measures, 0);
	assert_string_equal(json_string(own, "finding", ""), "differs");
	assert_string_equal(json_string(own, "unit", ""), "ratio");
	assert_int_equal(cJSON_GetObjectItem(own, "hits")->valueint, 48);
	assert_true(cJSON_GetObjectItem(own, "lower")->valuedouble > 0.01);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(measures, 5), "asked")));
	cJSON_Delete(json);
	report_deinit(&report);
	told_end(&told);
}

/* Which addresses were hit, of a counterpart that is a name. */
static void names_are_told_with_their_addresses(void **state)
{
	static void (*const forms[])(FILE * out, const struct report *report) = {
		report_text, report_html, report_markdown};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct told told;
		char *text;

		told_begin(&told, given_tree());
		told_run(&told);
		told_event(&told, "evidence", SECONDS(66),
			"'fault':'cut-leader','node':'n2','counters':[],'hosts':[{'host':"
			"'s3.example.com','addresses':['192.0.2.1','2001:db8::1'],"
			"'trouble':'it <b>hangs</b>'}]");
		told_run_ends(&told, 100);
		text = told_finish(&told, forms[i]);
		assert_has(text, "192.0.2.1");
		assert_has(text, "2001:db8::1");
		assert_has(text, "hangs");
		if (forms[i] != report_text)
			assert_has_not(text, "<b>hangs");
		free(text);
	}
}

static void hostile_names_and_numbers_stay_text(void **state)
{
	static const char reordering[] = {(char)0xe2, (char)0x80, (char)0xae, '\0'};
	static void (*const forms[])(FILE * out, const struct report *report) = {
		report_text, report_html, report_markdown, report_junit, report_annotations};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct told told;
		char *text;

		told_begin(&told, given_tree());
		told_run(&told);
		told_event(&told, "evidence", SECONDS(66),
			"'fault':'cut-leader','node':'n2','counters':[],'measures':[{'name':"
			"'<b>|\\u001b[2J\\u202e','direction':'egress','unit':'ns','bound':'about',"
			"'asked':1e308,'achieved':-1e308,'count':'1','hits':'0'}]");
		told_run_ends(&told, 100);
		text = told_finish(&told, forms[i]);
		assert_has_not(text, "\x1b");
		assert_has_not(text, reordering);
		if (forms[i] == report_html || forms[i] == report_markdown)
			assert_has_not(text, "<b>|");
		free(text);
	}
}

static void quantities_are_said_in_their_unit(void **state)
{
	static const struct {
		int unit;
		double value;
		const char *text;
	} said[] = {
		{MEASURE_RATIO, 0.01, "1 %"},
		{MEASURE_RATIO, 0.000123, "0.0123 %"},
		{MEASURE_RATIO, 1, "100 %"},
		{MEASURE_DURATION, 50e6, "50ms"},
		{MEASURE_DURATION, 0, "0ns"},
		{MEASURE_DURATION, -2e6, "-2ms"},
		{MEASURE_DURATION, 1e300, "1e+300 ns"},
		{MEASURE_RATE, 9.8e6, "9.8 Mbit/s"},
		{MEASURE_RATE, 999, "999 bit/s"},
		{MEASURE_RATE, 999999, "1 Mbit/s"},
		{MEASURE_RATE, 2.5e9, "2.5 Gbit/s"},
		{MEASURE_COUNT, 1, "1 packet"},
		{MEASURE_COUNT, 1234567, "1234567 packets"},
	};
	char text[WORDS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		assert_string_equal(
			words_quantity(said[i].unit, said[i].value, text), said[i].text);
}

/* Two faults of one phase, on one path: what they cost can't be told apart. */
static void faults_that_begin_together_share_their_gap(void **state)
{
	struct told told;
	struct report report;
	struct list *outages = &report.judgement.outages, figures;
	struct fault_spec spec = {.id = (char *)"lossy"};
	struct fault_record other;
	struct outage first;
	char span[WORDS_MAX];
	size_t gaps = 0;

	(void)state;
	tell(&told);
	told_report(&told, &report);
	assert_int_equal(outages->count, 1);
	first = *LIST_AT(*outages, struct outage, 0);
	other = *first.fault;
	other.spec = &spec;
	*(struct outage *)list_push(outages, sizeof(first)) = first;
	LIST_AT(*outages, struct outage, 1)->fault = &other;
	assert_true(words_outage_is_told(&report, LIST_AT(*outages, struct outage, 0)));
	assert_false(words_outage_is_told(&report, LIST_AT(*outages, struct outage, 1)));
	assert_string_equal(words_span(&report, LIST_AT(*outages, struct outage, 0), false, span),
		"during cut-leader and lossy");
	figures = words_cost(&report);
	LIST_EACH(figures, struct figure, figure)
		if (strstr(figure->text, "longest time")) {
			gaps++;
			assert_has(figure->text,
				"during cut-leader and lossy; after the heal of cut-leader and "
				"lossy: ");
		}
	assert_int_equal(gaps, 1);
	free(figures.items);
	/* One that began later is told by itself. */
	other.start_ns++;
	assert_true(words_outage_is_told(&report, LIST_AT(*outages, struct outage, 1)));
	assert_string_equal(words_span(&report, LIST_AT(*outages, struct outage, 1), true, span),
		"after the heal of lossy");
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_shows_what_differs),
		cmocka_unit_test(the_verdict_does_not_hang_on_it),
		cmocka_unit_test(the_text_has_a_line_for_each),
		cmocka_unit_test(the_page_has_a_table),
		cmocka_unit_test(a_run_without_measures_has_no_table),
		cmocka_unit_test(programs_get_the_numbers),
		cmocka_unit_test(names_are_told_with_their_addresses),
		cmocka_unit_test(hostile_names_and_numbers_stay_text),
		cmocka_unit_test(faults_that_begin_together_share_their_gap),
		cmocka_unit_test(quantities_are_said_in_their_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
