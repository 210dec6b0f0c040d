/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/units.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/plan/check.h"
#include "controller/plan/plan_print.h"
#include "controller/plan/suite_check.h"
#include "controller/run/reach.h"
#include "controller/run/tls_files.h"
#include "controller/schema/schema.h"

/* A file that can't be read is taken for a scenario, whose loader says why. */
static const struct schema_kind *kind_of(const char *path)
{
	const struct schema_kind *kind = NULL;
	struct fail fail = FAIL_INIT;
	size_t length;
	cJSON *tree;
	char *text;

	if (file_read(path, SOURCE_BYTES_MAX, &text, &length, &fail) == 0) {
		tree = json_parse(text, length, &fail);
		kind = schema_kind_of(tree);
		cJSON_Delete(tree);
		free(text);
	}
	return kind ? kind : &schema_kinds[0];
}

/* What the scenario names beside itself; a key that is a secret is not there to be read. */
static int check_files(
	const struct scenario *scenario, const struct sources *sources, struct fail *fail)
{
	struct list tls;

	if (tls_files_read(&tls, scenario, sources, NULL, fail) < 0)
		return -1;
	tls_files_deinit(&tls);
	return 0;
}

static int validate_scenario(const char *path, struct fail *fail)
{
	struct scenario scenario = {0};
	struct sources sources = {0};
	struct catalogue catalogue = {0};
	int outcome = catalogue_builtin(&catalogue, fail);

	if (outcome == 0)
		outcome = scenario_load(&scenario, &sources, path, NULL, fail);
	if (outcome == 0) {
		outcome = scenario_check(&scenario, &catalogue, fail);
		if (outcome == 0)
			outcome = check_files(&scenario, &sources, fail);
		if (outcome == 0)
			plan_print(stdout, &scenario, &catalogue);
		else
			sources_explain(&sources, fail);
		scenario_deinit(&scenario);
	}
	sources_deinit(&sources);
	catalogue_deinit(&catalogue);
	return outcome;
}

static int validate_environment(const char *path, struct fail *fail)
{
	struct environment environment;
	struct lab_file lab;
	bool has_lab;

	if (reach_load(path, &environment, &lab, &has_lab, fail) < 0)
		return -1;
	printf("%s: environment \"%s\" is valid%s\n", path, environment.name,
		has_lab ? ", and so is its lab" : "");
	environment_deinit(&environment);
	if (has_lab)
		lab_file_deinit(&lab);
	return 0;
}

static int validate_lab(const char *path, struct fail *fail)
{
	struct lab_file lab;

	if (lab_file_load(path, &lab, fail) < 0)
		return -1;
	printf("%s: lab \"%s\" is valid\n", path, lab.name);
	lab_file_deinit(&lab);
	return 0;
}

/* Files that need others, or a host, to be checked as a whole: what their table says. */
static int validate_by_table(const struct schema_kind *kind, const char *path, struct fail *fail)
{
	struct catalogue catalogue = {0};
	struct sources sources = {0};
	const struct source *source = sources_add(&sources, path, kind->marker, fail);
	int outcome = source ? catalogue_builtin(&catalogue, fail) : -1;

	if (outcome == 0)
		outcome =
			shape_decode(schema_shape(kind, &catalogue), source->tree, "", NULL, fail);
	if (outcome < 0)
		sources_explain(&sources, fail);
	sources_deinit(&sources);
	catalogue_deinit(&catalogue);
	return outcome;
}

static int validate_part(const char *path, struct fail *fail)
{
	if (validate_by_table(schema_kind_find("part"), path, fail) < 0)
		return -1;
	printf("%s: a valid part; what it refers to is checked with the scenarios that use it\n",
		path);
	return 0;
}

static int validate_policy(const char *path, struct fail *fail)
{
	if (validate_by_table(schema_kind_find("policy"), path, fail) < 0)
		return -1;
	printf("%s: a valid policy; its time zone is the host's to know\n", path);
	return 0;
}

static int validate_environments(const struct suite *suite, struct fail *fail)
{
	LIST_EACH(suite->scenarios, struct suite_entry, entry) {
		const char *path = entry->on ? entry->on : suite->on;
		struct environment environment;
		struct lab_file lab;
		bool has_lab;

		if (!path)
			continue;
		if (reach_load(path, &environment, &lab, &has_lab, fail) < 0)
			return -1;
		environment_deinit(&environment);
		if (has_lab)
			lab_file_deinit(&lab);
	}
	return 0;
}

static int validate_suite(const char *path, struct fail *fail)
{
	char least[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX];
	struct catalogue catalogue = {0};
	struct sources sources = {0};
	struct suite_facts facts;
	struct suite suite;
	int outcome = suite_load(&suite, &sources, path, fail);

	sources_deinit(&sources);
	if (outcome < 0)
		return -1;
	outcome = catalogue_builtin(&catalogue, fail);
	if (outcome == 0)
		outcome = suite_check(&suite, path, &catalogue, &facts, fail);
	if (outcome == 0)
		outcome = validate_environments(&suite, fail);
	if (outcome == 0)
		printf("%s: suite \"%s\" is valid, and so are its scenarios: %zu runs, from %s to "
		       "%s without labs and connecting\n",
			path, suite.name, facts.runs, duration_human(facts.shortest_ns, least),
			duration_human(facts.longest_ns, most));
	catalogue_deinit(&catalogue);
	suite_deinit(&suite);
	return outcome;
}

static int validate(const char *path, struct fail *fail)
{
	static const struct {
		const char *kind;
		int (*check)(const char *path, struct fail *fail);
	} checks[] = {
		{"scenario", validate_scenario},
		{"part", validate_part},
		{"environment", validate_environment},
		{"lab", validate_lab},
		{"policy", validate_policy},
		{"suite", validate_suite},
	};
	const char *kind = kind_of(path)->name;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strcmp(checks[i].kind, kind) == 0)
			return checks[i].check(path, fail);
	return fail_set(fail, FAIL_INTERNAL, "%s: nobody checks a %s", path, kind);
}

int command_validate(int argc, char **argv)
{
	static const struct argp parser = {.args_doc = "FILE…",
		.doc = "Checks scenarios, parts, environments, labs, policies and suites without "
		       "touching "
		       "anything, and says of each claim what it can prove. Exit status: 0 valid, "
		       "65 not."};
	struct fail fail = FAIL_INIT;
	int first, code = 0;

	argp_parse(&parser, argc, argv, ARGP_NO_ARGS, &first, NULL);
	if (first == argc) {
		fprintf(stderr, "%s: which file?\n", argv[0]);
		return EXIT_USAGE;
	}
	for (int i = first; i < argc; i++) {
		if (validate(argv[i], &fail) == 0)
			continue;
		fprintf(stderr, "%s\n", fail.text);
		code = exit_code_of(fail.kind);
	}
	return code;
}
