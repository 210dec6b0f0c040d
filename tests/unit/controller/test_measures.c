/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/verbs.h"
#include "given.h"

/* What was asked of a fault beside what it did. */

static const struct {
	struct measure measure;
	enum measure_finding finding;
} cases[] = {
	/* Of 1,000 at 1 % ten are meant; the exact test at 0.1 % takes 2 to 22 for chance. */
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 1000, .hits = 10}, MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 1000, .hits = 22}, MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 1000, .hits = 23}, MEASURE_DIFFERS},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 1000, .hits = 2}, MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 1000, .hits = 1}, MEASURE_DIFFERS},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 1000, .hits = 0}, MEASURE_DIFFERS},
	/* 2 · 0.99^n falls below 0.1 % at 757. */
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 756, .hits = 0}, MEASURE_TOO_FEW},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 757, .hits = 0}, MEASURE_DIFFERS},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 756, .hits = 8}, MEASURE_TOO_FEW},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .count = 100, .hits = 50}, MEASURE_DIFFERS},
	{{.unit = MEASURE_RATIO, .asked = 0.01}, MEASURE_TOO_FEW},
	/* All or nothing leaves no room for chance. */
	{{.unit = MEASURE_RATIO, .asked = 1, .count = 1, .hits = 1}, MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 1, .count = 5000, .hits = 4999}, MEASURE_DIFFERS},
	{{.unit = MEASURE_RATIO, .asked = 0, .count = 5000, .hits = 0}, MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 0, .count = 5000, .hits = 1}, MEASURE_DIFFERS},
	/* Trials that are not independent come with a tolerance. */
	{{.unit = MEASURE_RATIO, .asked = 0.01, .tolerance = 0.02, .count = 1000, .hits = 40},
		MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 0.01, .tolerance = 0.02, .count = 1000, .hits = 80},
		MEASURE_DIFFERS},
	{{.unit = MEASURE_RATIO, .bound = BOUND_AT_MOST, .asked = 0.01, .count = 100000, .hits = 0},
		MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .bound = BOUND_AT_MOST, .asked = 0.01, .count = 100, .hits = 50},
		MEASURE_DIFFERS},
	/* More trials than the exact interval is made for. */
	{{.unit = MEASURE_RATIO, .asked = 0.5, .count = 1000000000000, .hits = 500000000000},
		MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATIO, .asked = 0.5, .count = 1000000000000, .hits = 500010000000},
		MEASURE_DIFFERS},
	/* Durations and rates by distance. */
	{{.unit = MEASURE_DURATION, .asked = 50e6, .achieved = 52e6, .tolerance = 2e6, .count = 9},
		MEASURE_AS_ASKED},
	{{.unit = MEASURE_DURATION, .asked = 50e6, .achieved = 47e6, .tolerance = 2e6, .count = 9},
		MEASURE_DIFFERS},
	{{.unit = MEASURE_DURATION, .asked = 50e6, .achieved = 53e6, .tolerance = 2e6, .count = 9},
		MEASURE_DIFFERS},
	{{.unit = MEASURE_DURATION, .asked = 50e6, .tolerance = 2e6}, MEASURE_TOO_FEW},
	{{.unit = MEASURE_RATE, .bound = BOUND_AT_MOST, .asked = 1e7, .achieved = 2e6, .count = 9},
		MEASURE_AS_ASKED},
	{{.unit = MEASURE_RATE,
		 .bound = BOUND_AT_MOST,
		 .asked = 1e7,
		 .achieved = 1.1e7,
		 .tolerance = 5e5,
		 .count = 9},
		MEASURE_DIFFERS},
	/* No packet lost to a full lane is none, whatever was sampled. */
	{{.unit = MEASURE_COUNT, .bound = BOUND_AT_MOST}, MEASURE_AS_ASKED},
	{{.unit = MEASURE_COUNT, .bound = BOUND_AT_MOST, .achieved = 35}, MEASURE_DIFFERS},
	{{.unit = MEASURE_DURATION, .bound = BOUND_NONE, .achieved = 1}, MEASURE_ONLY_TOLD},
	{{.unit = MEASURE_RATIO, .bound = BOUND_NONE, .count = 9, .hits = 9}, MEASURE_ONLY_TOLD},
};

static void each_measure_is_held_against_what_was_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct measure_judgement own;

		judge_measure("n1", &cases[i].measure, &own);
		if (own.finding != cases[i].finding)
			fail_msg("case %zu: %s, not %s", i, measure_finding_words[own.finding],
				measure_finding_words[cases[i].finding]);
	}
}

/* What is shown beside the finding can't say something else than the finding. */
static void the_interval_is_the_test(void **state)
{
	(void)state;
	for (int64_t hits = 0; hits <= 400; hits++) {
		const struct measure measure = {
			.unit = MEASURE_RATIO, .asked = 0.25, .count = 400, .hits = hits};
		struct measure_judgement own;
		double lower = binomial_at_most(hits, 400, 0.25);
		double upper = binomial_at_least(hits, 400, 0.25);
		bool rejected = 2 * (lower < upper ? lower : upper) < 0.001;

		judge_measure("n1", &measure, &own);
		assert_int_equal(own.finding == MEASURE_DIFFERS, rejected);
		assert_int_equal(0.25 < own.interval.lower || 0.25 > own.interval.upper, rejected);
	}
}

/* --- through the journal --------------------------------------------------------------------- */

#define MEASURE(name, direction, rest) "{'name':'" name "','direction':'" direction "'," rest "}"

static struct record evidence(const char *measures)
{
	struct record record = given_record(given_tree());

	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'did':'delayed','skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	given_event(&record, "evidence", SECONDS(19),
		"'fault':'cut-leader','node':'n3','counters':[],'measures':[]");
	given_event(&record, "evidence", SECONDS(19),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'7','segments':'9','matched':'90',"
		"'first_ns':'10000000001'}],'measures':[%s]",
		measures);
	return record;
}

static void measures_come_from_the_evidence(void **state)
{
	(void)state;
	struct record record = evidence(MEASURE("loss", "egress",
		"'unit':'ratio','bound':'about','asked':0.01,'achieved':7,'count':'1000',"
		"'hits':'48'") "," MEASURE("delay p50", "ingress",
		"'unit':'ns','bound':'about','asked':50000000,'achieved':50100000,"
		"'tolerance':1000000,'count':'812','hits':'0'"));
	struct judgement judgement;
	struct effect_judgement *effect;
	struct measure_judgement *own;

	/* Nodes tell in any order. */
	given_event(&record, "evidence", SECONDS(19.5),
		"'fault':'cut-leader','node':'n1','counters':[],'measures':[%s]",
		MEASURE("loss", "ingress",
			"'unit':'ratio','bound':'none','achieved':0,'count':'0','hits':'0'"));
	judge(&record, &judgement);
	effect = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_int_equal(effect->measures.count, 3);
	assert_int_equal(effect->measures_differing, 1);
	own = LIST_AT(effect->measures, struct measure_judgement, 0);
	assert_string_equal(own[0].node, "n1");
	assert_int_equal(own[0].finding, MEASURE_ONLY_TOLD);
	assert_string_equal(own[1].node, "n2");
	assert_string_equal(own[1].measure->name, "loss");
	assert_int_equal(own[1].finding, MEASURE_DIFFERS);
	/* A ratio is what its hits say. */
	assert_true(fabs(own[1].measure->achieved - 0.048) < 1e-12);
	assert_int_equal(own[2].finding, MEASURE_AS_ASKED);
	assert_int_equal(LIST_AT(effect->pairs, struct pair_effect, 0)->matched, 90);
	/* A difference is a finding, and no reason to fail. */
	assert_int_equal(judgement.exit_code, 70);
	assert_non_null(strstr(judgement.reason, "journal ends"));
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void later_evidence_replaces_the_measures(void **state)
{
	(void)state;
	struct record record = evidence(MEASURE("rate", "egress",
		"'unit':'bit/s','bound':'at_most','achieved':1,'count':'1','hits':'0'"));
	struct judgement judgement;

	given_event(&record, "evidence", SECONDS(19.5),
		"'fault':'cut-leader','node':'n2','counters':[]");
	judge(&record, &judgement);
	assert_int_equal(LIST_AT(judgement.effects, struct effect_judgement, 0)->measures.count, 0);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void numbers_that_no_node_can_have_measured_are_taken_for_none(void **state)
{
	(void)state;
	struct record record = evidence(MEASURE("loss", "egress",
		"'unit':'ratio','bound':'about','asked':-3,'achieved':1e300,'tolerance':-1,"
		"'count':'10','hits':'9223372036854775807'") "," MEASURE("loss", "ingress",
		"'unit':'ratio','bound':'about','asked':1e300,'achieved':-1e300,"
		"'count':'-5','hits':'5'") "," MEASURE("x", "ingress",
		"'unit':'ns','bound':'about','asked':1e308,'achieved':-1e308,"
		"'tolerance':1e308,'count':'5','hits':'5'"));
	struct measure *own =
		LIST_AT(LIST_AT(record.faults, struct fault_record, 0)->nodes, struct fault_node, 1)
			->measures.items;
	struct judgement judgement;

	assert_int_equal(own[0].hits, 0);
	assert_int_equal(own[0].count, 10);
	assert_true(own[0].tolerance == 0);
	assert_int_equal(own[1].count, 0);
	assert_int_equal(own[1].hits, 0);
	judge(&record, &judgement);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void a_malformed_measure_is_no_journal(void **state)
{
	static const char *const bad[] = {
		"'measures':[{'name':'loss'}]",
		"'measures':[7]",
		"'measures':[{'name':'x','direction':'sideways','unit':'ns','bound':'about',"
		"'achieved':1,'count':'1','hits':'0'}]",
		"'measures':[{'name':'x','direction':'egress','unit':'ns','bound':'about',"
		"'achieved':1e999,'count':'1','hits':'0'}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct record record = given_record(given_tree());
		struct fail fail = FAIL_INIT;
		char members[512];
		cJSON *event;

		snprintf(members, sizeof(members), "'fault':'cut-leader','node':'n2',%s", bad[i]);
		event = given_event_json("evidence", SECONDS(1), members);
		assert_int_equal(record_apply(&record, event, &fail), -1);
		cJSON_Delete(event);
		record_deinit(&record);
	}
}

/* --- what the fault did ----------------------------------------------------------------------- */

static void an_effect_is_told_in_the_faults_own_word(void **state)
{
	(void)state;
	struct record record = evidence("");
	struct judgement judgement;
	struct effect_judgement *effect;

	judge(&record, &judgement);
	effect = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_string_equal(effect->text, "7 packets delayed; 1 pair exchanged none");
	judgement_deinit(&judgement);
	/* The other pair had packets, and none was hit. */
	given_event(&record, "evidence", SECONDS(19.5),
		"'fault':'cut-leader','node':'n3','counters':[{'peer':'n2','direction':'ingress',"
		"'packets':'0','segments':'0','matched':'12','first_ns':'-1'}]");
	judge(&record, &judgement);
	effect = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_string_equal(effect->text, "7 packets delayed; 1 pair had none");
	judgement_deinit(&judgement);
	given_event(&record, "evidence", SECONDS(19.6),
		"'fault':'cut-leader','node':'n2','counters':[]");
	judge(&record, &judgement);
	effect = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_int_equal(effect->effect, EFFECT_NONE);
	assert_string_equal(
		effect->text, "no packet delayed, though the fault looked at 12 segments");
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void an_old_journal_knows_only_drops(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());

	assert_string_equal(judge_did(LIST_AT(record.faults, struct fault_record, 0)), "dropped");
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_measure_is_held_against_what_was_asked),
		cmocka_unit_test(the_interval_is_the_test),
		cmocka_unit_test(measures_come_from_the_evidence),
		cmocka_unit_test(later_evidence_replaces_the_measures),
		cmocka_unit_test(numbers_that_no_node_can_have_measured_are_taken_for_none),
		cmocka_unit_test(a_malformed_measure_is_no_journal),
		cmocka_unit_test(an_effect_is_told_in_the_faults_own_word),
		cmocka_unit_test(an_old_journal_knows_only_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
