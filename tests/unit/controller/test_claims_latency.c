/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/histogram.h"
#include "contract/seed.h"
#include "controller/judge/seconds.h"
#include "controller/plan/check.h"
#include "controller/report/words.h"
#include "given.h"
#include "mutations.h"

/* Latencies second by second, against other phases. */

#define CLAIM(more)                                                                                \
	"{'id':'c','in':'cut','compare':{'probe':'put','quantile':0.95,'with':{'in':'before'},"    \
	"'slower_by_at_most':1.5}" more "}"

static struct record begun(const char *claim)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "invariants", "[]");
	given_set(tree, "invariants[0]", claim);
	record = given_record(tree);
	given_source(&record);
	return record;
}

/* Four windows a second; of each 50 events `bad` have no answer, the others that latency. */
static void seconds_of(struct record *record, int count, int64_t latency_ns, int bad)
{
	const struct source_record *source = LIST_AT(record->sources, struct source_record, 0);
	static const int events[] = {13, 12, 13, 12};
	uint64_t seed = 1;

	for (int i = 0; i < count * 4; i++) {
		/* Within a tenth of it. */
		int64_t jitter = (int64_t)(seed_next(&seed) % 201) - 100;
		int own_bad = i % 4 == 0 ? bad : 0;
		int index = histogram_index(latency_ns + latency_ns * jitter / 1000);
		char latency[64] = "";

		if (events[i % 4] > own_bad)
			snprintf(latency, sizeof(latency), "{'index':%d,'count':%d}", index,
				events[i % 4] - own_bad);
		given_event(record, "window", (source->next_index + 20) * 20 * NS_PER_MS,
			"'probe':'put','from':'client','window':{'probe':'put','first_index':%lld,"
			"'count':%d,'start_ns':'0','end_ns':'0','outcomes':[0],'classes':[],"
			"'latency':[%s]}",
			(long long)source->next_index, events[i % 4], latency);
	}
}

static void phase(struct record *record, const char *id, double from, double to)
{
	given_event(record, "phase_started", SECONDS(from), "'phase':'%s','start_ns':%lld", id,
		(long long)SECONDS(from));
	given_event(record, "phase_ended", SECONDS(to), "'phase':'%s','how':'time','end_ns':%lld",
		id, (long long)SECONDS(to));
}

static struct claim_judgement judged(int64_t before_ns, int64_t cut_ns, int bad)
{
	struct record record = begun(CLAIM(""));
	struct claim_judgement own;

	seconds_of(&record, 60, before_ns, 0);
	seconds_of(&record, 61, cut_ns, bad);
	phase(&record, "before", 0, 60);
	phase(&record, "cut", 60, 120.5);
	own = given_judgement(&record, "c");
	own.claim = NULL; /* the record goes */
	record_deinit(&record);
	return own;
}

static void three_verdicts_on_a_latency(void **state)
{
	(void)state;
	struct claim_judgement own = judged(10 * NS_PER_MS, 12 * NS_PER_MS, 0);

	assert_int_equal(own.verdict, VERDICT_HELD);
	assert_int_equal(own.tally.total, 60);
	assert_int_equal(own.reference.total, 60);
	assert_true(own.measured > 1.19 && own.measured < 1.21);
	/* Twice as long is more than half as long again. */
	own = judged(10 * NS_PER_MS, 20 * NS_PER_MS, 0);
	assert_int_equal(own.verdict, VERDICT_VIOLATED);
	assert_true(own.measured > 1.98 && own.measured < 2.02);
	/* Just as much as is allowed: neither side is proven. */
	own = judged(10 * NS_PER_MS, 15 * NS_PER_MS, 0);
	assert_int_equal(own.verdict, VERDICT_INCONCLUSIVE);
	/* Slower, surely, but within what is allowed: p alone decides nothing. */
	own = judged(10 * NS_PER_MS, 13 * NS_PER_MS, 0);
	assert_int_equal(own.verdict, VERDICT_HELD);
	assert_non_null(strstr(own.text, "slower in 100 % of pairs"));
}

/* Three of fifty without an answer are more than one of twenty: the quantile is the timeout. */
static void what_has_no_answer_is_slow(void **state)
{
	(void)state;
	assert_int_equal(judged(10 * NS_PER_MS, 10 * NS_PER_MS, 2).verdict, VERDICT_HELD);
	assert_int_equal(judged(10 * NS_PER_MS, 10 * NS_PER_MS, 3).verdict, VERDICT_VIOLATED);
}

static void too_few_seconds_decide_nothing(void **state)
{
	(void)state;
	struct record record = begun(CLAIM(""));
	char claimed[WORDS_MAX];

	seconds_of(&record, 120, 10 * NS_PER_MS, 0);
	phase(&record, "before", 0, 60);
	/* From the middle of a second to that of another: 49 whole ones. */
	phase(&record, "cut", 60.5, 110.5);
	assert_string_equal(given_judgement(&record, "c").text,
		"49 whole seconds, and 60 to compare with; 50 are needed on each side");
	assert_int_equal(given_judgement(&record, "c").verdict, VERDICT_INCONCLUSIVE);
	assert_string_equal(words_statement(&record.scenario, given_claim(&record, "c"), claimed),
		"p95 of put in cut ≤ 1.5 × put in before");
	record_deinit(&record);
}

static void a_cut_phase_proves_a_violation_only(void **state)
{
	(void)state;
	for (int slow = 0; slow < 2; slow++) {
		struct record record = begun(CLAIM(""));

		seconds_of(&record, 60, 10 * NS_PER_MS, 0);
		seconds_of(&record, 60, slow ? 30 * NS_PER_MS : 10 * NS_PER_MS, 0);
		phase(&record, "before", 0, 60);
		given_event(&record, "phase_started", SECONDS(60), "'phase':'cut','start_ns':%lld",
			(long long)SECONDS(60));
		assert_int_equal(given_judgement(&record, "c").verdict,
			slow ? VERDICT_VIOLATED : VERDICT_NOT_JUDGED);
		record_deinit(&record);
	}
}

/* Windows of several sources share a second, and one may come late. */
static void seconds_are_kept_in_order(void **state)
{
	(void)state;
	struct record record = begun(CLAIM(""));
	const struct probe_seconds *own;
	struct value_sample values = {0};
	struct probe_window window = {.count = 10};

	static const int64_t begins[] = {SECONDS(2.1), SECONDS(0.2), SECONDS(2.9), SECONDS(1)};

	for (size_t i = 0; i < 4; i++)
		seconds_add(&record.seconds, "put", begins[i], &window);
	seconds_add(&record.seconds, "elsewhere", 0, &window);
	own = record_seconds(&record, "put");
	assert_int_equal(own->seconds.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(LIST_AT(own->seconds, struct latency_second, i)->at_ns,
			(int64_t)i * NS_PER_SEC);
	assert_int_equal(LIST_AT(own->seconds, struct latency_second, 2)->events, 20);
	/* Nothing was answered: the timeout. Only whole seconds count. */
	seconds_quantiles(own, 0.5, 1, SECONDS(3), &values);
	assert_int_equal(values.count, 2);
	assert_true(values.values[0] == 300.0 * NS_PER_MS);
	free(values.values);
	assert_null(record_seconds(&record, "elsewhere"));
	record_deinit(&record);
}

#define COMPARED(keys) "{'id':'c','in':'cut','compare':{" keys "}}"

static const struct mutation refused[] = {
	{"invariants[0]", CLAIM(""), "invariants[0].compare",
		"cannot be shown: latencies are compared by at least 50 whole seconds on each "
		"side; "
		"there will be 9, and 29 to compare with (longer phases)"},
	{"invariants[0]",
		COMPARED("'probe':'put','quantile':0.95,'with':{'probe':'put'},'slower_by_at_most':"
			 "2"),
		"invariants[0].compare",
		"compares a phase with itself: name another phase, or another probe"},
	{"invariants[0]",
		COMPARED("'probe':'putt','quantile':0.95,'with':{'in':'before'},"
			 "'slower_by_at_most':2"),
		"invariants[0].compare.probe", "no probe named \"putt\" (did you mean \"put\"?)"},
	{"invariants[0]",
		COMPARED("'probe':'put','quantile':0.95,'with':{'probe':'get'},'slower_by_at_most':"
			 "2"),
		"invariants[0].compare.with.probe",
		"no probe named \"get\" (did you mean \"put\"?)"},
	{"invariants[0]",
		COMPARED("'probe':'put','quantile':0.95,'with':{'slo':'avail'},'slower_by_at_most':"
			 "2"),
		"invariants[0].compare.with.slo",
		"a probe's latency is compared with that of another \"probe\""},
	{"invariants[0]", COMPARED("'slo':'avail','with':{'probe':'put'},'worse_by_at_most':0.02"),
		"invariants[0].compare.with.probe", "an SLO is compared with another \"slo\""},
	{"invariants[0]", COMPARED("'slo':'avail','with':{'in':'before'}"),
		"invariants[0].compare.slo",
		"\"slo\" needs the key \"worse_by_at_most\" beside it"},
	{"invariants[0]", COMPARED("'probe':'put','with':{'in':'before'},'slower_by_at_most':2"),
		"invariants[0].compare.probe", "\"probe\" needs the key \"quantile\" beside it"},
	{"invariants[0]",
		COMPARED("'slo':'avail','worse_by_at_most':0.02,'slower_by_at_most':2,'with':{'in':"
			 "'before'}"),
		"invariants[0].compare.slower_by_at_most",
		"\"slower_by_at_most\" needs the key \"probe\" beside it"},
};

static void what_seconds_cannot_show_is_refused(void **state)
{
	(void)state;
	mutations_are_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

static void long_phases_are_taken(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	given_set(tree, "invariants[0]", CLAIM(""));
	given_set(tree, "phases[0].for", "'51s'");
	given_set(tree, "phases[1].for", "'51s'");
	given_set(tree, "guardrails.limits.fault", "'51s'");
	scenario = given_scenario(tree);
	if (scenario_check(&scenario, given_kept_catalogue(), &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_verdicts_on_a_latency),
		cmocka_unit_test(what_has_no_answer_is_slow),
		cmocka_unit_test(too_few_seconds_decide_nothing),
		cmocka_unit_test(a_cut_phase_proves_a_violation_only),
		cmocka_unit_test(seconds_are_kept_in_order),
		cmocka_unit_test(what_seconds_cannot_show_is_refused),
		cmocka_unit_test(long_phases_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
