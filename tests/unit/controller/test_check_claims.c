/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/check.h"
#include "given.h"
#include "mutations.h"

/* Claims that can be shown, stop rules that can fire, limits that are kept: what is refused. */

static const struct mutation claims[] = {
	{"invariants[2].in", "'cut'", "invariants[2].in",
		"\"in\" belongs to \"holds\", \"compare\", \"ratio\", \"degraded_at_most\" and "
		"\"exactly_one\"; what "
		"\"recovers\" looks "
		"at it "
		"says itself"},
	/* before 0.99: ln 0.0001 / ln 0.99 are 917 samples; 18 s are 900 */
	{"invariants[0]",
		"{'id':'c','in':'before','skip_first':'12s','confidence':0.9999,'holds':{'slo':"
		"'avail'}}",
		"invariants[0].holds",
		"99 % cannot be shown: this claim will have 900 samples, 917 are needed (a longer "
		"phase, a higher rate or a lower objective)"},
	{"invariants[2].confidence", "0.99", "invariants[2].confidence",
		"\"recovers\" is decided by what is seen, not by a test that could err"},
	{"invariants[0].known_issue", "{'ticket':'T','until':'2026-12-31','why':'x'}",
		"invariants[0].known_issue",
		"a precondition that fails ends the run before anything is injected, known or not"},
	{"invariants[1].known_issue", "{'ticket':'T','until':'2026-12-31','why':'x'}",
		"invariants[1].known_issue",
		"a negative control is violated when all is well: there is nothing to excuse"},
	{"invariants[0].holds", "{'probe':'put','quantile':0.999,'below':'200ms'}",
		"invariants[0].holds",
		"p99.9 of put below 200ms cannot be shown: this claim will have 1500 samples, 2995 "
		"are needed (a longer phase, a higher rate or a lower quantile)"},
	{"invariants[0].holds", "{'probe':'put','quantile':0.9,'below':'301ms'}",
		"invariants[0].holds.below",
		"no answer can be seen to take 301ms: probe \"put\" waits for 300ms at most"},
	{"invariants[0]", COMPARE("'in':'cut'", "0.02", ""), "invariants[0].compare",
		"compares a phase with itself: name another phase, or another SLO"},
	{"invariants[0]", COMPARE("'slo':'avail'", "0.02", ""), "invariants[0].compare",
		"compares a phase with itself: name another phase, or another SLO"},
	{"invariants[0]", COMPARE("'in':'before'", "0.005", ""), "invariants[0].compare",
		"cannot be shown: there will be 500 samples, and 1500 to compare with; about 1000 "
		"and "
		"3000 are needed even in the best case (longer phases, a higher rate or more "
		"room)"},
	{"invariants[0]", COMPARE("'in':'before'", "0.02", ",'skip_first':'10s'"),
		"invariants[0].compare",
		"cannot be shown: there will be 0 samples, and 1000 to compare with"},
	{"invariants[0]", RATIO("'in':'before'", "'at_least':1"), "invariants[0].ratio",
		"cannot be held with any number of samples, not even in the best case"},
	{"invariants[0]", RATIO("'in':'before'", "'at_most':0.001"), "invariants[0].ratio",
		"cannot be shown: there will be 500 samples, and 1500 to compare with; about 3000 "
		"and 9000 are needed even in the best case (longer phases, a higher rate or more "
		"room)"},

	/* 5.9 s at 50/s are 295 samples; 0.99 needs 299 */
	{"phases[0].for", "'5.9s'", "invariants[0].holds",
		"99 % cannot be shown: this claim will have 295 samples, 299 are needed (a longer "
		"phase, a higher rate or a lower objective)"},
	{"slos.avail.objective", "0.9999", "invariants[0].holds",
		"99.99 % cannot be shown: this claim will have 1500 samples, 29956 are needed (a "
		"longer phase, a higher rate or a lower objective)"},
	{"invariants[0].skip_first", "'25s'", "invariants[0].holds",
		"99 % cannot be shown: this claim will have 250 samples, 299 are needed (a longer "
		"phase, a higher rate or a lower objective)"},
	{"invariants[1].skip_first", "'10s'", "invariants[1].holds",
		"a violation of 99 % cannot be shown: 0 samples, and not even all of them bad "
		"would "
		"prove it"},
	/* the phases after the fault's start leave 10 + 5 + 20 s at least */
	{"invariants[2].recovers.stable_for", "'31s'", "invariants[2].recovers",
		"cannot be shown: within and stable_for together need 36s after the fault's start "
		"instant, the phases leave 35s"},
	{"invariants[3].recovers.within", "'16s'", "invariants[3].recovers",
		"cannot be shown: within and stable_for together need 26s after the fault's healed "
		"instant, the phases leave 25s"},
	{"invariants[2].gate", "'precondition'", "invariants[2].recovers",
		"only \"holds\" can be a precondition"},
	{"invariants[0].in", "['before','cut']", "invariants[0]",
		"a precondition must be decided before the first fault; phase \"cut\" already has "
		"one"},
	/* whatever the order in which it names them */
	{"invariants[0].in", "['cut','before']", "invariants[0]",
		"a precondition must be decided before the first fault; phase \"cut\" already has "
		"one"},
	/* limits */
	{"guardrails.limits.fault", "'9s'", "phases[1].faults[0]",
		"fault \"cut-leader\" would last 10s, longer than its own limit "
		"guardrails.limits.fault of 9s"},
	{"phases[1].faults[0].at", "'10s'", "phases[1].faults[0].at",
		"lies behind the end of phase \"cut\""},
	{"phases[1].faults[0].for", "'11s'", "phases[1].faults[0].for",
		"reaches over the end of phase \"cut\", which lasts 10s"},
	{"phases[1].faults[1]",
		"{'id':'b','fault':'partition','on':{'nodes':'n1'},'from':{'nodes':'n2'}}",
		"phases[1].faults",
		"2 faults at one time; guardrails.limits.concurrent_faults allows 1"},
	{"phases[2].until.good_for", "'31s'", "phases[2].until.good_for",
		"phase \"settle\" ends after 30s, before its condition can be met"},
	/* 30 + 10 + 30 + 20 s and 5 s to quiesce */
	{"guardrails.limits.run", "'94s'", "guardrails.limits.run",
		"the phases and final reads can take 95s, longer than this limit of 94s"},
	/* stop rules */
	{"guardrails.stop_if[0].no_good_for", "'4s'", "guardrails.stop_if[0].no_good_for",
		"stop rule \"outage\" fires after 4s without a good event, sooner than the 5s that "
		"claim \"failover\" allows: the claim could never be violated, only stopped"},
	{"guardrails.stop_if[0].no_good_for", "'90s'", "guardrails.stop_if[0].no_good_for",
		"stop rule \"outage\" can never fire: it needs longer than all phases last"},
	{"guardrails.stop_if[1].no_data_for", "'2m'", "guardrails.stop_if[1].no_data_for",
		"stop rule \"blind\" can never fire: it needs longer than all phases last"},
	{"guardrails.stop_if[0]", BURN("'rate':100,'long':'60s'"),
		"guardrails.stop_if[0].burn.rate",
		"can never fire: an objective of 99 % burns at 100 times its rate when every event "
		"is bad, and a rule must lie below that"},
	{"guardrails.stop_if[0]", BURN("'rate':20,'long':'90s'"), "guardrails.stop_if[0].burn.long",
		"can never fire: its window of 90s is judged when it is full, and all phases "
		"last "
		"90s at most"},
	{"guardrails.stop_if[0]", BURN("'rate':20,'long':'60s','short':'61s'"),
		"guardrails.stop_if[0].burn.short",
		"the short window of 61s is longer than the long one of 60s"},
	{"guardrails.stop_if[0]", BURN("'rate':8,'long':'10s','min_bad':50"),
		"guardrails.stop_if[0].burn.long",
		"too few events: 10s hold 500, of which 40 are bad at 8 times the rate, but 50 "
		"must "
		"be; 625 events are needed (a longer window, a higher rate of the probe or a "
		"smaller "
		"min_bad)"},
	{"guardrails.stop_if[0]", BURN("'rate':2,'long':'10s'"), "guardrails.stop_if[0].burn.long",
		"too few events: 10s hold 500, of which 10 are bad at 2 times the rate, but 20 "
		"must be; "
		"3000 events are needed (a longer window, a higher rate of the probe)"},
	{"guardrails.stop_if[0]", BURN("'rate':8,'long':'60s'"), "guardrails.stop_if[0].burn",
		"stop rule \"burn\" fires after 4.8s at 100 % errors, sooner than the 5s that "
		"claim "
		"\"failover\" allows: the claim could never be violated, only stopped"},
	{"guardrails.stop_if[0]", "{'id':'grown','slo':'avail','cusum':{'rate':8}}",
		"guardrails.stop_if[0].cusum",
		"stop rule \"grown\" fires after 140ms at 100 % errors, sooner than the 5s that "
		"claim \"failover\" allows: the claim could never be violated, only stopped"},
	{"guardrails.stop_if[0]", "{'id':'grown','slo':'avail','cusum':{'rate':100}}",
		"guardrails.stop_if[0].cusum.rate",
		"can never fire: an objective of 99 % burns at 100 times its rate when every event "
		"is bad, and a rule must lie below that"},
	{"guardrails.stop_if[0]", "{'id':'cost','slo':'avail','budget_spent':0.0001}",
		"guardrails.stop_if[0].budget_spent",
		"stop rule \"cost\" fires after 2.592s at 100 % errors, sooner than the 5s that "
		"claim "
		"\"failover\" allows: the claim could never be violated, only stopped"},
	{"guardrails.stop_if[0]", "{'id':'cost','slo':'avail','budget_spent':0.005}",
		"guardrails.stop_if[0].budget_spent",
		"stop rule \"cost\" can never fire: with every event bad it would need 130s, "
		"longer "
		"than all phases last"},
	{"guardrails.stop_if[0]", "{'id':'cost','budget_spent':0.005}",
		"guardrails.stop_if[0].budget_spent",
		"\"budget_spent\" needs the key \"slo\" beside it"},
	{"guardrails.stop_if[0]", "{'id':'loss','workload':'acked','lost_writes':0}",
		"guardrails.stop_if[0].lost_writes",
		"can never fire: workload \"acked\" is read at the end only, and needs "
		"\"read_every\""},
	{"guardrails.stop_if[0]", "{'id':'loss','workload':'acket','lost_writes':0}",
		"guardrails.stop_if[0].workload",
		"no workload named \"acket\" (did you mean \"acked\"?)"},
	{"guardrails.stop_if[0]", "{'id':'loss','lost_writes':0}",
		"guardrails.stop_if[0].lost_writes",
		"\"lost_writes\" needs the key \"workload\" beside it"},
	{"guardrails.stop_if[0]", "{'id':'loss','workload':'acked','no_data_for':'5s'}",
		"guardrails.stop_if[0].workload",
		"\"workload\" needs the key \"lost_writes\" beside it"},
	{"guardrails.stop_if[0]", "{'id':'loss','slo':'avail','workload':'acked','lost_writes':0}",
		"guardrails.stop_if[0].slo", "\"lost_writes\" is of a workload, not of an SLO"},
	{"guardrails.stop_if[0]", "{'id':'loss','workload':'acked','lost_writes':0,'in_reads':11}",
		"guardrails.stop_if[0].in_reads", "must be from 1 to 10, not 11"},
	{"workloads.acked.read_timeout", "'1s'", "workloads.acked.read_timeout",
		"\"read_timeout\" needs the key \"read_every\" beside it"},
	{"slos.avail.burn",
		"[{'severity':'page','rate':8,'long':'20s'},{'severity':'alert',"
		"'rate':200,'long':'20s'}]",
		"slos.avail.burn[1].rate",
		"can never fire: an objective of 99 % burns at 100 times its rate when every event "
		"is bad, and a rule must lie below that"},
};

static void claims_must_be_provable(void **state)
{
	(void)state;
	mutations_are_refused(claims, sizeof(claims) / sizeof(claims[0]));
}

/* The phases last 90 s at most. */
static void lost_writes_need_reads_within_the_run(void **state)
{
	static const struct {
		const char *read_every;
		bool can_fire;
	} cases[] = {{"'29s'", true}, {"'30s'", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct catalogue *catalogue = given_kept_catalogue();
		struct fail fail = FAIL_INIT;
		cJSON *tree = given_tree();
		struct scenario scenario;

		given_set(tree, "workloads.acked.read_every", cases[i].read_every);
		given_set(tree, "guardrails.stop_if[0]",
			"{'id':'loss','workload':'acked','lost_writes':0}");
		scenario = given_scenario(tree);
		assert_int_equal(
			scenario_check(&scenario, catalogue, &fail), cases[i].can_fire ? 0 : -1);
		if (!cases[i].can_fire) {
			assert_string_equal(fail.path, "guardrails.stop_if[0].lost_writes");
			assert_string_equal(fail.text,
				"stop rule \"loss\" can never fire: it needs longer than all "
				"phases last");
		}
		scenario_deinit(&scenario);
	}
}

/* Just inside each of the bounds above. */
static void the_other_side_of_each_bound_is_good(void **state)
{
	(void)state;
	static const struct {
		const char *path, *json;
	} good[] = {
		{"phases[0].for", "'5.98s'"},
		{"invariants[1].skip_first", "'9.98s'"},
		{"invariants[2].recovers.stable_for", "'30s'"},
		{"invariants[3].recovers.within", "'8s'"},
		{"guardrails.limits.fault", "'10s'"},
		{"phases[1].faults[0].at", "'9.9s'"},
		{"phases[1].faults[0].for", "'10s'"},
		{"guardrails.limits.run", "'95s'"},
		{"guardrails.stop_if[0].no_good_for", "'5s'"},
		{"guardrails.stop_if[0].no_good_for", "'89s'"},
		{"invariants[0].holds", "{'probe':'put','quantile':0.99,'below':'300ms'}"},
		{"invariants[0].confidence", "0.999"},
		{"invariants[2].known_issue", "{'ticket':'T','until':'2026-12-31','why':'x'}"},
		{"invariants[0]", COMPARE("'in':'before'", "0.02", "")},
		{"invariants[0]", COMPARE("'in':['before','after']", "0.02", ",'confidence':0.9")},
		{"invariants[0]", RATIO("'in':'before'", "'at_least':0.99")},
		{"invariants[0]", RATIO("'in':'before'", "'at_most':0.01")},
		{"guardrails.stop_if[0]", BURN("'rate':99,'long':'60s'")},
		{"guardrails.stop_if[0]", BURN("'rate':20,'long':'89s','short':'89s'")},
		{"guardrails.stop_if[0]", BURN("'rate':8,'long':'62.5s','min_bad':250")},
		{"guardrails.stop_if[0]", "{'id':'cost','slo':'avail','budget_spent':0.0002}"},
		{"slos.avail.burn",
			"[{'severity':'page','rate':8,'long':'60s'},"
			"{'severity':'alert','rate':2,'long':'60s'}]"},
		{"probes.put.url", "'{var.shop}/x'"},
		{"groups.rest.not", "['n1','leader']"},
		{"phases[1].faults[0]",
			"{'id':'cut-leader','fault':'partition','on':{'nodes':'members'},'with':{"
			"'shape':'halves'}}"},
		{"phases[1].faults[0]",
			"{'id':'cut-leader','fault':'partition','on':{'nodes':['n1','leader']},"
			"'with':{'drops':{'n1':['n2']}}}"},
		{"phases[1].faults[0].with", "{'shape':'sides'}"},
		{"phases[1].faults[0]",
			KILL("'for':'6s',", "'unit':'etcd.service'", "'every':'2s'")},
		{"phases[1].faults[0]",
			KILL("", "'port':2379,'count':1,'largest':'memory'", "'how':'signal'")},
	};
	struct catalogue catalogue = given_catalogue();

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cJSON *tree = given_tree();
		struct scenario scenario;
		struct fail fail = FAIL_INIT;

		given_set(tree, good[i].path, good[i].json);
		scenario = given_scenario(tree);
		if (scenario_check(&scenario, &catalogue, &fail) < 0)
			fail_msg("%s %s: %s: %s", good[i].path, good[i].json, fail.path, fail.text);
		scenario_deinit(&scenario);
	}
	catalogue_deinit(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_must_be_provable),
		cmocka_unit_test(lost_writes_need_reads_within_the_run),
		cmocka_unit_test(the_other_side_of_each_bound_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
