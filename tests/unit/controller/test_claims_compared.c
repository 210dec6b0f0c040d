/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/plan/check.h"
#include "controller/report/words.h"
#include "given.h"

/* Claims on quantiles and on two things side by side; how sure one must be; known issues. */

/* "before" from 0 to 20 s, "cut" from 20 to 40 s, each with 1000 events, so many of them bad. */
static void events_of(struct record *record, const char *slo, int bad_before, int bad_cut)
{
	struct samples *samples = &record_sli(record, slo)->samples;

	for (int64_t i = 0; i < 2000; i++)
		samples_add(
			samples, i * 20 * NS_PER_MS, i % 1000 >= (i < 1000 ? bad_before : bad_cut));
	LIST_AT(record->sources, struct source_record, 0)->next_index = 2000;
}

static struct record run_of(const char *claim)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "slos.other", "{'probe':'put','good':{'outcome':'ok'},'objective':0.9}");
	given_set(tree, "invariants", "[]");
	given_set(tree, "invariants[0]", claim);
	record = given_record(tree);
	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	given_event(&record, "phase_ended", SECONDS(20),
		"'phase':'before','how':'time','end_ns':%lld", (long long)SECONDS(20));
	given_event(&record, "phase_started", SECONDS(20), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(20));
	return record;
}

static void end_cut(struct record *record, const char *how)
{
	given_event(record, "phase_ended", SECONDS(40), "'phase':'cut','how':'%s','end_ns':%lld",
		how, (long long)SECONDS(40));
}

static struct claim_judgement judged(const struct record *record)
{
	return given_judgement(record, "c");
}

static void assert_says(const struct record *record, enum verdict verdict, const char *text)
{
	struct claim_judgement own = judged(record);

	assert_string_equal(own.text, text);
	assert_int_equal(own.verdict, verdict);
}

/* --- quantiles ----------------------------------------------------------------------------- */

#define P99 "put-p99-below-200ms"

static void a_quantile_is_a_share_of_quick_events(void **state)
{
	(void)state;
	static const struct {
		int bad;
		enum verdict verdict;
		const char *text;
	} cases[] = {
		{4, VERDICT_HELD,
			"4 of 1000 not below 200ms (99.6 % below); p99 is held with at most 4, "
			"violated from 16"},
		{5, VERDICT_INCONCLUSIVE,
			"5 of 1000 not below 200ms (99.5 % below); p99 is held with at most 4, "
			"violated from 16"},
		{16, VERDICT_VIOLATED,
			"16 of 1000 not below 200ms (98.4 % below); p99 is held with at most 4, "
			"violated from 16"},
	};

	for (size_t i = 0; i < 3; i++) {
		struct record record = run_of("{'id':'c','in':'cut','holds':{'probe':'put',"
					      "'quantile':0.99,'below':'200ms'}}");
		char claimed[WORDS_MAX];

		events_of(&record, P99, 0, cases[i].bad);
		/* Cut short it may prove a violation, no more. */
		assert_int_equal(judged(&record).verdict,
			cases[i].verdict == VERDICT_VIOLATED ? VERDICT_VIOLATED
							     : VERDICT_NOT_JUDGED);
		end_cut(&record, "time");
		assert_says(&record, cases[i].verdict, cases[i].text);
		assert_string_equal(
			words_statement(&record.scenario, given_claim(&record, "c"), claimed),
			"p99 of put < 200ms in cut");
		record_deinit(&record);
	}
}

/* The SLO that counts for it: what a prober is told, and what the journal calls it. */
static void implied_slos_are_shared_and_named_alike(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct scenario scenario, other;
	const struct slo_spec *slo;

	given_set(tree, "slos." P99, "{'probe':'put','good':{'outcome':'ok'},'objective':0.5}");
	given_set(tree, "invariants[0].holds", "{'probe':'put','quantile':0.99,'below':'200ms'}");
	given_set(tree, "invariants[1].holds", "{'probe':'put','quantile':0.99,'below':'200ms'}");
	scenario = given_scenario(cJSON_Duplicate(tree, true));
	assert_int_equal(scenario.slos.count, 3);
	slo = scenario_slo(&scenario, P99 "-2");
	assert_true(slo->implied && slo->objective == 0.99);
	assert_int_equal(slo->good->latency_lt_ns, 200 * NS_PER_MS);
	assert_string_equal(
		LIST_AT(scenario.invariants, struct invariant_spec, 1)->holds->slo, slo->name);
	/* Whatever else an SLO can say, it says what the same in a file would. */
	given_set(tree, "slos.written",
		"{'probe':'put','good':{'latency_lt':'200ms'},'objective':0.99}");
	other = given_scenario(tree);
	assert_memory_equal(
		slo->good, scenario_slo(&other, "written")->good, sizeof(struct good_spec));
	assert_int_equal(slo->period_ns, scenario_slo(&other, "written")->period_ns);
	scenario_deinit(&other);
	/* Nobody's budget: it stands in no list of costs. */
	assert_false(words_slo_matters(&scenario, slo));
	scenario_deinit(&scenario);
}

/* --- confidence ---------------------------------------------------------------------------- */

static void a_surer_claim_needs_more(void **state)
{
	(void)state;
	static const struct {
		const char *confidence;
		int bad;
		enum verdict verdict;
	} cases[] = {
		/* 1000 events at 0.99: held up to 4 with 95 %, 2 with 99 %, 6 with 80 %. */
		{"0.95", 4, VERDICT_HELD},
		{"0.99", 4, VERDICT_INCONCLUSIVE},
		{"0.99", 2, VERDICT_HELD},
		{"0.8", 6, VERDICT_HELD},
		{"0.95", 16, VERDICT_VIOLATED},
		{"0.99", 16, VERDICT_INCONCLUSIVE},
		{"0.99", 20, VERDICT_VIOLATED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char claim[120];
		struct record record;

		snprintf(claim, sizeof(claim),
			"{'id':'c','in':'cut','confidence':%s,'holds':{'slo':'avail'}}",
			cases[i].confidence);
		record = run_of(claim);
		events_of(&record, "avail", 0, cases[i].bad);
		end_cut(&record, "time");
		assert_int_equal(judged(&record).verdict, cases[i].verdict);
		record_deinit(&record);
	}
}

/* --- compare ------------------------------------------------------------------------------- */

#define COMPARE                                                                                    \
	"{'id':'c','in':'cut','compare':{'slo':'avail','with':{'in':'before'},"                    \
	"'worse_by_at_most':0.02}}"

static void compare_with_an_earlier_phase(void **state)
{
	(void)state;
	static const struct {
		int before, cut;
		enum verdict verdict;
		const char *text;
	} cases[] = {
		{5, 5, VERDICT_HELD,
			"99.5 % good of 1000, against 99.5 % of 1000: a difference of +0 points "
			"(-0.583 to +0.583 with 95 % confidence each way); allowed is -2"},
		{5, 18, VERDICT_INCONCLUSIVE,
			"98.2 % good of 1000, against 99.5 % of 1000: a difference of -1.3 points "
			"(-2.17 to -0.524 with 95 % confidence each way); allowed is -2"},
		{5, 60, VERDICT_VIOLATED,
			"94 % good of 1000, against 99.5 % of 1000: a difference of -5.5 points "
			"(-6.88 to -4.26 with 95 % confidence each way); allowed is -2"},
	};

	for (size_t i = 0; i < 3; i++) {
		struct record record = run_of(COMPARE);

		events_of(&record, "avail", cases[i].before, cases[i].cut);
		/* Cut short it may prove a violation, no more. */
		assert_int_equal(judged(&record).verdict,
			cases[i].verdict == VERDICT_VIOLATED ? VERDICT_VIOLATED
							     : VERDICT_NOT_JUDGED);
		end_cut(&record, "time");
		assert_says(&record, cases[i].verdict, cases[i].text);
		record_deinit(&record);
	}
}

static void compare_with_what_no_fault_is_on(void **state)
{
	(void)state;
	struct record record = run_of("{'id':'c','in':'cut','expect':'violated','compare':{"
				      "'slo':'avail','with':{'slo':'other'},"
				      "'worse_by_at_most':0.01}}");
	char claimed[WORDS_MAX];

	events_of(&record, "avail", 0, 400);
	events_of(&record, "other", 0, 4);
	end_cut(&record, "time");
	assert_int_equal(judged(&record).verdict, VERDICT_VIOLATED);
	assert_int_equal(judged(&record).finding, FINDING_AS_EXPECTED);
	assert_true(judged(&record).measured < -0.39);
	assert_string_equal(words_statement(&record.scenario, given_claim(&record, "c"), claimed),
		"avail in cut worse by ≤ 1 % than other in cut");
	assert_true(words_slo_matters(&record.scenario, scenario_slo(&record.scenario, "other")));
	record_deinit(&record);
}

static void without_a_reference_nothing_is_proven(void **state)
{
	(void)state;
	struct record record = run_of("{'id':'c','in':'cut','compare':{'slo':'avail',"
				      "'with':{'in':'after'},'worse_by_at_most':0.01}}");

	events_of(&record, "avail", 0, 900);
	end_cut(&record, "time");
	assert_says(&record, VERDICT_NOT_JUDGED, "no events to compare with");
	record_deinit(&record);
}

/* --- ratio --------------------------------------------------------------------------------- */

static void ratio_is_of_good_events_a_second(void **state)
{
	(void)state;
	static const struct {
		const char *bound;
		int before, cut;
		enum verdict verdict;
		const char *text;
	} cases[] = {
		{"'at_least':0.8", 0, 100, VERDICT_HELD,
			"45 good events a second (of 1000 events), against 50 (of 1000): a ratio "
			"of "
			"0.9; at least 0.8"},
		{"'at_least':0.8", 0, 195, VERDICT_INCONCLUSIVE,
			"40.25 good events a second (of 1000 events), against 50 (of 1000): a "
			"ratio "
			"of 0.805; at least 0.8 lies within what chance may have done to so few"},
		{"'at_least':0.8", 0, 300, VERDICT_VIOLATED,
			"35 good events a second (of 1000 events), against 50 (of 1000): a ratio "
			"of "
			"0.7; at least 0.8"},
		{"'at_most':0.5", 0, 900, VERDICT_HELD,
			"5 good events a second (of 1000 events), against 50 (of 1000): a ratio of "
			"0.1; at most 0.5"},
		{"'at_most':0.5", 0, 100, VERDICT_VIOLATED,
			"45 good events a second (of 1000 events), against 50 (of 1000): a ratio "
			"of "
			"0.9; at most 0.5"},
		{"'at_least':0.8", 1000, 0, VERDICT_INCONCLUSIVE,
			"none of the 1000 events that it is divided by was good"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char claim[160], claimed[WORDS_MAX];
		struct record record;

		snprintf(claim, sizeof(claim),
			"{'id':'c','in':'cut','ratio':{'slo':'avail','to':{'in':'before'},%s}}",
			cases[i].bound);
		record = run_of(claim);
		events_of(&record, "avail", cases[i].before, cases[i].cut);
		end_cut(&record, "time");
		assert_says(&record, cases[i].verdict, cases[i].text);
		words_statement(&record.scenario, given_claim(&record, "c"), claimed);
		assert_string_equal(claimed,
			strstr(cases[i].bound, "most")
				? "good/s of avail in cut ≤ 0.5 × avail in before"
				: "good/s of avail in cut ≥ 0.8 × avail in before");
		record_deinit(&record);
	}
}

/* --- negative controls, known issues -------------------------------------------------------- */

static void a_control_that_holds_says_what_that_means(void **state)
{
	(void)state;
	struct record record =
		run_of("{'id':'c','in':'cut','expect':'violated','holds':{'slo':'avail'}}");
	struct judgement judgement;

	events_of(&record, "avail", 0, 0);
	end_cut(&record, "time");
	assert_says(&record, VERDICT_HELD,
		"0 of 1000 bad (100 % good); 99 % is held with at most 4 bad, violated from 16; "
		"the "
		"negative control held: what it watches with is blind to the fault, and other "
		"claims that rest on it prove nothing");
	given_event(&record, "run_ended", SECONDS(60), "%s", "'x':0");
	judge(&record, &judgement);
	assert_int_equal(judgement.exit_code, 1);
	assert_non_null(strstr(judgement.reason, "blind to the fault"));
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static int code_with_issue(const char *gate, const char *wall, int bad, enum finding *out_finding)
{
	char claim[240];
	struct judgement judgement;
	struct record record;
	int code;

	snprintf(claim, sizeof(claim),
		"{'id':'c','in':'cut','gate':'%s','holds':{'slo':'avail'},'known_issue':{"
		"'ticket':'DB-12','until':'2026-12-31','why':'slow elections'}}",
		gate);
	record = run_of(claim);
	free(record.wall);
	record.wall = wall ? strdup(wall) : NULL;
	events_of(&record, "avail", 0, bad);
	end_cut(&record, "time");
	given_event(&record, "run_ended", SECONDS(60), "%s", "'x':0");
	judge(&record, &judgement);
	*out_finding = LIST_AT(judgement.claims, struct claim_judgement, 0)->finding;
	/* Its faults were not injected in this record: what else there is is INCONCLUSIVE. */
	code = judgement.exit_code;
	judgement_deinit(&judgement);
	record_deinit(&record);
	return code;
}

static void a_known_issue_warns_until_its_date(void **state)
{
	(void)state;
	static const struct {
		const char *gate, *wall;
		int bad, code;
		enum finding finding;
	} cases[] = {
		{"must", "2026-12-31T23:59:59Z", 500, 2, FINDING_KNOWN},
		{"should", "2026-01-01T00:00:00Z", 500, 2, FINDING_KNOWN},
		{"must", "2027-01-01T00:00:00Z", 500, 1, FINDING_OTHERWISE},
		{"should", "2027-01-01T00:00:00Z", 500, 1, FINDING_OTHERWISE},
		/* Who does not tell the day excuses nothing. */
		{"must", NULL, 500, 1, FINDING_OTHERWISE},
		/* What is open stays open. */
		{"must", "2026-12-31T23:59:59Z", 8, 2, FINDING_UNPROVEN},
		{"must", "2026-12-31T23:59:59Z", 0, 2, FINDING_AS_EXPECTED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum finding finding;

		assert_int_equal(
			code_with_issue(cases[i].gate, cases[i].wall, cases[i].bad, &finding),
			cases[i].code);
		assert_int_equal(finding, cases[i].finding);
	}
}

static void what_is_said_of_a_known_issue(void **state)
{
	(void)state;
	static const struct {
		const char *wall;
		int bad;
		const char *says, *word;
	} cases[] = {
		{"2026-12-31T23:59:59Z", 500,
			"; known issue DB-12 until 2026-12-31: slow elections",
			"VIOLATED, a known issue"},
		{"2027-01-01T00:00:00Z", 500,
			"; the known issue DB-12 excuses this no more, since 2026-12-31 is over",
			"VIOLATED"},
		{"2027-01-01T00:00:00Z", 0, "; the known issue DB-12 did not show", "HELD"},
	};

	for (size_t i = 0; i < 3; i++) {
		struct record record =
			run_of("{'id':'c','in':'cut','holds':{'slo':'avail'},'known_issue':{"
			       "'ticket':'DB-12','until':'2026-12-31','why':'slow elections'}}");
		struct claim_judgement own;
		char word[WORDS_MAX];

		free(record.wall);
		record.wall = strdup(cases[i].wall);
		events_of(&record, "avail", 0, cases[i].bad);
		end_cut(&record, "time");
		own = judged(&record);
		assert_string_equal(strrchr(own.text, ';'), cases[i].says);
		assert_string_equal(words_verdict(&own, word), cases[i].word);
		assert_int_equal(tone_of_claim(&own),
			i == 0           ? TONE_OPEN
				: i == 1 ? TONE_BAD
					 : TONE_GOOD);
		record_deinit(&record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quantile_is_a_share_of_quick_events),
		cmocka_unit_test(implied_slos_are_shared_and_named_alike),
		cmocka_unit_test(a_surer_claim_needs_more),
		cmocka_unit_test(compare_with_an_earlier_phase),
		cmocka_unit_test(compare_with_what_no_fault_is_on),
		cmocka_unit_test(without_a_reference_nothing_is_proven),
		cmocka_unit_test(ratio_is_of_good_events_a_second),
		cmocka_unit_test(a_control_that_holds_says_what_that_means),
		cmocka_unit_test(a_known_issue_warns_until_its_date),
		cmocka_unit_test(what_is_said_of_a_known_issue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
