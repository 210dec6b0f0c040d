/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/plan/check.h"
#include "controller/plan/plan.h"
#include "controller/plan/plan_json.h"
#include "controller/plan/radius.h"
#include "given.h"

static void add_address(struct plan *plan, const char *node, const char *text)
{
	struct prefix prefix;
	struct fail fail = FAIL_INIT;

	assert_int_equal(prefix_parse(text, &prefix, &fail), 0);
	*(struct prefix *)list_push(&plan_node(plan, node)->addresses, sizeof(prefix)) = prefix;
}

/* A host says what addresses it has, and others are cut off from these. */
static void a_network_is_nobodys_address(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(given_tree());
	struct catalogue catalogue = given_catalogue();
	struct plan plan = given_plan(&scenario, &catalogue);
	struct plan_node *node = plan_node(&plan, "n1");
	struct list said = {0};
	struct fail fail = FAIL_INIT;
	char text[PREFIX_TEXT_MAX];

	prefix_parse("10.7.0.1", list_push(&said, sizeof(struct prefix)), &fail);
	prefix_parse("0.0.0.0/0", list_push(&said, sizeof(struct prefix)), &fail);
	assert_int_equal(plan_node_learn(node, &said, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_string_equal(
		fail.text, "n1 says that it has the address 0.0.0.0/0, which is a whole network");
	assert_string_equal(plan_node_address(node, text), "10.0.0.1");
	said.count = 1;
	assert_int_equal(plan_node_learn(node, &said, &fail), 0);
	assert_string_equal(plan_node_address(node, text), "10.7.0.1");
	assert_int_equal(said.count, 0);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

/* --- names and limits ---------------------------------------------------------------------- */

static void assert_name(const char *path, const char *json, const char *at, const char *text)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct catalogue catalogue = given_catalogue();
	struct plan plan;
	struct fail fail = FAIL_INIT;

	given_set(tree, path, json);
	scenario = given_scenario(tree);
	plan = given_plan(&scenario, &catalogue);
	assert_int_equal(plan_check_names(&plan, &fail), at ? -1 : 0);
	if (at) {
		assert_int_equal(fail.kind, FAIL_REFUSED);
		assert_string_equal(fail.path, at);
		assert_string_equal(fail.text, text);
	}
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

#define NONE "no group of the scenario and no node of environment \"test\" is named "

static void names_exist_in_this_environment(void **state)
{
	(void)state;
	assert_name("seed", "1", NULL, NULL);
	assert_name("phases[1].faults[0].on.nodes", "['n1','members']", NULL, NULL);
	assert_name("probes.put.from", "['clent']", "probes.put.from",
		NONE "\"clent\" (did you mean \"client\"?)");
	assert_name("workloads.acked.from", "['zzzzz']", "workloads.acked.from", NONE "\"zzzzz\"");
	assert_name("groups.members.nodes", "['n9']", "groups.members.nodes",
		NONE "\"n9\" (did you mean \"n1\"?)");
	assert_name("groups.rest.not", "['leadr']", "groups.rest.not",
		NONE "\"leadr\" (did you mean \"leader\"?)");
	assert_name("phases[1].faults[0].from.nodes", "['rst']", "phases[1].faults[0]",
		NONE "\"rst\" (did you mean \"rest\"?)");
	assert_name("guardrails.limits.protect", "['clientt']", "guardrails.limits.protect",
		NONE "\"clientt\" (did you mean \"client\"?)");
}

static void assert_worst(const char *groups, const char *on, const char *text)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct catalogue catalogue = given_catalogue();
	struct plan plan;
	struct fail fail = FAIL_INIT;
	int outcome;

	given_set(tree, "groups.g", groups);
	given_set(tree, "phases[1].faults[0].on.nodes", on);
	given_set(tree, "guardrails.limits.nodes", "2");
	scenario = given_scenario(tree);
	plan = given_plan(&scenario, &catalogue);
	outcome = plan_check_limits(&plan, &fail);
	assert_string_equal(fail.text, text);
	assert_int_equal(outcome, *text ? -1 : 0);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

#define MAY_HIT(count)                                                                             \
	"phase \"cut\" may hit " count " nodes at one time; guardrails.limits.nodes allows 2 "     \
	"(state a smaller \"count\" for the groups)"

static void the_worst_case_is_refused(void **state)
{
	(void)state;
	assert_worst("{'labels':{'role':'etcd'}}", "'g'", MAY_HIT("3"));
	assert_worst("{'labels':{'role':'etcd'},'count':{'max':2}}", "'g'", "");
	assert_worst("{'labels':{'role':'etcd'},'pick':2}", "'g'", "");
	/* Built from other groups: anything may come out of it. */
	assert_worst("{'in':'members'}", "'g'", MAY_HIT("4"));
	assert_worst("{'in':'members','count':1}", "['g','client']", "");
	assert_worst("{'in':'members','count':1}", "['g','client','n1']", MAY_HIT("3"));
	/* The same name twice is the same nodes. */
	assert_worst("{'in':'members','count':2}", "['g','g']", "");
}

/* --- placeholders --------------------------------------------------------------------------- */

static void texts_are_expanded_for_a_node(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(given_tree());
	struct catalogue catalogue = given_catalogue();
	struct plan plan = given_plan(&scenario, &catalogue);
	struct resolved_group group = {.group = (char *)"members"};
	struct list groups = {.items = &group, .count = 1}, only = {0};
	struct plan_text text = {.plan = &plan, .node = plan_node(&plan, "n2"), .groups = &groups};
	struct fail fail = FAIL_INIT;
	char *out;

	plan.vars = given_json("{'shop':'http://shop'}");
	list_push_text(&group.nodes, "n1");
	list_push_text(&group.nodes, "n3");
	assert_int_equal(plan_expand(&text,
				 "{node.name} {node.addr} {group.members.addrs} {var.shop}/{n}/"
				 "{uuid}",
				 &out, &fail),
		0);
	assert_string_equal(out, "n2 10.0.0.2 10.0.0.1,10.0.0.3 http://shop/{n}/{uuid}");
	free(out);
	/* A final read asks one member alone, whatever the group. */
	list_push_text(&only, "n3");
	text.only = &only;
	assert_int_equal(plan_expand(&text, "{group.members.addrs}", &out, &fail), 0);
	assert_string_equal(out, "10.0.0.3");
	free(out);
	text.only = NULL;

	assert_int_equal(plan_expand(&text, "{var.none}", &out, &fail), -1);
	assert_int_equal(plan_expand(&text, "{group.rest.addrs}", &out, &fail), -1);
	assert_int_equal(plan_expand(&text, "{group.members}", &out, &fail), -1);
	text.node = NULL;
	assert_int_equal(plan_expand(&text, "{node.addr}", &out, &fail), -1);
	list_free_texts(&group.nodes);
	list_free_texts(&only);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

static void ipv6_stands_in_brackets_and_yields_to_ipv4(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(given_tree());
	struct catalogue catalogue = given_catalogue();
	struct plan plan = given_plan(&scenario, &catalogue);
	struct list none = {0};
	struct plan_text text = {
		.plan = &plan, .node = plan_add_node(&plan, "six", "six"), .groups = &none};
	struct fail fail = FAIL_INIT;
	char buffer[PREFIX_TEXT_MAX], *out;

	plan_node(&plan, "six")->labels = json_object();
	assert_null(plan_node_address(plan_node(&plan, "six"), buffer));
	add_address(&plan, "six", "fd00::6");
	text.node = plan_node(&plan, "six");
	assert_int_equal(plan_expand(&text, "http://{node.addr}:1/", &out, &fail), 0);
	assert_string_equal(out, "http://[fd00::6]:1/");
	free(out);
	add_address(&plan, "six", "10.6.6.6");
	assert_int_equal(plan_expand(&text, "http://{node.addr}:1/", &out, &fail), 0);
	assert_string_equal(out, "http://10.6.6.6:1/");
	free(out);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

/* --- blast radius ----------------------------------------------------------------------------- */

/* The probe's fixed target; `probe` NULL: the http probe that is given, else as it is here. */
static int radius_of(const char *probe, const char *url, bool meant, struct fail *fail)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	struct catalogue catalogue = given_catalogue();
	struct plan plan;
	struct resolved_group group = {.group = (char *)"members"};
	struct list groups = {.items = &group, .count = 1};
	int outcome;

	if (probe) {
		given_set(tree, "probes.put", probe);
	} else {
		given_set(tree, "probes.put.to", NULL);
		given_set(tree, "probes.put.url", url);
	}
	given_set(tree, "phases[1].faults[0].on.nodes", "'rest'");
	given_set(tree, "groups.rest", "{'in':'members','not':['n1']}");
	if (meant)
		given_set(tree, "probes.put.inside_radius", "true");
	scenario = given_scenario(tree);
	plan = given_plan(&scenario, &catalogue);
	add_address(&plan, "n3", "fd00::3");
	list_push_text(&group.nodes, "n1");
	list_push_text(&group.nodes, "n2");
	list_push_text(&group.nodes, "n3");
	outcome = plan_check_radius(&plan, &groups, fail);
	list_free_texts(&group.nodes);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
	return outcome;
}

static int radius(const char *url, bool meant, struct fail *fail)
{
	return radius_of(NULL, url, meant, fail);
}

static void a_fixed_address_inside_the_radius_is_refused(void **state)
{
	(void)state;
#define DIAL(address)                                                                              \
	"{'type':'tcp','from':'client','rate':1,'timeout':'1s','address':'" address "'}"
	struct fail fail = FAIL_INIT;

	assert_int_equal(radius_of(DIAL("10.0.0.1:2379"), NULL, false, &fail), 0);
	assert_int_equal(radius_of(DIAL("elsewhere:2379"), NULL, false, &fail), 0);
	assert_int_equal(radius_of(DIAL("10.0.0.2:2379"), NULL, true, &fail), 0);
	assert_int_equal(radius_of(DIAL("10.0.0.2:2379"), NULL, false, &fail), -1);
	assert_string_equal(fail.path, "probes.put.address");
	assert_string_equal(fail.text,
		"probe put lies on node \"n2\", inside the blast radius of a fault: it would "
		"measure "
		"the fault (if that is meant: \"inside_radius\": true)");
	/* However it is written. */
	assert_int_equal(radius_of(DIAL("[fd00:0:0::3]:2379"), NULL, false, &fail), -1);
	/* A program's arguments are its own affair. */
	assert_int_equal(radius_of("{'type':'exec','from':'client','rate':1,'timeout':'1s','exec':"
				   "['ping','10.0.0.2']}",
				 NULL, false, &fail),
		0);
}

static void a_fixed_url_inside_the_radius_is_refused(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;

	assert_int_equal(radius("'http://10.0.0.1:80/x'", false, &fail), 0);
	assert_int_equal(radius("'http://elsewhere/10.0.0.2'", false, &fail), 0);
	assert_int_equal(radius("'http://10.0.0.2:80/x'", true, &fail), 0);
	assert_int_equal(radius("'http://10.0.0.2:80/x'", false, &fail), -1);
	assert_string_equal(fail.path, "probes.put.url");
	assert_int_equal(radius("'http://10.0.0.2/x'", false, &fail), -1);
	assert_int_equal(radius("'http://[fd00::3]:80/x'", false, &fail), -1);
	assert_int_equal(radius("'https://me@10.0.0.2'", false, &fail), -1);
	assert_int_equal(radius("'http://10.0.0.1/?next=//10.0.0.2/'", false, &fail), 0);
}

/* --- samples ---------------------------------------------------------------------------------- */

static int64_t samples_with(const char *from, const char *policy, const char *count)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	int64_t samples;

	given_set(tree, "probes.put.from", from);
	given_set(tree, "probes.put.to.policy", policy);
	given_set(tree, "groups.members.count", count);
	scenario = given_scenario(tree);
	samples = claim_samples(&scenario, LIST_AT(scenario.invariants, struct invariant_spec, 0));
	scenario_deinit(&scenario);
	return samples;
}

/* 30 s at 50/s from each node that probes and, with `each`, to each member; groups at the least. */
static void samples_count_sources(void **state)
{
	(void)state;
	assert_int_equal(samples_with("'client'", "'any'", "3"), 1500);
	assert_int_equal(samples_with("'client'", "'each'", "3"), 3 * 1500);
	assert_int_equal(samples_with("'client'", "'each'", "{'min':2,'max':5}"), 2 * 1500);
	assert_int_equal(samples_with("'client'", "'each'", NULL), 1500);
	assert_int_equal(samples_with("['client','n1']", "'each'", "3"), 6 * 1500);
	assert_int_equal(samples_with("'members'", "'first_answer'", "3"), 3 * 1500);
}

/* --- plan.json -------------------------------------------------------------------------------- */

static void the_plan_says_what_can_be_shown(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(given_tree());
	struct catalogue catalogue = given_catalogue();
	struct plan plan = given_plan(&scenario, &catalogue);
	struct list none = {0};
	cJSON *json = plan_to_json(&plan, &none);
	const cJSON *claim = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "claims"), 0);
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "faults"), 0);

	/* 30 s at 50/s; the zones of 0.99. */
	assert_true(json_number(claim, "samples", 0) == 1500);
	assert_true(json_number(claim, "held_with_at_most_bad", 0) == 8);
	assert_true(json_number(claim, "violated_from_bad", 0) == 23);
	assert_string_equal(json_string(fault, "lasts_at_most", ""), "10s");
	/* Phases, a second's lead of the one with a fault, 5 s of quiesce; 5 s to recover. */
	assert_string_equal(json_string(json, "run_lasts_at_least", ""), "71s");
	assert_string_equal(json_string(json, "run_lasts_about", ""), "76s");
	assert_string_equal(json_string(json, "run_lasts_at_most", ""), "136s");
	assert_string_equal(json_string(json, "healed_after_sigterm_at_most", ""), "10s");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "nodes")), 4);
	cJSON_Delete(json);
	plan_deinit(&plan);
	catalogue_deinit(&catalogue);
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_nobodys_address),
		cmocka_unit_test(names_exist_in_this_environment),
		cmocka_unit_test(the_worst_case_is_refused),
		cmocka_unit_test(texts_are_expanded_for_a_node),
		cmocka_unit_test(ipv6_stands_in_brackets_and_yields_to_ipv4),
		cmocka_unit_test(a_fixed_address_inside_the_radius_is_refused),
		cmocka_unit_test(a_fixed_url_inside_the_radius_is_refused),
		cmocka_unit_test(samples_count_sources),
		cmocka_unit_test(the_plan_says_what_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
