/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/histogram.h"
#include "controller/judge/saturation.h"
#include "given.h"

/* What a prober did to its own measurement is not held against the system, nor in its favour. */

/* One window from T+0 on; NULL leaves `late` or `dropped` out. */
struct spoiled {
	const char *runs, *late, *dropped;
};

static int64_t count_runs(const char *runs)
{
	int64_t total = 0;

	for (; *runs; runs++)
		if (*runs == 'g' || *runs == 'b')
			total += atoll(runs + 1);
	return total;
}

static void put_marks(char *out, size_t size, const char *key, const char *runs)
{
	if (runs)
		snprintf(out, size, ",'%s':'%s'", key, runs);
}

static void window(struct record *record, const struct spoiled *given)
{
	const struct source_record *source = LIST_AT(record->sources, struct source_record, 0);
	int64_t first = source->next_index, count = count_runs(given->runs);
	char late[64] = "", dropped[64] = "";

	put_marks(late, sizeof(late), "late", given->late);
	put_marks(dropped, sizeof(dropped), "dropped", given->dropped);
	given_event(record, "window", (first + count) * 20 * NS_PER_MS,
		"'probe':'put','from':'client','window':{'probe':'put','first_index':%lld,"
		"'count':%lld,'start_ns':'0','end_ns':'0','outcomes':[0],'classes':[{'slo':'avail',"
		"'runs':'%s'}],'latency':[]%s%s}",
		(long long)first, (long long)count, given->runs, late, dropped);
}

/* The phase "before", in which 99 % are claimed. */
static struct record before_phase(const struct spoiled *given)
{
	struct record record = given_record(given_tree());
	int64_t end_ns = count_runs(given->runs) * 20 * NS_PER_MS;

	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	window(&record, given);
	given_event(&record, "phase_ended", end_ns, "'phase':'before','how':'time','end_ns':%lld",
		(long long)end_ns);
	return record;
}

static struct claim_judgement steady(const struct spoiled *given)
{
	struct record record = before_phase(given);
	struct claim_judgement judgement = given_judgement(&record, "steady");

	record_deinit(&record);
	judgement.claim = NULL;
	return judgement;
}

static void a_p99_of_the_lag_above_the_bound_counts(void **state)
{
	static const struct {
		struct saturation saturation;
		bool counts;
	} cases[] = {
		{{.events = 0}, false},
		{{.events = 100, .late = 0}, false},
		{{.events = 100, .late = 1}, false},
		{{.events = 100, .late = 2}, true},
		{{.events = 1500, .late = 15}, false},
		{{.events = 1500, .late = 16}, true},
		{{.events = 1550, .late = 15}, false},
		{{.events = 1550, .late = 16}, true},
		{{.events = 50, .late = 1}, true},
		{{.events = 100000, .dropped = 1}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(saturation_counts(&cases[i].saturation), cases[i].counts);
}

static void what_the_prober_dropped_violates_nothing(void **state)
{
	struct claim_judgement judgement =
		steady(&(struct spoiled){"g1000b40g460", NULL, "g1000b40g460"});

	(void)state;
	assert_int_equal(judgement.verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(judgement.finding, FINDING_UNPROVEN);
	assert_string_equal(judgement.text,
		"prober saturated: 0 of 1500 events were sent more than 30.0ms late, 40 could not "
		"be begun; VIOLATED with them, HELD without them. 40 of 1500 bad (97.3 % good); "
		"99 % is held with at most 8 bad, violated from 23");
}

static void what_came_late_violates_nothing(void **state)
{
	(void)state;
	assert_int_equal(steady(&(struct spoiled){"g1000b40g460", "g990b60g450", NULL}).verdict,
		VERDICT_INCONCLUSIVE);
	/* 15 of 1500 are no more than a hundredth: the p99 is in time. */
	assert_int_equal(steady(&(struct spoiled){"g1000b40g460", "g1000b15g485", NULL}).verdict,
		VERDICT_VIOLATED);
}

/* 40 bad events were in time: enough for the proof. */
static void what_holds_without_them_stands(void **state)
{
	struct claim_judgement judgement =
		steady(&(struct spoiled){"b40g1000b40g420", "g1040b40g420", "g1040b40g420"});

	(void)state;
	assert_int_equal(judgement.verdict, VERDICT_VIOLATED);
	assert_null(strstr(judgement.text, "saturated"));
	assert_int_equal(judgement.tally.bad, 80); /* they are not left out of the count */
	judgement = steady(&(struct spoiled){"g1500", "g700b100g700", NULL});
	assert_int_equal(judgement.verdict, VERDICT_HELD);
}

/* Good events that came late are no proof either: without them there are too few. */
static void what_came_late_proves_nothing(void **state)
{
	struct claim_judgement judgement = steady(&(struct spoiled){"g400", "b200g200", NULL});

	(void)state;
	assert_int_equal(judgement.verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(judgement.text, "HELD with them, INCONCLUSIVE without them"));
}

static void another_phase_does_not_matter(void **state)
{
	struct record record = before_phase(&(struct spoiled){"g1500", NULL, NULL});

	(void)state;
	window(&record, &(struct spoiled){"b50", "b50", "b50"});
	assert_int_equal(given_judgement(&record, "steady").verdict, VERDICT_HELD);
	record_deinit(&record);
}

/* An outage that the prober made itself, after the fault's start: was it ever breached? */
static void a_recovery_from_the_probers_own_outage(void **state)
{
	struct record record = before_phase(&(struct spoiled){"g500", NULL, NULL});
	struct claim_judgement judgement;

	(void)state;
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld",
		(long long)SECONDS(10), (long long)SECONDS(20));
	window(&record, &(struct spoiled){"b400g1000", NULL, "b400g1000"});
	judgement = given_judgement(&record, "failover");
	assert_int_equal(judgement.verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(judgement.text, "VIOLATED with them, HELD without them"));
	record_deinit(&record);
}

/* The other side of a comparison matters as much: it was the prober that made it bad. */
static void a_comparison_with_a_spoiled_phase(void **state)
{
	cJSON *tree = given_tree();
	struct record record;
	struct claim_judgement judgement;

	(void)state;
	given_set(tree, "invariants[0]",
		"{'id':'as-good','in':'cut','compare':{'slo':'avail','with':{'in':'before'},"
		"'worse_by_at_most':0.01}}");
	record = given_record(tree);
	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	window(&record, &(struct spoiled){"g1000b300g200", NULL, "g1000b300g200"});
	given_event(&record, "phase_ended", SECONDS(30),
		"'phase':'before','how':'time','end_ns':%lld", (long long)SECONDS(30));
	given_event(&record, "phase_started", SECONDS(30), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(30));
	window(&record, &(struct spoiled){"g450b50", NULL, NULL});
	given_event(&record, "phase_ended", SECONDS(40), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(40));
	judgement = given_judgement(&record, "as-good");
	assert_int_equal(judgement.verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(judgement.text,
		"0 of 2000 events were sent more than 30.0ms late, "
		"300 could not be begun; HELD with them, VIOLATED "
		"without them"));
	record_deinit(&record);
}

/* A slice is left out when any of its events was spoiled. */
static void slices_of_time_are_left_out_whole(void **state)
{
	cJSON *tree = given_tree();
	struct record record;
	struct claim_judgement judgement;

	(void)state;
	given_set(tree, "slos.avail.budgeting", "'timeslices'");
	given_set(tree, "slos.avail.slice", "'100ms'");
	given_set(tree, "slos.avail.slice_objective", "0.9");
	record = given_record(tree);
	given_source(&record);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	/* 20 of 320 slices are bad, each for one event that the prober dropped. */
	for (int i = 0; i < 20; i++)
		window(&record, &(struct spoiled){"b1g4", NULL, "b1g4"});
	window(&record, &(struct spoiled){"g1500", NULL, NULL});
	given_event(&record, "phase_ended", SECONDS(32),
		"'phase':'before','how':'time','end_ns':%lld", (long long)SECONDS(32));
	judgement = given_judgement(&record, "steady");
	assert_int_equal(judgement.verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(judgement.text,
		"0 of 1600 events were sent more than 30.0ms late, 20 could not be begun; VIOLATED "
		"with them, HELD without them"));
	record_deinit(&record);
}

/* Seconds of one window each, whose events took so long; of the first `late` of them all came late.
 */
static void seconds(struct record *record, int count, int64_t latency_ns, int late)
{
	const struct source_record *source = LIST_AT(record->sources, struct source_record, 0);

	for (int i = 0; i < count; i++)
		given_event(record, "window", (source->next_index + 50) * 20 * NS_PER_MS,
			"'probe':'put','from':'client','window':{'probe':'put','first_index':%lld,"
			"'count':50,'start_ns':'0','end_ns':'0','outcomes':[50],'classes':[],"
			"'latency':[{'index':%d,'count':50}]%s}",
			(long long)source->next_index, histogram_index(latency_ns + i * NS_PER_US),
			i < late ? ",'late':'b50'" : "");
}

/* 60 s of 10 ms against 60 s of 20 ms, of which `late` seconds came late. */
static struct claim_judgement latency_judged(int late)
{
	cJSON *tree = given_tree();
	struct claim_judgement judgement;
	struct record record;

	given_set(tree, "invariants[0]",
		"{'id':'as-quick','in':'cut','compare':{'probe':'put','quantile':0.95,'with':{'in':"
		"'before'},'slower_by_at_most':1.5}}");
	record = given_record(tree);
	given_source(&record);
	seconds(&record, 60, 10 * NS_PER_MS, 0);
	seconds(&record, 60, 20 * NS_PER_MS, late);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	given_event(&record, "phase_ended", SECONDS(60),
		"'phase':'before','how':'time','end_ns':%lld", (long long)SECONDS(60));
	given_event(&record, "phase_started", SECONDS(60), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(60));
	given_event(&record, "phase_ended", SECONDS(120),
		"'phase':'cut','how':'time','end_ns':%lld", (long long)SECONDS(120));
	judgement = given_judgement(&record, "as-quick");
	judgement.claim = NULL;
	record_deinit(&record);
	return judgement;
}

static void latencies_of_a_late_prober(void **state)
{
	struct claim_judgement judgement = latency_judged(0);

	(void)state;
	assert_int_equal(judgement.verdict, VERDICT_VIOLATED);
	/* Fifty-five seconds without them are proof enough, forty are not. */
	assert_int_equal(latency_judged(5).verdict, VERDICT_VIOLATED);
	judgement = latency_judged(20);
	assert_int_equal(judgement.verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(judgement.text,
		"1000 of 6000 events were sent more than 30.0ms late, 0 could not be begun; "
		"VIOLATED with them, INCONCLUSIVE without them"));
}

/* Two probers send at the same instants: only the event that is marked goes. */
static void events_of_one_instant_are_told_apart(void **state)
{
	struct record record = given_record(given_tree());
	const struct sli_record *sli = record.slis.items;
	struct saturation saturation;

	(void)state;
	given_source(&record);
	given_event(&record, "source", 0, "'probe':'put','from':'other','start_ns':0,'rate':50");
	given_event(&record, "window", SECONDS(1),
		"'probe':'put','from':'other','window':{'probe':'put','first_index':0,'count':4,"
		"'start_ns':'0','end_ns':'0','outcomes':[0],'classes':[{'slo':'avail','runs':"
		"'g1b3'}],'latency':[],'late':'b2g2','dropped':'g1b1g2'}");
	window(&record, &(struct spoiled){"g4", NULL, NULL});
	saturation = saturation_between(sli, 0, SECONDS(1));
	assert_int_equal(saturation.events, 8);
	assert_int_equal(saturation.late, 2);
	assert_int_equal(saturation.dropped, 1);
	assert_int_equal(sli->spoiled.count, 2);
	assert_true(samples_good(&sli->spoiled, 0));
	assert_false(samples_good(&sli->spoiled, 1));
	record_deinit(&record);
}

static void marks_must_be_of_all_events(void **state)
{
	static const char *const marks[] = {
		"'late':'g4'", "'late':'g2b4'", "'dropped':'x5'", "'dropped':'g1'"};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct record record = given_record(given_tree());
		struct fail fail = FAIL_INIT;
		char members[256];
		cJSON *event;

		given_source(&record);
		snprintf(members, sizeof(members),
			"'probe':'put','from':'client','window':{'probe':'put','first_index':0,"
			"'count':5,'start_ns':'0','end_ns':'0','outcomes':[0],'classes':[],"
			"'latency':[],%s}",
			marks[i]);
		event = given_event_json("window", SECONDS(1), members);
		assert_int_equal(record_apply(&record, event, &fail), -1);
		cJSON_Delete(event);
		record_deinit(&record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_p99_of_the_lag_above_the_bound_counts),
		cmocka_unit_test(what_the_prober_dropped_violates_nothing),
		cmocka_unit_test(what_came_late_violates_nothing),
		cmocka_unit_test(what_holds_without_them_stands),
		cmocka_unit_test(what_came_late_proves_nothing),
		cmocka_unit_test(another_phase_does_not_matter),
		cmocka_unit_test(a_recovery_from_the_probers_own_outage),
		cmocka_unit_test(a_comparison_with_a_spoiled_phase),
		cmocka_unit_test(slices_of_time_are_left_out_whole),
		cmocka_unit_test(latencies_of_a_late_prober),
		cmocka_unit_test(events_of_one_instant_are_told_apart),
		cmocka_unit_test(marks_must_be_of_all_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
