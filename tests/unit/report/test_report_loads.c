/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* Loads, in every form of the report. */

static void shop_second(struct told *told, int64_t second, const char *attempts, const char *runs,
	const char *shares)
{
	told_event(told, "window", SECONDS(second + 1),
		"'probe':'shop','from':'client','window':{'probe':'shop','first_index':%lld,"
		"'count':20,'start_ns':'0','end_ns':'0','outcomes':[20],'classes':"
		"[{'slo':'shop','runs':'%s'}],'latency':[],'load':{'attempts':'%s','withheld':%d,"
		"'shares':[%s]}}",
		(long long)second * 20, runs, attempts, runs[0] == 'b' ? 2 : 0, shares);
}

/*
 * Of 66 s the load is well for 31 and from `back` s on; between them each request takes three
 * attempts, two of which meet n2.
 */
static void tell(struct told *told, int64_t back)
{
	cJSON *tree = given_tree();

	given_set(tree, "workloads.shop",
		"{'model':'load','from':'client','to':{'group':'members','policy':'any'},"
		"'http':{'url':'http://{node.addr}/'},'arrivals':[{'rate':20}],"
		"'retry':{'attempts':3}}");
	given_set(
		tree, "slos.shop", "{'workload':'shop','good':{'attempts_le':1},'objective':0.9}");
	told_begin(told, tree);
	told_event(told, "source", 0, "'probe':'shop','from':'client','start_ns':0,'rate':20");
	told_run(told);
	for (int64_t i = 0; i < 66; i++)
		if (i < 31 || i >= back)
			shop_second(told, i, "20*1", "g20",
				"{'node':'n1','attempts':10,'failed':0},"
				"{'node':'n2','attempts':10,'failed':0}");
		else
			shop_second(told, i, "20*3", "b20",
				"{'node':'n1','attempts':20,'failed':0},"
				"{'node':'n2','attempts':40,'failed':40}");
	told_run_ends(told, 100);
}

static char *form_of(int64_t back, void (*form)(FILE *out, const struct report *report))
{
	struct told told;

	tell(&told, back);
	return told_finish(&told, form);
}

static void every_form_tells_of_a_load(void **state)
{
	static void (*const forms[])(FILE * out, const struct report *report) = {
		report_summary, report_text, report_html, report_markdown};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = form_of(43, forms[i]);

		assert_has(text, "amplification 3");
		assert_has(text, "33.3 %");
		assert_has(text, "400");
		assert_has(text, "66.7 %");
		assert_has(text, "comes back after 2");
		assert_has_not(text, "metastable");
		free(text);
	}
}

static void a_line_for_each_phase(void **state)
{
	char *text = form_of(43, report_summary);

	(void)state;
	assert_has(text,
		"  load         shop, before: 20 requests a second asked, 20 begun, 1 attempts "
		"each "
		"(retry ratio 0); to n1 50 %, n2 50 %\n");
	assert_has(text,
		"  load         shop, cut: 20 requests a second asked, 20 begun, 3 attempts each "
		"(retry ratio 2), 20 retries withheld; to n1 33.3 %, n2 66.7 % (400 failed)\n");
	assert_has(text,
		"  load         shop, during cut-leader: 3 attempts for each request, 1 before it: "
		"amplification 3\n");
	assert_has(text,
		"  load         shop, after the heal of cut-leader: comes back after 2.00s (good "
		"for "
		"5s)\n");
	free(text);
}

static void what_stays_down_is_told_first(void **state)
{
	char *text = form_of(66, report_html);
	const char *cost;

	(void)state;
	assert_has(text,
		"does not come back in the 25.0s to the end of the data: it is not the fault that "
		"keeps it down any more (metastable, if it lasts)");
	cost = strstr(text, "<section id=\"cost\">");
	assert_non_null(cost);
	assert_has(cost, "<b>not back</b>");
	assert_true(strstr(cost, "not back") < strstr(cost, "<section id=\"claims\">"));
	assert_has(cost, "<b>× 3</b>");
	free(text);
}

static void a_run_without_loads_says_nothing_of_them(void **state)
{
	static void (*const forms[])(FILE * out, const struct report *report) = {
		report_text, report_html, report_markdown};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct told told;
		char *text;

		told_begin(&told, given_tree());
		told_run(&told);
		told_run_ends(&told, 100);
		text = told_finish(&told, forms[i]);
		assert_has_not(text, "etry ratio");
		free(text);
	}
}

static const cJSON *item(const cJSON *list, int index)
{
	const cJSON *own = cJSON_GetArrayItem(list, index);

	assert_non_null(own);
	return own;
}

static void programs_get_the_numbers(void **state)
{
	struct told told;
	struct report report;
	cJSON *json;
	const cJSON *load, *cut, *own;

	(void)state;
	tell(&told, 43);
	told_report(&told, &report);
	json = report_summary_json(&report);
	load = item(cJSON_GetObjectItem(json, "loads"), 0);
	assert_string_equal(json_string(load, "workload", ""), "shop");
	assert_true(json_number(load, "requests", 0) == 66 * 20);
	assert_true(json_number(load, "retries", 0) == 12 * 40);
	cut = item(cJSON_GetObjectItem(load, "phases"), 1);
	assert_string_equal(json_string(cut, "phase", ""), "cut");
	assert_true(json_number(cut, "asked_per_s", 0) == 20);
	assert_true(json_number(cut, "begun_per_s", 0) == 20);
	assert_true(json_number(cut, "attempts", 0) == 600);
	assert_true(json_number(cut, "retry_ratio", 0) == 2);
	assert_true(json_number(cut, "withheld", 0) == 20);
	own = item(cJSON_GetObjectItem(cut, "spread"), 1);
	assert_string_equal(json_string(own, "node", ""), "n2");
	assert_true(json_number(own, "attempts", 0) == 400);
	assert_true(json_number(own, "failed", 0) == 400);
	assert_float_equal(json_number(own, "share", 0), 2.0 / 3, 1e-9);
	own = item(cJSON_GetObjectItem(load, "faults"), 0);
	assert_true(json_number(own, "amplification", 0) == 3);
	own = item(cJSON_GetObjectItem(load, "recoveries"), 0);
	assert_string_equal(json_string(own, "recovery", ""), "back");
	assert_string_equal(json_string(own, "slo", ""), "shop");
	assert_true(json_number(own, "after_s", 0) == 2);
	cJSON_Delete(json);
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_tells_of_a_load),
		cmocka_unit_test(a_line_for_each_phase),
		cmocka_unit_test(what_stays_down_is_told_first),
		cmocka_unit_test(a_run_without_loads_says_nothing_of_them),
		cmocka_unit_test(programs_get_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
