/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/plan/check.h"
#include "given.h"

/* Files: parts and parameters put in, errors with file and line, and the scenarios we ship. */

static char folder[] = "/tmp/backburn-files-XXXXXX";

static char *file(const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", folder, name) >= 0);
	return path;
}

/* Writes a file with ' for "; returns its path, for the caller to free. */
static char *write_file(const char *name, const char *text)
{
	char *path = file(name);
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (; *text; text++)
		fputc(*text == '\'' ? '"' : *text, out);
	fclose(out);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	DIR *dir = opendir(folder);

	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.') {
			char *path = file(entry->d_name);

			unlink(path);
			free(path);
		}
	closedir(dir);
	return rmdir(folder);
}

#define REST                                                                                       \
	"'title': 't', 'hypothesis': 'h', 'phases': [{'id': 'p', 'for': '1s'}],\n"                 \
	"'invariants': [{'id': 'i', 'in': 'p', 'holds': {'slo': 's'}}],\n"                         \
	"'guardrails': {'limits': {'fault': '1s', 'run': '2s'}, 'stop_if': []}}\n"

/* Loads s.json; what goes wrong is "file:line: path: text" without the folder. */
static char *load(const char *text, const struct param_values *values, struct scenario *out)
{
	char *path = write_file("s.json", text), *said = NULL;
	struct sources sources = {0};
	struct fail fail = FAIL_INIT;

	if (scenario_load(out, &sources, path, values, &fail) < 0) {
		const char *shown = fail.text;

		if (strncmp(shown, folder, strlen(folder)) == 0)
			shown += strlen(folder) + 1;
		said = strdup(shown);
	}
	sources_deinit(&sources);
	free(path);
	return said;
}

static void load_good(
	const char *text, const struct param_values *values, struct scenario *scenario)
{
	char *bad = load(text, values, scenario);
	char said[512] = "";

	if (bad)
		snprintf(said, sizeof(said), "%s", bad);
	free(bad);
	assert_string_equal(said, "");
}

static void assert_said(const char *text, const char *expected)
{
	struct scenario scenario;
	char *said = load(text, NULL, &scenario);

	if (!said)
		fail_msg("%s was taken", text);
	assert_string_equal(said, expected);
	free(said);
}

static void errors_say_file_line_and_path(void **state)
{
	(void)state;
	assert_said("", "s.json:1: not valid JSON: the text ends before the value does");
	assert_said("[]", "s.json:1: must be an object, not a list");
	assert_said("{}", "s.json:1: has no key \"backburn\" at its top level");
	assert_said("{\n'name':'x',\n'backburn': 2}",
		"s.json:3: backburn: must be 1, the only format of this version");
	assert_said("{'backburn':1,\n'a':{'b':1,\n'b':2}}",
		"s.json:2: a.b: the key \"b\" stands here twice");
	assert_said("{'backburn':1,\n\n'nme':'x'," REST,
		"s.json:3: nme: unknown key \"nme\" in scenario (did you mean \"name\"?)");
	/* A key that is not there is looked for at its parent. */
	assert_said("{'backburn':1," REST, "s.json:1: scenario needs the key \"name\"");
	assert_said("{'backburn':1,'name':'x',\n'probes':{\n'p':{'type':'http'}}," REST,
		"s.json:3: probes.p: probe needs the key \"from\"");
	assert_said("{'backburn':1,'name':'x',\n'groups':{'g':\n{'count':{'mni':1}}}," REST,
		"s.json:3: groups.g.count.mni: unknown key \"mni\" in count; it may hold min and "
		"max");
	assert_said("{'backburn':1,'name':'x','groups':{'g':{'nodes':'n','count':0.5}}," REST,
		"s.json:1: groups.g.count: must be a whole number from 1 to 100000");
	assert_said("{'backburn':1,'name':'x','groups':{'g':{'nodes':'n','count':"
		    "{'min':3,'max':2}}}," REST,
		"s.json:1: groups.g.count: min must be at most max");
}

static void counts_are_exact_or_bounds(void **state)
{
	(void)state;
	struct scenario scenario;
	const struct group_spec *groups;

	load_good("{'backburn':1,'name':'x','groups':{'a':{'nodes':'n'},"
		  "'b':{'nodes':'n','count':2},'c':{'nodes':'n','count':{'max':4}},"
		  "'d':{'nodes':'n','count':{'min':3}}}," REST,
		NULL, &scenario);
	groups = scenario.groups.items;
	assert_int_equal(groups[0].count.min, 1);
	assert_int_equal(groups[0].count.max, 100000);
	assert_int_equal(groups[1].count.min, 2);
	assert_int_equal(groups[1].count.max, 2);
	assert_int_equal(groups[2].count.min, 1);
	assert_int_equal(groups[2].count.max, 4);
	assert_int_equal(groups[3].count.min, 3);
	scenario_deinit(&scenario);
}

/* --- parts ------------------------------------------------------------------------------------ */

static void parts_are_merged(void **state)
{
	(void)state;
	char *part = write_file("part.json",
		"{'$schema':'x','backburn_part':1,\n'groups':{'g':{'nodes':'n'}},\n"
		"'slos':{'s':{'probe':'p','good':{'outcome':'ok'},'objective':0.9}}}");
	struct scenario scenario;

	load_good("{'backburn':1,'name':'x','use':['part.json'],\n"
		  "'groups':{'own':{'in':'g'}}," REST,
		NULL, &scenario);
	assert_non_null(scenario_group(&scenario, "g"));
	assert_non_null(scenario_group(&scenario, "own"));
	assert_non_null(scenario_slo(&scenario, "s"));
	assert_null(scenario_slo(&scenario, "g"));
	scenario_deinit(&scenario);
	free(part);
}

static void errors_in_parts_name_the_part(void **state)
{
	(void)state;
	static const struct {
		const char *part, *said;
	} cases[] = {
		{"{'backburn_part':1,\n\n'phases':[]}",
			"part.json:3: phases: unknown key \"phases\" in a part; it may hold "
			"groups, "
			"probes, slos and workloads"},
		{"{'backburn_part':1,\n'groups':[]}",
			"part.json:2: groups: must be an object, not a list"},
		{"{'backburn_part':1,\n'groups':{\n'own':{'nodes':'x'}}}",
			"part.json:3: groups.own: \"own\" is defined here and in the scenario or "
			"another part"},
		{"{'backburn_part':1,\n'groups':{\n'g':{'nodes':'x',\n'pick':0}}}",
			"part.json:4: groups.g.pick: must be from 1 to 100000, not 0"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *part = write_file("part.json", cases[i].part);

		assert_said("{'backburn':1,'name':'x','use':['part.json'],\n"
			    "'groups':{'own':{'nodes':'n'}}," REST,
			cases[i].said);
		free(part);
	}
	assert_said("{'backburn':1,'name':'x',\n'use':[7]," REST,
		"s.json:2: use[0]: must be the name of a part's file");
}

static void a_missing_part_is_told_by_name(void **state)
{
	(void)state;
	struct scenario scenario;
	char *said = load("{'backburn':1,'name':'x',\n'use':['none.json']," REST, NULL, &scenario);

	assert_non_null(strstr(said, "s.json:2: use[0]: "));
	assert_non_null(strstr(said, "none.json: No such file or directory"));
	free(said);
	free(write_file("part.json", "{'backburn':1}"));
	said = load("{'backburn':1,'name':'x',\n'use':['part.json']," REST, NULL, &scenario);
	assert_non_null(strstr(said, "s.json:2: use[0]: "));
	assert_non_null(strstr(said, "part.json:1: has no key \"backburn_part\" at its top level"));
	free(said);
}

/* --- parameters --------------------------------------------------------------------------------
 */

#define WITH_PARAMS                                                                                \
	"{'backburn':1,'name':'x','params':{"                                                      \
	"'d':{'type':'duration','default':'2s','min':'1s','max':'1m'},"                            \
	"'i':{'type':'integer','default':3,'min':1,'max':5},"                                      \
	"'n':{'type':'number','default':0.5},'r':{'type':'ratio','default':0.9},"                  \
	"'t':{'type':'string','default':'word'}},\n"                                               \
	"'tags':['{param.t}-{param.i}-{param.d}-{n}'],\n"                                          \
	"'groups':{'g':{'nodes':'{param.t}','within':{'param':'d'},'pick':{'param':'i'}}},\n"      \
	"'slos':{'s':{'probe':'p','good':{'outcome':'ok'},'objective':{'param':'r'}}},\n" REST

static const char *tag(const struct scenario *scenario)
{
	return *LIST_AT(scenario->tags, char *, 0);
}

static void defaults_are_put_in(void **state)
{
	(void)state;
	char *text = strdup(WITH_PARAMS);
	struct scenario scenario;

	/* A name can't hold braces, so the text is put in before the table sees it. */
	load_good(text, NULL, &scenario);
	assert_string_equal(tag(&scenario), "word-3-2s-{n}");
	assert_string_equal(*LIST_AT(scenario_group(&scenario, "g")->nodes, char *, 0), "word");
	assert_int_equal(scenario_group(&scenario, "g")->within_ns, SECONDS(2));
	assert_int_equal(scenario_group(&scenario, "g")->pick, 3);
	assert_true(scenario_slo(&scenario, "s")->objective == 0.9);
	scenario_deinit(&scenario);
	free(text);
}

static void given_values_win(void **state)
{
	(void)state;
	static const struct param_value items[] = {
		{"d", "1m"}, {"i", "5"}, {"t", "other"}, {"r", "0.99"}};
	const struct param_values values = {.items = items, .count = 4};
	struct scenario scenario;

	load_good(WITH_PARAMS, &values, &scenario);
	assert_string_equal(tag(&scenario), "other-5-1m-{n}");
	assert_int_equal(scenario_group(&scenario, "g")->within_ns, SECONDS(60));
	assert_true(scenario_slo(&scenario, "s")->objective == 0.99);
	/* What was decoded is what the journal keeps. */
	assert_null(strstr(tag(&scenario), "param"));
	scenario_deinit(&scenario);
}

static void bad_values_are_usage_errors(void **state)
{
	(void)state;
	static const struct {
		struct param_value value;
		const char *said;
	} cases[] = {
		{{"d", "61s"}, "--param d: \"61s\" is above the parameter's max"},
		{{"d", "999ms"}, "--param d: \"999ms\" is below the parameter's min"},
		{{"d", "5"}, "--param d: \"5\" is not of type duration"},
		{{"i", "6"}, "--param i: 6 is above the parameter's max"},
		{{"i", "0"}, "--param i: 0 is below the parameter's min"},
		{{"i", "2.5"}, "--param i: 2.5 is not of type integer"},
		{{"i", "two"}, "--param i: \"two\" is not of type integer"},
		{{"i", ""}, "--param i: \"\" is not of type integer"},
		{{"n", "nan"}, "--param n: null is not of type number"},
		{{"n", "inf"}, "--param n: null is not of type number"},
		{{"i", "1e300"}, "--param i: 1e+300 is above the parameter's max"},
		{{"r", "1.5"}, "--param r: 1.5 is not of type ratio"},
		{{"z", "1"}, "--param z: the scenario declares no such parameter"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct param_values values = {.items = &cases[i].value, .count = 1};
		char *path = write_file("s.json", WITH_PARAMS);
		struct scenario scenario;
		struct sources sources = {0};
		struct fail fail = FAIL_INIT;

		assert_int_equal(scenario_load(&scenario, &sources, path, &values, &fail), -1);
		assert_int_equal(fail.kind, FAIL_USAGE);
		assert_string_equal(fail.text, cases[i].said);
		sources_deinit(&sources);
		free(path);
	}
}

static void unknown_parameters_have_a_place(void **state)
{
	(void)state;
	assert_said("{'backburn':1,'name':'x',\n'seed':{'param':'sed'}," REST,
		"s.json:2: seed: no parameter named \"sed\" is declared under \"params\"");
	assert_said("{'backburn':1,'name':'x',\n'tags':['a',\n'{param.b}']," REST,
		"s.json:3: tags[1]: no parameter named \"b\" is declared under \"params\"");
	assert_said("{'backburn':1,'name':'x','seed':{'param':'s'},\n'params':{'s':"
		    "{'type':'integer',\n'default':'x'}}," REST,
		"s.json:3: params.s.default: \"x\" is not of type integer");
	assert_said("{'backburn':1,'name':'x','seed':{'param':'s'},\n'params':{'s':"
		    "{'type':'quark','default':1}}," REST,
		"s.json:2: params.s.default: the parameter needs a known type and a default");
}

/* --- what we ship ------------------------------------------------------------------------------
 */

static void shipped_scenarios_are_sound(void **state)
{
	(void)state;
	DIR *dir = opendir(SCENARIOS);
	struct catalogue catalogue = given_catalogue();
	size_t checked = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct scenario scenario;
		struct sources sources = {0};
		struct fail fail = FAIL_INIT;
		char *path = NULL;

		if (!strstr(entry->d_name, ".json"))
			continue;
		assert_true(asprintf(&path, "%s/%s", SCENARIOS, entry->d_name) >= 0);
		if (source_has_kind(path, "backburn")) {
			if (scenario_load(&scenario, &sources, path, NULL, &fail) < 0)
				fail_msg("%s", fail.text);
			if (scenario_check(&scenario, &catalogue, &fail) < 0) {
				sources_explain(&sources, &fail);
				fail_msg("%s", fail.text);
			}
			scenario_deinit(&scenario);
			sources_deinit(&sources);
			checked++;
		}
		free(path);
	}
	closedir(dir);
	catalogue_deinit(&catalogue);
	assert_true(checked >= 3);
}

static void a_merged_tree_decodes_to_itself(void **state)
{
	(void)state;
	cJSON *tree = given_tree();
	struct scenario scenario = given_scenario(cJSON_Duplicate(tree, true));

	assert_true(cJSON_Compare(scenario.merged, tree, true));
	cJSON_Delete(tree);
	scenario_deinit(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_say_file_line_and_path),
		cmocka_unit_test(counts_are_exact_or_bounds),
		cmocka_unit_test(parts_are_merged),
		cmocka_unit_test(errors_in_parts_name_the_part),
		cmocka_unit_test(a_missing_part_is_told_by_name),
		cmocka_unit_test(defaults_are_put_in),
		cmocka_unit_test(given_values_win),
		cmocka_unit_test(bad_values_are_usage_errors),
		cmocka_unit_test(unknown_parameters_have_a_place),
		cmocka_unit_test(shipped_scenarios_are_sound),
		cmocka_unit_test(a_merged_tree_decodes_to_itself),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
