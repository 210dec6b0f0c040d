/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/judge/spill.h"
#include "hands.h"

/* Who was hit by the packets' addresses, held against what the fault names. */

/* The fault is on n2, against n1; n3 has nothing to do with it. */
static struct record armed(void)
{
	struct record record = given_record(given_tree());

	for (int i = 1; i <= 3; i++)
		given_event(&record, "node", 1, "'node':'n%d','addresses':['10.0.0.%d']", i, i);
	given_event(&record, "fault_arming", SECONDS(9),
		"'fault':'cut-leader','on':['n2'],'from':['n1'],'start_ns':%lld,"
		"'deadline_ns':%lld,'skew_ns':0",
		(long long)SECONDS(10), (long long)SECONDS(20));
	return record;
}

/* `peer` with its key and comma, or "". */
static void touch(
	struct record *record, const char *node, const char *address, const char *peer, int packets)
{
	given_event(record, "evidence", SECONDS(12),
		"'fault':'cut-leader','node':'%s','counters':[],'touched':[{'address':'%s',%s"
		"'packets':'%d','segments':'%d','connections':'2','first_ns':'11','last_ns':'12'}]",
		node, address, peer, packets, packets);
}

/* The only spill there is as text; "" for none. The record goes. */
static const char *only_spill(struct record *record)
{
	static char text[SPILL_TEXT_MAX];
	struct list spills;

	*text = '\0';
	spills_find(record, &spills);
	assert_in_range(spills.count, 0, 1);
	if (spills.count)
		spill_text(LIST_AT(spills, struct spill, 0), text);
	free(spills.items);
	record_deinit(record);
	return text;
}

static void what_is_named_is_no_spill(void **state)
{
	struct record record = armed();

	(void)state;
	touch(&record, "n2", "10.0.0.1", "'peer':'n1',", 12);
	assert_int_equal(judge_connections_hit(record_fault(&record, "cut-leader"), "n2", "n1"), 2);
	assert_int_equal(judge_connections_hit(record_fault(&record, "cut-leader"), "n1", "n2"), 2);
	/* Nobody told of another pair, and n3 tells nothing. */
	assert_int_equal(judge_connections_hit(record_fault(&record, "cut-leader"), "n2", "n3"), 0);
	assert_int_equal(
		judge_connections_hit(record_fault(&record, "cut-leader"), "n1", "n3"), NEVER_NS);
	assert_string_equal(only_spill(&record), "");
}

static void an_address_that_the_order_does_not_have_is(void **state)
{
	struct record record = armed();

	(void)state;
	touch(&record, "n2", "10.0.0.3", "", 12);
	assert_string_equal(only_spill(&record),
		"fault cut-leader on n2 hit n3 (10.0.0.3), which it does not name: 12 packets of 2 "
		"connections");
	record = armed();
	touch(&record, "n2", "192.0.2.7", "", 1);
	assert_string_equal(only_spill(&record),
		"fault cut-leader on n2 hit 192.0.2.7, which it does not name: 1 packet of 2 "
		"connections");
	record = armed();
	touch(&record, "n2", "10.0.0.1", "", 5);
	assert_string_equal(only_spill(&record),
		"fault cut-leader on n2 hit n1 (10.0.0.1), which is protected there: 5 packets of "
		"2 "
		"connections");
}

/* The file says that n1 has a network in which n3 lies. */
static void a_node_inside_of_another_ones_prefix_is(void **state)
{
	struct record record = armed();

	(void)state;
	touch(&record, "n2", "10.0.0.3", "'peer':'n1',", 3);
	assert_string_equal(only_spill(&record),
		"fault cut-leader on n2 hit n3 (10.0.0.3), which it does not name: 3 packets of 2 "
		"connections");
}

static void an_address_that_moves_is_whose_the_file_says(void **state)
{
	struct record record = armed();

	(void)state;
	given_event(&record, "node", 2, "'node':'n3','addresses':['10.0.0.3','10.0.0.100']");
	given_event(&record, "node", 2,
		"'node':'n1','addresses':['10.0.0.1'],'also_reached_as':['10.0.0.100']");
	touch(&record, "n2", "10.0.0.100", "'peer':'n1',", 3);
	assert_string_equal(only_spill(&record), "");
}

/* An address that several nodes have, as bridges do. */
static void one_owner_that_is_named_is_enough(void **state)
{
	struct record record = armed();

	(void)state;
	for (int i = 1; i <= 3; i++)
		given_event(&record, "node", 2,
			"'node':'n%d','addresses':['10.0.0.%d','172.17.0.1']", i, i);
	touch(&record, "n2", "172.17.0.1", "'peer':'n1',", 3);
	assert_string_equal(only_spill(&record), "");
}

static void what_a_person_wrote_as_a_prefix_is_declared(void **state)
{
	struct record record = armed();

	(void)state;
	touch(&record, "n2", "10.0.0.3", "'peer':'10.0.0.0/24',", 3);
	assert_string_equal(only_spill(&record), "");
	record = armed();
	touch(&record, "n2", "10.0.0.3", "'peer':'everything',", 3);
	assert_string_equal(only_spill(&record), "");
}

/* ---- the run ---- */

static void feed_spill(struct hands *hands)
{
	cJSON *data = given_json("{'counters':[],'touched':[{'address':'10.0.0.9',"
				 "'packets':'4','segments':'4','connections':'1','first_ns':'11',"
				 "'last_ns':'12'}]}");

	hands_feed(hands,
		(struct event){
			.kind = EVENT_EVIDENCE, .name = "cut-leader", .node = "n2", .data = data});
	cJSON_Delete(data);
}

static void spill_stops_the_run(void **state)
{
	struct hands hands;
	const cJSON *stop;

	(void)state;
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	assert_true(hands_run_to(&hands, ENGINE_RUNNING, SECONDS(100)));
	assert_true(hands_anything_armed(&hands));
	feed_spill(&hands);
	assert_true(hands_run(&hands, hands.now_ns + SECONDS(60)));
	assert_false(hands_anything_armed(&hands));
	stop = hands_event(&hands, "stop");
	assert_string_equal(json_string(stop, "why", ""), "guardrail");
	assert_string_equal(json_string(stop, "id", ""), "spill");
	assert_non_null(strstr(json_string(stop, "text", ""),
		"spill: fault cut-leader on n2 hit 10.0.0.9, which it does not name: 4 packets of "
		"1 "
		"connection"));
	assert_int_equal(hands_code(&hands), 3);
	hands_deinit(&hands);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_named_is_no_spill),
		cmocka_unit_test(an_address_that_the_order_does_not_have_is),
		cmocka_unit_test(a_node_inside_of_another_ones_prefix_is),
		cmocka_unit_test(an_address_that_moves_is_whose_the_file_says),
		cmocka_unit_test(one_owner_that_is_named_is_enough),
		cmocka_unit_test(what_a_person_wrote_as_a_prefix_is_declared),
		cmocka_unit_test(spill_stops_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
