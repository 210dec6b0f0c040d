/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/list.h"
#include "controller/predict/difference.h"
#include "controller/predict/earlier.h"
#include "planned.h"

/* A predicted radius compared with an earlier one, and where that is read from. */

static struct difference compared(struct record before, struct record now)
{
	struct predicted earlier = planned_radius(before), later = planned_radius(now);
	struct difference difference;

	difference_init(&difference, &earlier, &later);
	predicted_free(&earlier);
	predicted_free(&later);
	return difference;
}

static const struct change *change_of(const struct difference *difference, const char *text)
{
	LIST_EACH(difference->changes, struct change, change)
		if (strcmp(change->text, text) == 0)
			return change;
	fail_msg("no change of %s", text);
	return NULL;
}

static void the_same_is_no_difference(void **state)
{
	struct difference difference = compared(planned_and_seen(), planned_and_seen());

	(void)state;
	assert_int_equal(difference.changes.count, 0);
	assert_int_equal(difference.growth.count, 0);
	difference_deinit(&difference);
}

/* A leader that was elected anew is another node, and no larger radius. */
static void another_node_of_the_same_size_has_not_grown(void **state)
{
	struct difference difference =
		compared(planned_cut("'n2'", "'n1','n3'"), planned_cut("'n1'", "'n2','n3'"));

	(void)state;
	assert_int_equal(change_of(&difference, "cut-leader: n1 -> n3")->how, CHANGE_NEW);
	assert_int_equal(change_of(&difference, "cut-leader: n2 -> n3")->how, CHANGE_GONE);
	/* zone=b has two nodes, zone=a one: half of one before, all of one now. */
	assert_int_equal(difference.growth.count, 1);
	assert_string_equal(*LIST_AT(difference.growth, char *, 0),
		"% of one zone in phase cut: 100, 50 before");
	difference_deinit(&difference);
}

static void a_larger_radius_has_grown(void **state)
{
	struct difference difference =
		compared(planned_cut("'n2'", "'n1'"), planned_cut("'n2','n3'", "'n1'"));

	(void)state;
	assert_true(list_has_text(&difference.growth, "nodes that cut-leader is on: 2, 1 before"));
	assert_true(list_has_text(&difference.growth, "links that cut-leader hits: 4, 2 before"));
	assert_true(list_has_text(&difference.growth, "nodes hit in phase cut: 2, 1 before"));
	assert_true(list_has_text(
		&difference.growth, "% of group members in phase cut: 66.67, 33.33 before"));
	assert_true(list_has_text(&difference.growth,
		"nodes of members in phase cut above their majority: -1, 0 before"));
	difference_deinit(&difference);
	/* And the other way round it has shrunk. */
	difference = compared(planned_cut("'n2','n3'", "'n1'"), planned_cut("'n2'", "'n1'"));
	assert_int_equal(difference.growth.count, 0);
	assert_true(difference.changes.count > 0);
	difference_deinit(&difference);
}

static struct record serving(int connections, const char *program)
{
	struct record record = planned_cut("'n1'", "'n2','n3'");
	char members[256];

	snprintf(members, sizeof(members),
		"'connections':[],'connection_count':0,'clients':[{'port':2379,'program':'%s',"
		"'address':'10.0.0.9','connections':%d}]",
		program, connections);
	planned_inspected(&record, "n1", members);
	return record;
}

static void another_service_is_growth_and_more_connections_are_not(void **state)
{
	struct difference difference = compared(serving(5, "etcd"), serving(7, "etcd"));
	const struct change *change = change_of(&difference, "cut-leader: client -> n1 etcd:2379");

	(void)state;
	assert_int_equal(change->how, CHANGE_AMOUNT);
	assert_true(change->before == 5 && change->now == 7);
	assert_int_equal(difference.growth.count, 0);
	difference_deinit(&difference);
	difference = compared(serving(5, "etcd"), serving(5, "ledger"));
	assert_true(list_has_text(
		&difference.growth, "cut-leader is on a node that serves ledger:2379: not before"));
	difference_deinit(&difference);
}

static void a_wider_limit_is_growth(void **state)
{
	cJSON *tree = given_tree();
	struct record wide;
	struct predicted earlier = planned_radius(planned_cut("'n1'", "'n2'")), now;
	struct difference difference;

	(void)state;
	given_set(tree, "guardrails.limits.nodes", "2");
	given_set(tree, "guardrails.limits.of_group", NULL);
	wide = given_record(tree);
	given_event(&wide, "fault_planned", 0, "'fault':'cut-leader','on':['n1'],'from':['n2']");
	now = planned_radius(wide);
	difference_init(&difference, &earlier, &now);
	assert_true(list_has_text(&difference.growth, "limit of nodes in phase cut: 2, 1 before"));
	assert_true(list_has_text(
		&difference.growth, "limit of group members in phase cut: 0.34 before, none now"));
	difference_deinit(&difference);
	predicted_free(&earlier);
	predicted_free(&now);
}

/* --- files --------------------------------------------------------------------------------- */

struct place {
	char dir[64], path[160];
};

static void place_make(struct place *place, const char *name, const char *text)
{
	FILE *file;

	snprintf(place->dir, sizeof(place->dir), "/tmp/backburn-earlier-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->path, sizeof(place->path), "%s/%s", place->dir, name);
	file = fopen(place->path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void place_end(const struct place *place)
{
	unlink(place->path);
	assert_int_equal(rmdir(place->dir), 0);
}

static void what_plan_wrote_is_read_again(void **state)
{
	struct predicted predicted = planned_radius(planned_and_seen()), again;
	struct fail fail = FAIL_INIT;
	struct difference difference;
	struct place place;
	cJSON *plan = json_object();
	char *text;

	(void)state;
	json_put_number(plan, "plan", 1);
	json_put(plan, "radius", shape_encode(&predicted_shape, &predicted));
	text = json_print_indented(plan);
	place_make(&place, "plan.json", text);
	free(text);
	cJSON_Delete(plan);
	if (earlier_read(place.path, &again, &fail) < 0)
		fail_msg("%s", fail.text);
	difference_init(&difference, &predicted, &again);
	assert_int_equal(difference.changes.count + difference.growth.count, 0);
	assert_int_equal(predicted_fault(&again, "cut-leader")->connections.count, 3);
	difference_deinit(&difference);
	predicted_free(&again);
	predicted_free(&predicted);
	place_end(&place);
}

static void what_is_no_plan_is_told_in_full(void **state)
{
	static const struct {
		const char *name, *text, *says;
	} cases[] = {
		{"a.json", "{\"backburn\":1}",
			"a.json: is neither a plan that `backburn plan --json` wrote nor a run's "
			"directory"},
		{"b.json", "{\"plan\":1}",
			"b.json: this plan was written before any node was asked (it has no "
			"\"radius\"): of a run, name its directory"},
		{"c.json", "{\"plan\":1,\n\"radius\":", "c.json:2: "},
		{"d.json", "{\"plan\":1,\"radius\":{\"radius\":1}}", "d.json: radius"},
		{"e.json", "{\"plan\":1,\"radius\":{\"radius\":2}}", "e.json: radius.radius: "},
		{"journal.ndjson", "", "journal.ndjson: the journal is empty"},
		{"journal.ndjson", "{\"event\":\"nothing\"}\n", "journal.ndjson:1: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct predicted none;
		struct fail fail = FAIL_INIT;
		struct place place;

		place_make(&place, cases[i].name, cases[i].text);
		assert_int_equal(earlier_read(place.path, &none, &fail), -1);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		if (!strstr(fail.text, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", fail.text, cases[i].says);
		/* A run's directory is its journal. */
		if (strcmp(cases[i].name, "journal.ndjson") == 0) {
			fail = FAIL_INIT;
			assert_int_equal(earlier_read(place.dir, &none, &fail), -1);
			assert_non_null(strstr(fail.text, cases[i].says));
		}
		place_end(&place);
	}
}

static void a_missing_file_and_a_run_that_asked_nobody(void **state)
{
	cJSON *event = given_event_json("run_started", 0,
		"'journal':1,'run':'r1','tool':'t','wall':'2026-01-31T23:59:30Z','environment':"
		"'lab','scenario_file':'x.json'");
	struct predicted none;
	struct fail fail = FAIL_INIT;
	struct place place;
	char *text, *line = NULL;

	(void)state;
	json_put(event, "scenario", given_tree());
	text = json_print(event);
	assert_true(asprintf(&line, "%s\n", text) > 0);
	place_make(&place, "journal.ndjson", line);
	assert_int_equal(earlier_read(place.dir, &none, &fail), -1);
	assert_non_null(strstr(fail.text,
		"/journal.ndjson: that run ended before any node was asked what would be hit: "
		"there is no plan in it to compare with"));
	place_end(&place);
	fail = FAIL_INIT;
	assert_int_equal(earlier_read("/nowhere/plan.json", &none, &fail), -1);
	assert_int_equal(fail.kind, FAIL_BAD_FILE);
	assert_non_null(strstr(fail.text, "/nowhere/plan.json: No such file or directory"));
	free(line);
	free(text);
	cJSON_Delete(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_no_difference),
		cmocka_unit_test(another_node_of_the_same_size_has_not_grown),
		cmocka_unit_test(a_larger_radius_has_grown),
		cmocka_unit_test(another_service_is_growth_and_more_connections_are_not),
		cmocka_unit_test(a_wider_limit_is_growth),
		cmocka_unit_test(what_plan_wrote_is_read_again),
		cmocka_unit_test(what_is_no_plan_is_told_in_full),
		cmocka_unit_test(a_missing_file_and_a_run_that_asked_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
