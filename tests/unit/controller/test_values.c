/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "controller/judge/values.h"
#include "controller/report/words.h"
#include "given.h"

/* Numbers that probes read: kept by source, told by phase. */

static void values_are_summed_up_between_two_instants(void **state)
{
	struct values values = {0};
	struct values_summary summary;

	(void)state;
	for (int i = 0; i < 1000; i++)
		values_add(&values, i, i % 10);
	assert_int_equal(values.count, 1000);
	assert_int_equal(values_from(&values, 0), 0);
	assert_int_equal(values_from(&values, 500), 500);
	assert_int_equal(values_from(&values, 1000), 1000);
	summary = values_summarize(&values, 13, 18);
	assert_int_equal(summary.count, 5);
	assert_true(summary.min == 3 && summary.median == 5 && summary.max == 7);
	assert_true(summary.last == 7);
	/* Of two in the middle the lower one. */
	assert_true(values_summarize(&values, 13, 17).median == 4);
	assert_int_equal(values_summarize(&values, 18, 18).count, 0);
	assert_int_equal(values_summarize(&values, 1000, INT64_MAX).count, 0);
	values_deinit(&values);
}

static void what_is_beyond_the_bound_is_counted(void **state)
{
	struct values values = {0};

	(void)state;
	for (int i = 0; i < VALUES_MAX + 3; i++)
		values_add(&values, i, 1);
	assert_int_equal(values.count, VALUES_MAX);
	assert_int_equal(values.left_out, 3);
	values_deinit(&values);
}

/* --- in the record ------------------------------------------------------------------------ */

static struct record given_metric(void)
{
	cJSON *tree = given_tree();
	struct record record;

	given_set(tree, "probes.put",
		"{'type':'metric','from':'client','read':{'exec':['depth']},'rate':50,'timeout':"
		"'300ms'}");
	given_set(tree, "slos.avail.good", "{'value_lt':100}");
	record = given_record(tree);
	given_source(&record);
	return record;
}

static int apply(struct record *record, const char *runs, const char *values, struct fail *fail)
{
	char members[512];
	cJSON *event;
	int outcome;

	snprintf(members, sizeof(members),
		"'probe':'put','from':'client','window':{'probe':'put','first_index':0,'count':5,"
		"'start_ns':'0','end_ns':'100000000','outcomes':[5,0,0,0,0,0,0],'classes':[{'slo':"
		"'avail','runs':'%s'}],'latency':[],'values':'%s'}",
		runs, values);
	event = given_event_json("window", SECONDS(1), members);
	outcome = record_apply(record, event, fail);
	cJSON_Delete(event);
	return outcome;
}

static void a_record_keeps_the_values_of_a_source(void **state)
{
	struct record record = given_metric();
	const struct source_record *source = record.sources.items;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_int_equal(apply(&record, "g5", "1 2.5 - 4 100", &fail), 0);
	assert_int_equal(source->values.count, 4);
	assert_true(source->values.items[1].value == 2.5);
	assert_int_equal(source->values.items[1].at_ns, SECONDS(0.02));
	assert_int_equal(source->values.items[2].at_ns, SECONDS(0.06));
	record_deinit(&record);
}

static void a_window_without_a_value_for_each_event_is_refused(void **state)
{
	static const struct {
		const char *values, *text;
	} cases[] = {
		{"1 2 3 4", "window: not a value for each event"},
		{"1 2 3 4 5 6", "window: not a value for each event"},
		{"1 2 three 4 5", "values: what is there is no number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record record = given_metric();
		struct fail fail = FAIL_INIT;

		assert_int_equal(apply(&record, "g5", cases[i].values, &fail), -1);
		assert_string_equal(fail.text, cases[i].text);
		assert_int_equal(LIST_AT(record.sources, struct source_record, 0)->values.count, 0);
		record_deinit(&record);
	}
}

static void reports_tell_values_by_phase(void **state)
{
	struct record record = given_metric();
	struct fail fail = FAIL_INIT;
	char text[VALUE_ROW_MAX];
	struct list rows;

	(void)state;
	given_event(&record, "phase_started", 0, "'phase':'before','start_ns':0");
	assert_int_equal(apply(&record, "g5", "1 2.5 - 4 100", &fail), 0);
	rows = words_values(&record);
	assert_int_equal(rows.count, record.phases.count);
	assert_string_equal(words_value_row(LIST_AT(rows, struct value_row, 0), text),
		"put from client, before: least 1, median 2.5, most 100, last 100 of 4");
	assert_string_equal(words_value_row(LIST_AT(rows, struct value_row, 1), text),
		"put from client, cut: no value");
	free(rows.items);
	record_deinit(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_summed_up_between_two_instants),
		cmocka_unit_test(what_is_beyond_the_bound_is_counted),
		cmocka_unit_test(a_record_keeps_the_values_of_a_source),
		cmocka_unit_test(a_window_without_a_value_for_each_event_is_refused),
		cmocka_unit_test(reports_tell_values_by_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
