/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/prober/orders.h"
#include "given.h"

/* What a record proves of each kind of claim. Zones for 0.99: reference values of the exact test.
 */

/* "before" lasted from 0 to 30 s: 1500 events at 50 a second. */
static struct record before_phase(void)
{
	struct record record = given_record(given_tree());

	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	return record;
}

static void end_phase(struct record *record, int64_t end_ns, const char *how)
{
	given_event(record, "phase_ended", end_ns, "'phase':'before','how':'%s','end_ns':%lld", how,
		(long long)end_ns);
}

static enum verdict holds_with(const char *first_window, int64_t until_ns, int64_t end_ns)
{
	struct record record = before_phase();
	enum verdict verdict;

	given_window(&record, first_window);
	given_good_until(&record, until_ns);
	end_phase(&record, end_ns, "time");
	verdict = given_judgement(&record, "steady").verdict;
	record_deinit(&record);
	return verdict;
}

static void holds_has_three_zones(void **state)
{
	(void)state;
	/* 1000 events, 0.99: held up to 4 bad, violated from 16. */
	assert_int_equal(holds_with("g10", SECONDS(20), SECONDS(20)), VERDICT_HELD);
	assert_int_equal(holds_with("b4", SECONDS(20), SECONDS(20)), VERDICT_HELD);
	assert_int_equal(holds_with("b5", SECONDS(20), SECONDS(20)), VERDICT_INCONCLUSIVE);
	assert_int_equal(holds_with("b15", SECONDS(20), SECONDS(20)), VERDICT_INCONCLUSIVE);
	assert_int_equal(holds_with("b16", SECONDS(20), SECONDS(20)), VERDICT_VIOLATED);
	/* 298 events can never show 0.99, 299 can. */
	assert_int_equal(holds_with("g10", 298 * 20 * NS_PER_MS, 298 * 20 * NS_PER_MS),
		VERDICT_INCONCLUSIVE);
	assert_int_equal(
		holds_with("g10", 299 * 20 * NS_PER_MS, 299 * 20 * NS_PER_MS), VERDICT_HELD);
}

static void holds_counts_its_phase_alone(void **state)
{
	(void)state;
	struct record record = before_phase();
	struct claim_judgement own;

	given_window(&record, "g1000b50");
	end_phase(&record, SECONDS(20), "time");
	own = given_judgement(&record, "steady");
	assert_int_equal(own.tally.total, 1000);
	assert_int_equal(own.tally.bad, 0);
	assert_int_equal(own.verdict, VERDICT_HELD);
	assert_string_equal(own.text,
		"0 of 1000 bad (100 % good); 99 % is held with at most 4 bad, "
		"violated from 16");
	record_deinit(&record);
}

static void skip_first_leaves_out_settling(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "invariants[0].skip_first", "'2s'");
	record = given_record(tree);
	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	given_window(&record, "b100g900");
	end_phase(&record, SECONDS(20), "time");
	assert_int_equal(given_judgement(&record, "steady").tally.total, 900);
	assert_int_equal(given_judgement(&record, "steady").verdict, VERDICT_HELD);
	record_deinit(&record);
}

static void a_cut_window_proves_violations_only(void **state)
{
	(void)state;
	static const struct {
		const char *runs;
		enum verdict verdict;
	} cases[] = {
		{"g1000", VERDICT_NOT_JUDGED},
		{"b10g990", VERDICT_NOT_JUDGED},
		{"b16g984", VERDICT_VIOLATED},
	};

	for (size_t i = 0; i < 3; i++) {
		/* The phase was not ended… */
		struct record record = before_phase();

		given_window(&record, cases[i].runs);
		assert_int_equal(given_judgement(&record, "steady").verdict, cases[i].verdict);
		/* …or was stopped… */
		end_phase(&record, SECONDS(20), "stopped");
		assert_int_equal(given_judgement(&record, "steady").verdict, cases[i].verdict);
		record_deinit(&record);
		/* …or its data is missing at the end. */
		record = before_phase();
		given_window(&record, cases[i].runs);
		end_phase(&record, SECONDS(20.1), "time");
		assert_int_equal(given_judgement(&record, "steady").verdict, cases[i].verdict);
		record_deinit(&record);
	}
}

static void what_is_open_at_a_planned_end_is_inconclusive(void **state)
{
	(void)state;
	struct record record = before_phase();

	given_window(&record, "g10");
	given_event(&record, "run_ended", SECONDS(60), "%s", "'x':0");
	assert_int_equal(given_judgement(&record, "steady").verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(given_judgement(&record, "steady").finding, FINDING_UNPROVEN);
	record_deinit(&record);
	record = before_phase();
	given_event(&record, "stop", SECONDS(3), "'why':'signal','signal':2,'id':'SIGINT'");
	given_event(&record, "run_ended", SECONDS(60), "%s", "'x':0");
	assert_int_equal(given_judgement(&record, "steady").verdict, VERDICT_NOT_JUDGED);
	record_deinit(&record);
}

static void a_negative_control_turns_the_finding_round(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "invariants[1].in", "'before'"); /* noticed: expects a violation */
	record = given_record(tree);
	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	given_window(&record, "b50g950");
	end_phase(&record, SECONDS(20), "time");
	assert_int_equal(given_judgement(&record, "noticed").finding, FINDING_AS_EXPECTED);
	assert_int_equal(given_judgement(&record, "steady").finding, FINDING_OTHERWISE);
	record_deinit(&record);
}

static void windows_are_taken_whole_or_not_at_all(void **state)
{
	(void)state;
	static const struct {
		const char *window, *said;
	} cases[] = {
		{"'first_index':1,'count':2,'outcomes':[0],'classes':[]",
			"window: begins at event 1, expected 0"},
		{"'first_index':0,'count':3,'outcomes':[0],'classes':[{'slo':'avail','runs':'g2'}]",
			"window: fewer runs than events"},
		{"'first_index':0,'count':1,'outcomes':[0],'classes':[{'slo':'avail','runs':'g2'}]",
			"window: more runs than events"},
		{"'first_index':0,'count':2,'outcomes':[0],'classes':[{'slo':'avail','runs':'g2'},"
		 "{'slo':'none','runs':'g2'}]",
			"window: unknown SLO \"none\""},
		{"'first_index':0,'count':2,'outcomes':[3],'classes':[{'slo':'avail','runs':'g2'}]",
			"window: more outcomes than events"},
		{"'first_index':0,'count':-1,'outcomes':[0],'classes':[]", NULL},
		{"'first_index':0,'count':300001,'outcomes':[0],'classes':[]",
			"window: an impossible number of events"},
		{"'first_index':0,'count':300000,'outcomes':[0],'classes':[]",
			"window: tells of events that are not due yet"},
	};
	struct record record = given_record(given_tree());

	given_source(&record);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *event =
			given_json("{'event':'window','t_ns':1,'probe':'put','from':'client',"
				   "'window':{'probe':'put','start_ns':'0','end_ns':'0',"
				   "'latency':[],%s}}",
				cases[i].window);
		struct fail fail = FAIL_INIT;

		assert_int_equal(record_apply(&record, event, &fail), -1);
		if (cases[i].said)
			assert_string_equal(fail.text, cases[i].said);
		assert_int_equal(record_sli(&record, "avail")->samples.count, 0);
		cJSON_Delete(event);
	}
	given_window(&record, "g1b1");
	assert_int_equal(record_sli(&record, "avail")->samples.count, 2);
	record_deinit(&record);
}

static void member_window(struct record *record, const char *member, int first, const char *runs)
{
	given_event(record, "window", 1,
		"'probe':'put','from':'client','to':'%s','window':{'probe':'put','to':'%s',"
		"'first_index':%d,'count':50,'start_ns':'0','end_ns':'0','outcomes':[0,0,50,0,0,0],"
		"'classes':[{'slo':'avail','runs':'%s'}],'latency':[],'last_error':'refused'}",
		member, member, first, runs);
}

/* Policy `each`: an open loop for each member, with indexes of its own, in one SLI. */
static void members_are_sources_of_their_own(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());
	const struct source_record *sources;
	const struct sli_record *sli = record_sli(&record, "avail");
	cJSON *stranger = given_json(
		"{'event':'window','t_ns':1,'probe':'put','from':'client','to':'n9','window':{}}");
	struct fail fail = FAIL_INIT;

	for (int i = 1; i <= 2; i++)
		given_event(&record, "source", 0,
			"'probe':'put','from':'client','to':'n%d','start_ns':0,'rate':50", i);
	member_window(&record, "n1", 0, "g50");
	/* What one has not reported yet is not covered. */
	assert_int_equal(record_covered_ns(&record, sli->slo), 0);
	member_window(&record, "n2", 0, "b50");
	member_window(&record, "n1", 50, "g50");
	assert_int_equal(record_covered_ns(&record, sli->slo), NS_PER_SEC);
	assert_true(record_rate(&record, sli->slo) == 100);
	assert_int_equal(sli->samples.count, 150);
	assert_int_equal(samples_tally(&sli->samples, 0, NS_PER_SEC).bad, 50);
	sources = record.sources.items;
	assert_int_equal(record.sources.count, 2);
	assert_string_equal(sources[1].to, "n2");
	assert_int_equal(sources[1].next_index, 50);
	assert_int_equal(sources[1].outcomes[OUTCOME_CONNECT], 50);
	assert_string_equal(sources[1].last_error, "refused");
	assert_int_equal(record_apply(&record, stranger, &fail), -1);
	cJSON_Delete(stranger);
	record_deinit(&record);
}

/* --- recovers ----------------------------------------------------------------------------- */

/* The fault acts from 10 s to 20 s; "failover" allows 5 s from its start, stable for 3 s. */
static struct record cut(const char *runs)
{
	struct record record = given_record(given_tree());

	given_source(&record);
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	given_event(&record, "fault_over", SECONDS(20), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(20));
	given_window(&record, "g500");
	if (*runs)
		given_window(&record, runs);
	return record;
}

static struct claim_judgement failover(const char *runs)
{
	struct record record = cut(runs);
	struct claim_judgement own = given_judgement(&record, "failover");

	own.claim = NULL; /* the record goes */
	record_deinit(&record);
	return own;
}

static void recovered_in_time(void **state)
{
	(void)state;
	struct claim_judgement own = failover("b75g500");

	assert_int_equal(own.verdict, VERDICT_HELD);
	assert_int_equal(own.after_ns, SECONDS(1.5));
	assert_string_equal(
		own.text, "recovered 1.50s after the fault's start; allowed 5s, stable for 3s");
	/* Exactly in time, and one event too late. */
	assert_int_equal(failover("b250g300").verdict, VERDICT_HELD);
	own = failover("b251g300");
	assert_int_equal(own.verdict, VERDICT_VIOLATED);
	assert_int_equal(own.after_ns, SECONDS(5.02));
}

static void never_breached_is_held_and_worded_so(void **state)
{
	(void)state;
	struct claim_judgement own = failover("g450");

	assert_int_equal(own.verdict, VERDICT_HELD);
	assert_int_equal(own.after_ns, NEVER_NS);
	assert_string_equal(own.text, "never breached; allowed 5s from the fault's start");
	/* One bad event of 150 is within 0.99; two are a breach. */
	assert_string_equal(failover("g10b1g439").text, own.text);
	assert_string_equal(failover("g10b2g438").text,
		"recovered 240ms after the fault's start; allowed 5s, stable for 3s");
}

static void a_lucky_event_is_no_recovery(void **state)
{
	(void)state;
	struct claim_judgement own = failover("b10g20b100g400");

	assert_int_equal(own.verdict, VERDICT_HELD);
	/* One bad event of the 150 in the window is allowed, and a good one must begin it. */
	assert_int_equal(own.after_ns, SECONDS(2.6));
}

static void what_the_data_does_not_reach_is_not_judged(void **state)
{
	(void)state;
	/* 8 s of events after the start are needed to see 5 s + 3 s: 400 of them. */
	assert_int_equal(failover("g399").verdict, VERDICT_NOT_JUDGED);
	assert_int_equal(failover("g400").verdict, VERDICT_HELD);
	assert_int_equal(failover("b399").verdict, VERDICT_NOT_JUDGED);
	assert_string_equal(failover("b399").text,
		"not recovered before the data end; allowed 5s from the fault's start");
	assert_int_equal(failover("b400").verdict, VERDICT_VIOLATED);
	/* Good again, but the data end before that has lasted. */
	assert_int_equal(failover("b50g100").verdict, VERDICT_NOT_JUDGED);
}

static void other_instants(void **state)
{
	(void)state;
	static const struct {
		const char *instant, *runs;
		enum verdict verdict;
		int64_t after_ns;
	} cases[] = {
		/* healed at 20 s; events are bad from 10 s to 21 s, to 25.02 s, … */
		{"'healed'", "b550g450", VERDICT_HELD, SECONDS(1)},
		{"'healed'", "b751g450", VERDICT_VIOLATED, SECONDS(5.02)},
		/* the breach begins at 12 s and lasts for 4 s, and for 5.02 s */
		{"'breach'", "g100b200g500", VERDICT_HELD, SECONDS(4)},
		{"'breach'", "g100b251g500", VERDICT_VIOLATED, SECONDS(5.02)},
		{"'breach'", "g900", VERDICT_HELD, NEVER_NS},
		/* there is no evidence of any effect */
		{"'effect'", "b50g900", VERDICT_NOT_JUDGED, NEVER_NS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record = cut(cases[i].runs);
		struct invariant_spec *claim =
			(struct invariant_spec *)given_claim(&record, "failover");
		struct claim_judgement own;

		claim->recovers->from->instant = strcmp(cases[i].instant, "'healed'") == 0
			? INSTANT_HEALED
			: strcmp(cases[i].instant, "'breach'") == 0 ? INSTANT_BREACH
								    : INSTANT_EFFECT;
		own = given_judgement(&record, "failover");
		assert_int_equal(own.verdict, cases[i].verdict);
		assert_int_equal(own.after_ns, cases[i].after_ns);
		record_deinit(&record);
	}
}

static void the_effect_is_the_first_packet_anywhere(void **state)
{
	(void)state;
	struct record record = cut("b100g900");
	struct invariant_spec *claim = (struct invariant_spec *)given_claim(&record, "failover");

	claim->recovers->from->instant = INSTANT_EFFECT;
	given_event(&record, "evidence", SECONDS(12),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'0','first_ns':'5'},"
		"{'peer':'n3','direction':'egress','packets':'4','first_ns':'10400000000'}]");
	given_event(&record, "evidence", SECONDS(12),
		"'fault':'cut-leader','node':'n3','counters':["
		"{'peer':'n2','direction':'ingress','packets':'1','first_ns':'10200000000'}]");
	assert_int_equal(judge_instant(&record, claim->recovers), SECONDS(10.2));
	assert_int_equal(given_judgement(&record, "failover").after_ns, SECONDS(1.8));
	record_deinit(&record);
}

/* Sums with it would leave 63 bits. */
static void an_effect_that_no_clock_can_tell_is_none(void **state)
{
	(void)state;
	struct record record = cut("b100g900");
	struct invariant_spec *claim = (struct invariant_spec *)given_claim(&record, "failover");

	claim->recovers->from->instant = INSTANT_EFFECT;
	given_event(&record, "evidence", SECONDS(12),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'4',"
		"'first_ns':'9223372036854775807'}]");
	assert_int_equal(judge_instant(&record, claim->recovers), NEVER_NS);
	record_deinit(&record);
}

static void a_signal_has_a_number_of_one(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());

	given_event(&record, "stop", 1, "'why':'signal','signal':15");
	assert_int_equal(record.stop_signal, 15);
	given_event(&record, "stop", 1, "'why':'signal','signal':2147483647");
	assert_int_equal(record.stop_signal, 0);
	given_event(&record, "stop", 1, "'why':'signal','signal':-1e300");
	assert_int_equal(record.stop_signal, 0);
	record_deinit(&record);
}

static void a_fault_that_never_came_is_not_judged(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());

	given_source(&record);
	given_good_until(&record, SECONDS(60));
	assert_int_equal(given_judgement(&record, "failover").verdict, VERDICT_NOT_JUDGED);
	record_deinit(&record);
}

/* --- budget --------------------------------------------------------------------------------- */

enum ending {
	TO_THE_END,
	STOPPED,
	CUT_OFF
};

static enum verdict budget_with(const char *runs, enum ending ending, double *out_spent)
{
	struct record record = given_record(given_tree());
	struct claim_judgement own;

	given_source(&record);
	given_window(&record, runs);
	if (ending == STOPPED)
		given_event(&record, "stop", 1, "'why':'signal','signal':2");
	record.ended = ending != CUT_OFF;
	own = given_judgement(&record, "cost");
	*out_spent = own.measured;
	record_deinit(&record);
	return own.verdict;
}

static void budget_is_a_share_of_the_period(void **state)
{
	(void)state;
	/* 30 d at 50/s are 129 600 000 events, 1 296 000 of which may be bad; 0.5 % are 6480. */
	double spent;

	assert_int_equal(budget_with("g100b6480", TO_THE_END, &spent), VERDICT_HELD);
	assert_true(spent > 0.00499999 && spent < 0.00500001);
	assert_int_equal(budget_with("g100b6481", TO_THE_END, &spent), VERDICT_VIOLATED);
	/* Spent is spent; what is not spent by a stop is not shown. */
	assert_int_equal(budget_with("g100b6481", STOPPED, &spent), VERDICT_VIOLATED);
	assert_int_equal(budget_with("g100b10", STOPPED, &spent), VERDICT_NOT_JUDGED);
	assert_int_equal(budget_with("g100b10", CUT_OFF, &spent), VERDICT_NOT_JUDGED);
	assert_int_equal(budget_with("g100b6481", CUT_OFF, &spent), VERDICT_VIOLATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_sources_of_their_own),
		cmocka_unit_test(holds_has_three_zones),
		cmocka_unit_test(holds_counts_its_phase_alone),
		cmocka_unit_test(skip_first_leaves_out_settling),
		cmocka_unit_test(a_cut_window_proves_violations_only),
		cmocka_unit_test(what_is_open_at_a_planned_end_is_inconclusive),
		cmocka_unit_test(a_negative_control_turns_the_finding_round),
		cmocka_unit_test(windows_are_taken_whole_or_not_at_all),
		cmocka_unit_test(recovered_in_time),
		cmocka_unit_test(never_breached_is_held_and_worded_so),
		cmocka_unit_test(a_lucky_event_is_no_recovery),
		cmocka_unit_test(what_the_data_does_not_reach_is_not_judged),
		cmocka_unit_test(other_instants),
		cmocka_unit_test(the_effect_is_the_first_packet_anywhere),
		cmocka_unit_test(an_effect_that_no_clock_can_tell_is_none),
		cmocka_unit_test(a_signal_has_a_number_of_one),
		cmocka_unit_test(a_fault_that_never_came_is_not_judged),
		cmocka_unit_test(budget_is_a_share_of_the_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
