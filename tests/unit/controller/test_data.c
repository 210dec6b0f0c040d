/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

/* Data: what workloads wrote, and what of it is still there. */

static void operations(struct record *record, const char *attempted, const char *acked,
	const char *failed, const char *unknown)
{
	given_event(record, "operations", 1,
		"'workload':'acked','window':{'workload':'acked','start_ns':'0','end_ns':'0',"
		"'attempted':%s,'acked':%s,'failed':%s,'unknown':%s}",
		attempted, acked, failed, unknown);
}

#define READ(node, ranges) "{'node':'" node "','ok':true,'present':" ranges ",'duplicates':0}"
#define UNREAD(node) "{'node':'" node "','ok':false,'reason':'down','present':[],'duplicates':0}"
#define RANGE(first, last) "{'first':" #first ",'last':" #last "}"

static void read_back(struct record *record, const char *reads)
{
	given_event(record, "final_read", 2,
		"'workload':'acked','result':{'workload':'acked',"
		"'reads':[%s]}",
		reads);
}

static struct data_summary data_of(const struct record *record)
{
	struct judgement judgement;
	struct data_summary data;

	judge(record, &judgement);
	data = *LIST_AT(judgement.data, struct data_summary, 0);
	judgement_deinit(&judgement);
	return data;
}

/* 1..100 attempted; 1..80 acknowledged; 81..90 failed, 91..100 unknown. */
static struct record written(void)
{
	struct record record = given_record(given_tree());

	operations(&record, "[" RANGE(1, 60) "]", "[" RANGE(1, 50) "]", "[]", "[]");
	operations(&record, "[" RANGE(61, 100) "]", "[" RANGE(51, 80) "]", "[" RANGE(81, 90) "]",
		"[" RANGE(91, 100) "]");
	return record;
}

static enum verdict no_loss(const struct record *record)
{
	return given_judgement(record, "no-loss").verdict;
}

static void all_there(void **state)
{
	(void)state;
	struct record record = written();
	struct data_summary data;

	assert_int_equal(no_loss(&record), VERDICT_NOT_JUDGED);
	read_back(&record, READ("n1", "[" RANGE(1, 80) "]") "," READ("n2", "[" RANGE(1, 80) "]"));
	data = data_of(&record);
	assert_int_equal(data.attempted, 100);
	assert_int_equal(data.acked, 80);
	assert_int_equal(data.failed, 10);
	assert_int_equal(data.unknown, 10);
	assert_int_equal(data.lost + data.recovered + data.unexpected + data.on_some, 0);
	assert_int_equal(data.reads_ok, 2);
	assert_int_equal(no_loss(&record), VERDICT_HELD);
	record_deinit(&record);
}

static void lost_is_absent_from_every_member(void **state)
{
	(void)state;
	struct record record = written();
	struct data_summary data;

	/* 20 and 21 nowhere; 30 at n1 alone. */
	read_back(&record,
		READ("n1", "[" RANGE(1, 19) "," RANGE(22, 80) "]") "," READ(
			"n2", "[" RANGE(1, 19) "," RANGE(22, 29) "," RANGE(31, 80) "]"));
	data = data_of(&record);
	assert_int_equal(data.lost, 2);
	assert_int_equal(data.first_lost, 20);
	assert_int_equal(data.on_some, 1);
	assert_int_equal(no_loss(&record), VERDICT_VIOLATED);
	((struct invariant_spec *)given_claim(&record, "no-loss"))->data->max_lost = 2;
	assert_int_equal(no_loss(&record), VERDICT_HELD);
	record_deinit(&record);
}

static void unacknowledged_writes_may_be_there(void **state)
{
	(void)state;
	struct record record = written();
	struct data_summary data;

	/* Unknown 95 and even failed 81 were attempted: recovered, neither lost nor unexpected. */
	read_back(&record, READ("n1", "[" RANGE(1, 81) "," RANGE(95, 95) "]"));
	data = data_of(&record);
	assert_int_equal(data.recovered, 2);
	assert_int_equal(data.unexpected, 0);
	assert_int_equal(no_loss(&record), VERDICT_HELD);
	record_deinit(&record);
}

static void what_nobody_wrote_is_unexpected(void **state)
{
	(void)state;
	struct record record = written();
	struct data_summary data;

	/* The same three foreign ids at both members are three. */
	read_back(&record,
		READ("n1", "[" RANGE(1, 80) "," RANGE(500, 502) "]") "," READ(
			"n2", "[" RANGE(1, 80) "," RANGE(500, 502) "]"));
	data = data_of(&record);
	assert_int_equal(data.unexpected, 3);
	assert_int_equal(data.recovered, 0);
	assert_int_equal(no_loss(&record), VERDICT_VIOLATED);
	record_deinit(&record);
}

static void an_unreadable_member_leaves_it_open(void **state)
{
	(void)state;
	struct record record = written();

	/* What is missing at n1 might be at n2. */
	read_back(&record, READ("n1", "[" RANGE(1, 10) "]") "," UNREAD("n2"));
	assert_int_equal(data_of(&record).reads_failed, 1);
	assert_int_equal(no_loss(&record), VERDICT_INCONCLUSIVE);
	record_deinit(&record);
	record = written();
	read_back(&record, UNREAD("n1") "," UNREAD("n2"));
	assert_int_equal(no_loss(&record), VERDICT_INCONCLUSIVE);
	assert_int_equal(data_of(&record).lost, 0);
	record_deinit(&record);
}

static void nothing_acknowledged_proves_nothing(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());

	operations(&record, "[" RANGE(1, 10) "]", "[]", "[]", "[" RANGE(1, 10) "]");
	read_back(&record, READ("n1", "[]"));
	assert_int_equal(no_loss(&record), VERDICT_INCONCLUSIVE);
	record_deinit(&record);
}

static void a_late_ok_outdates_unknown(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());

	operations(&record, "[" RANGE(1, 10) "]", "[" RANGE(1, 4) "]", "[]", "[" RANGE(5, 10) "]");
	operations(&record, "[]", "[" RANGE(7, 8) "]", "[]", "[]");
	assert_int_equal(data_of(&record).acked, 6);
	assert_int_equal(data_of(&record).unknown, 4);
	read_back(&record, READ("n1", "[" RANGE(1, 6) "]"));
	assert_int_equal(data_of(&record).lost, 2); /* 7 and 8 */
	record_deinit(&record);
}

static void huge_ids_cost_nothing(void **state)
{
	(void)state;
	struct record record = given_record(given_tree());

	operations(&record, "[" RANGE(1, 9000000000000000) "]", "[" RANGE(1, 9000000000000000) "]",
		"[]", "[]");
	read_back(&record, READ("n1", "[" RANGE(2, 9000000000000000) "]"));
	assert_int_equal(data_of(&record).lost, 1);
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_there),
		cmocka_unit_test(lost_is_absent_from_every_member),
		cmocka_unit_test(unacknowledged_writes_may_be_there),
		cmocka_unit_test(what_nobody_wrote_is_unexpected),
		cmocka_unit_test(an_unreadable_member_leaves_it_open),
		cmocka_unit_test(nothing_acknowledged_proves_nothing),
		cmocka_unit_test(a_late_ok_outdates_unknown),
		cmocka_unit_test(huge_ids_cost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
