/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "told.h"

/* What every form says of claims of each kind, of who would have been told, and of recovery. */

static void (*const forms[])(FILE *out, const struct report *report) = {
	report_summary, report_markdown, report_html, report_junit};

/* The run as it should go, with claims of the newer kinds; the cut has 100 of 500 events bad. */
static void tell(struct told *told)
{
	cJSON *tree = given_tree();

	given_set(tree, "slos.avail.burn", "[{'severity':'page','rate':8,'long':'10s'}]");
	given_set(tree, "invariants[6]",
		"{'id':'no-worse','in':'cut','compare':{'slo':'avail','with':{'in':'before'},"
		"'worse_by_at_most':0.05},'known_issue':{'ticket':'DB-12','until':'2026-12-31',"
		"'why':'slow <elections>'}}");
	given_set(tree, "invariants[7]",
		"{'id':'kept','in':'cut','gate':'should','ratio':{'slo':'avail','to':{'in':"
		"'before'},'at_least':0.5}}");
	told_begin(told, tree);
	told_run(told);
	told_event(told, "alert", SECONDS(33),
		"'slo':'avail','pair':0,'severity':'page','at_ns':%lld,'long_rate':10,"
		"'short_rate':50",
		(long long)SECONDS(32));
	told_event(told, "alert_over", SECONDS(36), "'slo':'avail','pair':0,'at_ns':%lld",
		(long long)SECONDS(35));
	told_run_ends(told, 100);
}

static char *form_of(size_t index)
{
	struct told told;

	tell(&told);
	return told_finish(&told, forms[index]);
}

static void every_form_tells_the_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = form_of(i);

		assert_has(text, "VIOLATED, a known issue");
		assert_has(text, "DB-12");
		assert_has(text, "a difference of ");
		assert_has(text, "good events a second");
		/* Nothing from outside has a meaning in a form with markup. */
		if (forms[i] != report_summary)
			assert_has_not(text, "slow <elections>");
		free(text);
	}
}

static void what_was_claimed_stands_there(void **state)
{
	(void)state;
	char *text = form_of(0);

	assert_has(text, "\n  Violated, but known issues: no-worse.\n");
	assert_has(text,
		"? no-worse     VIOLATED, a known issue (must): avail in cut worse by ≤ 5 % than "
		"avail in before\n");
	assert_has(text,
		"kept         HELD (should): good/s of avail in cut ≥ 0.5 × avail in before\n");
	free(text);
	text = form_of(1);
	assert_has(text, "| ⚠️ no-worse |");
	assert_has(text, "| 500 and 1500 | 100 and 0 | ≥ -5 % |");
	free(text);
	text = form_of(3);
	assert_has(text, "<skipped");
	free(text);
}

static void who_would_be_told_stands_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *text = form_of(i);

		assert_has(text,
			"page of avail: burned 10 times as fast as it may over 10s and 50 "
			"times over 2s, from 8 on; 3.00s long");
		free(text);
	}
}

static void recovery_and_loss_are_told_in_those_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *text = form_of(i);

		assert_has(text,
			"RTO in avail, during cut-leader: 2.00s ± 20ms from its start until "
			"good again for 3s");
		/* Nothing is lost here. */
		assert_has(text, "RPO of acked: no acknowledged write is lost");
		free(text);
	}
}

static void losses_are_told_with_their_stretch(void **state)
{
	(void)state;
	struct told told;
	char *text;

	/* 50 writes a second: ids 41 to 100 of those that were acknowledged are a stretch of 1.2 s.
	 */
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 40);
	text = told_finish(&told, report_summary);
	assert_has(text,
		"RPO of acked: 60 acknowledged writes lost, within a stretch of 1.20s of "
		"writing (ids 41 to 100)");
	free(text);
}

static void the_summary_has_the_numbers(void **state)
{
	(void)state;
	struct told told;
	struct report report;
	cJSON *json;
	const cJSON *claim, *gap, *alert;

	tell(&told);
	told_report(&told, &report);
	json = report_summary_json(&report);
	claim = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "claims"), 6);
	assert_string_equal(json_string(claim, "kind", ""), "compare");
	assert_string_equal(json_string(claim, "finding", ""), "known_issue");
	assert_string_equal(json_string(claim, "known_issue", ""), "DB-12");
	assert_true(fabs(json_number(claim, "difference", 0) + 0.2) < 1e-12);
	assert_true(json_number(claim, "difference_at_most", 0) < -0.15);
	claim = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "claims"), 7);
	assert_string_equal(json_string(claim, "kind", ""), "ratio");
	assert_true(fabs(json_number(claim, "ratio", 0) - 0.8) < 1e-12);
	gap = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "gaps"), 0);
	assert_true(json_number(gap, "rto_s", 0) == 2);
	assert_true(json_number(gap, "rto_stable_for_s", 0) == 3);
	alert = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "alerts"), 0);
	assert_string_equal(json_string(alert, "severity", ""), "page");
	assert_true(json_number(alert, "from_s", 0) == 32);
	cJSON_Delete(json);
	report_deinit(&report);
	told_end(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_tells_the_verdicts),
		cmocka_unit_test(what_was_claimed_stands_there),
		cmocka_unit_test(who_would_be_told_stands_there),
		cmocka_unit_test(recovery_and_loss_are_told_in_those_words),
		cmocka_unit_test(losses_are_told_with_their_stretch),
		cmocka_unit_test(the_summary_has_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
