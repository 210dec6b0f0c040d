/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "given.h"

/* Effect and revert: what a run proves about the fault itself and about what it left. */

/* --- effect --------------------------------------------------------------------------------- */

/* The fault is on n2, from n1 and n3, from 10 s to 20 s, armed on all three. */
static struct record armed(void)
{
	struct record record = given_record(given_tree());
	static const char *const nodes[] = {"n1", "n2", "n3"};

	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	for (size_t i = 0; i < 3; i++)
		given_event(&record, "fault_armed", SECONDS(9),
			"'fault':'cut-leader','node':'%s','role':'%s','armed_ns':1,'late_ns':0",
			nodes[i], i == 1 ? "on" : "from");
	return record;
}

static void count(struct record *record, const char *node, const char *peer, const char *direction,
	int packets)
{
	given_event(record, "evidence", SECONDS(19),
		"'fault':'cut-leader','node':'%s','counters':[{'peer':'%s','direction':'%s',"
		"'packets':'%d','segments':'%d','first_ns':'10000000001'}]",
		node, peer, direction, packets, packets * 2);
}

static void heal(struct record *record, int64_t at_ns)
{
	given_event(record, "fault_over", at_ns, "'fault':'cut-leader','healed_ns':%lld",
		(long long)at_ns);
}

static struct effect_judgement effect_of(struct record *record, struct judgement *judgement)
{
	judge(record, judgement);
	assert_int_equal(judgement->effects.count, 1);
	return *LIST_AT(judgement->effects, struct effect_judgement, 0);
}

static void each_pair_and_direction_is_added_up(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;
	struct effect_judgement own;
	const struct pair_effect *pairs;

	/* n2 dropped 7 on their way out to n1, n1 dropped 3 that came in from n2. */
	count(&record, "n2", "n1", "egress", 7);
	count(&record, "n1", "n2", "ingress", 3);
	count(&record, "n3", "n2", "egress", 5);
	heal(&record, SECONDS(20));
	own = effect_of(&record, &judgement);
	assert_int_equal(own.effect, EFFECT_PROVEN);
	assert_true(own.ran_to_its_end);
	assert_int_equal(own.pairs.count, 4);
	pairs = own.pairs.items;
	assert_string_equal(pairs[0].from, "n2");
	assert_string_equal(pairs[0].to, "n1");
	assert_int_equal(pairs[0].packets, 10);
	assert_int_equal(pairs[0].segments, 20);
	assert_int_equal(pairs[1].packets, 0); /* n1 → n2 */
	assert_int_equal(pairs[2].packets, 0); /* n2 → n3 */
	assert_string_equal(pairs[3].from, "n3");
	assert_int_equal(pairs[3].packets, 5);
	assert_string_equal(own.text, "15 packets dropped, on every pair");
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* Clocks are wrong on both sides, and who armed late began late. */
static void nodes_began_no_further_apart_than_clocks_and_lateness_tell(void **state)
{
	(void)state;
	struct record record = armed();
	struct fault_record *fault = record_fault(&record, "cut-leader");

	assert_int_equal(record_start_bound_ns(fault), 0);
	fault->skew_ns = 1000;
	assert_int_equal(record_start_bound_ns(fault), 2000);
	given_event(&record, "fault_armed", SECONDS(11),
		"'fault':'cut-leader','node':'n3','role':'from','armed_ns':1,'late_ns':700000");
	assert_int_equal(record_start_bound_ns(fault), 702000);
	/* All three as late as each other: they began together, only later. */
	for (size_t i = 0; i < fault->nodes.count; i++)
		LIST_AT(fault->nodes, struct fault_node, i)->late_ns = 700000;
	assert_int_equal(record_start_bound_ns(fault), 2000);
	fault->nodes.count = 1;
	assert_int_equal(record_start_bound_ns(fault), 701000);
	fault->nodes.count = 3;
	record_deinit(&record);
}

static void a_later_count_replaces_the_earlier(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;

	count(&record, "n2", "n1", "egress", 7);
	count(&record, "n2", "n1", "egress", 9);
	heal(&record, SECONDS(20));
	effect_of(&record, &judgement);
	assert_int_equal(LIST_AT(LIST_AT(judgement.effects, struct effect_judgement, 0)->pairs,
				 struct pair_effect, 0)
				 ->packets,
		9);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* Counts are added up: a node that names any number must not carry the sum beyond 63 bits. */
static void a_count_that_no_kernel_reaches_is_none(void **state)
{
	(void)state;
	struct record record = armed();
	const struct fault_node *node;
	const struct counter *counters;

	given_event(&record, "evidence", SECONDS(19),
		"'fault':'cut-leader','node':'n2','counters':["
		"{'peer':'n1','direction':'egress','packets':'70368744177664','bytes':"
		"'9007199254740992'},{'peer':'n3','direction':'egress','packets':"
		"'70368744177665','segments':'9007199254740992','matched':'-1'}]");
	node = LIST_AT(record_fault(&record, "cut-leader")->nodes, struct fault_node, 1);
	counters = node->counters.items;
	assert_string_equal(node->node, "n2");
	assert_int_equal(counters[0].packets, 70368744177664);
	assert_int_equal(counters[0].bytes, 9007199254740992);
	assert_int_equal(counters[1].packets, 0);
	assert_int_equal(counters[1].segments, 0);
	assert_int_equal(counters[1].matched, 0);
	record_deinit(&record);
}

static void a_silent_pair_is_partial_and_none_is_none(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;
	struct effect_judgement own;

	heal(&record, SECONDS(20));
	own = effect_of(&record, &judgement);
	assert_int_equal(own.effect, EFFECT_NONE);
	judgement_deinit(&judgement);
	count(&record, "n2", "n1", "egress", 7);
	own = effect_of(&record, &judgement);
	assert_int_equal(own.effect, EFFECT_PARTIAL);
	assert_string_equal(own.text, "7 packets dropped; 1 pair exchanged none");
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void a_fault_that_was_never_armed_was_not_injected(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());
	struct judgement judgement;

	assert_int_equal(effect_of(&record, &judgement).effect, EFFECT_NOT_INJECTED);
	judgement_deinit(&judgement);
	record_deinit(&record);
	/* Healed before it began. */
	record = armed();
	heal(&record, SECONDS(9.5));
	assert_int_equal(effect_of(&record, &judgement).effect, EFFECT_NOT_INJECTED);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* --- effect on processes --------------------------------------------------------------------- */

/* Two nodes are to be hit, at 10 s; the phase ends at 20 s. */
static struct record aimed(void)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'kill','on':{'nodes':['n1','n2'],'processes':{'exe':"
		"'/bin/x'}}}");
	record = given_record(tree);
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n1','n2'],'from':[],'start_ns':%lld,'deadline_ns':%"
		"lld,"
		"'at_once':true,'skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	for (int i = 1; i <= 2; i++)
		given_event(&record, "fault_armed", SECONDS(9),
			"'fault':'cut-leader','node':'n%d','role':'on','armed_ns':1,'late_ns':0",
			i);
	heal(&record, SECONDS(10.001));
	given_event(&record, "phase_ended", SECONDS(20), "'phase':'cut','how':'time','end_ns':%lld",
		(long long)SECONDS(20));
	return record;
}

static void tell_hit(struct record *record, const char *node, const char *signal,
	const char *result, bool exited)
{
	bool sent = strcmp(result, "sent") == 0;

	given_event(record, "evidence", SECONDS(11),
		"'fault':'cut-leader','node':'%s','counters':[],'processes':[{'pid':7,"
		"'start_ticks':'1','cmdline':'x','signal':'%s','age_ns':'1','must_exit':%s,"
		"'sent_ns':'%lld','exited_ns':'%lld','result':'%s','reason':'because'}]",
		node, signal, strcmp(signal, "KILL") == 0 ? "true" : "false",
		sent ? (long long)SECONDS(10) : -1, exited ? (long long)SECONDS(10.5) : -1, result);
}

static void processes_are_proven_by_signal_and_exit(void **state)
{
	static const struct {
		const char *signal, *results[2]; /* of n1 and n2; NULL: nothing was told */
		bool exited[2];
		enum effect effect;
		const char *text;
	} cases[] = {
		{"KILL", {"sent", "sent"}, {true, true}, EFFECT_PROVEN,
			"2 of 2 processes got SIGKILL, 2 seen to exit"},
		{"KILL", {"sent", "sent"}, {true, false}, EFFECT_PARTIAL,
			"2 of 2 processes got SIGKILL, 1 seen to exit; pid 7 on n2 got its signal, "
			"and was not seen to exit"},
		/* One that can be handled is the process's own business. */
		{"TERM", {"sent", "sent"}, {false, true}, EFFECT_PROVEN,
			"2 of 2 processes got SIGTERM, 1 seen to exit"},
		{"KILL", {"gone", "sent"}, {false, true}, EFFECT_PARTIAL,
			"1 of 2 processes got SIGKILL, 1 seen to exit; pid 7 on n1 had ended "
			"before"},
		{"KILL", {NULL, "sent"}, {false, true}, EFFECT_PARTIAL,
			"1 of 1 process got SIGKILL, 1 seen to exit; 1 node told of no process"},
		{"KILL", {"gone", "failed"}, {false, false}, EFFECT_NONE,
			"0 of 2 processes got SIGKILL, 0 seen to exit; pid 7 on n1 had ended "
			"before"},
		{"KILL", {NULL, NULL}, {false, false}, EFFECT_NONE,
			"no process is known to have been hit"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record = aimed();
		struct judgement judgement;
		struct effect_judgement own;

		for (int j = 0; j < 2; j++)
			if (cases[i].results[j])
				tell_hit(&record, j ? "n2" : "n1", cases[i].signal,
					cases[i].results[j], cases[i].exited[j]);
		own = effect_of(&record, &judgement);
		assert_string_equal(own.text, cases[i].text);
		assert_int_equal(own.effect, cases[i].effect);
		assert_true(own.ran_to_its_end);
		judgement_deinit(&judgement);
		record_deinit(&record);
	}
}

static void an_unconfirmed_heal_does_not_hide_the_effect(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;
	struct effect_judgement own;

	count(&record, "n2", "n1", "egress", 7);
	own = effect_of(&record, &judgement);
	assert_int_equal(own.effect, EFFECT_PARTIAL);
	assert_false(own.ran_to_its_end);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void cut_short_or_ended(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;

	heal(&record, SECONDS(15));
	assert_false(effect_of(&record, &judgement).ran_to_its_end);
	judgement_deinit(&judgement);
	/* A phase with a condition ends before the deadline as a matter of course. */
	given_event(&record, "phase_ended", SECONDS(15), "'phase':'cut','how':'good','end_ns':%lld",
		(long long)SECONDS(15));
	assert_true(effect_of(&record, &judgement).ran_to_its_end);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void nodes_on_both_sides_make_one_pair(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());
	struct judgement judgement;
	struct effect_judgement own;

	/* n1 and n2 are cut from the whole group, themselves included. */
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n1','n2'],'from':['n1','n2','n3'],"
		"'start_ns':10000000000,'deadline_ns':20000000000,'skew_ns':0");
	count(&record, "n1", "n2", "egress", 1);
	count(&record, "n2", "n3", "egress", 1);
	heal(&record, SECONDS(20));
	own = effect_of(&record, &judgement);
	assert_int_equal(own.pairs.count, 6); /* n1-n2, n1-n3, n2-n3, both ways */
	assert_int_equal(own.effect, EFFECT_PARTIAL);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* --- revert --------------------------------------------------------------------------------- */

static const struct revert_judgement *revert_of(const struct judgement *judgement, const char *node)
{
	LIST_EACH(judgement->reverts, struct revert_judgement, own)
		if (strcmp(own->node, node) == 0)
			return own;
	fail_msg("no revert of %s", node);
	return NULL;
}

static void audit(struct record *record, const char *node, const char *when, const char *state)
{
	given_event(record, "audit", 1, "'node':'%s','when':'%s','state':%s,'residue':[]", node,
		when, state);
}

static void states_are_compared_line_by_line(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;
	const struct revert_judgement *own;

	audit(&record, "n1", "before", "['b','a','a','c']");
	audit(&record, "n1", "after", "['a','c','b','a']");
	audit(&record, "n2", "before", "['a','a','b']");
	audit(&record, "n2", "after", "['a','c','b']");
	judge(&record, &judgement);
	own = revert_of(&judgement, "n1");
	assert_true(own->confirmed);
	assert_true(own->touched);
	assert_string_equal(own->text, "4 facts as before");
	own = revert_of(&judgement, "n2");
	assert_false(own->confirmed);
	assert_int_equal(own->missing.count, 1); /* one of the two a's */
	assert_string_equal(*LIST_AT(own->missing, char *, 0), "a");
	assert_int_equal(own->added.count, 1);
	assert_string_equal(*LIST_AT(own->added, char *, 0), "c");
	assert_string_equal(own->text, "1 facts missing, 1 new");
	assert_int_equal(judgement.exit_code, 5);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void a_touched_node_that_was_not_looked_at_is_not_confirmed(void **state)
{
	(void)state;
	struct record record = armed();
	struct judgement judgement;

	audit(&record, "n2", "before", "['a']");
	audit(&record, "client", "before", "['a']");
	given_event(&record, "node_lost", 5, "'node':'n2','reason':'pipe broke'");
	judge(&record, &judgement);
	assert_false(revert_of(&judgement, "n2")->confirmed);
	assert_string_equal(
		revert_of(&judgement, "n2")->text, "could not be looked at afterwards: pipe broke");
	assert_true(revert_of(&judgement, "client")->confirmed);
	assert_false(revert_of(&judgement, "client")->touched);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void a_node_lost_while_it_was_to_arm_counts_as_touched(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());
	struct judgement judgement;

	/* The controller died between the order and the answer: nobody knows what n2 did. */
	audit(&record, "n2", "before", "['a']");
	audit(&record, "client", "before", "['a']");
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1','n3'],'start_ns':1,"
		"'deadline_ns':2,'skew_ns':0");
	judge(&record, &judgement);
	assert_false(revert_of(&judgement, "n2")->confirmed);
	assert_true(revert_of(&judgement, "client")->confirmed);
	assert_int_equal(judgement.exit_code, 5);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

static void services_are_compared_too(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());
	struct judgement judgement;

	given_event(&record, "services", 1, "'when':'before','services':['n1 etcd running']");
	judge(&record, &judgement);
	assert_int_equal(judgement.reverts.count, 0); /* nobody has asked again yet */
	judgement_deinit(&judgement);
	given_event(&record, "services", 2, "'when':'after','services':['n1 etcd dead']");
	judge(&record, &judgement);
	assert_false(revert_of(&judgement, "services")->confirmed);
	judgement_deinit(&judgement);
	given_event(&record, "services", 2, "'when':'after','services':['n1 etcd running']");
	judge(&record, &judgement);
	assert_true(revert_of(&judgement, "services")->confirmed);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_pair_and_direction_is_added_up),
		cmocka_unit_test(nodes_began_no_further_apart_than_clocks_and_lateness_tell),
		cmocka_unit_test(a_later_count_replaces_the_earlier),
		cmocka_unit_test(a_count_that_no_kernel_reaches_is_none),
		cmocka_unit_test(a_silent_pair_is_partial_and_none_is_none),
		cmocka_unit_test(a_fault_that_was_never_armed_was_not_injected),
		cmocka_unit_test(processes_are_proven_by_signal_and_exit),
		cmocka_unit_test(an_unconfirmed_heal_does_not_hide_the_effect),
		cmocka_unit_test(cut_short_or_ended),
		cmocka_unit_test(nodes_on_both_sides_make_one_pair),
		cmocka_unit_test(states_are_compared_line_by_line),
		cmocka_unit_test(a_touched_node_that_was_not_looked_at_is_not_confirmed),
		cmocka_unit_test(a_node_lost_while_it_was_to_arm_counts_as_touched),
		cmocka_unit_test(services_are_compared_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
