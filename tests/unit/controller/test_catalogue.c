/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/plan/catalogue_print.h"
#include "given.h"

/* What an injector publishes of a kind of fault, as people and editors get to see it. */

/* Everything that parameters can be: words, ranges, lists of values and of objects, maps. */
static const char published[] =
	"{'catalogue':1,'faults':[{'name':'slow','summary':'hold packets back','on':['nodes'],"
	"'from':['nodes','everything'],'sides':'on','alone':true,'within':true,'did':'delayed',"
	"'expires':'kernel','capability':'lane','params':{'name':'slow','fields':["
	"{'key':'delay','kind':'duration','min':1000000,'max':10000000000,'required':true,"
	"'help':'how long'},"
	"{'key':'loss','kind':'ratio','min':0,'max':0.5,'of':3},"
	"{'key':'type','kind':'enum','words':['even','normal','pareto'],'default':'normal'},"
	"{'key':'points','kind':'list','item':'object','help':'a distribution','object':{'name':"
	"'point','fields':[{'key':'quantile','kind':'ratio','required':true},{'key':'delay',"
	"'kind':'duration','required':true,'help':'at that quantile'}]}},"
	"{'key':'steps','kind':'list','item':'duration','one_is_list':true},"
	"{'key':'drops','kind':'names'},"
	"{'key':'queue','kind':'integer','min':1,'max':100,'unit':'packets','needs':'delay'}]}},"
	"{'name':'plain','summary':'nothing to say','on':['nodes'],'from':[],'sides':'on',"
	"'expires':'kernel','capability':'x','params':{'name':'plain','fields':[]}}]}";

static struct catalogue parsed(void)
{
	cJSON *json = given_json("%s", published);
	char *text = json_print(json);
	struct catalogue catalogue;
	struct fail fail = FAIL_INIT;

	if (catalogue_parse(&catalogue, text, strlen(text), &fail) < 0)
		fail_msg("%s", fail.text);
	free(text);
	cJSON_Delete(json);
	return catalogue;
}

static char *explained(const struct catalogue *catalogue, const char *name)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	catalogue_explain(out, catalogue_find(catalogue, name));
	fclose(out);
	return text;
}

static void a_fault_is_explained_with_all_that_is_nested(void **state)
{
	struct catalogue catalogue = parsed();
	char *text = explained(&catalogue, "slow");

	(void)state;
	assert_string_equal(text,
		"slow: hold packets back\n"
		"on:   nodes\n"
		"from: nodes, everything; or none: then between the nodes of \"on\"\n"
		"      no two of them on one path at one time\n"
		"with:\n"
		"  delay        duration, 1ms to 10s, required\n"
		"               how long\n"
		"  loss         ratio, 0 to 0.5, with type even or normal\n"
		"  type         enum: even | normal | pareto, default \"normal\"\n"
		"  points       list of objects\n"
		"               a distribution\n"
		"    quantile     ratio, required\n"
		"    delay        duration, required\n"
		"                 at that quantile\n"
		"  steps        list of durations, or one alone\n"
		"  drops        object of lists of names\n"
		"  queue        integer, 1 to 100, in packets, only with delay\n");
	free(text);
	text = explained(&catalogue, "plain");
	assert_string_equal(
		text, "plain: nothing to say\non:   nodes\nfrom:\nwith: no parameters\n");
	free(text);
	catalogue_deinit(&catalogue);
}

static void what_is_published_is_known(void **state)
{
	struct catalogue catalogue = parsed();
	const struct catalogue_fault *slow = catalogue_find(&catalogue, "slow");
	const struct catalogue_fault *plain = catalogue_find(&catalogue, "plain");

	(void)state;
	assert_true(slow->alone && slow->within);
	assert_string_equal(slow->did, "delayed");
	assert_false(plain->alone || plain->within);
	assert_null(plain->did);
	catalogue_deinit(&catalogue);
}

/* With shape or drops a kind that may do without "from" is told how it acts; others need neither.
 */
static void nested_parameters_are_checked_in_their_places(void **state)
{
	static const struct {
		const char *with, *path;
	} cases[] = {
		{"{'delay':'5ms','points':[{'quantile':0.5,'delay':'1ms'}],'drops':{'n1':['n2']}}",
			NULL},
		{"{'delay':'5ms','points':[{'quantile':0.5,'delay':'1ms'},{'quantile':2,'delay':"
		 "'1ms'}]}",
			"with.points[1].quantile"},
		{"{'delay':'5ms','points':[{'quantile':0.5}]}", "with.points[0]"},
		{"{'delay':'5ms','steps':['1ms','x']}", "with.steps[1]"},
		{"{'delay':'5ms','steps':'1ms'}", NULL},
		{"{'delay':'5ms','drops':{'n1':[]}}", "with.drops.n1"},
		{"{'delay':'0ms'}", "with.delay"},
	};
	struct catalogue catalogue = parsed();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *with = given_json("%s", cases[i].with);
		struct fail fail = FAIL_INIT;
		int outcome = shape_decode(
			catalogue_find(&catalogue, "slow")->params, with, "with", NULL, &fail);

		assert_int_equal(outcome, cases[i].path ? -1 : 0);
		if (cases[i].path)
			assert_string_equal(fail.path, cases[i].path);
		cJSON_Delete(with);
	}
	catalogue_deinit(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_explained_with_all_that_is_nested),
		cmocka_unit_test(what_is_published_is_known),
		cmocka_unit_test(nested_parameters_are_checked_in_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
