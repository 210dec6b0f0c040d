/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/plan/check.h"
#include "controller/plan/conflicts.h"
#include "hands.h"

/* Faults that contradict each other. No kind of today does; partition stands in for one. */

static void make_alone(struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (strcmp(catalogue->faults[i].name, "partition") == 0)
			catalogue->faults[i].alone = true;
}

/* Two faults, a and b, in the phase "cut" of 10 s. */
static cJSON *tree_of(const char *a, const char *b)
{
	cJSON *tree = given_tree();
	char faults[1024];

	snprintf(faults, sizeof(faults),
		"[{'id':'cut-leader','fault':'partition',%s},{'id':'b','fault':'partition',%s}]", a,
		b);
	given_set(tree, "phases[1].faults", faults);
	given_set(tree, "guardrails.limits.concurrent_faults", "2");
	given_set(tree, "guardrails.limits.nodes", NULL);
	given_set(tree, "guardrails.limits.of_group", NULL);
	given_set(tree, "guardrails.limits.per_label", NULL);
	return tree;
}

#define ON(on, from) "'on':{'nodes':" on "},'from':{" from "}"

/* Who they are is known from the file, or only when groups are resolved: leader n2, rest n1 and n3.
 */
static const struct {
	const char *a, *b;
	bool in_file, when_resolved;
} cases[] = {
	{ON("'leader'", "'nodes':'rest'"), ON("'leader'", "'nodes':'rest'"), true, true},
	{ON("'n1'", "'nodes':'n2'"), ON("'n1'", "'nodes':'n2'"), true, true},
	{ON("['n1','n3']", "'nodes':'n2'"), ON("['n3','n1']", "'nodes':['client','n2']"), true,
		true},
	/* The same path from its other end. */
	{ON("'n1'", "'nodes':'n2'"), ON("'n2'", "'nodes':'n1'"), true, true},
	{ON("'n1'", "'everything':true"), ON("'n1'", "'nodes':'n2'"), true, true},
	{ON("'n1'", "'everything':true"), ON("'n2'", "'everything':true"), true, true},
	{ON("'n1'", "'prefixes':'10.0.0.0/8'"), ON("'n1'", "'prefixes':'10.0.0.2'"), true, true},
	{ON("'members'", "'nodes':'members'"), ON("'members'", "'nodes':'members'"), true, true},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'direction':'in'}",
		ON("'n2'", "'nodes':'n1'") ",'with':{'direction':'out'}", true, true},
	{ON("'n1'", "'nodes':'n2'") ",'at':'1s','for':'4s'",
		ON("'n1'", "'nodes':'n2'") ",'at':'4s'", true, true},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'ports':[80,'90-99']}",
		ON("'n1'", "'nodes':'n2'") ",'with':{'ports':95}", true, true},
	/* Only when it is known who the leader is, or what its address is. */
	{ON("'leader'", "'nodes':'rest'"), ON("'n2'", "'nodes':'n1'"), false, true},
	{ON("'leader'", "'nodes':'n1'"), ON("'n2'", "'prefixes':'10.0.0.1'"), false, true},
	{ON("'n2'", "'prefixes':'10.0.0.0/24'"), ON("'n2'", "'nodes':'n3'"), false, true},
	{"'on':{'nodes':'members'},'with':{'shape':'halves'}", ON("'n1'", "'nodes':'n2'"), false,
		true},
	{"'on':{'nodes':'members'},'with':{'shape':'halves'}",
		"'on':{'nodes':['n1','n2']},'with':{'shape':'one'}", false, true},
	{"'on':{'nodes':'members'},'with':{'shape':'halves'}",
		"'on':{'nodes':'members'},'with':{'shape':'one'}", true, true},
	/* Never. */
	{ON("'leader'", "'nodes':'rest'"), ON("'n1'", "'nodes':'n3'"), false, false},
	{ON("'n1'", "'nodes':'n2'"), ON("'n1'", "'nodes':'n3'"), false, false},
	{ON("'n1'", "'nodes':'n2'"), ON("'n2'", "'nodes':'n3'"), false, false},
	{ON("'n1'", "'nodes':'client'"), ON("['n1','n2']", "'nodes':'n3'"), false, false},
	{ON("'n1'", "'prefixes':'10.1.0.0/16'"), ON("'n1'", "'prefixes':'10.2.0.0/16'"), false,
		false},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'direction':'in'}",
		ON("'n1'", "'nodes':'n2'") ",'with':{'direction':'out'}", false, false},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'direction':'in'}",
		ON("'n2'", "'nodes':'n1'") ",'with':{'direction':'in'}", false, false},
	{ON("'n1'", "'nodes':'n2'") ",'for':'4s'", ON("'n1'", "'nodes':'n2'") ",'at':'4s'", false,
		false},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'connections':'new'}",
		ON("'n1'", "'nodes':'n2'") ",'with':{'connections':'established'}", false, false},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'connections':'new'}",
		ON("'n1'", "'nodes':'n2'") ",'with':{'connections':'all'}", true, true},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'protocol':'tcp'}",
		ON("'n1'", "'nodes':'n2'") ",'with':{'protocol':'udp'}", false, false},
	{ON("'n1'", "'nodes':'n2'") ",'with':{'ports':[80,'90-99']}",
		ON("'n1'", "'nodes':'n2'") ",'with':{'ports':'81-89'}", false, false},
};
enum {
	CASES = sizeof(cases) / sizeof(cases[0])
};

static void a_file_is_refused_for_what_must_contradict(void **state)
{
	struct catalogue catalogue = given_catalogue();

	(void)state;
	make_alone(&catalogue);
	for (size_t i = 0; i < CASES; i++) {
		struct scenario scenario = given_scenario(tree_of(cases[i].a, cases[i].b));
		struct fail fail = FAIL_INIT;
		bool refused = check_conflicts(&scenario, &catalogue, &fail) < 0;

		if (refused != cases[i].in_file)
			fail_msg("case %zu: %s", i, refused ? fail.text : "not refused");
		if (refused) {
			assert_int_equal(fail.kind, FAIL_BAD_FILE);
			assert_string_equal(fail.path, "phases[1].faults[1]");
			assert_string_equal(fail.text,
				"partition cut-leader and b act on the same path at the same time, "
				"and contradict each other: part their times, nodes, directions or "
				"ports");
		}
		scenario_deinit(&scenario);
	}
	catalogue_deinit(&catalogue);
}

/* 11.0.0.0 and so many behind it, as `from`; then one more prefix. */
static char *from_many(int count, const char *last)
{
	char *text = malloc((size_t)count * 24 + 64);
	size_t used;

	assert_non_null(text);
	used = (size_t)sprintf(text, "{'prefixes':[");
	for (int i = 0; i < count; i++)
		used += (size_t)sprintf(text + used, "'11.0.%d.%d',", i >> 8, i & 255);
	sprintf(text + used, "'%s']}", last);
	return text;
}

static void large_sets_are_compared_by_what_they_hold(void **state)
{
	static const struct {
		const char *a_last, *b_from;
		bool refused;
	} sets[] = {
		{"12.0.0.1", "{'prefixes':'11.0.3.7'}", true},
		{"12.0.0.1", "{'prefixes':'11.0.0.0/8'}", true},
		{"12.0.0.1", "{'prefixes':'12.0.0.1'}", true},
		{"12.0.0.1", "{'prefixes':['10.0.0.0/8','fd00::/8','13.0.0.0/8']}", false},
		{"12.0.0.1", "{'nodes':'n2'}", false},
		{"::/0", "{'prefixes':'10.0.0.1'}", false},
		{"::/0", "{'prefixes':'fd00::1'}", true},
	};
	struct catalogue catalogue = given_catalogue();

	(void)state;
	make_alone(&catalogue);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		char *from = from_many(3000, sets[i].a_last);
		cJSON *tree = tree_of(ON("'n1'", "'nodes':'n2'"), ON("'n1'", "'nodes':'n2'"));
		struct fail fail = FAIL_INIT;
		struct scenario scenario;
		bool refused;

		given_set(tree, "phases[1].faults[0].from", from);
		given_set(tree, "phases[1].faults[1].from", sets[i].b_from);
		scenario = given_scenario(tree);
		refused = check_conflicts(&scenario, &catalogue, &fail) < 0;
		if (refused != sets[i].refused)
			fail_msg("case %zu: %s", i, refused ? fail.text : "not refused");
		scenario_deinit(&scenario);
		free(from);
	}
	catalogue_deinit(&catalogue);
}

static void a_from_has_a_limit(void **state)
{
	struct catalogue catalogue = given_catalogue();

	(void)state;
	for (int more = 0; more < 2; more++) {
		char *text = malloc(32 * 100001);
		cJSON *tree = given_tree();
		struct fail fail = FAIL_INIT;
		struct scenario scenario;
		size_t used;

		assert_non_null(text);
		used = (size_t)sprintf(text, "{'prefixes':['10.9.9.9'");
		for (int i = 1; i < 100000 + more; i++)
			used += (size_t)sprintf(
				text + used, ",'11.%d.%d.%d'", i >> 16, i >> 8 & 255, i & 255);
		sprintf(text + used, "]}");
		given_set(tree, "phases[1].faults[0].from", text);
		scenario = given_scenario(tree);
		assert_int_equal(scenario_check(&scenario, &catalogue, &fail), -more);
		if (more) {
			assert_string_equal(fail.path, "phases[1].faults[0].from.prefixes");
			assert_non_null(strstr(fail.text, "100001"));
		}
		scenario_deinit(&scenario);
		free(text);
	}
	catalogue_deinit(&catalogue);
}

/* The whole check says it too, and kinds that compose are nobody's business. */
static void faults_that_compose_may_share_a_path(void **state)
{
	struct catalogue catalogue = given_catalogue();
	struct scenario scenario = given_scenario(tree_of(cases[0].a, cases[0].b));
	struct fail fail = FAIL_INIT;

	(void)state;
	if (scenario_check(&scenario, &catalogue, &fail) < 0)
		fail_msg("%s: %s", fail.path, fail.text);
	make_alone(&catalogue);
	assert_int_equal(scenario_check(&scenario, &catalogue, &fail), -1);
	assert_string_equal(fail.path, "phases[1].faults[1]");
	scenario_deinit(&scenario);
	catalogue_deinit(&catalogue);
}

static void a_run_is_refused_when_groups_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct hands hands;
		size_t inspections;

		hands_init(&hands, tree_of(cases[i].a, cases[i].b));
		hands.leader = "n2";
		make_alone(hands.catalogue);
		assert_true(hands_run(&hands, SECONDS(240)));
		inspections = hands.inspections;
		if ((inspections == 0) != cases[i].when_resolved)
			fail_msg("case %zu: %zu inspections", i, inspections);
		if (cases[i].when_resolved) {
			assert_int_equal(hands.arms, 0);
			assert_int_equal(hands_code(&hands), 4);
			assert_non_null(strstr(json_string(hands_event(&hands, "stop"), "text", ""),
				"contradict each other"));
		} else {
			assert_true(hands.arms > 0);
		}
		hands_deinit(&hands);
	}
}

/* Phases come one after the other. */
static void other_phases_are_other_times(void **state)
{
	struct catalogue catalogue = given_catalogue();
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	(void)state;
	make_alone(&catalogue);
	given_set(tree, "phases[3].faults",
		"[{'id':'b','fault':'partition','on':{'nodes':'leader'},'from':{'nodes':'rest'}}]");
	scenario = given_scenario(tree);
	assert_int_equal(check_conflicts(&scenario, &catalogue, &fail), 0);
	scenario_deinit(&scenario);
	catalogue_deinit(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_refused_for_what_must_contradict),
		cmocka_unit_test(large_sets_are_compared_by_what_they_hold),
		cmocka_unit_test(a_from_has_a_limit),
		cmocka_unit_test(faults_that_compose_may_share_a_path),
		cmocka_unit_test(a_run_is_refused_when_groups_are_known),
		cmocka_unit_test(other_phases_are_other_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
