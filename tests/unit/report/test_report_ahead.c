/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/list.h"
#include "controller/report/trend.h"
#include "told.h"

/* What a report tells beyond the numbers: a story, a trend, findings, and what would tell more. */

typedef void form(FILE *out, const struct report *report);

/* --- the story of a lost write ----------------------------------------------------------- */

static void the_first_lost_write_is_a_story(void **state)
{
	struct report report;
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	told_report(&told, &report);
	text = told_form(&report, report_html);
	assert_has(text, "<h3>The first lost write of acked</h3>");
	assert_has(text,
		"By 2026-02-01 00:00:16 UTC (T+46.000 s), in phase after, the client on client had "
		"written "
		"record "
		"61, and had been told that it was stored. When every member was asked at the end, "
		"at 2026-02-01 00:00:40 UTC (T+70.000 s), none of the 2 that answered had it. The "
		"same became "
		"of 39 more: 40 of 100 acknowledged records are gone. No client got an error for "
		"any of them");
	free(text);
	text = told_form(&report, report_json);
	assert_has(text, "\"story\":\t[\"By 2026-02-01 00:00:16 UTC");
	free(text);
	report_deinit(&report);
	told_end(&told);
}

/* Whatever acted then is named, and the read that missed it first. */
static void a_story_names_the_fault_and_the_read(void **state)
{
	struct report report;
	struct told told;
	struct list story;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "fault_arming", SECONDS(1),
		"'fault':'cut-leader','on':['n2'],'from':['n1'],'start_ns':%lld,'deadline_ns':%lld",
		(long long)SECONDS(2), (long long)SECONDS(9));
	told_writes(&told, SECONDS(5));
	told_event(&told, "read_back", SECONDS(8),
		"'workload':'acked','read':{'workload':'acked','sent_ns':'1','ended_ns':'2',"
		"'ok':true,'expected':50,'missing_count':1,'missing':[{'first':50,'last':50}]}");
	told_run_ends(&told, 49);
	told_report(&told, &report);
	story = words_data_story(&report, report.judgement.data.items);
	assert_int_equal(story.count, 4);
	assert_has(*LIST_AT(story, char *, 0),
		"while fault cut-leader (partition on n2, from n1) acted, the client on client had "
		"written record 50");
	assert_has(*LIST_AT(story, char *, 1),
		"A read at 23:59:38 UTC (T+8.000 s), while the run still went on, was "
		"the "
		"first to miss it.");
	assert_has(*LIST_AT(story, char *, 2), "It is the only one of 50");
	list_free_texts(&story);
	report_deinit(&report);
	told_end(&told);
}

/* --- the trend --------------------------------------------------------------------------- */

static void the_chance_is_exact(void **state)
{
	(void)state;
	assert_true(trend_failure_chance(0, 5) > 0.4506 && trend_failure_chance(0, 5) < 0.4508);
	assert_true(trend_failure_chance(0, 59) > 0.0494 && trend_failure_chance(0, 59) < 0.0500);
	assert_true(trend_failure_chance(0, 1) > 0.9499 && trend_failure_chance(0, 1) < 0.9501);
	assert_true(trend_failure_chance(3, 3) > 0.9999);
}

static void put_run(
	const char *dir, const char *name, const char *scenario, const char *started, int code)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/%s/summary.json", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file,
		"{\"scenario\":\"%s\",\"environment\":\"lab\",\"started\":\"%s\",\"verdict\":\"%"
		"s\","
		"\"exit_code\":%d,\"reason\":\"<b>\"}",
		scenario, started, code ? "VIOLATED" : "HELD", code);
	fclose(file);
}

static void drop_run(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/summary.json", dir, name);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(rmdir(path), 0);
}

static void earlier_runs_beside_it_make_a_trend(void **state)
{
	static const struct {
		const char *name, *scenario, *started;
		int code;
	} runs[] = {
		{"1-a", "given", "2026-01-30T10:00:00Z", 0},
		{"2-b", "given", "2026-01-30T11:00:00Z", 1},
		{"3-c", "given", "2026-01-30T12:00:00Z",
			4}, /* refused: says nothing of the system */
		{"4-other", "other", "2026-01-30T12:00:00Z", 0},
		{"5-later", "given", "2026-03-01T00:00:00Z", 1},
	};
	enum {
		RUNS = sizeof(runs) / sizeof(runs[0])
	};
	char dir[] = "/tmp/backburn-trend-XXXXXX", own[64], text[SENTENCE_MAX];
	cJSON *tree = given_tree();
	struct report report;
	struct told told;
	char *page;

	(void)state;
	given_set(tree, "name", "'given'");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < RUNS; i++)
		put_run(dir, runs[i].name, runs[i].scenario, runs[i].started, runs[i].code);
	snprintf(own, sizeof(own), "%s/6-own", dir);
	assert_int_equal(mkdir(own, 0755), 0);
	told_begin(&told, tree);
	told_run(&told);
	told_run_ends(&told, 100);
	told_report(&told, &report);
	trend_read(&report, own);
	assert_int_equal(report.trend.count, 3);
	assert_string_equal(LIST_AT(report.trend, struct trend_run, 0)->directory, "1-a");
	assert_non_null(trend_words(&report, text));
	assert_has(
		text, "2 of 3 runs held: at 95 % the failure chance of the next is still up to 8");
	page = told_form(&report, report_html);
	assert_has(page, "<a href=\"../2-b/report.html\">2-b</a>");
	assert_has(page, "&lt;b&gt;");
	assert_has_not(page, "4-other");
	assert_has_not(page, "5-later");
	free(page);
	page = told_form(&report, report_text);
	assert_has(page, "trend over earlier runs");
	free(page);
	page = told_form(&report, report_json);
	assert_has(page, "\"directory\":\t\"1-a\"");
	free(page);
	report_deinit(&report);
	told_end(&told);
	for (size_t i = 0; i < RUNS; i++)
		drop_run(dir, runs[i].name);
	assert_int_equal(rmdir(own), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* --- findings ---------------------------------------------------------------------------- */

static void what_is_not_as_expected_is_a_draft(void **state)
{
	static form *const forms[] = {report_text, report_html, report_markdown, report_json};
	struct report report;
	struct told told;
	struct list findings;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	told_report(&told, &report);
	findings = words_findings(&report);
	assert_int_equal(findings.count, 2);
	assert_has(LIST_AT(findings, struct finding_draft, 0)->evidence, "claim no-loss: ");
	assert_has(LIST_AT(findings, struct finding_draft, 1)->evidence,
		"40 of 100 acknowledged writes of acked");
	free(findings.items);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char *text = told_form(&report, forms[i]);

		assert_has(text, "Records that were acknowledged are lost");
		free(text);
	}
	report_deinit(&report);
	told_end(&told);
}

static void a_run_as_expected_has_none(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 100);
	text = told_finish(&told, report_html);
	assert_has(text, "None: nothing came out other than expected.");
	assert_has_not(text, "class=\"blank\"");
	assert_has(text, "What would give a clearer answer");
	assert_has(text, "Run it again: five runs that hold");
	free(text);
}

static void what_would_tell_more_is_named(void **state)
{
	struct told told;
	char *text;

	(void)state;
	told_begin(&told, given_tree());
	told_event(&told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_event(&told, "phase_started", 0, "'phase':'before','start_ns':0");
	told_seconds(&told, 2, "g50");
	told_event(&told, "phase_ended", SECONDS(2),
		"'phase':'before','how':'time','end_ns':2000000000");
	told_event(&told, "run_ended", SECONDS(3), "'end':true");
	text = told_finish(&told, report_html);
	assert_has(text, "Claim steady had 100 events; it takes 299 without a bad one to show it");
	free(text);
}

/* --- the order of the page --------------------------------------------------------------- */

static void the_page_goes_from_the_verdict_to_the_findings(void **state)
{
	static const char *const order[] = {"<header>", "id=\"cost\"", "id=\"claims\"",
		"id=\"radius\"", "id=\"time\"", "id=\"moments\"", "id=\"data\"", "id=\"hit\"",
		"id=\"revert\"", "id=\"certificate\"", "id=\"events\"", "id=\"limits\"",
		"id=\"again\"", "id=\"findings\""};
	struct told told;
	char *text, *at;

	(void)state;
	told_begin(&told, given_tree());
	told_run(&told);
	told_run_ends(&told, 60);
	at = text = told_finish(&told, report_html);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_has(text, order[i]);
		at = strstr(at, order[i]);
		if (!at)
			fail_msg("%s stands too early", order[i]);
	}
	assert_has(text, " claims are as expected; not as expected: no-loss");
	assert_has(text, "of 66 s in which avail was below its objective, second by second");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_lost_write_is_a_story),
		cmocka_unit_test(a_story_names_the_fault_and_the_read),
		cmocka_unit_test(the_chance_is_exact),
		cmocka_unit_test(earlier_runs_beside_it_make_a_trend),
		cmocka_unit_test(what_is_not_as_expected_is_a_draft),
		cmocka_unit_test(a_run_as_expected_has_none),
		cmocka_unit_test(what_would_tell_more_is_named),
		cmocka_unit_test(the_page_goes_from_the_verdict_to_the_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
