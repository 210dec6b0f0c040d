/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* How near each stop rule came, from the journal alone. */

typedef void form(FILE *out, const struct report *report);

/* The scenario with these rules and no other. */
static cJSON *tree_with(const char *rules)
{
	cJSON *tree = given_tree();

	given_set(tree, "guardrails.stop_if", rules);
	return tree;
}

static const struct closest *of_rule(const struct report *report, const char *id)
{
	LIST_EACH(report->closest, struct closest, own)
		if (strcmp(own->rule->id, id) == 0)
			return own;
	fail_msg("no rule %s", id);
	return NULL;
}

static void an_outage_that_came_near_is_named(void **state)
{
	static form *const forms[] = {report_summary, report_html, report_markdown, report_json};
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told,
		tree_with("[{'id':'outage','slo':'avail','no_good_for':'3s'},"
			  "{'id':'far','slo':'avail','no_good_for':'20s'}]"));
	told_run(&told);
	told_run_ends(&told, 100);
	told_report(&told, &report);
	/* Two seconds of bad events: the rule saw the last good one at 30.98 s, and 33 s covered.
	 */
	assert_true(of_rule(&report, "outage")->share > 0.66 &&
		of_rule(&report, "outage")->share < 0.69);
	assert_int_equal(of_rule(&report, "outage")->at_ns, SECONDS(33));
	assert_false(closest_is_near(of_rule(&report, "far")));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		text = told_form(&report, forms[i]);
		assert_has(text, "outage came to 2.0s of 3s without a good event, at T+33.000 s: ");
		assert_has(text, "of the way, a near miss");
		free(text);
	}
	text = told_form(&report, report_html);
	assert_has(text, "far came to 2.0s of 20s");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void each_kind_of_rule_is_looked_at(void **state)
{
	struct report report;
	struct told told;

	(void)state;
	told_begin(&told,
		tree_with(
			"[{'id':'burn','slo':'avail','burn':{'rate':40,'long':'6s','short':'2s'}},"
			"{'id':'spent','slo':'avail','budget_spent':0.01},"
			"{'id':'blind','slo':'avail','no_data_for':'20s'}]"));
	told_run(&told);
	/* Ten seconds of nothing, then a window. */
	told_event(&told, "window", told.index * 20 * NS_PER_MS + SECONDS(11),
		"'probe':'put','from':'client','window':{'probe':'put','first_index':%lld,"
		"'count':50,'start_ns':'0','end_ns':'0','outcomes':[50,0,0,0,0,0],"
		"'classes':[{'slo':'avail','runs':'g50'}],'latency':[],'latency_max':'1ms',"
		"'lag_max':'1ms'}",
		(long long)told.index);
	told_report(&told, &report);
	/* 100 of 300 bad, of which 1 % may be: a third of all is 33 times as many. */
	assert_true(of_rule(&report, "burn")->share > 0.8 && of_rule(&report, "burn")->share < 0.9);
	assert_true(of_rule(&report, "spent")->share > 0);
	assert_true(
		of_rule(&report, "blind")->share > 0.5 && of_rule(&report, "blind")->share < 0.56);
	assert_has(of_rule(&report, "blind")->way, "of 20s without data");
	report_deinit(&report);
	told_end(&told);
}

static void a_rule_that_stopped_the_run_is_no_near_miss(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, tree_with("[{'id':'outage','slo':'avail','no_good_for':'2s'}]"));
	told_run(&told);
	told_event(&told, "stop", SECONDS(67), "'why':'guardrail','id':'outage','text':'no good'");
	told_run_ends(&told, 100);
	told_report(&told, &report);
	assert_true(of_rule(&report, "outage")->fired);
	text = told_form(&report, report_summary);
	assert_has(text, "outage stopped the run");
	assert_has_not(text, "near miss");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

static void a_rule_that_nobody_fed_says_so(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, tree_with("[{'id':'outage','slo':'avail','no_good_for':'2s'}]"));
	text = told_finish(&told, report_json);
	assert_has(text, "outage: never looked at");
	assert_has(text, "\"share_of_limit\":\tnull");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outage_that_came_near_is_named),
		cmocka_unit_test(each_kind_of_rule_is_looked_at),
		cmocka_unit_test(a_rule_that_stopped_the_run_is_no_near_miss),
		cmocka_unit_test(a_rule_that_nobody_fed_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
