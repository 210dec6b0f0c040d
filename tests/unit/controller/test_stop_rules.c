/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/seed.h"
#include "controller/judge/stop_rule.h"
#include "controller/plan/burn.h"
#include "controller/plan/check.h"
#include "hands.h"
#include "tests/pace.h"

/* Stop rules over error budgets, what on call would be told, and how rarely either errs. */

#define BURN "{'id':'burn','slo':'avail','burn':{'rate':8,'long':'20s','short':'4s'}}"

static struct record with_rule(const char *rule)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "guardrails.stop_if[0]", rule);
	record = given_record(tree);
	given_source(&record);
	return record;
}

static const struct stop_rule *rule_of(const struct record *record)
{
	return LIST_AT(record->scenario.guardrails->stop_if, struct stop_rule, 0);
}

static struct rule_look look_at(const struct record *record)
{
	return record_rule(record, rule_of(record), 0);
}

static void assert_why(const struct record *record, const char *why)
{
	struct rule_look look = look_at(record);
	char text[RULE_TEXT_MAX];

	assert_true(look.fires);
	assert_string_equal(rule_why(&look, text), why);
}

static void assert_way(const struct record *record, const char *way)
{
	struct rule_look look = look_at(record);
	char text[RULE_TEXT_MAX];

	assert_false(look.fires);
	assert_string_equal(rule_way(&look, text), way);
}

/* --- burn --------------------------------------------------------------------------------- */

/* 20 s are 1000 events: at 8 times 1 % 80 of them are bad, and 16 of the 200 of 4 s. */
static void both_windows_must_burn_and_be_full(void **state)
{
	(void)state;
	struct record record = with_rule(BURN);

	assert_way(&record, "its window of 20s is not full yet");
	given_window(&record, "b999");
	assert_way(&record, "its window of 20s is not full yet");
	given_window(&record, "b1");
	assert_why(&record,
		"avail burns its error budget 100 times as fast as it may over 20s, and 100 times "
		"over 4s; at 8 the run stops");
	record_deinit(&record);

	record = with_rule(BURN);
	given_window(&record, "g2000b79");
	assert_way(&record, "budget burns at 7.9 of 8 times its rate");
	assert_true(look_at(&record).share < 1);
	given_window(&record, "b1");
	assert_true(look_at(&record).fires);
	/* What is over stops nothing: the short window is good again. */
	given_window(&record, "g184");
	assert_true(look_at(&record).fires);
	given_window(&record, "g1");
	assert_way(&record, "budget burns at 7.5 of 8 times its rate");
	record_deinit(&record);
}

static void so_many_bad_events_must_there_be(void **state)
{
	(void)state;
	struct record record = with_rule("{'id':'burn','slo':'avail','burn':{'rate':2,'long':'20s',"
					 "'short':'4s','min_bad':25}}");

	given_window(&record, "g1000b24");
	assert_true(look_at(&record).burn.long_rate > 2.39);
	assert_false(look_at(&record).fires);
	given_window(&record, "b1");
	assert_true(look_at(&record).fires);
	record_deinit(&record);
	/* By default so many that chance does not bring them: of 1000 events 29 at 1 %. */
	record = with_rule("{'id':'burn','slo':'avail','burn':{'rate':2,'long':'20s'}}");
	given_window(&record, "g1000b28");
	assert_true(binomial_at_least(29, 1000, 0.01) < BURN_ALPHA);
	assert_true(binomial_at_least(28, 1000, 0.01) > BURN_ALPHA);
	assert_false(look_at(&record).fires);
	given_window(&record, "b1");
	assert_true(look_at(&record).fires);
	record_deinit(&record);
}

static void what_is_left_out_is_derived(void **state)
{
	(void)state;
	struct burn_spec burn = {.rate = 8, .long_ns = SECONDS(60)};

	assert_int_equal(burn_short_ns(&burn), SECONDS(5));
	burn.long_ns = SECONDS(12);
	assert_int_equal(burn_short_ns(&burn), SECONDS(2));
	burn.long_ns = SECONDS(1);
	assert_int_equal(burn_short_ns(&burn), SECONDS(1));
	burn.short_ns = SECONDS(0.5);
	assert_int_equal(burn_short_ns(&burn), SECONDS(0.5));
	assert_int_equal(burn_min_bad(&burn, 0.99999, 100), BURN_MIN_BAD);
	burn.min_bad = 3;
	assert_int_equal(burn_min_bad(&burn, 0.99999, 100), 3);
	/* From full windows of good events: 8 · 1 % of 60 s, or the time that 300 events take. */
	burn = (struct burn_spec){.rate = 8, .long_ns = SECONDS(60), .min_bad = 50};
	assert_int_equal(burn_fires_ns(&burn, 0.99, 50), SECONDS(4.8));
	burn.min_bad = 300;
	assert_int_equal(burn_fires_ns(&burn, 0.99, 50), SECONDS(6));
}

/* The counts that make a look quick are those of a count over all events. */
static void a_look_is_what_a_rescan_finds(void **state)
{
	(void)state;
	struct record record = with_rule(BURN);
	struct sli_record *sli = record_sli(&record, "avail");
	struct source_record *source = LIST_AT(record.sources, struct source_record, 0);
	uint64_t seed = 3;

	for (int64_t i = 0; i < 5000; i++) {
		int64_t slow = 0, quick = 0;
		struct burn_look look;

		/* Bad in clumps; and some are told of late. */
		samples_add(&sli->samples, (i ^ (int64_t)(seed_next(&seed) & 3)) * 20 * NS_PER_MS,
			i / 300 % 3 ? true : seed_next(&seed) % 4 != 0);
		source->next_index = i + 1;
		look = look_at(&record).burn;
		for (size_t j = 0; j < sli->samples.count; j++) {
			int64_t at_ns = samples_at(&sli->samples, j);
			bool bad = !samples_good(&sli->samples, j) && at_ns < look.at_ns;

			slow += bad && at_ns >= look.at_ns - SECONDS(20);
			quick += bad && at_ns >= look.at_ns - SECONDS(4);
		}
		assert_int_equal(look.bad, slow);
		assert_int_equal(
			samples_tally(&sli->samples, look.at_ns - SECONDS(4), look.at_ns).bad,
			quick);
	}
	record_deinit(&record);
}

/* --- budget ------------------------------------------------------------------------------- */

static void a_spent_budget_stops(void **state)
{
	(void)state;
	/* 30 d at 50/s: 1,296,000 events may be bad; a thousandth of that is 1296. */
	struct record record = with_rule("{'id':'cost','slo':'avail','budget_spent':0.001}");

	given_window(&record, "g1000b1200");
	assert_true(look_at(&record).share > 0.92 && look_at(&record).share < 0.93);
	assert_way(&record, "0.0926 % of 0.1 % of the error budget");
	given_window(&record, "g1000b95");
	assert_way(&record, "0.0999 % of 0.1 % of the error budget");
	given_window(&record, "b1");
	assert_why(&record, "avail has spent 0.1 % of its error budget");
	record_deinit(&record);
}

/* --- cusum -------------------------------------------------------------------------------- */

/*
 * 1 % may be bad, 8 % is asked for: ln 8 = 2.08 for each bad one, and of 90 s with 50 events each
 * the limit is ln(4500 / 0.01) = 13.02.
 */
static void a_share_that_has_grown_stops(void **state)
{
	(void)state;
	struct record record = with_rule("{'id':'grown','slo':'avail','cusum':{'rate':8}}");

	given_window(&record, "g1000b6");
	assert_way(&record, "the sum is at 12.5 of 13.0");
	given_window(&record, "g20");
	assert_way(&record, "the sum is at 11.0 of 13.0");
	given_window(&record, "b2g500");
	/* It is over again: that it was so is what counts. */
	assert_why(&record,
		"8 times as many events of avail are bad as may be; chance makes it look so in at "
		"most 1 % of runs");
	record_deinit(&record);
}

/* --- lost writes -------------------------------------------------------------------------- */

#define LOST "{'id':'loss','workload':'acked','lost_writes':2,'in_reads':3}"
#define RANGE(first, last) "{'first':" #first ",'last':" #last "}"

/* `missing`: a list of ranges of `count` ids. */
static void read_misses(struct record *record, int64_t count, const char *missing)
{
	given_event(record, "read_back", 1,
		"'workload':'acked','read':{'workload':'acked','sent_ns':'1','ended_ns':'2','ok':"
		"true,'expected':100,'missing_count':%lld,'missing':[%s]}",
		(long long)count, missing);
}

static void read_fails(struct record *record)
{
	given_event(record, "read_back", 1,
		"'workload':'acked','read':{'workload':'acked','sent_ns':'1','ended_ns':'2','ok':"
		"false,'reason':'no quorum','expected':100,'missing_count':0,'missing':[]}");
}

static struct record with_reads(void)
{
	cJSON *tree = given_tree();

	given_set(tree, "workloads.acked.read_every", "'2s'");
	given_set(tree, "guardrails.stop_if[0]", LOST);
	return given_record(tree);
}

static void writes_that_stay_away_stop(void **state)
{
	struct record record = with_reads();

	(void)state;
	assert_way(&record, "0 of the first 3 reads are answered");
	read_misses(&record, 50, RANGE(1, 50));
	read_misses(&record, 3, RANGE(8, 10));
	assert_way(&record, "2 of the first 3 reads are answered");
	/* A read that fails is no sign, neither way. */
	read_fails(&record);
	assert_way(&record, "2 of the first 3 reads are answered");
	read_misses(&record, 4, RANGE(7, 9) "," RANGE(90, 90));
	assert_way(&record, "2 acknowledged writes are missing from the last 3 reads, 2 may be");
	read_misses(&record, 5, RANGE(8, 12));
	assert_way(&record, "2 acknowledged writes are missing from the last 3 reads, 2 may be");
	read_misses(&record, 5, RANGE(7, 11));
	assert_way(&record, "2 acknowledged writes are missing from the last 3 reads, 2 may be");
	read_misses(&record, 5, RANGE(7, 11));
	assert_why(&record,
		"4 acknowledged writes of acked are missing from each of the last 3 reads; above 2 "
		"the run stops");
	record_deinit(&record);
}

/* What an old answer lacks is there again in the next: behind, not lost. */
static void writes_that_come_back_do_not(void **state)
{
	struct record record = with_reads();

	(void)state;
	for (int i = 0; i < 20; i++) {
		read_misses(&record, 60, RANGE(1, 60));
		read_misses(&record, 60, RANGE(1, 60));
		assert_false(look_at(&record).fires);
		read_misses(&record, 0, "");
		assert_false(look_at(&record).fires);
		assert_int_equal(look_at(&record).lost.missing, 0);
	}
	record_deinit(&record);
}

static void reads_are_summed_up(void **state)
{
	struct record record = with_reads();
	struct read_back_sum sum;

	(void)state;
	read_misses(&record, 7, RANGE(1, 7));
	read_fails(&record);
	read_misses(&record, 2, RANGE(1, 2));
	sum = record_read_backs(record_workload(&record, "acked"));
	assert_true(sum.answered == 2 && sum.failed == 1);
	assert_true(sum.most_missing == 7 && sum.last_missing == 2);
	assert_string_equal(sum.last_failure, "no quorum");
	record_deinit(&record);
}

static void a_journal_with_impossible_reads_is_refused(void **state)
{
	static const char *const missing[] = {
		RANGE(0, 1), RANGE(3, 2), RANGE(1, 3) "," RANGE(3, 4)};
	struct record record = with_reads();

	(void)state;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		cJSON *event =
			given_json("{'t_ns':1,'event':'read_back','workload':'acked','read':"
				   "{'workload':'acked','sent_ns':'1','ended_ns':'2','ok':true,"
				   "'expected':9,'missing_count':1,'missing':[%s]}}",
				missing[i]);
		struct fail fail = FAIL_INIT;

		assert_int_equal(record_apply(&record, event, &fail), -1);
		assert_string_equal(fail.text, "read_back: an impossible range of ids");
		cJSON_Delete(event);
	}
	record_deinit(&record);
}

/* --- how rarely they err ------------------------------------------------------------------ */

enum {
	HEALTHY_RUNS = 1000,
	RUN_EVENTS = 300 * 50, /* five minutes */
	LOOK_EVERY = 10        /* events: a look each 200 ms */
};

/* Of runs in which exactly B of all events are bad, independently: those that the rule stops. */
static int false_stops(const char *rule, double objective)
{
	struct record record = with_rule(rule);
	struct sli_record *sli = record_sli(&record, "avail");
	struct source_record *source = LIST_AT(record.sources, struct source_record, 0);
	uint64_t seed = 1, bound = (uint64_t)ldexp(1 - objective, 63);
	int stops = 0, runs = HEALTHY_RUNS / (int)pace();

	((struct slo_spec *)sli->slo)->objective = objective;
	for (int run = 0; run < runs; run++) {
		bool stopped = false;

		sli->samples.count = 0;
		for (int64_t i = 0; i < RUN_EVENTS && !stopped; i++) {
			samples_add(
				&sli->samples, i * 20 * NS_PER_MS, seed_next(&seed) >> 1 >= bound);
			source->next_index = i + 1;
			stopped = i % LOOK_EVERY == 0 && look_at(&record).fires;
		}
		stops += stopped;
	}
	record_deinit(&record);
	return stops;
}

/* The shortest long window that `validate` takes, in seconds, at 50 events a second. */
static double shortest_window(double rate, double objective)
{
	struct burn_spec burn = {.rate = rate};
	int64_t events = 50;

	while ((double)burn_min_bad(&burn, objective, events) >
		rate * (1 - objective) * (double)events)
		events++;
	return (double)events / 50;
}

static void healthy_runs_are_rarely_stopped(void **state)
{
	(void)state;
	static const double objectives[] = {0.9, 0.99, 0.999}, rates[] = {2, 4, 8};
	char rule[200];

	assert_int_equal(false_stops("{'id':'o','slo':'avail','no_good_for':'3s'}", 0.5), 0);
	assert_int_equal(false_stops("{'id':'o','slo':'avail','budget_spent':0.001}", 0.99), 0);
	for (size_t o = 0; o < 3; o++)
		for (size_t r = 0; r < 3; r++) {
			double length;

			if (rates[r] * (1 - objectives[o]) > 0.99)
				continue;
			length = shortest_window(rates[r], objectives[o]);
			snprintf(rule, sizeof(rule),
				"{'id':'b','slo':'avail','burn':{'rate':%g,'long':'%.0fms'}}",
				rates[r], length * 1000);
			/* Of so few that one is more than a hundredth, chance may bring more. */
			assert_in_range(false_stops(rule, objectives[o]), 0,
				pace() == 1 ? HEALTHY_RUNS / 100 : 4);
		}
}

/* The same rule must not sleep either. */
static void a_system_that_burns_is_stopped(void **state)
{
	(void)state;
	static const char rule[] = "{'id':'b','slo':'avail','burn':{'rate':8,'long':'10s'}}";
	struct record record = with_rule(rule);
	struct sli_record *sli = record_sli(&record, "avail");
	struct source_record *source = LIST_AT(record.sources, struct source_record, 0);
	uint64_t seed = 5;

	for (int run = 0; run < 200; run++) {
		bool fired = false;

		sli->samples.count = 0;
		for (int64_t i = 0; i < 50 * 40 && !fired; i++) {
			/* From 20 s on 12 % are bad. */
			samples_add(&sli->samples, i * 20 * NS_PER_MS,
				i < 1000 || seed_next(&seed) % 100 >= 12);
			source->next_index = i + 1;
			fired = look_at(&record).fires;
			assert_false(fired && i < 1000);
		}
		assert_true(fired);
	}
	record_deinit(&record);
}

/* --- in a run ----------------------------------------------------------------------------- */

static void a_burn_rule_stops_the_run_and_heals(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;
	struct judgement judgement;
	struct record record;

	given_set(tree, "guardrails.stop_if[0]",
		"{'id':'burn','slo':'avail','burn':{'rate':20,'long':'25s'}}");
	hands_init(&hands, tree);
	hands.outage_ns = SECONDS(60);
	assert_true(hands_run(&hands, SECONDS(200)));
	assert_false(hands_anything_armed(&hands));
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(record.stop, STOP_GUARDRAIL);
	assert_string_equal(record.stop_id, "burn");
	/* 250 of 1250 events must be bad: five seconds of them, told of in windows of one. */
	assert_in_range(record.stop_ns, record_fault(&record, "cut-leader")->start_ns + SECONDS(5),
		record_fault(&record, "cut-leader")->start_ns + SECONDS(6.5));
	assert_int_equal(judgement.exit_code, 3);
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

static void on_call_is_told_of_and_nothing_stops(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;
	struct judgement judgement;
	struct record record;
	const struct alert_record *alerts;
	int64_t start_ns;

	given_set(tree, "slos.avail.burn",
		"[{'severity':'alert','rate':2,'long':'20s'},"
		"{'severity':'page','rate':8,'long':'10s','short':'2s'},"
		"{'severity':'page','rate':90,'long':'25s'}]");
	hands_init(&hands, tree);
	hands.outage_ns = SECONDS(3);
	assert_true(hands_run(&hands, SECONDS(200)));
	judgement = hands_judgement(&hands, &record);
	assert_int_equal(judgement.exit_code, 0);
	/* Three seconds of 25 are no 90 %; the other two tell, and are over when it is good again.
	 */
	assert_int_equal(hands_journaled(&hands, "alert"), 2);
	assert_int_equal(hands_journaled(&hands, "alert_over"), 2);
	assert_int_equal(record.alerts.count, 2);
	alerts = record.alerts.items;
	start_ns = record_fault(&record, "cut-leader")->start_ns;
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(alerts[i].slo->name, "avail");
		assert_true(alerts[i].long_rate >= alerts[i].burn->rate);
		/* 20 and 40 bad events; a window of one second tells of fifty. */
		assert_in_range(alerts[i].from_ns, start_ns, start_ns + SECONDS(2));
		/* The outage's end, and the short window of 2 s. */
		assert_in_range(alerts[i].to_ns, start_ns + SECONDS(4.5), start_ns + SECONDS(7));
	}
	judgement_deinit(&judgement);
	record_deinit(&record);
	hands_deinit(&hands);
}

static void nonsense_about_alerts_is_refused(void **state)
{
	(void)state;
	static const char *const members[] = {"'slo':'none','pair':0,'at_ns':1",
		"'slo':'avail','pair':1,'at_ns':1", "'slo':'avail','pair':-1,'at_ns':1",
		"'slo':'avail','at_ns':1"};
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "slos.avail.burn", "[{'severity':'page','rate':8,'long':'10s'}]");
	record = given_record(tree);
	for (size_t i = 0; i < 8; i++) {
		cJSON *event = given_event_json(i < 4 ? "alert" : "alert_over", 1, members[i % 4]);
		struct fail fail = FAIL_INIT;

		assert_int_equal(record_apply(&record, event, &fail), -1);
		assert_int_equal(fail.kind, FAIL_PEER);
		cJSON_Delete(event);
	}
	assert_int_equal(record.alerts.count, 0);
	given_event(&record, "alert", 5, "'slo':'avail','pair':0,'at_ns':5,'long_rate':9");
	given_event(&record, "alert_over", 9, "'slo':'avail','pair':0,'at_ns':8");
	assert_int_equal(LIST_AT(record.alerts, struct alert_record, 0)->to_ns, 8);
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_windows_must_burn_and_be_full),
		cmocka_unit_test(so_many_bad_events_must_there_be),
		cmocka_unit_test(what_is_left_out_is_derived),
		cmocka_unit_test(a_look_is_what_a_rescan_finds),
		cmocka_unit_test(a_spent_budget_stops),
		cmocka_unit_test(a_share_that_has_grown_stops),
		cmocka_unit_test(healthy_runs_are_rarely_stopped),
		cmocka_unit_test(a_system_that_burns_is_stopped),
		cmocka_unit_test(a_burn_rule_stops_the_run_and_heals),
		cmocka_unit_test(on_call_is_told_of_and_nothing_stops),
		cmocka_unit_test(nonsense_about_alerts_is_refused),
		cmocka_unit_test(writes_that_stay_away_stop),
		cmocka_unit_test(writes_that_come_back_do_not),
		cmocka_unit_test(reads_are_summed_up),
		cmocka_unit_test(a_journal_with_impossible_reads_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
