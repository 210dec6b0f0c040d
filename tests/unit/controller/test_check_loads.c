/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "controller/files/loads.h"
#include "controller/plan/check.h"
#include "given.h"

/* What the keys of a load ask of one another, of the phases, and of what speaks of it. */

#define HTTP "'http':{'url':'http://shop:80/'}"
#define SHOP(more) "{'model':'load','from':'client'," more "}"
#define USUAL SHOP(HTTP ",'arrivals':[{'rate':50}],'timeout':'500ms','retry':{'attempts':3}")

/* The scenario with that load "shop", and one thing more in its place. */
static cJSON *tree_with(const char *shop, const char *path, const char *json)
{
	cJSON *tree = given_tree();

	given_set(tree, "workloads.shop", shop);
	if (path)
		given_set(tree, path, json);
	return tree;
}

static int outcome_of(cJSON *tree, struct fail *fail)
{
	struct scenario scenario;
	int outcome;

	if (scenario_from_merged(&scenario, tree, fail) < 0)
		return -1;
	outcome = scenario_check(&scenario, given_kept_catalogue(), fail);
	scenario_deinit(&scenario);
	return outcome;
}

struct refused {
	const char *shop;
	const char *path; /* below "workloads.shop" */
	const char *text;
};

static const struct refused load_cases[] = {
	{SHOP(HTTP), "", "model \"load\" needs the key \"arrivals\""},
	{SHOP("'arrivals':[{'rate':50}]"), "", "model \"load\" needs the key \"http\""},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'rate':5"), ".rate",
		"does not belong to model \"load\", which has: http, to, arrivals, retry, "
		"inside_radius"},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'final_read':{'from_each':'members'}"), ".final_read",
		"does not belong to model \"load\", which has: http, to, arrivals, retry, "
		"inside_radius"},
	{SHOP("'http':{'url':'http://shop/','timeout':'1s'},'arrivals':[{'rate':50}]"),
		".http.timeout", "unknown key \"timeout\" in http"},
	{SHOP("'http':{'url':'shop:80'},'arrivals':[{'rate':50}]"), ".http.url",
		"must begin with http:// or https://"},
	{SHOP("'http':{'url':'http://{node.addr}/'},'arrivals':[{'rate':50}]"), ".http.url",
		"unknown placeholder {node.addr}; known here: {n}, {uuid}, {group.NAME.addrs} of a "
		"group that exists, {var.NAME}"},
	{SHOP(HTTP ",'to':{'group':'members','policy':'any'},'arrivals':[{'rate':50}]"), ".to",
		"the events go to the nodes of a group, but nothing in the probe depends on the "
		"node: use {node.addr} or {node.name}"},
	{SHOP("'http':{'url':'http://{node.addr}/'},'to':{'group':'membrs','policy':'any'},"
	      "'arrivals':[{'rate':50}]"),
		".to.group", "no group named \"membrs\" (did you mean \"members\"?)"},
	{SHOP("'http':{'url':'http://x/','tls':{'ca':'a.pem'}},'arrivals':[{'rate':50}]"),
		".http.tls", "needs a \"url\" that begins with https://, not http://"},
};

static const struct refused arrival_cases[] = {
	{SHOP(HTTP ",'arrivals':[]"), ".arrivals", "must not be empty"},
	{SHOP(HTTP ",'arrivals':[{'rate':50},{'rate':60}]"), ".arrivals[0]",
		"a step without \"for\" never ends: only the last may go without"},
	{SHOP(HTTP ",'arrivals':[{'rate':50,'to':60}]"), ".arrivals[0].to",
		"\"to\" needs the key \"for\" beside it"},
	{SHOP(HTTP ",'arrivals':[{'rate':0,'for':'5s'}]"), ".arrivals[0].rate",
		"must be from 0.1 to 5000, not 0"},
	{SHOP(HTTP ",'arrivals':[{'rate':50,'for':'5s'},{'rate':9,'for':'2m'},{'rate':1}]"),
		".arrivals[2]",
		"begins 125s after the first request, and all phases last 90s at most"},
};

static const struct refused retry_cases[] = {
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'retry':{'backoff':'1s'}"), ".retry",
		"retry needs the key \"attempts\""},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'retry':{'attempts':21}"), ".retry.attempts",
		"must be from 1 to 20, not 21"},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'retry':{'attempts':2,'backoff':'2s','max':'1s'}"),
		".retry.max", "no pause is longer than 1s, and the first one is to be 2s"},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'retry':{'attempts':2,'on':'content'}"), ".retry.on",
		"no attempt ends as \"content\" without \"http.expect.body\""},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'retry':{'attempts':2,'on':['dropped']}"),
		".retry.on[0]",
		"\"dropped\" is not one of timeout, connect, broken, status, content"},
	{SHOP(HTTP ",'arrivals':[{'rate':50,'to':2000,'for':'5s'}],'retry':{'attempts':3}"),
		".retry.attempts",
		"2000 requests a second with 3 attempts each are 6000 attempts a second when "
		"nothing is answered, and a prober sends at most 5000"},
	{SHOP(HTTP ",'arrivals':[{'rate':50}],'timeout':'30s','retry':{'attempts':3,"
		   "'backoff':'1s'}"),
		".retry", "a request may take 93s with all attempts and pauses, and 60s at most"},
};

static void assert_refused(const struct refused *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fail fail = FAIL_INIT;
		char path[FAIL_PATH_MAX];

		snprintf(path, sizeof(path), "workloads.shop%s", cases[i].path);
		assert_int_equal(outcome_of(tree_with(cases[i].shop, NULL, NULL), &fail), -1);
		if (strcmp(fail.path, path) != 0 || strcmp(fail.text, cases[i].text) != 0)
			fail_msg(
				"%s\n is refused with %s: %s", cases[i].shop, fail.path, fail.text);
	}
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void what_contradicts_itself_is_refused(void **state)
{
	(void)state;
	assert_refused(load_cases, COUNT_OF(load_cases));
	assert_refused(arrival_cases, COUNT_OF(arrival_cases));
	assert_refused(retry_cases, COUNT_OF(retry_cases));
}

static void loads_that_make_sense_are_taken(void **state)
{
	static const char *const taken[] = {
		USUAL,
		SHOP(HTTP ",'arrivals':[{'rate':50}]"),
		SHOP(HTTP ",'arrivals':[{'rate':50,'for':'5s'},{'rate':50,'to':100,'for':'5s'}]"),
		/* A budget bounds what attempts alone would not. */
		SHOP(HTTP ",'arrivals':[{'rate':2000}],'timeout':'100ms','retry':{'attempts':20,'"
			  "backoff':'0s',"
			  "'budget':0.2}"),
		SHOP("'http':{'url':'http://x/','expect':{'body':{'contains':'ok'}}},"
		     "'arrivals':[{'rate':50}],'retry':{'attempts':2,'on':['content']}"),
		SHOP("'http':{'url':'https://{node.addr}/','method':'POST','body':{'text':"
		     "'{n}'},'headers':{'A':{'secret':'token'}},'connection':'fresh','tls':"
		     "{'verify':false}},'to':{'group':'members','policy':'each'},"
		     "'arrivals':[{'rate':50}]"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct fail fail = FAIL_INIT;
		cJSON *tree = tree_with(taken[i], "secrets", "{'token':{'env':'T'}}");

		if (outcome_of(tree, &fail) < 0)
			fail_msg("%s\n is refused with %s: %s", taken[i], fail.path, fail.text);
	}
}

/* --- what speaks of loads ---------------------------------------------------------------- */

static void others_speak_of_loads_as_they_are(void **state)
{
	static const struct {
		const char *path, *json, *at, *text;
	} cases[] = {
		{"slos.shop", "{'probe':'shop','good':{'outcome':'ok'},'objective':0.9}",
			"slos.shop.probe", "\"shop\" is a load: name it as \"workload\""},
		{"slos.shop", "{'workload':'shp','good':{'outcome':'ok'},'objective':0.9}",
			"slos.shop.workload", "no load named \"shp\" (did you mean \"shop\"?)"},
		{"slos.shop", "{'workload':'acked','good':{'outcome':'ok'},'objective':0.9}",
			"slos.shop.workload",
			"workload \"acked\" is a set: only a load has requests that an SLO counts"},
		{"slos.shop", "{'good':{'outcome':'ok'},'objective':0.9}", "slos.shop",
			"slo needs exactly one of \"probe\" and \"workload\""},
		{"slos.shop", "{'workload':'shop','good':{'attempts_le':3},'objective':0.9}",
			"slos.shop.good.attempts_le",
			"no request of \"shop\" takes more: its retry.attempts is 3"},
		{"slos.avail.good", "{'attempts_le':1}", "slos.avail.good.attempts_le",
			"each event of probe \"put\" is one attempt: only loads try again"},
		{"slos.shop", "{'workload':'shop','good':{'value_lt':3},'objective':0.9}",
			"slos.shop.good.value_lt",
			"probe \"shop\" reads no number: only types \"metric\" and \"prometheus\" "
			"do"},
		{"invariants[0]", "{'id':'c','data':{'workload':'shop','max_lost':0}}",
			"invariants[0].data.workload",
			"workload \"shop\" is a load: it has no data that could be lost"},
		{"invariants[0]",
			"{'id':'c','in':'before','holds':{'probe':'shop','quantile':0.9,"
			"'below':'2s'}}",
			"invariants[0].holds.below",
			"no answer can be seen to take 2s: probe \"shop\" waits for 1.8s at most"},
		{"guardrails.stop_if[0]", "{'id':'deaf','no_data_for':'1.8s'}",
			"guardrails.stop_if[0].no_data_for",
			"stop rule \"deaf\" could fire while all is well: a request of load "
			"\"shop\" may take 1.8s with all attempts and pauses, and is told of after "
			"that; the rule waits for 1.8s"},
		{"probes.shop",
			"{'type':'http','from':'client','url':'http://x/','rate':5,'timeout':'1s'}",
			"workloads.shop",
			"there is a probe \"shop\", too: claims could not tell them apart"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fail fail = FAIL_INIT;

		if (outcome_of(tree_with(USUAL, cases[i].path, cases[i].json), &fail) == 0)
			fail_msg("%s is taken", cases[i].json);
		if (strcmp(fail.path, cases[i].at) != 0 || strcmp(fail.text, cases[i].text) != 0)
			fail_msg(
				"%s\n is refused with %s: %s", cases[i].json, fail.path, fail.text);
	}
}

/* A slice of a load may be as poor as the load ever is. */
static void a_slice_needs_a_request_of_the_lowest_step(void **state)
{
	(void)state;
	struct fail fail = FAIL_INIT;
	cJSON *tree =
		tree_with(SHOP(HTTP ",'arrivals':[{'rate':50,'for':'5s'},{'rate':2}]"), "slos.shop",
			"{'workload':'shop','good':{'outcome':'ok'},'objective':0.9,'budgeting':"
			"'timeslices','slice':'100ms','slice_objective':0.9}");

	assert_int_equal(outcome_of(tree, &fail), -1);
	assert_string_equal(fail.path, "slos.shop.slice");
	assert_string_equal(fail.text,
		"a slice would hold 0.2 events, and one without any is not good: a longer slice, "
		"or "
		"a "
		"higher rate of probe \"shop\"");
}

/* --- samples ----------------------------------------------------------------------------- */

static int64_t samples_in(const char *arrivals, const char *phase)
{
	char shop[256];
	cJSON *tree;
	struct scenario scenario;
	struct list in = {.items = &phase, .count = 1};
	int64_t samples;

	snprintf(shop, sizeof(shop), "{'model':'load','from':'client'," HTTP ",'arrivals':%s}",
		arrivals);
	tree = tree_with(
		shop, "slos.shop", "{'workload':'shop','good':{'outcome':'ok'},'objective':0.9}");
	scenario = given_scenario(tree);
	samples = phases_samples(&scenario, scenario_slo(&scenario, "shop"), &in, 0);
	scenario_deinit(&scenario);
	return samples;
}

/* before lasts 30 s, cut 10 s: what comes before a phase's earliest start is no matter of it. */
static void samples_are_what_can_be_promised(void **state)
{
	(void)state;
	assert_int_equal(samples_in("[{'rate':50}]", "before"), 1500);
	assert_int_equal(samples_in("[{'rate':5,'for':'30s'},{'rate':50}]", "before"), 150);
	assert_int_equal(samples_in("[{'rate':5,'for':'30s'},{'rate':50}]", "cut"), 500);
	/* Half way up the ramp. */
	assert_int_equal(samples_in("[{'rate':10,'to':50,'for':'60s'}]", "cut"), 300);
	/* Later it gets less, and nobody knows how late the phase begins. */
	assert_int_equal(samples_in("[{'rate':50,'for':'45s'},{'rate':20}]", "cut"), 200);
}

static void a_load_is_a_probe_of_its_name(void **state)
{
	(void)state;
	struct scenario scenario = given_scenario(tree_with(
		SHOP(HTTP
			",'arrivals':[{'rate':5,'to':80,'for':'5s'},{'rate':7}],'timeout':'500ms',"
			"'retry':{'attempts':3,'backoff':'200ms'}"),
		"slos.shop", "{'workload':'shop','good':{'attempts_le':1},'objective':0.9}"));
	const struct probe_spec *probe = scenario_probe(&scenario, "shop");

	assert_non_null(probe);
	assert_ptr_equal(probe->load, scenario_load_named(&scenario, "shop"));
	assert_int_equal(probe->type, PROBE_HTTP);
	assert_true(probe->rate == 80);
	assert_int_equal(probe_longest_ns(probe), 2100 * NS_PER_MS);
	assert_string_equal(scenario_slo(&scenario, "shop")->probe, "shop");
	assert_null(scenario_workload(&scenario, "shop"));
	assert_non_null(scenario_workload(&scenario, "acked"));
	assert_int_equal(probe_longest_ns(scenario_probe(&scenario, "put")), 300 * NS_PER_MS);
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_contradicts_itself_is_refused),
		cmocka_unit_test(loads_that_make_sense_are_taken),
		cmocka_unit_test(others_speak_of_loads_as_they_are),
		cmocka_unit_test(a_slice_needs_a_request_of_the_lowest_step),
		cmocka_unit_test(samples_are_what_can_be_promised),
		cmocka_unit_test(a_load_is_a_probe_of_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
