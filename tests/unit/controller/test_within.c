/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "given.h"

/* A fault without counterpart, which acts between the nodes it is on: what proves its effect. */

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

/* n1 | n2 n3, with nothing between n2 and n3 to count. */
static struct record parted(void)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':'members'},'with':{'shape':"
		"'halves'}}");
	record = given_record(tree);
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n1','n2','n3'],'from':[],'start_ns':%lld,"
		"'deadline_ns':%lld,'did':'dropped','skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	for (int i = 1; i <= 3; i++)
		given_event(&record, "fault_armed", SECONDS(9),
			"'fault':'cut-leader','node':'n%d','role':'on','armed_ns':1,'late_ns':0",
			i);
	return record;
}

static void among_nodes_only_those_that_are_parted_are_pairs(void **state)
{
	(void)state;
	struct record record = parted();
	struct judgement judgement;
	struct effect_judgement own;
	const struct pair_effect *pairs;

	heal(&record, SECONDS(20));
	own = effect_of(&record, &judgement);
	/* Nobody has told of anything. */
	assert_int_equal(own.pairs.count, 0);
	assert_int_equal(own.effect, EFFECT_NONE);
	judgement_deinit(&judgement);
	count(&record, "n2", "n1", "egress", 7);
	count(&record, "n3", "n1", "egress", 0);
	own = effect_of(&record, &judgement);
	assert_int_equal(own.effect, EFFECT_NONE);
	assert_string_equal(own.text,
		"7 packets dropped; 1 target node had none: no packets were exchanged with the "
		"counterpart");
	judgement_deinit(&judgement);
	/* Seen from the other end alone it is proof enough. */
	given_event(&record, "evidence", SECONDS(19),
		"'fault':'cut-leader','node':'n1','counters':[{'peer':'n2','direction':'ingress',"
		"'packets':'0','segments':'0','first_ns':'-1'},{'peer':'n3','direction':'ingress',"
		"'packets':'4','segments':'4','first_ns':'10000000002'}]");
	own = effect_of(&record, &judgement);
	assert_int_equal(own.effect, EFFECT_PROVEN);
	assert_int_equal(own.pairs.count, 4);
	pairs = own.pairs.items;
	assert_string_equal(pairs[0].from, "n1");
	assert_string_equal(pairs[0].to, "n2");
	assert_int_equal(pairs[1].packets, 7);
	assert_string_equal(pairs[2].to, "n3");
	assert_int_equal(pairs[3].packets, 4);
	assert_string_equal(own.text, "11 packets dropped, on every pair");
	judgement_deinit(&judgement);
	record_deinit(&record);
}

/* A node that keeps all its peers, as the one in the middle of a bridge, has nothing to show. */
static void a_node_without_a_peer_of_its_own_needs_no_effect(void **state)
{
	(void)state;
	struct record record = parted();
	struct judgement judgement;

	count(&record, "n1", "n3", "egress", 2);
	given_event(
		&record, "evidence", SECONDS(19), "'fault':'cut-leader','node':'n2','counters':[]");
	heal(&record, SECONDS(20));
	assert_int_equal(effect_of(&record, &judgement).effect, EFFECT_PROVEN);
	judgement_deinit(&judgement);
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(among_nodes_only_those_that_are_parted_are_pairs),
		cmocka_unit_test(a_node_without_a_peer_of_its_own_needs_no_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
