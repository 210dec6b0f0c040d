/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/versus.h"
#include "told.h"

/* Two runs side by side: what was not the same, and what of it is more than chance. */

struct pair {
	struct told told[2];
	struct report reports[2];
	struct versus versus;
};

/* The phase before lasts 40 s, whose events are as `runs` and `latency_ns` say. */
static void tell(struct told *told, cJSON *tree, const char *runs, int64_t latency_ns)
{
	told_begin(told, tree);
	told_event(told, "node", 0,
		"'node':'n1','host':'n1','kernel':'6.1','tool':'backburn-injector test',"
		"'attach':'tcx','addresses':['10.0.0.1']");
	told_event(told, "source", 0, "'probe':'put','from':'client','start_ns':0,'rate':50");
	told_event(told, "phase_started", 0, "'phase':'before','start_ns':0");
	for (int i = 0; i < 40; i++)
		told_second(told, runs, latency_ns + i % 7 * NS_PER_MS);
	told_event(told, "phase_ended", SECONDS(40), "'phase':'before','how':'time','end_ns':%lld",
		(long long)SECONDS(40));
	told_event(told, "run_ended", SECONDS(41), "'end':true");
}

static void begin(struct pair *pair, cJSON *second_tree, const char *runs, int64_t latency_ns)
{
	tell(&pair->told[0], given_tree(), "g50", 20 * NS_PER_MS);
	tell(&pair->told[1], second_tree, runs, latency_ns);
	for (size_t i = 0; i < 2; i++)
		told_report(&pair->told[i], &pair->reports[i]);
	versus_init(&pair->versus, &pair->reports[0], &pair->reports[1]);
}

static void end(struct pair *pair)
{
	versus_deinit(&pair->versus);
	for (size_t i = 0; i < 2; i++) {
		report_deinit(&pair->reports[i]);
		told_end(&pair->told[i]);
	}
}

static const struct versus_row *row_of(const struct list *rows, const char *what)
{
	LIST_EACH(*rows, struct versus_row, row)
		if (strcmp(row->what, what) == 0)
			return row;
	fail_msg("no row %s", what);
	return NULL;
}

static void the_same_run_twice_has_no_change(void **state)
{
	const struct versus_row *row;
	struct pair pair;

	(void)state;
	begin(&pair, given_tree(), "g50", 20 * NS_PER_MS);
	assert_int_equal(pair.versus.unlike.count, 0);
	row = row_of(&pair.versus.slis, "avail in before");
	assert_int_equal(row->tone, TONE_OPEN);
	assert_string_equal(row->first, "100 % of 2000");
	assert_true(row->difference == 0 && row->interval.lower < 0 && row->interval.upper > 0);
	row = row_of(&pair.versus.latencies, "p99 of put in before");
	assert_int_equal(row->tone, TONE_OPEN);
	end(&pair);
}

static void what_got_worse_is_told_with_its_interval(void **state)
{
	const struct versus_row *row;
	struct pair pair;

	(void)state;
	begin(&pair, given_tree(), "g48b2", 40 * NS_PER_MS);
	row = row_of(&pair.versus.slis, "avail in before");
	assert_int_equal(row->tone, TONE_BAD);
	assert_true(fabs(row->difference + 0.04) < 1e-12);
	/* Newcombe's, of 1920 of 2000 against all of 2000: by hand from Wilson's two intervals. */
	assert_true(fabs(row->interval.lower + 0.04951) < 2e-5);
	assert_true(fabs(row->interval.upper + 0.03202) < 2e-5);
	row = row_of(&pair.versus.latencies, "median of put in before");
	assert_int_equal(row->tone, TONE_BAD);
	/* The histogram is good to a few per cent. */
	assert_true(row->difference > 18e6 && row->difference < 22e6);
	assert_true(
		row->interval.lower <= row->difference && row->interval.upper >= row->difference);
	end(&pair);
}

static void what_was_not_the_same_is_named(void **state)
{
	cJSON *tree = given_tree();
	struct pair pair;
	char *text = NULL;
	size_t length = 0;
	FILE *out;

	(void)state;
	given_set(tree, "phases[0].for", "'31s'");
	given_set(tree, "owner.team", "'<others>'");
	begin(&pair, tree, "g50", 10 * NS_PER_MS);
	assert_int_equal(pair.versus.unlike.count, 1);
	out = open_memstream(&text, &length);
	assert_non_null(out);
	versus_text(out, &pair.versus);
	assert_int_equal(fclose(out), 0);
	assert_true(strstr(text, "the scenario differs in owner, phases\n") ||
		strstr(text, "the scenario differs in phases, owner\n"));
	assert_has(text, "median of put in before");
	assert_has(text, ", better\n");
	free(text);
	end(&pair);
}

static void as_data_it_has_numbers(void **state)
{
	struct pair pair;
	const cJSON *row;
	cJSON *json;

	(void)state;
	begin(&pair, given_tree(), "g49b1", 20 * NS_PER_MS);
	json = versus_json(&pair.versus);
	row = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "good_events"), 0);
	assert_string_equal(cJSON_GetObjectItem(row, "what")->valuestring, "avail in before");
	assert_string_equal(cJSON_GetObjectItem(row, "found")->valuestring, "worse");
	assert_true(fabs(cJSON_GetObjectItem(row, "difference")->valuedouble + 0.02) < 1e-12);
	assert_true(cJSON_GetObjectItem(row, "upper")->valuedouble < 0);
	row = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "latencies_s"), 0);
	assert_string_equal(cJSON_GetObjectItem(row, "found")->valuestring, "no change shown");
	cJSON_Delete(json);
	end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_run_twice_has_no_change),
		cmocka_unit_test(what_got_worse_is_told_with_its_interval),
		cmocka_unit_test(what_was_not_the_same_is_named),
		cmocka_unit_test(as_data_it_has_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
