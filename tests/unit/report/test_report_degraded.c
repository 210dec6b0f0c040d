/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* Who got worse, in every form: the cut is on n2, and n3 pays for it, too. */

/* 50 events a second: 1550 up to the cut at 31 s, 500 in it, of which the first are bad. */
static void window(
	struct told *told, const char *member, int64_t first, int64_t count, const char *runs)
{
	told_event(told, "window", (first + count) * 20 * NS_PER_MS,
		"'probe':'members','from':'client','to':'%s','window':{'probe':'members',"
		"'first_index':%lld,'count':%lld,'start_ns':'0','end_ns':'0','outcomes':"
		"[0,0,0,0,0,0],'classes':[{'slo':'members','runs':'%s'}],'latency':[],"
		"'latency_max':'0ns','lag_max':'1ms'}",
		member, (long long)first, (long long)count, runs);
}

static void asked(struct told *told, const char *member, const char *runs_of_the_cut)
{
	window(told, member, 0, 1550, "g1550");
	window(told, member, 1550, 500, runs_of_the_cut);
}

static void begin(struct told *told, struct report *report, const char *runs_of_n3)
{
	static const char *const members[] = {"n1", "n2", "n3"};
	cJSON *tree = given_tree();

	given_set(tree, "groups.members.observe",
		"{'type':'tcp','from':['client'],'address':'{node.addr}:2379','rate':50,"
		"'timeout':'300ms'}");
	told_begin(told, tree);
	told_event(told, "group_resolved", 0, "'group':'members','nodes':['n1','n2','n3']");
	for (size_t i = 0; i < 3; i++)
		told_event(told, "source", 0,
			"'probe':'members','from':'client','to':'%s','start_ns':0,'rate':50",
			members[i]);
	told_run(told);
	asked(told, "n1", "g500");
	asked(told, "n2", "b500");
	asked(told, "n3", runs_of_n3);
	told_run_ends(told, 100);
	told_report(told, report);
}

static void assert_form_has(
	const struct report *report, void (*form)(FILE *, const struct report *), const char *part)
{
	char *text = told_form(report, form);

	assert_has(text, part);
	free(text);
}

#define FOUND "1 node got worse that no fault was on: n3 by 40 points (35.3 to 44.8)"

static void a_finding_stands_in_every_form(void **state)
{
	struct told told;
	struct report report;
	char *page;

	(void)state;
	begin(&told, &report, "b200g300");
	page = told_form(&report, report_html);
	/* At a glance, in its section, as a draft finding; in the matrix as word, mark, colour. */
	assert_int_equal(count_of(page, FOUND), 3);
	assert_has(page,
		"<div class=\"worse\"><strong class=\"bad\">✗ worse by 40 points (35.3 to 44.8), "
		"no fault was on it</strong></div>");
	assert_has(page, "<div class=\"worse\"><strong class=\"none\">– worse by 100 points");
	assert_has(page, "a fault was on it</strong></div>");
	assert_int_equal(count_of(page, "<div class=\"worse\">"), 2);
	free(page);
	assert_form_has(&report, report_text, "amplification 2: 2 nodes got worse");
	assert_form_has(&report, report_summary, "! worse");
	assert_form_has(&report, report_markdown, "❌ " FOUND);
	assert_form_has(&report, report_markdown, "\n- n3: 60 % of 500 good in cut");
	assert_form_has(&report, report_json, "\"amplification\":\t2");
	report_deinit(&report);
	told_end(&told);
}

static void nothing_found_is_said_as_well(void **state)
{
	struct told told;
	struct report report;
	char *page;

	(void)state;
	begin(&told, &report, "g500");
	page = told_form(&report, report_html);
	assert_int_equal(count_of(page, "no node is proven worse that no fault was on"), 1);
	assert_int_equal(count_of(page, "<div class=\"worse\">"), 1);
	free(page);
	assert_form_has(&report, report_json, "\"outside\":\t0");
	report_deinit(&report);
	told_end(&told);
}

/* Nobody asked each member: then nothing is known, and nothing is said. */
static void what_nobody_asked_is_not_told(void **state)
{
	struct told told;
	struct report report;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	told_report(&told, &report);
	text = told_form(&report, report_html);
	assert_has_not(text, "worse");
	free(text);
	assert_form_has(&report, report_json, "\"amplification\":\tnull");
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_stands_in_every_form),
		cmocka_unit_test(nothing_found_is_said_as_well),
		cmocka_unit_test(what_nobody_asked_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
