/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/json.h"
#include "contract/memory.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/schema/schema.h"
#include "controller/starter/starter.h"

enum {
	OPTION_LAB = 256,
	OPTION_HOST,
	OPTION_ROLE,
	OPTION_URL
};

struct arguments {
	struct starter starter;
	const char *lab; /* as given */
	struct fail fail;
};

static const struct argp_option options[] = {
	{"lab", OPTION_LAB, "FILE", 0, "run on this lab", 0},
	{"host", OPTION_HOST, "[NODE=][USER@]HOST", 0,
		"run on this host, reached by ssh; or NODE=WORD,WORD,… with the words in front of "
		"backburn-injector; repeatable",
		0},
	{"role", OPTION_ROLE, "ROLE", 0,
		"the label role that the members have (default: the lab's; \"member\" for hosts)",
		0},
	{"url", OPTION_URL, "URL", 0,
		"what the probe asks of each member, such as http://{node.addr}:8080/health "
		"(default: a readiness check of the lab)",
		0},
	{0},
};

static void replace(char **place, const char *text)
{
	free(*place);
	*place = must_copy(text);
}

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct starter *starter = &arguments->starter;

	switch (key) {
	case OPTION_LAB:
		arguments->lab = argument;
		return 0;
	case OPTION_HOST:
		if (starter_add_host(starter, argument, &arguments->fail) < 0)
			argp_error(state, "%s", arguments->fail.text);
		return 0;
	case OPTION_ROLE:
		replace(&starter->role, argument);
		return 0;
	case OPTION_URL:
		replace(&starter->url, argument);
		return 0;
	case ARGP_KEY_ARG:
		if (starter->name)
			argp_error(state, "one name; what is \"%s\"?", argument);
		starter->name = argument;
		return 0;
	case ARGP_KEY_END:
		if (!starter->name)
			argp_error(state, "what shall the scenario be called?");
		if (!arguments->lab == !starter->hosts.count)
			argp_error(
				state, "where shall it run? --lab FILE, or --host HOST for each");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- files ------------------------------------------------------------------------------ */

struct output {
	char path[128];
	cJSON *tree;
	bool may_be_there; /* a schema: as good as ours */
};

enum {
	OUTPUTS = 4
};

static int write_new(const struct output *output, struct fail *fail)
{
	int fd = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	char *text;
	FILE *file;
	int outcome = 0;

	if (fd < 0)
		return fail_errno(fail, errno, "%s", output->path);
	file = fdopen(fd, "w");
	if (!file)
		abort();
	text = json_pretty(output->tree);
	if (fputs(text, file) < 0)
		outcome = -1;
	if (fclose(file) != 0 || outcome < 0)
		outcome = fail_errno(fail, errno, "%s", output->path);
	free(text);
	return outcome;
}

static int make_folder(const char *name, struct fail *fail)
{
	if (mkdir(name, 0755) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "%s", name);
	return 0;
}

/* Looked at first, so that nothing is written by half. */
static int write_all(const struct output *outputs, struct fail *fail)
{
	for (size_t i = 0; i < OUTPUTS; i++)
		if (!outputs[i].may_be_there && access(outputs[i].path, F_OK) == 0)
			return fail_set(fail, FAIL_USAGE,
				"%s is there already, and stays as it is; nothing was written",
				outputs[i].path);
	if (make_folder("env", fail) < 0 || make_folder("schema", fail) < 0)
		return -1;
	for (size_t i = 0; i < OUTPUTS; i++) {
		if (outputs[i].may_be_there && access(outputs[i].path, F_OK) == 0)
			continue;
		if (write_new(&outputs[i], fail) < 0)
			return -1;
		printf("wrote %s\n", outputs[i].path);
	}
	return 0;
}

static int fill_outputs(
	const struct starter *starter, struct output outputs[OUTPUTS], struct fail *fail)
{
	struct catalogue catalogue;

	snprintf(outputs[0].path, sizeof(outputs[0].path), "%s.json", starter->name);
	snprintf(outputs[1].path, sizeof(outputs[1].path), "env/%s.json", starter->name);
	if (starter_scenario(starter, &outputs[0].tree, fail) < 0 ||
		starter_environment(starter, &outputs[1].tree, fail) < 0 ||
		catalogue_builtin(&catalogue, fail) < 0)
		return -1;
	for (size_t i = 2; i < OUTPUTS; i++) {
		const char *kind = i == 2 ? "scenario" : "environment";

		snprintf(outputs[i].path, sizeof(outputs[i].path), "schema/%s.v1.json", kind);
		outputs[i].tree = schema_new(schema_kind_find(kind), &catalogue);
		outputs[i].may_be_there = true;
	}
	catalogue_deinit(&catalogue);
	return 0;
}

static int write_files(const struct starter *starter, struct fail *fail)
{
	struct output outputs[OUTPUTS] = {0};
	int outcome = fill_outputs(starter, outputs, fail);

	if (outcome == 0)
		outcome = write_all(outputs, fail);
	for (size_t i = 0; i < OUTPUTS; i++)
		cJSON_Delete(outputs[i].tree);
	return outcome;
}

/* --- the command ------------------------------------------------------------------------ */

static int read_lab(struct arguments *arguments, struct fail *fail)
{
	struct lab_file lab;
	int outcome;

	if (lab_file_load(arguments->lab, &lab, fail) < 0)
		return -1;
	outcome = starter_from_lab(&arguments->starter, &lab, fail);
	lab_file_deinit(&lab);
	return outcome;
}

static void print_next(const struct starter *starter)
{
	const char *name = starter->name;

	printf("\nnext:\n  backburn validate %s.json\n", name);
	if (!starter->lab)
		printf("  backburn push --on env/%s.json\n", name);
	else
		printf("  backburn plan %s.json --on env/%s.json\n", name, name);
	printf("  backburn run %s.json --on env/%s.json\n", name, name);
}

static int init(struct arguments *arguments, struct fail *fail)
{
	struct starter *starter = &arguments->starter;
	char *lab = NULL;
	int outcome = 0;

	if (arguments->lab) {
		outcome = read_lab(arguments, fail);
		/* The environment lies one folder further down. */
		if (asprintf(&lab, "%s%s", arguments->lab[0] == '/' ? "" : "../", arguments->lab) <
			0)
			abort();
		starter->lab = lab;
	}
	starter->client_sudo = geteuid() != 0;
	if (outcome == 0)
		outcome = write_files(starter, fail);
	if (outcome == 0)
		print_next(starter);
	free(lab);
	return outcome;
}

int command_init(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "NAME",
		.doc = "Writes a first scenario, NAME.json, and its environment, env/NAME.json: "
		       "one "
		       "member is cut off, clients must be served again, and the member must come "
		       "back. Nothing is ever overwritten. The schemas that an editor completes "
		       "them with are put into schema/."};
	struct arguments arguments = {.fail = FAIL_INIT};
	struct fail fail = FAIL_INIT;
	int code = 0;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (init(&arguments, &fail) < 0) {
		fprintf(stderr, "backburn: %s\n", fail.text);
		code = exit_code_of(fail.kind);
	}
	starter_deinit(&arguments.starter);
	return code;
}
