/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "controller/plan/check.h"
#include "given.h"

/* A kill that strikes again and again: what it proves, and whether what it ended came back. */

/* n1 and n2, from 10 s to 20 s; what it ends must run again within 4 s. */
static struct record looped(void)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'kill','on':{'nodes':['n1','n2'],'processes':{'exe':"
		"'/bin/x'}},'with':{'every':'2s'}}");
	given_set(tree, "invariants[0]",
		"{'id':'again','restarts':{'fault':'cut-leader','within':'4s'}}");
	record = given_record(tree);
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n1','n2'],'from':[],'start_ns':%lld,'deadline_ns':%"
		"lld,'skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	for (int i = 1; i <= 2; i++)
		given_event(&record, "fault_armed", SECONDS(9),
			"'fault':'cut-leader','node':'n%d','role':'on','armed_ns':1,'late_ns':0",
			i);
	return record;
}

static void end(struct record *record)
{
	given_event(record, "fault_over", SECONDS(20), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(20));
	given_event(record, "phase_ended", SECONDS(20), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(20));
	given_event(record, "run_ended", SECONDS(60), "'end':true");
}

/* -1: not yet. */
struct struck {
	int chosen, exited;
	double at_s, back_s, looked_s;
};

static void tell(struct record *record, const char *node, const struct struck *struck, size_t count)
{
	char strikes[2048] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const struct struck *own = &struck[i];
		bool back = own->back_s >= 0;

		used += (size_t)snprintf(strikes + used, sizeof(strikes) - used,
			"%s{'at_ns':'%lld','chosen':%d,'sent':%d,'exited':%d,'wanted':%d,'back':%d"
			"%s,'back_ns':'%lld','looked_ns':'%lld'}",
			i ? "," : "", (long long)SECONDS(own->at_s), own->chosen, own->chosen,
			own->exited, own->exited, back, back ? ",'back_pid':900" : "",
			back ? (long long)SECONDS(own->back_s) : -1,
			own->looked_s >= 0 ? (long long)SECONDS(own->looked_s) : -1);
	}
	given_event(record, "evidence", SECONDS(30),
		"'fault':'cut-leader','node':'%s','counters':[],'processes':[{'pid':7,"
		"'start_ticks':'1','cmdline':'x','signal':'KILL','age_ns':'1','must_exit':true,"
		"'sent_ns':'%lld','exited_ns':'%lld','result':'sent','strike':%zu}],'strikes':[%s]",
		node, (long long)SECONDS(12), (long long)SECONDS(12.001), count, strikes);
}

static const struct struck prompt[] = {
	{1, 1, 10, 10.5, 10.6}, {1, 1, 12, 13, 13.1}, {0, 0, 14, -1, -1}, {1, 1, 16, 19, 19.1}};

static void a_verdict_for_each_outcome(void **state)
{
	static const struct {
		struct struck last; /* of n2, whose first was answered */
		enum verdict verdict;
		int64_t total, bad;
		double after_s; /* -1: none */
		const char *text;
	} cases[] = {
		{{1, 1, 16, 19.5, 20}, VERDICT_HELD, 5, 0, 3.5,
			"back in time after 5 of 5 strikes; at the slowest 3.50s after strike 2 on "
			"n2 (pid 900); allowed 4s"},
		{{1, 1, 16, 20, 20}, VERDICT_HELD, 5, 0, 4,
			"back in time after 5 of 5 strikes; at the slowest 4.00s after strike 2 on "
			"n2 (pid 900); allowed 4s"},
		{{1, 1, 16, 21, 21}, VERDICT_VIOLATED, 5, 1, 5,
			"back in time after 4 of 5 strikes; at the slowest 5.00s after strike 2 on "
			"n2 (pid 900); allowed 4s"},
		{{1, 1, 16, -1, 21}, VERDICT_VIOLATED, 5, 1, -1,
			"back in time after 4 of 5 strikes; strike 2 on n2: 0 of 1 back 5.00s "
			"later; allowed 4s"},
		/* It was not looked for long enough. */
		{{1, 1, 16, -1, 19}, VERDICT_INCONCLUSIVE, 5, 0, -1,
			"back in time after 4 of 5 strikes; strike 2 on n2: 0 of 1 back 3.00s "
			"later; allowed 4s"},
		{{1, 1, 16, -1, -1}, VERDICT_INCONCLUSIVE, 5, 0, -1,
			"back in time after 4 of 5 strikes; strike 2 on n2: nobody was looked for; "
			"allowed 4s"},
		/* Who handles the signal and stays needs no successor. */
		{{1, 0, 16, -1, -1}, VERDICT_HELD, 4, 0, 3,
			"back in time after 4 of 4 strikes; at the slowest 3.00s after strike 4 on "
			"n1 (pid 900); allowed 4s"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct struck two[2] = {{1, 1, 10, 11, 11}, cases[i].last};
		struct record record = looped();
		struct claim_judgement own;

		tell(&record, "n1", prompt, 4);
		tell(&record, "n2", two, 2);
		end(&record);
		own = given_judgement(&record, "again");
		assert_string_equal(own.text, cases[i].text);
		assert_int_equal(own.verdict, cases[i].verdict);
		assert_int_equal(own.tally.total, cases[i].total);
		assert_int_equal(own.tally.bad, cases[i].bad);
		assert_int_equal(
			own.after_ns, cases[i].after_s < 0 ? NEVER_NS : SECONDS(cases[i].after_s));
		record_deinit(&record);
	}
}

static void what_was_cut_short_may_only_be_violated(void **state)
{
	static const struct struck late[] = {{1, 1, 10, 19, 19}};

	(void)state;
	for (int is_late = 0; is_late < 2; is_late++) {
		struct record record = looped();

		tell(&record, "n1", prompt, 2);
		tell(&record, "n2", is_late ? late : prompt, 1);
		given_event(&record, "stop", SECONDS(14), "'why':'signal','signal':2");
		given_event(&record, "fault_over", SECONDS(14),
			"'fault':'cut-leader','healed_ns':%lld", (long long)SECONDS(14));
		given_event(&record, "run_ended", SECONDS(20), "'end':true");
		assert_int_equal(given_judgement(&record, "again").verdict,
			is_late ? VERDICT_VIOLATED : VERDICT_NOT_JUDGED);
		record_deinit(&record);
	}
}

static void without_a_strike_nothing_is_shown(void **state)
{
	struct record record = looped();
	struct claim_judgement own;

	(void)state;
	/* One of two nodes tells of none. */
	tell(&record, "n1", prompt, 4);
	end(&record);
	assert_int_equal(given_judgement(&record, "again").verdict, VERDICT_INCONCLUSIVE);
	record_deinit(&record);
	record = looped();
	end(&record);
	own = given_judgement(&record, "again");
	assert_int_equal(own.verdict, VERDICT_INCONCLUSIVE);
	assert_string_equal(own.text, "no process is known to have been ended; allowed 4s");
	record_deinit(&record);
}

static void many_strikes_are_counted_by_their_numbers(void **state)
{
	static const struct struck survivor[] = {{2, 2, 10, 11, 11}, {2, 1, 12, 13, 13}};
	struct record record = looped();
	struct judgement judgement;
	const struct effect_judgement *own;

	(void)state;
	tell(&record, "n1", prompt, 4);
	tell(&record, "n2", prompt, 2);
	end(&record);
	judge(&record, &judgement);
	own = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_string_equal(own->text,
		"5 of 5 processes got SIGKILL, 5 seen to exit, in 5 strikes; 1 more found nobody");
	assert_int_equal(own->effect, EFFECT_PROVEN);
	assert_int_equal(own->strikes.count, 6);
	judgement_deinit(&judgement);
	/* A later word replaces the earlier one. */
	tell(&record, "n1", survivor, 2);
	judge(&record, &judgement);
	own = LIST_AT(judgement.effects, struct effect_judgement, 0);
	assert_string_equal(
		own->text, "6 of 6 processes got SIGKILL, 5 seen to exit, in 4 strikes");
	assert_int_equal(own->effect, EFFECT_PARTIAL);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* A node may say anything; numbers that can't be are cut to what can. */
static void strikes_that_can_not_be_are_none(void **state)
{
	static const struct struck strange[] = {{1, 5, 10, 1e9, -1}};
	struct record record = looped();
	const struct strike_evidence *strike;

	(void)state;
	tell(&record, "n1", strange, 1);
	strike = LIST_AT(record_fault(&record, "cut-leader")->nodes, struct fault_node, 0)
			 ->strikes.items;
	assert_int_equal(strike->exited, 1);
	assert_int_equal(strike->back_ns, NEVER_NS);
	record_deinit(&record);
}

/* After the last strike there must be time to see that somebody is not back. */
static void a_claim_needs_time_to_be_shown(void **state)
{
	static const struct {
		const char *with, *within, *text; /* NULL: it is good */
	} cases[] = {
		/* 5 s and 20 s follow at the least. */
		{"{'every':'2s'}", "19s", NULL},
		{"{'every':'2s'}", "20s",
			"cannot be shown: after the last strike 26.0s are needed to see that "
			"somebody is not back, the phases leave 25s"},
		/* One that is over at once has its own phase, too. */
		{"{}", "27s", NULL},
		{"{}", "28s",
			"cannot be shown: after the last strike 36.0s are needed to see that "
			"somebody is not back, the phases leave 35s"},
	};
	struct catalogue catalogue = given_catalogue();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *tree = given_tree();
		struct scenario scenario;
		struct fail fail = FAIL_INIT;
		char claim[128];

		given_set(tree, "phases[1].faults[0]",
			"{'id':'cut-leader','fault':'kill','on':{'nodes':'leader','processes':{"
			"'exe':'/bin/x'}}}");
		given_set(tree, "phases[1].faults[0].with", cases[i].with);
		snprintf(claim, sizeof(claim),
			"{'id':'a','restarts':{'fault':'cut-leader','within':'%s'}}",
			cases[i].within);
		given_set(tree, "invariants[0]", claim);
		scenario = given_scenario(tree);
		if (!cases[i].text) {
			assert_int_equal(scenario_check(&scenario, &catalogue, &fail), 0);
		} else {
			assert_int_equal(scenario_check(&scenario, &catalogue, &fail), -1);
			assert_string_equal(fail.path, "invariants[0].restarts");
			assert_string_equal(fail.text, cases[i].text);
		}
		scenario_deinit(&scenario);
	}
	catalogue_deinit(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_for_each_outcome),
		cmocka_unit_test(what_was_cut_short_may_only_be_violated),
		cmocka_unit_test(without_a_strike_nothing_is_shown),
		cmocka_unit_test(many_strikes_are_counted_by_their_numbers),
		cmocka_unit_test(strikes_that_can_not_be_are_none),
		cmocka_unit_test(a_claim_needs_time_to_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
