/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/plan/check.h"
#include "given.h"

/* What is proven by numbers that a probe reads: two a second of each member, from T+0 on. */

#define FROM_HEAL "'from':{'fault':'cut-leader','instant':'healed'}"
#define FROM_START "'from':{'fault':'cut-leader','instant':'start'}"

/* The fault lasts from T+10 to T+20; the phase "cut" likewise. */
static struct record record_with(const char *claim)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "probes.leads",
		"{'type':'metric','from':['client'],'to':{'group':'members','policy':'each'},"
		"'read':{'url':'http://{node.addr}:2379/metrics','metric':'is_leader'},"
		"'rate':2,'timeout':'100ms'}");
	given_set(tree, "invariants[2]", claim);
	record = given_record(tree);
	given_event(&record, "phase_started", SECONDS(10), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(10));
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	given_event(&record, "fault_over", SECONDS(20), "'fault':'cut-leader','healed_ns':%lld",
		(long long)SECONDS(20));
	given_event(&record, "phase_ended", SECONDS(20), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(20));
	return record;
}

/*
 * What was read of a member from T+0 on, a letter an event, twice each: '0' to '9', or '-' for a
 * reading that failed. Each letter is a second.
 */
static void member(struct record *record, const char *name, const char *seconds)
{
	char values[512] = "";
	size_t used = 0;
	long long count = 2 * (long long)strlen(seconds);

	given_event(record, "source", 0,
		"'probe':'leads','from':'client','to':'%s','start_ns':0,'rate':2", name);
	for (const char *at = seconds; *at; at++)
		used += (size_t)snprintf(
			values + used, sizeof(values) - used, "%s%c %c", used ? " " : "", *at, *at);
	given_event(record, "window", count / 2 * SECONDS(1),
		"'probe':'leads','from':'client','to':'%s','window':{'probe':'leads','to':'%s',"
		"'first_index':0,'count':%lld,'start_ns':'0','end_ns':'0','outcomes':[0],"
		"'classes':[],'latency':[],'values':'%s'}",
		name, name, count, values);
}

struct expected {
	const char *claim;
	const char *seconds[3];
	enum verdict verdict;
	const char *text;
};

static void check(const struct expected *cases, size_t count)
{
	static const char *const names[] = {"n1", "n2", "n3"};

	for (size_t i = 0; i < count; i++) {
		struct record record = record_with(cases[i].claim);
		struct claim_judgement judgement;

		for (size_t m = 0; m < 3; m++)
			if (cases[i].seconds[m])
				member(&record, names[m], cases[i].seconds[m]);
		judgement = given_judgement(&record, "watched");
		if (judgement.verdict != cases[i].verdict || !strstr(judgement.text, cases[i].text))
			fail_msg("case %zu: %s: %s", i, verdict_words[judgement.verdict],
				judgement.text);
		record_deinit(&record);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

#define ALERT(within)                                                                              \
	"{'id':'watched','alert_fired':{'probe':'leads'," FROM_START ",'within':'" within "'}}"

static void an_alert_fires_in_time_or_not(void **state)
{
	static const struct expected cases[] = {
		/* 0123456789 0123456789 */
		{ALERT("5s"), {"00000000000001111111"}, VERDICT_HELD,
			"fired 3.00s after the instant; allowed 5s"},
		{ALERT("2s"), {"00000000000001111111"}, VERDICT_VIOLATED,
			"fired 3.00s after the instant; allowed 2s"},
		{ALERT("5s"), {"00000000000000000000"}, VERDICT_VIOLATED,
			"quiet in 10 readings, 0 failed; allowed 5s"},
		{ALERT("5s"), {"0000000001111"}, VERDICT_INCONCLUSIVE, "it fired before"},
		/* Who asks is blind, and may have missed it. */
		{ALERT("5s"), {"0000000000-----00000"}, VERDICT_INCONCLUSIVE,
			"quiet in 0 readings, 10 failed"},
		{ALERT("5s"), {"000000000000"}, VERDICT_NOT_JUDGED, "quiet in 4 readings"},
		/* One of several is enough. */
		{ALERT("5s"), {"00000000000000000000", "00000000000010000000"}, VERDICT_HELD,
			"fired 2.00s after"},
	};

	(void)state;
	CHECK(cases);
}

#define CONVERGES(extra)                                                                           \
	"{'id':'watched','converges':{'probe':'leads'," FROM_HEAL                                  \
	",'within':'4s','stable_for':'2s'" extra "}}"

static void members_agree_in_time_or_not(void **state)
{
	static const struct expected cases[] = {
		/* From T+20 on. */
		{CONVERGES(""),
			{"01234567890123456789567777777777", "01234567890123456789777777777777",
				"01234567890123456789677777777777"},
			VERDICT_HELD, "3 members agreed 2.00s after the instant; allowed 4s"},
		{CONVERGES(""),
			{"0123456789012345678956777777777777", "0123456789012345678977777777777777",
				"0123456789012345678966666677777777"},
			VERDICT_VIOLATED, "3 members agreed 6.00s after the instant; allowed 4s"},
		{CONVERGES(",'differ_by_at_most':1"),
			{"0123456789012345678956777777777777", "0123456789012345678977777777777777",
				"0123456789012345678966666677777777"},
			VERDICT_HELD, "agreed 1.00s after"},
		/* Agreed for a moment only. */
		{CONVERGES(""),
			{"0123456789012345678957575757575757",
				"0123456789012345678977777777777777"},
			VERDICT_VIOLATED, "2 members did not agree in 24 readings, 0 failed"},
		/* One of them could not be read. */
		{CONVERGES(""),
			{"01234567890123456789777777777777", "01234567890123456789------------"},
			VERDICT_INCONCLUSIVE, "did not agree in 12 readings, 12 failed"},
		{CONVERGES(""), {"0123456789012345678955", "0123456789012345678977"},
			VERDICT_NOT_JUDGED, "did not agree"},
	};

	(void)state;
	CHECK(cases);
}

#define ONE(extra) "{'id':'watched','in':'cut','exactly_one':{'probe':'leads'" extra "}}"

static void two_at_one_time_are_one_too_many(void **state)
{
	static const struct expected cases[] = {
		{ONE(""), {"11111111111111111111", "00000000000000000000", "00000000000000000000"},
			VERDICT_HELD,
			"never two of 3 members at one time in 60 readings, 0 failed; none for "
			"0ns"},
		/* One after the other is no split. */
		{ONE(""), {"11111111111110000000", "00000000000000111111", "00000000000000000000"},
			VERDICT_HELD, "never two of 3"},
		/* From T+14.1 to T+16.5: surely both. */
		{ONE(""), {"11111111111111111000", "00000000000000111111", "00000000000000000000"},
			VERDICT_VIOLATED, "n1 and n2 both, for 2.40s at least from T+14.100 s on"},
		/* Before the phase, and after it, is another matter. */
		{ONE(""), {"11111111110000000000", "11111111111111111111"}, VERDICT_HELD,
			"never two"},
		/* What could not be read is no proof of two, and too much of it none of one. */
		{ONE(""), {"1111111111--------000", "00000000001111111111"}, VERDICT_HELD,
			"16 failed"},
		{ONE(""), {"1111111111----------", "0000000000--------00"}, VERDICT_INCONCLUSIVE,
			"in 4 readings, 36 failed"},
		{ONE(",'equals':2"), {"22222222222222222222", "11111111111111111111"}, VERDICT_HELD,
			"never two"},
		{ONE(",'none_for_at_most':'2s'"), {"11111111111000000000", "00000000000000001111"},
			VERDICT_VIOLATED, "none for 4.40s at the longest"},
		{ONE(",'none_for_at_most':'5s'"), {"11111111111000000000", "00000000000000001111"},
			VERDICT_HELD, "none for 4.40s at the longest"},
	};

	(void)state;
	CHECK(cases);
}

static const struct refusal {
	const char *path, *json, *fail_path, *text;
} refusals[] = {
	{"invariants[2]", "{'id':'x','alert_fired':{'probe':'put'," FROM_START ",'within':'5s'}}",
		"invariants[2].alert_fired.probe",
		"probe \"put\" reads no number: only types \"metric\" and \"prometheus\" do"},
	{"invariants[2]",
		"{'id':'x','alert_fired':{'probe':'nobody'," FROM_START ",'within':'5s'}}",
		"invariants[2].alert_fired.probe", "no probe named \"nobody\""},
	{"invariants[2]",
		"{'id':'x','alert_fired':{'probe':'leads','from':{'fault':'cut-leader','instant':"
		"'breach'},'within':'5s'}}",
		"invariants[2].alert_fired.from.instant",
		"numbers have no objective that could be breached: count from start, effect or "
		"healed"},
	{"invariants[2]",
		"{'id':'x','alert_fired':{'probe':'leads'," FROM_START ",'within':'10m'}}",
		"invariants[2].alert_fired",
		"cannot be shown: it needs 10m after the fault's start instant, the phases leave "
		"35s"},
	{"invariants[2]",
		"{'id':'x','converges':{'probe':'total'," FROM_HEAL
		",'within':'4s','stable_for':'2s'}}",
		"invariants[2].converges.probe",
		"probe \"total\" must read each member from one node: \"from\" one node, \"to\" a "
		"group with the policy \"each\""},
	{"invariants[2]", "{'id':'x','in':'cut','exactly_one':{'probe':'slow'}}",
		"invariants[2].exactly_one.probe",
		"probe \"slow\" can't tell two at one time: its timeout of 500ms is not shorter "
		"than the 500ms between two events"},
	{"invariants[2]",
		"{'id':'x','in':'cut','alert_fired':{'probe':'leads'," FROM_START
		",'within':'5s'}}",
		"invariants[2].in",
		"\"in\" belongs to \"holds\", \"compare\", \"ratio\", \"degraded_at_most\" and "
		"\"exactly_one\"; what "
		"\"alert_fired\" looks at it says itself"},
};

#define READ                                                                                       \
	"'read':{'url':'http://{node.addr}:1/metrics','metric':'is_leader'},'rate':2,'timeout':"

static void what_cannot_be_told_is_refused(void **state)
{
	struct catalogue catalogue = given_catalogue();

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		cJSON *tree = given_tree();
		struct scenario scenario;
		struct fail fail = FAIL_INIT;

		given_set(tree, "probes.leads",
			"{'type':'metric','from':['client'],'to':{'group':'members','policy':"
			"'each'}," READ "'100ms'}");
		given_set(tree, "probes.slow",
			"{'type':'metric','from':['client'],'to':{'group':'members','policy':"
			"'each'}," READ "'500ms'}");
		given_set(tree, "probes.total",
			"{'type':'metric','from':['client'],'to':{'group':'members','policy':"
			"'any'}," READ "'100ms'}");
		given_set(tree, refusals[i].path, refusals[i].json);
		scenario = given_scenario(tree);
		if (scenario_check(&scenario, &catalogue, &fail) == 0)
			fail_msg("%s was taken", refusals[i].json);
		assert_string_equal(fail.path, refusals[i].fail_path);
		assert_string_equal(fail.text, refusals[i].text);
		scenario_deinit(&scenario);
	}
	catalogue_deinit(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_fires_in_time_or_not),
		cmocka_unit_test(members_agree_in_time_or_not),
		cmocka_unit_test(two_at_one_time_are_one_too_many),
		cmocka_unit_test(what_cannot_be_told_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
