/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/loads.h"
#include "given.h"

/* What a journal tells of a load: attempts by phase, where they went, and coming back. */

/*
 * 50 requests a second to 10 s, 100 from then on; the fault is in force from 31 s to 41 s. A window
 * has a second.
 */
struct shop {
	struct record record;
	int64_t index;
	int64_t at_ns;
};

static const char load[] =
	"{'model':'load','from':'client','to':{'group':'members','policy':'any'},"
	"'http':{'url':'http://{node.addr}/'},'arrivals':[{'rate':50,'for':'10s'},{'rate':100}],"
	"'retry':{'attempts':5,'budget':0.5}}";

static struct shop shop_opens(void)
{
	cJSON *tree = given_tree();

	given_set(tree, "workloads.shop", load);
	given_set(
		tree, "slos.shop", "{'workload':'shop','good':{'attempts_le':1},'objective':0.9}");
	return (struct shop){.record = given_record(tree)};
}

static void shop_source(struct shop *shop)
{
	given_event(&shop->record, "source", 0,
		"'probe':'shop','from':'client','start_ns':0,'rate':100");
}

static int64_t requests_at(int64_t at_ns)
{
	return at_ns < SECONDS(10) ? 50 : 100;
}

/* So many seconds in which of each request's attempts these are made, and of requests these good.
 */
static void shop_seconds(
	struct shop *shop, int count, const char *attempts, const char *runs, const char *shares)
{
	for (; count > 0; count--) {
		int64_t requests = requests_at(shop->at_ns);

		given_event(&shop->record, "window", shop->at_ns + NS_PER_SEC,
			"'probe':'shop','from':'client','window':{'probe':'shop','first_index':%"
			"lld,"
			"'count':%lld,'start_ns':'0','end_ns':'0','outcomes':[0],'classes':"
			"[{'slo':'shop','runs':'%s'}],'latency':[],'load':{'attempts':'%s',"
			"'withheld':3,'shares':[%s]}}",
			(long long)shop->index, (long long)requests, runs, attempts, shares);
		shop->index += requests;
		shop->at_ns += NS_PER_SEC;
	}
}

static void phase(struct shop *shop, const char *id, double from, double to)
{
	given_event(&shop->record, "phase_started", SECONDS(from), "'phase':'%s','start_ns':%lld",
		id, (long long)SECONDS(from));
	given_event(&shop->record, "phase_ended", SECONDS(to),
		"'phase':'%s','how':'time','end_ns':%lld", id, (long long)SECONDS(to));
}

static void fault(struct shop *shop, bool healed)
{
	given_event(&shop->record, "fault_arming", SECONDS(30),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':50000",
		(long long)SECONDS(31), (long long)SECONDS(41));
	given_event(&shop->record, "fault_armed", SECONDS(30.5),
		"'fault':'cut-leader','node':'n2','role':'on','armed_ns':%lld,'late_ns':0",
		(long long)SECONDS(30.5));
	if (healed)
		given_event(&shop->record, "fault_over", SECONDS(41),
			"'fault':'cut-leader','healed_ns':%lld", (long long)SECONDS(41));
}

#define BOTH "{'node':'n1','attempts':50,'failed':0},{'node':'n2','attempts':50,'failed':0}"
#define UNEVEN "{'node':'n1','attempts':150,'failed':0},{'node':'n2','attempts':50,'failed':50}"

/* Well to 31 s: 10 s at 50, then at 100. */
static struct shop until_the_fault(bool healed)
{
	struct shop shop = shop_opens();

	shop_source(&shop);
	shop_seconds(&shop, 10, "50*1", "g50", BOTH);
	shop_seconds(&shop, 21, "100*1", "g100", BOTH);
	fault(&shop, healed);
	return shop;
}

static struct load_judgement *judged(struct shop *shop, struct list *loads)
{
	*loads = (struct list){0};
	judge_loads(&shop->record, loads);
	assert_int_equal(loads->count, 1);
	return LIST_AT(*loads, struct load_judgement, 0);
}

static void closed(struct shop *shop, struct list *loads)
{
	judge_loads_free(loads);
	record_deinit(&shop->record);
}

/* --- sums ------------------------------------------------------------------------------ */

static void attempts_belong_to_the_phase_of_their_request(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct list loads;
	const struct load_judgement *own;
	const struct load_phase *before, *cut;

	/* Half of the requests need two attempts, a few none at all, and one four. */
	shop_seconds(&shop, 10, "49*1 50*2 1*4", "g49b51", UNEVEN);
	phase(&shop, "before", 0, 30);
	phase(&shop, "cut", 31, 41);
	own = judged(&shop, &loads);
	assert_string_equal(own->probe->name, "shop");
	assert_int_equal(own->all.requests, 500 + 2100 + 1000);
	assert_int_equal(own->all.retries, 10 * 53);
	assert_int_equal(own->phases.count, 2);
	before = LIST_AT(own->phases, struct load_phase, 0);
	cut = LIST_AT(own->phases, struct load_phase, 1);
	assert_int_equal(before->sum.requests, 500 + 2000);
	assert_int_equal(before->sum.attempts, 2500);
	assert_true(load_retry_ratio(&before->sum) == 0);
	assert_int_equal(cut->sum.requests, 1000);
	assert_int_equal(cut->sum.attempts, 1530);
	assert_float_equal(load_retry_ratio(&cut->sum), 0.53, 1e-9);
	assert_float_equal(load_attempts_each(&cut->sum), 1.53, 1e-9);
	assert_int_equal(cut->sum.withheld, 30);
	closed(&shop, &loads);
}

static void shares_are_of_each_target(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct list loads;
	const struct load_judgement *own;
	const struct load_phase *cut;
	const struct load_share *shares;

	shop_seconds(&shop, 10, "50*1 50*3", "g50b50", UNEVEN);
	phase(&shop, "cut", 31, 41);
	own = judged(&shop, &loads);
	cut = LIST_AT(own->phases, struct load_phase, 0);
	assert_int_equal(cut->sum.shares.count, 2);
	shares = cut->sum.shares.items;
	assert_string_equal(shares[0].node, "n1");
	assert_int_equal(shares[0].attempts, 1500);
	assert_int_equal(shares[1].failed, 500);
	assert_float_equal(load_share_of(&cut->sum, &shares[0]), 0.75, 1e-9);
	assert_float_equal(load_share_of(&cut->sum, &shares[1]), 0.25, 1e-9);
	closed(&shop, &loads);
}

/* What the prober could not begin was asked for and not achieved; it is no attempt. */
static void requests_that_were_not_begun_are_told(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct list loads;
	const struct load_judgement *own;
	const struct load_phase *cut;

	shop_seconds(&shop, 10, "80*1 20*0", "g80b20", BOTH);
	phase(&shop, "cut", 31, 41);
	own = judged(&shop, &loads);
	cut = LIST_AT(own->phases, struct load_phase, 0);
	assert_int_equal(cut->sum.requests, 1000);
	assert_int_equal(cut->sum.begun, 800);
	assert_int_equal(cut->sum.attempts, 800);
	assert_true(load_retry_ratio(&cut->sum) == 0);
	closed(&shop, &loads);
}

static void amplification_is_against_what_was_before(void **state)
{
	(void)state;
	struct shop shop = shop_opens();
	struct list loads;
	const struct load_judgement *own;
	const struct load_fault *around;

	shop_source(&shop);
	shop_seconds(&shop, 10, "40*1 10*2", "g40b10", BOTH); /* 1.2 each */
	shop_seconds(&shop, 21, "80*1 20*2", "g80b20", BOTH);
	fault(&shop, true);
	shop_seconds(&shop, 10, "100*3", "b100", BOTH);
	own = judged(&shop, &loads);
	around = LIST_AT(own->faults, struct load_fault, 0);
	assert_float_equal(around->before, 1.2, 1e-9);
	assert_float_equal(around->during, 3, 1e-9);
	assert_float_equal(load_amplification(around), 2.5, 1e-9);
	closed(&shop, &loads);
}

/* --- coming back ----------------------------------------------------------------------- */

static struct load_recovery recovery_of(struct shop *shop)
{
	struct list loads;
	const struct load_judgement *own = judged(shop, &loads);
	struct load_recovery recovery;

	assert_int_equal(own->recoveries.count, 1);
	recovery = *LIST_AT(own->recoveries, struct load_recovery, 0);
	assert_string_equal(recovery.slo->name, "shop");
	assert_int_equal(recovery.stable_ns, SECONDS(5));
	closed(shop, &loads);
	return recovery;
}

static void a_load_comes_back_after_the_heal(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct load_recovery own;

	shop_seconds(&shop, 10, "100*3", "b100", BOTH);
	shop_seconds(&shop, 4, "100*2", "b100", BOTH);
	shop_seconds(&shop, 10, "100*1", "g100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_BACK);
	assert_int_equal(own.after_ns, SECONDS(4));
}

static void a_load_may_come_back_before_the_heal(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct load_recovery own;

	shop_seconds(&shop, 3, "100*3", "b100", BOTH);
	shop_seconds(&shop, 20, "100*1", "g100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_BACK_BEFORE_HEAL);
	assert_int_equal(own.after_ns, SECONDS(3));
}

/* Nothing of the fault is left, and it stays down: 20 s are all that was seen. */
static void a_load_that_stays_down_is_told(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct load_recovery own;

	shop_seconds(&shop, 30, "100*5", "b100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_STAYED_DOWN);
	assert_int_equal(own.after_ns, SECONDS(20));
}

static void a_breach_that_the_heal_brings_counts(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct load_recovery own;

	shop_seconds(&shop, 12, "100*1", "g100", BOTH);
	shop_seconds(&shop, 3, "100*3", "b100", BOTH);
	shop_seconds(&shop, 10, "100*1", "g100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_BACK);
	assert_int_equal(own.after_ns, SECONDS(5));
}

static void what_was_not_seen_is_not_known(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);
	struct load_recovery own;

	/* Less than the five seconds that "back" must last. */
	shop_seconds(&shop, 14, "100*5", "b100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_RECOVERY_UNKNOWN);
	shop = until_the_fault(false);
	shop_seconds(&shop, 30, "100*5", "b100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_RECOVERY_UNKNOWN);
	shop = until_the_fault(true);
	shop_seconds(&shop, 30, "100*1", "g100", BOTH);
	own = recovery_of(&shop);
	assert_int_equal(own.kind, LOAD_NOT_BREACHED);
	assert_int_equal(own.after_ns, NEVER_NS);
}

/* --- budgets --------------------------------------------------------------------------- */

/* 500 requests in 10 s, 2100 in 21 s: what a period holds is reckoned from the mean. */
static void the_budget_is_of_the_mean_rate(void **state)
{
	(void)state;
	struct shop shop = until_the_fault(true);

	assert_float_equal(record_rate(&shop.record, scenario_slo(&shop.record.scenario, "shop")),
		2600.0 / 31, 1e-6);
	assert_int_equal(record_reported_ns(&shop.record, "shop"), SECONDS(31));
	record_deinit(&shop.record);
}

/* Twice as many requests as before, all of them good: the throughput of each phase is its own. */
static void a_ratio_is_of_what_was_due_in_the_phases(void **state)
{
	(void)state;
	struct claim_judgement own;
	struct shop shop;
	cJSON *tree = given_tree();

	given_set(tree, "workloads.shop", load);
	given_set(
		tree, "slos.shop", "{'workload':'shop','good':{'attempts_le':1},'objective':0.9}");
	given_set(tree, "invariants[0]",
		"{'id':'c','in':'cut','ratio':{'slo':'shop','to':{'in':'before'},'at_least':1.9}}");
	shop = (struct shop){.record = given_record(tree)};
	shop_source(&shop);
	shop_seconds(&shop, 10, "50*1", "g50", BOTH);
	shop_seconds(&shop, 21, "100*1", "g100", BOTH);
	phase(&shop, "before", 0, 10);
	phase(&shop, "cut", 11, 31);
	own = given_judgement(&shop.record, "c");
	assert_float_equal(own.measured, 2, 1e-6);
	assert_int_equal(own.verdict, VERDICT_HELD);
	record_deinit(&shop.record);
}

/* --- windows that can't be ------------------------------------------------------------- */

static void impossible_windows_are_refused(void **state)
{
	static const struct {
		const char *load, *text;
	} cases[] = {
		{"'attempts':'49*1'", "window: attempts of fewer requests"},
		{"'attempts':'51*1'", "window: attempts of more requests"},
		{"'attempts':'50'", "attempts: what is there is no run of requests"},
		{"'attempts':'50*1','withheld':51", "window: more retries withheld than requests"},
		{"'attempts':'50*1','shares':[{'node':'n1','attempts':1001,'failed':0}]",
			"window: an impossible share of attempts"},
		{"'attempts':'50*1','shares':[{'node':'n1','attempts':1,'failed':2}]",
			"window: an impossible share of attempts"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shop shop = shop_opens();
		struct fail fail = FAIL_INIT;
		cJSON *event;
		char text[512];

		shop_source(&shop);
		snprintf(text, sizeof(text),
			"'probe':'shop','from':'client','window':{'probe':'shop','first_index':0,"
			"'count':50,'start_ns':'0','end_ns':'0','outcomes':[0],'classes':[],"
			"'latency':[],'load':{%s}}",
			cases[i].load);
		event = given_event_json("window", SECONDS(1), text);
		assert_int_equal(record_apply(&shop.record, event, &fail), -1);
		assert_string_equal(fail.text, cases[i].text);
		cJSON_Delete(event);
		record_deinit(&shop.record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attempts_belong_to_the_phase_of_their_request),
		cmocka_unit_test(shares_are_of_each_target),
		cmocka_unit_test(requests_that_were_not_begun_are_told),
		cmocka_unit_test(amplification_is_against_what_was_before),
		cmocka_unit_test(a_load_comes_back_after_the_heal),
		cmocka_unit_test(a_load_may_come_back_before_the_heal),
		cmocka_unit_test(a_load_that_stays_down_is_told),
		cmocka_unit_test(a_breach_that_the_heal_brings_counts),
		cmocka_unit_test(what_was_not_seen_is_not_known),
		cmocka_unit_test(the_budget_is_of_the_mean_rate),
		cmocka_unit_test(a_ratio_is_of_what_was_due_in_the_phases),
		cmocka_unit_test(impossible_windows_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
