/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/list.h"
#include "controller/files/environment.h"
#include "controller/plan/check.h"
#include "controller/plan/groups.h"
#include "hands.h"

/* The exact words of what is refused, or stopped, that no table of another test has. */

/* --- environments --------------------------------------------------------------------------- */

#define ENVIRONMENT(more) "{\"backburn_environment\":1,\"name\":\"e\"," more "}"
#define HOSTS "\"hosts\":{\"web1\":{\"connect\":[\"ssh\",\"web1\"]}}"

static char dir[] = "/tmp/backburn-words-XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = NULL;
	FILE *file;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void environments_that_contradict_themselves(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path, *says;
	} cases[] = {
		{ENVIRONMENT(HOSTS ",\"nodes\":{\"web\":{\"host\":\"web2\"}}"), "nodes.web.host",
			"no host named \"web2\" stands under \"hosts\""},
		{ENVIRONMENT(
			 HOSTS ",\"nodes\":{\"a\":{\"host\":\"web1\"},\"b\":{\"host\":\"web1\"}}"),
			"nodes.b.host",
			"the nodes \"a\" and \"b\" share the host \"web1\"; several nodes on one "
			"host "
			"are not supported in this version"},
		{ENVIRONMENT(HOSTS ",\"nodes\":{\"a\":{\"host\":\"web1\",\"also_reached_as\":"
				   "[\"10.0.0.1:80\"]}}"),
			"nodes.a.also_reached_as[0]",
			"\"10.0.0.1:80\": an address with a port is not supported in this version"},
		{ENVIRONMENT(HOSTS ",\"lab\":\"lab.json\""), "lab",
			"a lab makes its own hosts and nodes; name one or the other"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path = write_file("e.json", cases[i].text), *lab = NULL;
		struct environment environment;
		struct fail fail = FAIL_INIT;
		char says[400];

		assert_int_equal(environment_load(&environment, path, &lab, &fail), -1);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		snprintf(says, sizeof(says), "%s:1: %s: %s", path, cases[i].path, cases[i].says);
		assert_string_equal(fail.text, says);
		unlink(path);
		free(path);
	}
}

static void assert_not_found(const char *scenario, const char *says)
{
	struct fail fail = FAIL_INIT;
	char *found = NULL;

	assert_int_equal(environment_find(scenario, &found, &fail), -1);
	assert_int_equal(fail.kind, FAIL_USAGE);
	assert_string_equal(fail.text, says);
}

static void the_environment_must_be_the_only_one(void **state)
{
	(void)state;
	char *scenario = write_file("s.json", "{\"backburn\":1}"), *a, *b;
	char says[600];

	snprintf(says, sizeof(says),
		"no environment stands beside %s (or in env/ there); name one with --on FILE",
		scenario);
	assert_not_found(scenario, says);
	a = write_file("a.json", ENVIRONMENT("\"nodes\":{}"));
	b = write_file("b.json", ENVIRONMENT("\"nodes\":{}"));
	snprintf(says, sizeof(says), "2 environments stand beside %s; choose one with --on: %s, %s",
		scenario, a, b);
	assert_not_found(scenario, says);
	unlink(a);
	unlink(b);
	unlink(scenario);
	free(a);
	free(b);
	free(scenario);
}

/* --- faults, limits, radius ------------------------------------------------------------------ */

static void more_prefixes_than_can_be_hit(void **state)
{
	(void)state;
	enum {
		ONE_TOO_MANY = 100001
	};
	cJSON *tree = given_tree(), *from = cJSON_CreateObject(), *list = cJSON_CreateArray();
	cJSON *phase = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "phases"), 1);
	struct scenario scenario;
	struct fail fail = FAIL_INIT;

	for (int i = 0; i < ONE_TOO_MANY; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
	cJSON_AddItemToObject(from, "prefixes", list);
	cJSON_ReplaceItemInObject(
		cJSON_GetArrayItem(cJSON_GetObjectItem(phase, "faults"), 0), "from", from);
	scenario = given_scenario(tree);
	assert_int_equal(scenario_check(&scenario, given_kept_catalogue(), &fail), -1);
	assert_string_equal(fail.path, "phases[1].faults[0].from.prefixes");
	assert_string_equal(fail.text, "names 100001 addresses and prefixes, more than 100000");
	scenario_deinit(&scenario);
}

/* No fault of ours has no prefixes; one of a later injector may. */
static void a_counterpart_that_a_fault_does_not_know(void **state)
{
	(void)state;
	static const char *const counterparts[] = {"'nodes':'rest'", "'prefixes':'10.0.0.9'",
		"'hosts':'db.example'", "'everything':true"};

	for (size_t i = 0; i < sizeof(counterparts) / sizeof(counterparts[0]); i++) {
		struct catalogue catalogue = given_catalogue();
		struct catalogue_fault *partition = NULL;
		cJSON *tree = given_tree();
		struct scenario scenario;
		struct fail fail = FAIL_INIT;
		char from[64];

		for (size_t f = 0; f < catalogue.count; f++)
			if (strcmp(catalogue.faults[f].name, "partition") == 0)
				partition = &catalogue.faults[f];
		if (!partition) {
			fail_msg("there is no partition");
			return;
		}
		partition->from_nodes = i != 0;
		partition->from_prefixes = i != 1;
		partition->from_hosts = i != 2;
		partition->from_everything = i != 3;
		snprintf(from, sizeof(from), "{%s}", counterparts[i]);
		given_set(tree, "phases[1].faults[0].from", from);
		scenario = given_scenario(tree);
		assert_int_equal(scenario_check(&scenario, &catalogue, &fail), -1);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		assert_string_equal(fail.path, "phases[1].faults[0].from");
		assert_string_equal(fail.text, "partition does not support this counterpart");
		scenario_deinit(&scenario);
		catalogue_deinit(&catalogue);
	}
}

/* A limit that can't be looked at is no limit that is kept. */
static void a_limit_on_an_unknown_group(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(given_tree());
	struct plan plan = given_plan(&scenario, given_kept_catalogue());
	struct list none = {0}, targets = {0};
	struct fail fail = FAIL_INIT;

	list_push_text(&targets, "n1");
	assert_int_equal(limits_check(&plan, &none, &targets, &fail), -1);
	assert_string_equal(fail.text, "limits: group \"members\" is not resolved");
	list_free_texts(&targets);
	plan_deinit(&plan);
	scenario_deinit(&scenario);
}

/* --- what a run says when it stops --------------------------------------------------------------
 */

static void assert_stop(cJSON *tree, int64_t outage_ns, const char *id, const char *says)
{
	struct hands hands;
	const cJSON *stop;

	hands_init(&hands, tree);
	hands.outage_ns = outage_ns;
	assert_true(hands_run(&hands, SECONDS(300)));
	assert_false(hands_anything_armed(&hands));
	stop = hands_event(&hands, "stop");
	assert_non_null(stop);
	assert_string_equal(json_string(stop, "id", ""), id);
	assert_string_equal(json_string(stop, "text", ""), says);
	hands_deinit(&hands);
}

static void stops_name_their_reason(void **state)
{
	(void)state;
	static const char *const endings[] = {"'fail'", "'stop'"};
	cJSON *tree = given_tree();

	given_set(tree, "guardrails.limits.run", "'45s'");
	assert_stop(tree, 0, "limits.run", "the run reached its limit of 45s");
	assert_stop(given_tree(), SECONDS(1000), "outage",
		"guardrail outage: no good event of avail for 8s");
	for (size_t i = 0; i < 2; i++) {
		tree = given_tree();
		given_set(tree, "phases[2].on_timeout", endings[i]);
		given_set(tree, "phases[2].at_most", "'12s'");
		given_set(tree, "guardrails.stop_if[0].no_good_for", "'100s'");
		assert_stop(tree, SECONDS(1000), "settle",
			"phase settle did not meet its condition in time");
	}
	tree = given_tree();
	given_set(tree, "guardrails.limits.protect", "['leader']");
	assert_stop(tree, 0, "cut-leader", "limits: node \"n2\" is protected");
	tree = given_tree();
	given_set(tree, "guardrails.limits.of_group[0].max_fraction", "0.3");
	assert_stop(tree, 0, "cut-leader",
		"limits: 1 of the 3 nodes of group \"members\" would be hit (0.333); at most 0.3 "
		"is "
		"allowed");
}

static enum behaviour nobody_answers(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_QUERY ? NEVER_ANSWER : BEHAVE;
}

static void assert_said(struct hands *hands, const char *says)
{
	assert_true(hands_run(hands, SECONDS(300)));
	assert_non_null(hands_event(hands, "stop"));
	assert_string_equal(json_string(hands_event(hands, "stop"), "text", ""), says);
	hands_deinit(hands);
}

static enum behaviour n1_answers_nothing(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_QUERY && strcmp(action->node, "n1") == 0 ? NEVER_ANSWER
									       : BEHAVE;
}

static enum behaviour n1_says_no(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_INSPECT && strcmp(action->node, "n1") == 0 ? REFUSE : BEHAVE;
}

static enum behaviour n1_arms_late(struct hands *hands, const struct action *action)
{
	(void)hands;
	return action->kind == ACTION_ARM && strcmp(action->node, "n1") == 0 ? BE_SLOW : BEHAVE;
}

/* Nothing but the words: none of these runs touched a node for longer than it should. */
static void what_nodes_do_not_do_is_named(void **state)
{
	(void)state;
	struct fail no_program = {.kind = FAIL_REFUSED, .text = "there is no program \"x\""};
	cJSON *tree = given_tree();
	struct hands hands;

	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_STARTING, SECONDS(100)));
	hands_feed(&hands,
		(struct event){
			.kind = EVENT_PROBES_STARTED, .node = "client", .fail = &no_program});
	assert_said(&hands, "the probes could not start: there is no program \"x\"");
	/* One of them is the leader, but another might say so, too. */
	hands_init(&hands, given_tree());
	hands.behave = n1_answers_nothing;
	assert_said(&hands, "the group's nodes did not answer");
	hands_init(&hands, given_tree());
	hands.behave = n1_says_no;
	assert_said(&hands, "fault cut-leader is not possible on n1: the policy says no");
	given_set(tree, "phases[1].for", "'2s'");
	hands_init(&hands, tree);
	hands.behave = n1_arms_late;
	assert_said(&hands, "fault cut-leader was over before every node had armed it");
}

static void what_ends_a_run_from_outside_is_named(void **state)
{
	(void)state;
	struct fail broken = {.kind = FAIL_PEER, .text = "killed"};
	struct hands hands;

	for (int number = 2; number <= 15; number += 13) {
		hands_init(&hands, given_tree());
		assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
		hands_signal(&hands, number);
		assert_said(
			&hands, number == 2 ? "stopped by SIGINT (Ctrl-C)" : "stopped by SIGTERM");
	}
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	hands_lose(&hands, "n1");
	assert_said(&hands, "the injector on n1 was lost: the pipe broke");
	hands_init(&hands, given_tree());
	assert_true(hands_run_to(&hands, ENGINE_ARMING, SECONDS(100)));
	hands_feed(&hands,
		(struct event){.kind = EVENT_PROBER_LOST, .node = "client", .fail = &broken});
	assert_said(&hands, "the prober at client was lost: killed");
}

static void what_a_run_finds_is_named(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct hands hands;

	/* Not steady before. */
	hands_init(&hands, tree);
	hands.bad_from_ns = SECONDS(5);
	hands.bad_to_ns = SECONDS(6);
	assert_said(&hands,
		"not steady before the fault: precondition steady is VIOLATED: 50 of 1491 bad "
		"(96.6 % good); 99 % is held with at most 8 bad, violated from 22");
	/* Two names, and one node. */
	tree = given_tree();
	given_set(tree, "phases[1].faults[0]",
		"{'id':'cut-leader','fault':'partition','on':{'nodes':['n2','leader']}}");
	hands_init(&hands, tree);
	assert_said(&hands, "fault cut-leader acts between the nodes it is on, and there is 1");
	/* Nobody says whether it is the leader. */
	hands_init(&hands, given_tree());
	hands.behave = nobody_answers;
	assert_said(&hands, "group \"leader\" must have 1 nodes; 0 found");
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environments_that_contradict_themselves),
		cmocka_unit_test(the_environment_must_be_the_only_one),
		cmocka_unit_test(more_prefixes_than_can_be_hit),
		cmocka_unit_test(a_counterpart_that_a_fault_does_not_know),
		cmocka_unit_test(a_limit_on_an_unknown_group),
		cmocka_unit_test(stops_name_their_reason),
		cmocka_unit_test(what_nodes_do_not_do_is_named),
		cmocka_unit_test(what_ends_a_run_from_outside_is_named),
		cmocka_unit_test(what_a_run_finds_is_named),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
