/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/preview.h"
#include "hands.h"

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

/* --- before it is armed -------------------------------------------------------------------------
 */

static void inspected(struct record *record, int node, const char *effect, const char *peer)
{
	given_event(record, "fault_inspected", SECONDS(9),
		"'fault':'cut-leader','node':'n%d','result':{'effects':['%s'],'undo':[],"
		"'interfaces':[],'foreign':[],'connections':[{'local':'10.0.0.%d:1','remote':'x:2',"
		"'peer':'%s','state':'established'}],'connection_count':1,'matches':[{"
		"'direction':'ingress','peers':['%s']},{'direction':'egress','peers':['%s']}]}",
		node, effect, node, peer, peer, peer);
}

/* Who is dropped where is the injectors' to say; below it stands what lives between the two now. */
static void a_plan_says_who_is_dropped(void **state)
{
	(void)state;
	struct record record = parted();
	struct catalogue catalogue = given_catalogue();
	struct plan plan = given_plan(&record.scenario, &catalogue);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct predicted predicted;
	const struct preview preview = {.plan = &plan, .record = &record, .predicted = &predicted};
	cJSON *json, *hits, *pairs;

	inspected(&record, 1, "drop packets from n2, n3 (ingress)", "n2");
	inspected(&record, 2, "drop packets from n1 (ingress)", "n1");
	predict(&record, &predicted);
	preview_print(out, &preview);
	fclose(out);
	assert_non_null(strstr(text, "    on         n1, n2, n3\n"));
	assert_null(strstr(text, "    from "));
	assert_non_null(strstr(text, "    effect     n1: drop packets from n2, n3 (ingress)\n"));
	/* Two views that name no common address are two. */
	assert_non_null(
		strstr(text, "      n1\n       +<-x-> n2             2 live connections\n"));
	assert_null(strstr(text, "n3             "));
	assert_null(strstr(text, "NOTHING"));
	free(text);
	json = preview_json(&preview);
	predicted_free(&predicted);
	hits = cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(json, "faults"), 0), "hits");
	pairs = cJSON_GetObjectItem(hits, "pairs");
	assert_int_equal(cJSON_GetArraySize(pairs), 1);
	assert_string_equal(json_string(cJSON_GetArrayItem(pairs, 0), "from", ""), "n2");
	cJSON_Delete(json);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	record_deinit(&record);
}

static void a_run_needs_two_nodes_to_act_between(void **state)
{
	static const struct {
		const char *on;
		int code;
	} cases[] = {{"['members']", 0}, {"['n1','n1']", 4}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cJSON *tree = given_tree();
		struct hands hands;
		char fault[256];

		snprintf(fault, sizeof(fault),
			"{'id':'cut-leader','fault':'partition','on':{'nodes':%s},'with':{'shape':"
			"'halves'}}",
			cases[i].on);
		given_set(tree, "phases[1].faults[0]", fault);
		given_set(tree, "guardrails.limits.nodes", NULL);
		given_set(tree, "guardrails.limits.of_group", NULL);
		given_set(tree, "guardrails.limits.per_label", NULL);
		hands_init(&hands, tree);
		assert_true(hands_run(&hands, SECONDS(240)));
		if (cases[i].code) {
			assert_int_equal(hands_code(&hands), cases[i].code);
			assert_int_equal(hands.inspections, 0);
		} else {
			/* On each of them, with role "on". */
			assert_int_equal(hands.arms, 3);
			assert_string_equal(
				json_string(hands_event(&hands, "fault_armed"), "role", ""), "on");
			assert_string_equal(
				json_string(hands_event(&hands, "fault_arming"), "did", ""),
				"dropped");
		}
		hands_deinit(&hands);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(among_nodes_only_those_that_are_parted_are_pairs),
		cmocka_unit_test(a_node_without_a_peer_of_its_own_needs_no_effect),
		cmocka_unit_test(a_plan_says_who_is_dropped),
		cmocka_unit_test(a_run_needs_two_nodes_to_act_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
