/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/degraded.h"
#include "controller/plan/check.h"
#include "controller/plan/degraded_claims.h"
#include "controller/report/words.h"
#include "hands.h"

/*
 * Who got worse that no fault was on. Three members are asked 50 times a second each, before from 0
 * to 20 s and in the cut from 20 to 40 s; the fault is on n1.
 */

#define OBSERVE                                                                                    \
	"{'type':'tcp','from':['client'],'address':'{node.addr}:2379','rate':50,'timeout':"        \
	"'300ms'}"
#define CLAIM(keys, more)                                                                          \
	"{'id':'c','in':'cut'," more "'degraded_at_most':{'slo':'members'," keys "}}"
#define NONE CLAIM("'members':0", "")

static cJSON *tree_of(const char *claim)
{
	cJSON *tree = given_tree();

	given_set(tree, "groups.members.observe", OBSERVE);
	given_set(tree, "invariants", "[]");
	given_set(tree, "invariants[0]", claim);
	return tree;
}

static void source(struct record *record, const char *from, const char *to)
{
	given_event(record, "source", 0,
		"'probe':'members','from':'%s','to':'%s','start_ns':0,'rate':50", from, to);
}

static const char *runs_of(int bad, char buffer[24])
{
	if (bad == 0 || bad == 1000)
		snprintf(buffer, 24, "%c1000", bad ? 'b' : 'g');
	else
		snprintf(buffer, 24, "b%dg%d", bad, 1000 - bad);
	return buffer;
}

/* 1000 events with so many bad ones in front, and then, from 20 s on, another 1000. */
static void events(struct record *record, const char *from, const char *to, const int bad[2])
{
	char runs[24];

	for (int i = 0; i < 2; i++)
		given_event(record, "window", SECONDS(20.0 * (i + 1)),
			"'probe':'members','from':'%s','to':'%s','window':{'probe':'members',"
			"'first_index':%d,'count':1000,'start_ns':'%lld','end_ns':'%lld',"
			"'outcomes':[0,0,0,0,0,0],'classes':[{'slo':'members','runs':'%s'}],"
			"'latency':[]}",
			from, to, i * 1000, (long long)SECONDS(20.0 * i),
			(long long)SECONDS(20.0 * (i + 1)), runs_of(bad[i], runs));
}

/* Bad ones of n1, n2 and n3, before and in the cut; -1: nobody asked that member. */
static struct record run_with(const char *claim, const int bad[3][2])
{
	static const char *const members[] = {"n1", "n2", "n3"};
	struct record record = given_record(tree_of(claim));

	given_event(&record, "group_resolved", 0, "'group':'members','nodes':['n1','n2','n3']");
	given_event(&record, "group_resolved", 0, "'group':'rest','nodes':['n2','n3']");
	for (size_t i = 0; i < 3; i++)
		if (bad[i][0] >= 0)
			source(&record, "client", members[i]);
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	given_event(&record, "phase_ended", SECONDS(20),
		"'phase':'before','how':'time','end_ns':%lld", (long long)SECONDS(20));
	given_event(&record, "phase_started", SECONDS(20), "'phase':'cut','start_ns':%lld",
		(long long)SECONDS(20));
	given_event(&record, "fault_arming", SECONDS(20),
		"'fault':'cut-leader','on':['n1'],'from':['n2','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':0",
		(long long)SECONDS(20), (long long)SECONDS(40));
	for (size_t i = 0; i < 3; i++)
		if (bad[i][0] >= 0)
			events(&record, "client", members[i], bad[i]);
	return record;
}

static void end_cut(struct record *record, const char *how)
{
	given_event(record, "phase_ended", SECONDS(40), "'phase':'cut','how':'%s','end_ns':%lld",
		how, (long long)SECONDS(40));
}

/* --- observe ------------------------------------------------------------------------------- */

static void a_group_that_is_observed_has_a_probe_and_an_slo(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(tree_of(NONE)), written;
	const struct probe_spec *probe = scenario_probe(&scenario, "members");
	const struct slo_spec *slo = scenario_slo(&scenario, "members");
	cJSON *tree = tree_of(NONE);

	assert_true(probe_asks_each(probe) && probe->observes && slo->observes);
	assert_string_equal(probe->to->group, "members");
	assert_string_equal(slo->probe, "members");
	assert_true(slo->objective == 0.99);
	/* Whatever else they say, it is what the same in a file would. */
	given_set(tree, "groups.members.observe", NULL);
	given_set(tree, "probes.members", OBSERVE);
	given_set(tree, "probes.members.to", "{'group':'members','policy':'each'}");
	given_set(tree, "slos.members",
		"{'probe':'members','good':{'outcome':'ok'},'objective':0.99}");
	written = given_scenario(tree);
	assert_true(probe->rate == scenario_probe(&written, "members")->rate);
	assert_true(probe->timeout_ns == scenario_probe(&written, "members")->timeout_ns);
	assert_string_equal(probe->address, scenario_probe(&written, "members")->address);
	assert_int_equal(slo->period_ns, scenario_slo(&written, "members")->period_ns);
	/* Nobody's budget: it stands in no list of costs. */
	assert_false(words_slo_matters(&scenario, slo));
	scenario_deinit(&written);
	scenario_deinit(&scenario);
}

/* What a journal keeps is decoded to the same again. */
static void it_is_added_once(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(tree_of(NONE));
	struct scenario again = given_scenario(cJSON_Duplicate(scenario.merged, true));

	assert_int_equal(again.probes.count, scenario.probes.count);
	assert_int_equal(again.slos.count, scenario.slos.count);
	scenario_deinit(&again);
	scenario_deinit(&scenario);
}

/* --- the claim ----------------------------------------------------------------------------- */

struct judged {
	const char *claim;
	int bad[3][2]; /* n1, n2, n3: before, in the cut */
	enum verdict verdict;
	const char *text;
};

static const struct judged cases[] = {
	/* That n1 is down is the fault itself. */
	{NONE, {{0, 1000}, {0, 0}, {2, 3}}, VERDICT_HELD,
		"0 of 2 members outside got worse by more than 1 point, at most 0 may; 2 did not, "
		"0 can't be told (95 % confidence each way for all together)"},
	/* The negative control: n3 pays for it. */
	{NONE, {{0, 1000}, {0, 0}, {2, 300}}, VERDICT_VIOLATED,
		"1 of 2 members outside got worse by more than 1 point, at most 0 may; 1 did not, "
		"0 can't be told (95 % confidence each way for all together): worse n3 -29.8 "
		"points (-32.8 "
		"to -26.9)"},
	/* So few bad ones that neither is proven. */
	{NONE, {{0, 1000}, {0, 0}, {0, 9}}, VERDICT_INCONCLUSIVE,
		"0 of 2 members outside got worse by more than 1 point, at most 0 may; 1 did not, "
		"1 can't be told (95 % confidence each way for all together); open n3 -0.9 points "
		"(-1.7 to "
		"-0.289)"},
	{NONE, {{0, 1000}, {0, 0}, {-1, -1}}, VERDICT_INCONCLUSIVE,
		"0 of 2 members outside got worse by more than 1 point, at most 0 may; 1 did not, "
		"1 can't be told (95 % confidence each way for all together); open n3 without "
		"events"},
	{CLAIM("'members':0,'worse_by_at_most':0.4", ""), {{0, 1000}, {0, 0}, {2, 300}},
		VERDICT_HELD,
		"0 of 2 members outside got worse by more than 40 points, at most 0 may; 2 did "
		"not, 0 can't be told (95 % confidence each way for all together)"},
	{CLAIM("'members':1", ""), {{0, 1000}, {0, 0}, {2, 300}}, VERDICT_HELD,
		"1 of 2 members outside got worse by more than 1 point, at most 1 may; 1 did not, "
		"0 can't be told (95 % confidence each way for all together): worse n3 -29.8 "
		"points (-32.8 "
		"to -26.9)"},
	{CLAIM("'members':1", ""), {{0, 1000}, {0, 900}, {2, 300}}, VERDICT_VIOLATED,
		"2 of 2 members outside got worse by more than 1 point, at most 1 may; 0 did not, "
		"0 can't be told (95 % confidence each way for all together): worse n2 -90 points "
		"(-91.8 to "
		"-87.9), n3 -29.8 points (-32.8 to -26.9)"},
	/* What depends on it is not counted, be it a node or a group. */
	{CLAIM("'members':0,'expected':'n3'", ""), {{0, 1000}, {0, 0}, {2, 300}}, VERDICT_HELD,
		"0 of 1 member outside got worse by more than 1 point, at most 0 may; 1 did not, "
		"0 can't be told (95 % confidence each way for all together)"},
	{CLAIM("'members':0,'expected':['rest']", ""), {{0, 1000}, {0, 0}, {2, 300}},
		VERDICT_INCONCLUSIVE,
		"no member is outside: a fault was on each of them, or it was expected to get "
		"worse"},
	{CLAIM("'members':1,'expected':'n3'", ""), {{0, 1000}, {0, 0}, {2, 300}},
		VERDICT_INCONCLUSIVE,
		"only 1 member is outside, and 1 may get worse: it could not be violated"},
};

static void members_outside_are_judged(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record = run_with(cases[i].claim, cases[i].bad);
		struct claim_judgement own;

		/* Cut short it may prove a violation, no more. */
		own = given_judgement(&record, "c");
		assert_int_equal(own.verdict,
			cases[i].verdict == VERDICT_VIOLATED ? VERDICT_VIOLATED
							     : VERDICT_NOT_JUDGED);
		end_cut(&record, "time");
		own = given_judgement(&record, "c");
		if (own.verdict != cases[i].verdict || strcmp(own.text, cases[i].text) != 0)
			fail_msg("case %zu: %s: %s", i, verdict_words[own.verdict], own.text);
		record_deinit(&record);
	}
}

static void a_negative_control_wants_it_violated(void **state)
{
	(void)state;
	static const int bad[3][2] = {{0, 1000}, {0, 0}, {2, 300}};
	struct record record = run_with(CLAIM("'members':0", "'expect':'violated',"), bad);
	struct claim_judgement own;

	end_cut(&record, "time");
	own = given_judgement(&record, "c");
	assert_int_equal(own.verdict, VERDICT_VIOLATED);
	assert_int_equal(own.finding, FINDING_AS_EXPECTED);
	record_deinit(&record);
}

static void a_claim_in_words(void **state)
{
	(void)state;
	static const int bad[3][2] = {{0, 1000}, {0, 0}, {2, 300}};
	struct record record = run_with(NONE, bad);
	struct report report = {.record = record};
	struct claim_judgement own;
	struct claim_numbers numbers;
	char claimed[WORDS_MAX];

	end_cut(&record, "time");
	own = given_judgement(&record, "c");
	words_claim(&report, &own, &numbers);
	assert_string_equal(words_statement(&record.scenario, own.claim, claimed),
		"none of members but those hit is worse in cut by > 1 % than in before");
	assert_string_equal(numbers.samples, "2 members");
	assert_string_equal(numbers.bad, "1");
	assert_string_equal(numbers.allowed, "≤ 0 worse");
	assert_string_equal(numbers.measured, "1 worse, 1 not, 0 open");
	record_deinit(&record);
}

/* Where a prober is cut off all that it asks looks worse: that tells of it, not of them. */
static void a_prober_that_is_hit_accuses_nobody(void **state)
{
	(void)state;
	static const int bad[3][2] = {{0, 1000}, {0, 0}, {0, 0}};
	static const int all[2] = {0, 1000};
	struct record record = run_with(NONE, bad);
	struct judgement judgement;

	source(&record, "n1", "n2");
	events(&record, "n1", "n2", all);
	end_cut(&record, "time");
	assert_int_equal(given_judgement(&record, "c").verdict, VERDICT_HELD);
	judge(&record, &judgement);
	assert_int_equal(judgement.degradation.outside, 0);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* --- what the prober spoiled --------------------------------------------------------------- */

/* 300 of n3's events of the cut could not be begun: they are bad, and no fault of n3's. */
static void what_the_prober_dropped_proves_nothing(void **state)
{
	(void)state;
	static const int bad[3][2] = {{0, 1000}, {0, 0}, {-1, -1}};
	struct record record = run_with(NONE, bad);
	struct judgement judgement;
	struct claim_judgement own;

	source(&record, "client", "n3");
	for (int i = 0; i < 2; i++)
		given_event(&record, "window", SECONDS(20.0 * (i + 1)),
			"'probe':'members','from':'client','to':'n3','window':{'probe':'members',"
			"'first_index':%d,'count':1000,'start_ns':'%lld','end_ns':'%lld',"
			"'outcomes':[0,0,0,0,0,0],'classes':[{'slo':'members','runs':'%s'}],%s"
			"'latency':[]}",
			i * 1000, (long long)SECONDS(20.0 * i), (long long)SECONDS(20.0 * (i + 1)),
			i ? "b300g700" : "g1000", i ? "'dropped':'b300g700'," : "");
	end_cut(&record, "time");
	own = given_judgement(&record, "c");
	assert_int_equal(own.verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(own.text, "VIOLATED with them, HELD without them"));
	judge(&record, &judgement);
	assert_int_equal(judgement.degradation.outside, 0);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* --- claim or no claim --------------------------------------------------------------------- */

static void what_got_worse_is_told_without_a_claim(void **state)
{
	(void)state;
	static const int bad[3][2] = {{0, 1000}, {0, 0}, {2, 300}};
	struct report report = {
		.record = run_with("{'id':'c','data':{'workload':'acked','max_lost':0}}", bad)};
	const struct degradation *own = &report.judgement.degradation;
	char text[SENTENCE_MAX], words[WORDS_MAX];
	struct list nodes;

	end_cut(&report.record, "time");
	judge(&report.record, &report.judgement);
	assert_int_equal(own->members, 3);
	assert_int_equal(own->targets, 1);
	assert_int_equal(own->targets_asked, 1);
	assert_int_equal(own->worse.count, 2);
	assert_int_equal(own->outside, 1);
	assert_true(degradation_amplification(own) == 2);
	assert_string_equal(words_degraded(&report, text),
		"1 node got worse that no fault was on: n3 by 29.8 points (26.7 to 33)");
	assert_string_equal(words_amplification(&report, words),
		"amplification 2: 2 nodes got worse, a fault was on 1");
	nodes = words_degraded_nodes(&report);
	assert_int_equal(nodes.count, 2);
	assert_string_equal(*LIST_AT(nodes, char *, 0),
		"n1: 0 % of 1000 good in cut, 100 % of 1000 before (members): worse by 100 points "
		"(99.4 to 100), a fault was on it");
	assert_string_equal(*LIST_AT(nodes, char *, 1),
		"n3: 70 % of 1000 good in cut, 99.8 % of 1000 before (members): worse by 29.8 "
		"points (26.7 to 33), no fault was on it");
	list_free_texts(&nodes);
	judgement_deinit(&report.judgement);
	record_deinit(&report.record);
}

static void nobody_worse_is_told_too(void **state)
{
	(void)state;
	static const int bad[3][2] = {{0, 1000}, {0, 0}, {2, 300}}, none[3][2] = {{0}};
	struct report report = {.record = run_with(NONE, none)};
	char text[SENTENCE_MAX];

	end_cut(&report.record, "time");
	judge(&report.record, &report.judgement);
	assert_string_equal(words_degraded(&report, text),
		"no node is proven worse that no fault was on, of 3 nodes asked one by one");
	assert_true(degradation_amplification(&report.judgement.degradation) == 0);
	judgement_deinit(&report.judgement);
	record_deinit(&report.record);
	/* One that a claim expects is no finding, and counts in the amplification. */
	report.record = run_with(CLAIM("'members':0,'expected':'n3'", ""), bad);
	end_cut(&report.record, "time");
	judge(&report.record, &report.judgement);
	assert_string_equal(words_degraded(&report, text),
		"no node is proven worse that no fault was on, but for those expected to be, of 3 "
		"nodes asked one by one");
	assert_true(degradation_amplification(&report.judgement.degradation) == 2);
	judgement_deinit(&report.judgement);
	record_deinit(&report.record);
}

/* --- refusals ------------------------------------------------------------------------------ */

static const struct {
	const char *path, *json, *fail_path, *text;
} refusals[] = {
	{"invariants[0].degraded_at_most.slo", "'avail'", "invariants[0].degraded_at_most.slo",
		"probe \"put\" can't tell one member from another: its \"to\" needs the policy "
		"\"each\" (a group's \"observe\" makes such a probe)"},
	{"invariants[0].degraded_at_most.slo", "'member'", "invariants[0].degraded_at_most.slo",
		"no SLO named \"member\" (did you mean \"members\"?)"},
	{"invariants[0].degraded_at_most.baseline", "'befor'",
		"invariants[0].degraded_at_most.baseline",
		"no phase named \"befor\" (did you mean \"before\"?)"},
	{"invariants[0].degraded_at_most.baseline", "['before','cut']",
		"invariants[0].degraded_at_most.baseline",
		"compares phase \"cut\" with itself: name another one, or leave it out of \"in\""},
	{"phases[0].faults",
		"[{'id':'first','fault':'partition','on':{'nodes':'n1'},'from':{'nodes':'n2'}}]",
		"invariants[0].degraded_at_most.baseline",
		"no phase lies before the first fault: name one to compare with"},
	{"groups.members.count", "3", NULL, NULL},
	{"invariants[0]", CLAIM("'members':3", ""), NULL, NULL},
	/* ln 0.05 / ln 0.99 are 299 samples, 5.98 s. */
	{"invariants[0]", CLAIM("'members':0", "'skip_first':'4.02s',"), NULL, NULL},
	{"invariants[0]", CLAIM("'members':0", "'skip_first':'4.04s',"),
		"invariants[0].degraded_at_most",
		"cannot be shown: there will be 298 samples of each member, and 1298 to compare "
		"with; about 596 and 2596 are needed even in the best case (longer phases, a "
		"higher rate or a greater worse_by_at_most)"},
	{"invariants[0]", CLAIM("'members':0,'worse_by_at_most':0.1", "'skip_first':'9s',"), NULL,
		NULL},
	{"invariants[0]", CLAIM("'members':0", "'skip_first':'10s',"),
		"invariants[0].degraded_at_most",
		"cannot be shown: there will be 0 samples of each member, and 1000 to compare "
		"with"},
	/* A violation needs far fewer: all of them bad. */
	{"invariants[0]", CLAIM("'members':0", "'expect':'violated','skip_first':'9.8s',"), NULL,
		NULL},
	{"invariants[0]", CLAIM("'members':0", "'expect':'violated','skip_first':'9.98s',"),
		"invariants[0].degraded_at_most",
		"cannot be shown: there will be 1 samples of each member, and 1001 to compare "
		"with; about 5 and 5005 are needed even in the best case (longer phases, a higher "
		"rate or a greater worse_by_at_most)"},
	{"invariants[0].degraded_at_most.members", NULL, "invariants[0].degraded_at_most",
		"degraded_at_most needs the key \"members\""},
	{"groups.members.observe.to", "{'group':'members','policy':'each'}",
		"groups.members.observe.to",
		"the nodes of this group are asked, each of them: leave it out"},
	{"probes.members",
		"{'type':'tcp','from':['client'],'address':'10.0.0.1:2379','rate':50,'timeout':"
		"'300ms'}",
		"groups.members.observe",
		"the probe and the SLO of a group that is observed have its name, and there is "
		"another probe \"members\""},
	{"slos.members", "{'probe':'put','good':{'outcome':'ok'},'objective':0.9}",
		"groups.members.observe",
		"the probe and the SLO of a group that is observed have its name, and there is "
		"another SLO \"members\""},
	{"groups.members.observe.address", "'10.0.0.1:2379'", "groups.members.observe.to",
		"the events go to the nodes of a group, but nothing in the probe depends on the "
		"node: use {node.addr} or {node.name}"},
	{"groups.members.observe.address", "'{node.adr}:1'", "groups.members.observe.address",
		"unknown placeholder"},
};

/* Of a placeholder only how the sentence begins. */
static void what_cannot_be_shown_is_refused(void **state)
{
	(void)state;
	struct catalogue catalogue = given_catalogue();

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		cJSON *tree = tree_of(NONE);
		struct fail fail = FAIL_INIT;
		struct scenario scenario;
		int outcome;

		given_set(tree, refusals[i].path, refusals[i].json);
		outcome = scenario_from_merged(&scenario, tree, &fail);
		if (outcome == 0) {
			outcome = scenario_check(&scenario, &catalogue, &fail);
			scenario_deinit(&scenario);
		}
		if (outcome != (refusals[i].text ? -1 : 0))
			fail_msg("case %zu: %s: %s", i, fail.path, fail.text);
		if (!refusals[i].text)
			continue;
		if (strcmp(fail.path, refusals[i].fail_path) != 0 ||
			strncmp(fail.text, refusals[i].text, strlen(refusals[i].text)) != 0)
			fail_msg("case %zu: %s: %s", i, fail.path, fail.text);
	}
	catalogue_deinit(&catalogue);
}

/* With "count": 3 no more than three can get worse. */
static void a_bound_that_none_can_break_is_refused(void **state)
{
	(void)state;
	struct catalogue catalogue = given_catalogue();
	cJSON *tree = tree_of(CLAIM("'members':3", ""));
	struct fail fail = FAIL_INIT;
	struct scenario scenario;

	given_set(tree, "groups.members.count", "3");
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, &catalogue, &fail), -1);
	assert_string_equal(fail.path, "invariants[0].degraded_at_most.members");
	assert_string_equal(fail.text,
		"can never be violated: group \"members\" has 3 members at most, and 3 may get "
		"worse");
	scenario_deinit(&scenario);
	catalogue_deinit(&catalogue);
}

/* Of nodes and groups that the environment does not have. */
static void who_is_expected_must_exist(void **state)
{
	(void)state;
	struct catalogue catalogue = given_catalogue();
	struct scenario scenario =
		given_scenario(tree_of(CLAIM("'members':0,'expected':['rest','n7']", "")));
	struct plan plan = given_plan(&scenario, &catalogue);
	struct fail fail = FAIL_INIT;

	assert_int_equal(plan_check_names(&plan, &fail), -1);
	assert_string_equal(fail.path, "invariants[0].degraded_at_most.expected");
	assert_non_null(strstr(fail.text, "is named \"n7\""));
	plan_deinit(&plan);
	scenario_deinit(&scenario);
	catalogue_deinit(&catalogue);
}

/* Of the last phase, which has no fault: nobody else would ask for the group. */
static void expected_groups_are_resolved_with_their_phase(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	const cJSON *event;
	struct hands hands;
	bool resolved = false;

	given_set(tree, "groups.followers", "{'in':'members','not':['leader']}");
	given_set(tree, "invariants[6]",
		"{'id':'c','in':'after','degraded_at_most':{'slo':'avail','members':0,'expected':"
		"['client','followers']}}");
	hands_init(&hands, tree);
	assert_true(hands_run(&hands, SECONDS(200)));
	cJSON_ArrayForEach(event, hands.journal)
		if (strcmp(json_string(event, "group", ""), "followers") == 0) {
			resolved = true;
			assert_int_equal(
				cJSON_GetArraySize(cJSON_GetObjectItem(event, "nodes")), 2);
		}
	assert_true(resolved);
	hands_deinit(&hands);
}

/* 10 s at 50 a second of each of three members, against 30 s. */
static void a_plan_says_what_decides(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(tree_of(NONE));
	struct degraded_zone zone =
		degraded_zone(&scenario, LIST_AT(scenario.invariants, struct invariant_spec, 0));

	assert_int_equal(zone.members, 3);
	assert_int_equal(zone.samples, 500);
	assert_int_equal(zone.reference_samples, 1500);
	assert_int_equal(zone.tolerated, 1);
	assert_int_equal(zone.violating, 11);
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_that_is_observed_has_a_probe_and_an_slo),
		cmocka_unit_test(it_is_added_once),
		cmocka_unit_test(members_outside_are_judged),
		cmocka_unit_test(a_negative_control_wants_it_violated),
		cmocka_unit_test(a_claim_in_words),
		cmocka_unit_test(a_prober_that_is_hit_accuses_nobody),
		cmocka_unit_test(what_the_prober_dropped_proves_nothing),
		cmocka_unit_test(what_got_worse_is_told_without_a_claim),
		cmocka_unit_test(nobody_worse_is_told_too),
		cmocka_unit_test(what_cannot_be_shown_is_refused),
		cmocka_unit_test(a_bound_that_none_can_break_is_refused),
		cmocka_unit_test(who_is_expected_must_exist),
		cmocka_unit_test(expected_groups_are_resolved_with_their_phase),
		cmocka_unit_test(a_plan_says_what_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
