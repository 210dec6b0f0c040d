/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/plan/groups.h"
#include "given.h"

struct stage {
	struct scenario scenario;
	struct plan plan;
	struct list known; /* of struct resolved_group */
};

static struct stage *stage_new(cJSON *tree)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	stage->scenario = given_scenario(tree);
	stage->plan = given_plan(&stage->scenario, given_kept_catalogue());
	return stage;
}

static void stage_free(struct stage *stage)
{
	LIST_EACH(stage->known, struct resolved_group, group) {
		free(group->group);
		list_free_texts(&group->nodes);
	}
	free(stage->known.items);
	plan_deinit(&stage->plan);
	scenario_deinit(&stage->scenario);
	free(stage);
}

/* "a,b" for a list of texts. */
static const char *join(const struct list *list, char text[256])
{
	text[0] = '\0';
	LIST_EACH(*list, char *, item)
		snprintf(text + strlen(text), 256 - strlen(text), "%s%s", *text ? "," : "", *item);
	return text;
}

static void know(struct stage *stage, const char *name, struct list nodes)
{
	struct resolved_group *group = list_push(&stage->known, sizeof(*group));

	group->group = strdup(name);
	group->nodes = nodes;
}

/* Resolves a group and all that it is built from, deepest first, as the engine does. */
static const char *resolve(struct stage *stage, const char *name, char text[256])
{
	const struct group_spec *group;

	while ((group = group_next(&stage->plan, &stage->known, name))) {
		struct list nodes = {0};
		struct fail fail = FAIL_INIT;

		group_candidates(&stage->plan, &stage->known, group, &nodes);
		if (group_finish(&stage->plan, group, &nodes, &fail) < 0)
			snprintf(text, 256, "%.255s", fail.text);
		know(stage, group->name, nodes);
		if (fail.kind)
			return text;
	}
	LIST_EACH(stage->known, struct resolved_group, own)
		if (strcmp(own->group, name) == 0)
			return join(&own->nodes, text);
	return NULL;
}

static void assert_group(const char *groups, const char *expected)
{
	cJSON *tree = given_tree();
	struct stage *stage;
	char text[256];

	given_set(tree, "groups", groups);
	stage = stage_new(tree);
	assert_string_equal(resolve(stage, "g", text), expected);
	stage_free(stage);
}

static void each_way_to_select(void **state)
{
	(void)state;
	assert_group("{'g':{'labels':{'role':'etcd'}}}", "n1,n2,n3");
	assert_group("{'g':{'labels':{'role':'etcd','zone':'b'}}}", "n2");
	assert_group(
		"{'g':{'labels':{'none':'x'}}}", "group \"g\" must have at least 1 nodes; 0 found");
	assert_group("{'g':{'nodes':['n3','client','n1']}}", "n1,n3,client");
	assert_group("{'g':{'in':'h'},'h':{'nodes':['n3','n1']}}", "n1,n3");
	assert_group("{'g':{'in':'h','labels':{'zone':'a'}},'h':{'nodes':['n3','n1']}}", "n1");
	assert_group("{'g':{'in':'h','not':['k']},'h':{'labels':{'role':'etcd'}},"
		     "'k':{'nodes':'n2'}}",
		"n1,n3");
	assert_group("{'g':{'labels':{'role':'etcd'},'not':['n1']}}", "n2,n3");
	assert_group(
		"{'g':{'union':['h','k']},'h':{'nodes':'n3'},'k':{'nodes':['n1','n3']}}", "n1,n3");
	/* union widens what the others select; not takes away from all of it */
	assert_group("{'g':{'union':['h'],'nodes':['n1','n2'],'not':['n2']},'h':{'nodes':'n3'}}",
		"n1,n3");
	assert_group("{'g':{'in':'a'},'a':{'in':'b'},'b':{'in':'c'},'c':{'nodes':'n2'}}", "n2");
}

static void counts_are_enforced(void **state)
{
	(void)state;
	assert_group("{'g':{'labels':{'role':'etcd'},'count':3}}", "n1,n2,n3");
	assert_group("{'g':{'labels':{'role':'etcd'},'count':2}}",
		"group \"g\" must have 2 nodes; 3 found: n1, n2, n3");
	assert_group("{'g':{'labels':{'role':'etcd'},'count':{'min':4}}}",
		"group \"g\" must have at least 4 nodes; 3 found: n1, n2, n3");
	assert_group("{'g':{'labels':{'role':'etcd'},'count':{'max':2}}}",
		"group \"g\" must have at most 2 nodes; 3 found: n1, n2, n3");
}

static void picks_are_seeded_and_stable(void **state)
{
	(void)state;
	size_t seen[3] = {0};

	for (int seed = 0; seed < 300; seed++) {
		cJSON *tree = given_tree();
		struct stage *stage;
		char first[256], second[256], json[16];

		snprintf(json, sizeof(json), "%d", seed);
		given_set(tree, "seed", json);
		given_set(tree, "groups.g", "{'labels':{'role':'etcd'},'pick':1,'count':1}");
		stage = stage_new(cJSON_Duplicate(tree, true));
		resolve(stage, "g", first);
		stage_free(stage);
		stage = stage_new(tree);
		assert_string_equal(resolve(stage, "g", second), first);
		stage_free(stage);
		assert_int_equal(first[0], 'n');
		seen[first[1] - '1']++;
	}
	/* 100 expected each; 6.5 standard deviations of slack. */
	for (size_t i = 0; i < 3; i++)
		assert_in_range(seen[i], 47, 153);
	assert_group("{'g':{'labels':{'role':'etcd'},'pick':7}}", "n1,n2,n3");
}

static void names_become_nodes_once_and_in_order(void **state)
{
	(void)state;
	struct stage *stage = stage_new(given_tree());
	struct list names = {0}, nodes = {0};
	char text[256];

	resolve(stage, "members", text);
	list_push_text(&names, "client");
	list_push_text(&names, "members");
	list_push_text(&names, "n2");
	nodes_of_names(&stage->plan, &stage->known, &names, &nodes);
	assert_string_equal(join(&nodes, text), "n1,n2,n3,client");
	list_free_texts(&names);
	list_free_texts(&nodes);
	stage_free(stage);
}

/* --- limits ----------------------------------------------------------------------------------- */

/* What limits say of hitting these nodes ("n1,n2"); "" when nothing. */
static void assert_limits(const char *limits, const char *targets, const char *expected)
{
	cJSON *tree = given_tree();
	struct stage *stage;
	struct list list = {0};
	struct fail fail = FAIL_INIT;
	char text[256], *copy = strdup(targets), *rest = copy;
	int outcome;

	given_set(tree, "guardrails.limits", limits);
	stage = stage_new(tree);
	resolve(stage, "members", text);
	for (char *name; (name = strsep(&rest, ","));)
		list_push_text(&list, name);
	outcome = limits_check(&stage->plan, &stage->known, &list, &fail);
	assert_string_equal(fail.text, expected);
	assert_int_equal(outcome, *expected ? -1 : 0);
	assert_int_equal(fail.kind, *expected ? FAIL_REFUSED : FAIL_NONE);
	list_free_texts(&list);
	free(copy);
	stage_free(stage);
}

#define LIMITS(text) "{'fault':'30s','run':'4m'," text "}"

static void limits_have_both_sides(void **state)
{
	(void)state;
	assert_limits(LIMITS("'nodes':2"), "n1,n2", "");
	assert_limits(LIMITS("'nodes':2"), "n1,n2,n3",
		"limits: 3 nodes would be hit at one time; at most 2 are allowed");
	assert_limits(LIMITS("'protect':['client']"), "n1", "");
	assert_limits(LIMITS("'protect':['client']"), "n1,client",
		"limits: node \"client\" is protected");
	assert_limits(LIMITS("'protect':['members']"), "n3", "limits: node \"n3\" is protected");
	assert_limits(LIMITS("'of_group':[{'group':'members','max_fraction':0.34}]"), "n1", "");
	assert_limits(LIMITS("'of_group':[{'group':'members','max_fraction':0.33}]"), "n1",
		"limits: 1 of the 3 nodes of group \"members\" would be hit (0.333); at most 0.33 "
		"is allowed");
	assert_limits(LIMITS("'of_group':[{'group':'members','max_fraction':0.34}]"), "client", "");
	assert_limits(LIMITS("'of_group':[{'group':'members','keep_quorum':true}]"), "n1", "");
	assert_limits(LIMITS("'of_group':[{'group':'members','keep_quorum':true}]"), "n1,n3",
		"limits: group \"members\" would keep 1 of 3 nodes, fewer than its quorum of 2");
	assert_limits(LIMITS("'per_label':[{'label':'zone','max_values':2}]"), "n1,n2", "");
	assert_limits(LIMITS("'per_label':[{'label':'zone','max_values':1}]"), "n1,n2",
		"limits: nodes with 2 different values of label \"zone\" would be hit; at most 1 "
		"are allowed");
	/* A node without the label is a value of its own. */
	assert_limits(LIMITS("'per_label':[{'label':'zone','max_values':1}]"), "n1,client",
		"limits: nodes with 2 different values of label \"zone\" would be hit; at most 1 "
		"are allowed");
}

static void an_even_group_needs_more_than_half(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct stage *stage;
	struct list targets = {0};
	struct fail fail = FAIL_INIT;
	char text[256];

	given_set(tree, "groups.members", "{'nodes':['n1','n2','n3','client']}");
	given_set(tree, "guardrails.limits",
		LIMITS("'of_group':[{'group':'members','keep_quorum':true}]"));
	stage = stage_new(tree);
	resolve(stage, "members", text);
	list_push_text(&targets, "n1");
	assert_int_equal(limits_check(&stage->plan, &stage->known, &targets, &fail), 0);
	list_push_text(&targets, "n2");
	assert_int_equal(limits_check(&stage->plan, &stage->known, &targets, &fail), -1);
	list_free_texts(&targets);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_select),
		cmocka_unit_test(counts_are_enforced),
		cmocka_unit_test(picks_are_seeded_and_stable),
		cmocka_unit_test(names_become_nodes_once_and_in_order),
		cmocka_unit_test(limits_have_both_sides),
		cmocka_unit_test(an_even_group_needs_more_than_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
