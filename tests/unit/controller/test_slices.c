/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "controller/judge/stop_rule.h"
#include "controller/plan/check.h"
#include "given.h"
#include "mutations.h"

/* SLOs that count slices of time: built as windows come, and judged as events are. */

/* By slices of 1 s, 50 events each, of which nine of ten must be good. */
static cJSON *sliced_tree(void)
{
	cJSON *tree = given_tree();

	given_set(tree, "slos.avail",
		"{'probe':'put','good':{'outcome':'ok'},'objective':0.9,'budgeting':'timeslices',"
		"'slice':'1s','slice_objective':0.9}");
	return tree;
}

static struct record sliced(void)
{
	struct record record = given_record(sliced_tree());

	given_source(&record);
	return record;
}

static void slices_come_with_the_windows(void **state)
{
	(void)state;
	struct record record = sliced();
	const struct sli_record *sli = record_sli(&record, "avail");

	given_window(&record, "g49");
	assert_int_equal(sli->samples.count, 0);
	assert_int_equal(record_covered_ns(&record, sli->slo), 0);
	given_window(&record, "g1");
	assert_int_equal(sli->samples.count, 1);
	assert_true(samples_good(&sli->samples, 0));
	/* Five bad ones of fifty are allowed, six are not; a window may hold several slices. */
	given_window(&record, "b5g45b6g44g20");
	assert_int_equal(sli->samples.count, 3);
	assert_true(samples_good(&sli->samples, 1));
	assert_false(samples_good(&sli->samples, 2));
	assert_int_equal(samples_at(&sli->samples, 2), SECONDS(2));
	assert_int_equal(record_covered_ns(&record, sli->slo), SECONDS(3));
	assert_int_equal(record_reported_ns(&record, "put"), SECONDS(3.4));
	assert_true(record_rate(&record, sli->slo) == 1);
	record_deinit(&record);
}

static void two_sources_share_their_slices(void **state)
{
	(void)state;
	struct record record = sliced();
	const struct sli_record *sli = record_sli(&record, "avail");

	given_event(&record, "source", 0, "'probe':'put','from':'n1','start_ns':0,'rate':50");
	given_window(&record, "g50");
	assert_int_equal(sli->samples.count, 0);
	given_event(&record, "window", SECONDS(1),
		"'probe':'put','from':'n1','window':{'probe':'put','first_index':0,'count':50,"
		"'start_ns':'0','end_ns':'0','outcomes':[0],'latency':[],"
		"'classes':[{'slo':'avail','runs':'b11g39'}]}");
	/* 11 of 100 are more than a tenth. */
	assert_int_equal(sli->samples.count, 1);
	assert_false(samples_good(&sli->samples, 0));
	record_deinit(&record);
}

static void claims_count_slices(void **state)
{
	(void)state;
	struct record record = sliced();
	struct claim_judgement own;

	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	/* One slice of forty is bad, though but 12 % of its events are. */
	given_window(&record, "b6g44");
	given_good_until(&record, SECONDS(40));
	given_event(&record, "phase_ended", SECONDS(40.5),
		"'phase':'before','how':'time','end_ns':%lld", (long long)SECONDS(40.5));
	own = given_judgement(&record, "steady");
	assert_string_equal(own.text,
		"1 of 40 slices of 1s bad (97.5 % good); 90 % is held with at most 0 bad, violated "
		"from 8");
	assert_int_equal(own.verdict, VERDICT_INCONCLUSIVE);
	record_deinit(&record);
}

static void the_budget_is_one_of_slices(void **state)
{
	(void)state;
	struct record record = sliced();
	struct judgement judgement;
	const struct cost *cost;

	given_window(&record, "b50b50b50");
	judge(&record, &judgement);
	cost = judgement.costs.items;
	/* 30 d have 2,592,000 slices, a tenth of which may be bad. */
	assert_int_equal(cost->tally.total, 3);
	assert_true(cost->budget_spent > 3 / 259200.0 - 1e-12 &&
		cost->budget_spent < 3 / 259200.0 + 1e-12);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void a_stop_rule_looks_at_slices(void **state)
{
	(void)state;
	struct record record = sliced();
	const struct stop_rule *rule = record.scenario.guardrails->stop_if.items;

	given_window(&record, "g100");
	assert_int_equal(record_rule(&record, rule, SECONDS(2)).silence.reached_ns, SECONDS(1));
	given_window(&record, "b349");
	assert_false(record_rule(&record, rule, SECONDS(9)).fires);
	given_window(&record, "b1");
	assert_true(record_rule(&record, rule, SECONDS(9)).fires);
	record_deinit(&record);
}

#define SLO(more) "{'probe':'put','good':{'outcome':'ok'},'objective':0.9" more "}"
#define SLICES(length) ",'budgeting':'timeslices','slice':'" length "','slice_objective':0.9"

static const struct mutation refused[] = {
	{"slos.avail", SLO(",'budgeting':'timeslices'"), "slos.avail.slice",
		"\"budgeting\": \"timeslices\" needs \"slice\" and \"slice_objective\""},
	{"slos.avail", SLO(",'slice':'1s','slice_objective':0.9"), "slos.avail.slice",
		"a slice needs \"budgeting\": \"timeslices\" beside it"},
	{"slos.avail", SLO(",'slice':'1s'"), "slos.avail.slice",
		"\"slice\" needs the key \"slice_objective\" beside it"},
	{"slos.avail", SLO(",'budgeting':'ratio'"), "slos.avail.budgeting",
		"\"ratio\" is not one of occurrences, timeslices"},
	/* 30 slices, of which 0.9 needs 29 */
	{"slos.avail", SLO(SLICES("1.1s")), "invariants[0].holds",
		"90 % cannot be shown: this claim will have 27 samples, 29 are needed (a longer "
		"phase, "
		"a higher rate or a lower objective)"},
};

static void what_slices_cannot_show_is_refused(void **state)
{
	(void)state;
	mutations_are_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

/* Changes to a scenario with slices of 10 s, on which no claim rests. */
static void assert_refused(
	const char *path, const char *json, const char *fail_path, const char *text)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	given_set(tree, "invariants", "[{'id':'cost','budget':{'slo':'avail','max_spent':0.1}}]");
	given_set(tree, "slos.avail", SLO(SLICES("10s")));
	given_set(tree, "phases[2].until.good_for", "'10s'");
	given_set(tree, "guardrails.stop_if[0].no_good_for", "'11s'");
	given_set(tree, path, json);
	scenario = given_scenario(tree);
	if (text) {
		assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &fail), -1);
		assert_string_equal(fail.text, text);
		assert_string_equal(fail.path, fail_path);
	} else if (scenario_check(&scenario, given_kept_catalogue(), &fail) < 0) {
		fail_msg("%s: %s", fail.path, fail.text);
	}
	scenario_deinit(&scenario);
}

static void times_must_hold_a_slice(void **state)
{
	(void)state;
	assert_refused("seed", "8", NULL, NULL);
	assert_refused("phases[2].until.good_for", "'9.9s'", "phases[2].until.good_for",
		"is shorter than a slice of \"avail\", of 10s: no slice would lie in it");
	assert_refused("guardrails.stop_if[0].no_good_for", "'10s'",
		"guardrails.stop_if[0].no_good_for",
		"stop rule \"outage\" would always fire: good slices of \"avail\" lie 10s apart");
	assert_refused("slos.avail.burn", "[{'severity':'page','rate':2,'long':'60s'}]",
		"slos.avail.burn[0].short",
		"the short window of 5s is shorter than a slice of \"avail\", of 10s");
	assert_refused("invariants[0]",
		"{'id':'heal','recovers':{'slo':'avail','from':{'fault':'cut-leader','instant':"
		"'healed'},'within':'10s','stable_for':'11s'}}",
		"invariants[0].recovers",
		"cannot be shown: within and stable_for together and a slice need 31s after the "
		"fault's healed instant, the phases leave 30s");
	assert_refused("probes.put.rate", "0.1", NULL, NULL);
	assert_refused("slos.avail.slice", "'9s'", NULL, NULL);
}

static void a_slice_must_have_an_event(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	given_set(tree, "invariants", "[{'id':'cost','budget':{'slo':'avail','max_spent':0.1}}]");
	given_set(tree, "slos.avail", SLO(SLICES("1s")));
	given_set(tree, "probes.put.rate", "0.5");
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &fail), -1);
	assert_string_equal(fail.path, "slos.avail.slice");
	assert_string_equal(fail.text,
		"a slice would hold 0.5 events, and one without any is not good: a longer slice, "
		"or "
		"a higher rate of probe \"put\"");
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_come_with_the_windows),
		cmocka_unit_test(two_sources_share_their_slices),
		cmocka_unit_test(claims_count_slices),
		cmocka_unit_test(the_budget_is_one_of_slices),
		cmocka_unit_test(a_stop_rule_looks_at_slices),
		cmocka_unit_test(what_slices_cannot_show_is_refused),
		cmocka_unit_test(times_must_hold_a_slice),
		cmocka_unit_test(a_slice_must_have_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
