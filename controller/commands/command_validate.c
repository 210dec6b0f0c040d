/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/commands/commands.h"
#include "controller/lab/lab.h"
#include "controller/plan/check.h"
#include "controller/plan/plan_print.h"
#include "controller/run/reach.h"

static const char *kind_of(const char *path)
{
	static const char *const keys[] = {
		"backburn", "backburn_environment", "backburn_lab", "backburn_part"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (source_has_kind(path, keys[i]))
			return keys[i];
	return "backburn";
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

static int validate(const char *path, struct fail *fail)
{
	const char *kind = kind_of(path);

	if (strcmp(kind, "backburn_environment") == 0)
		return validate_environment(path, fail);
	if (strcmp(kind, "backburn_lab") == 0)
		return validate_lab(path, fail);
	if (strcmp(kind, "backburn_part") == 0) {
		printf("%s: a part; it is checked with the scenarios that use it\n", path);
		return 0;
	}
	return validate_scenario(path, fail);
}

int command_validate(int argc, char **argv)
{
	static const struct argp parser = {.args_doc = "FILE…",
		.doc = "Checks scenarios, environments and labs without touching anything, and "
		       "says "
		       "of each claim what it can prove. Exit status: 0 valid, 65 not."};
	struct fail fail = FAIL_INIT;
	int first, code = 0;

	argp_parse(&parser, argc, argv, ARGP_NO_ARGS, &first, NULL);
	if (first == argc) {
		fprintf(stderr, "%s: which file?\n", argv[0]);
		return 64;
	}
	for (int i = first; i < argc; i++) {
		if (validate(argv[i], &fail) == 0)
			continue;
		fprintf(stderr, "%s\n", fail.text);
		code = fail.kind == FAIL_BAD_FILE ? 65 : 70;
	}
	return code;
}
