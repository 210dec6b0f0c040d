/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/push/push.h"
#include "controller/run/reach.h"

enum {
	OPTION_ON = 256,
	OPTION_WITH,
	OPTION_DRY_RUN,
	PROGRAMS_MAX = 16
};

struct arguments {
	const char *environment;
	const char *programs[PROGRAMS_MAX + 1]; /* two are ours */
	size_t program_count;
	bool dry_run;
	struct list hosts; /* of char *; empty: all */
};

static const struct argp_option options[] = {
	{"on", OPTION_ON, "ENVIRONMENT", 0, "the environment whose hosts to push to", 0},
	{"with", OPTION_WITH, "PROGRAM", 0,
		"a further program to put beside backburn, such as a workload client; repeatable",
		0},
	{"dry-run", OPTION_DRY_RUN, NULL, 0, "say what would go where, and write nothing", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_ON:
		arguments->environment = argument;
		return 0;
	case OPTION_WITH:
		if (arguments->program_count == PROGRAMS_MAX)
			argp_error(state, "more than %d programs", PROGRAMS_MAX);
		else
			arguments->programs[arguments->program_count++] = argument;
		return 0;
	case OPTION_DRY_RUN:
		arguments->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		list_push_text(&arguments->hosts, argument);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->environment)
			argp_error(state, "where? --on ENVIRONMENT");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct host_spec *find_host(const struct environment *environment, const char *name)
{
	LIST_EACH(environment->hosts, struct host_spec, host)
		if (strcmp(host->name, name) == 0)
			return host;
	return NULL;
}

static int check_hosts(
	const struct arguments *arguments, const struct environment *environment, struct fail *fail)
{
	if (environment->lab)
		return fail_set(fail, FAIL_USAGE,
			"a lab's nodes are on this machine and run the programs that are here: "
			"there is nothing to push");
	LIST_EACH(arguments->hosts, char *, name)
		if (!find_host(environment, *name))
			return fail_set(fail, FAIL_USAGE,
				"no host named \"%s\" stands in %s under \"hosts\"", *name,
				arguments->environment);
	if (!environment->hosts.count)
		return fail_set(fail, FAIL_USAGE, "%s names no hosts", arguments->environment);
	return 0;
}

static int make_bundle(struct arguments *arguments, struct bundle *bundle, struct fail *fail)
{
	static const char *const ours[] = {"backburn-injector", "backburn"};
	enum {
		OURS = sizeof(ours) / sizeof(ours[0])
	};
	const char *programs[PROGRAMS_MAX + OURS + 1] = {NULL};
	char *dir, *paths[OURS];
	int outcome;

	if (reach_self_dir(&dir, fail) < 0)
		return -1;
	for (size_t i = 0; i < OURS; i++) {
		if (asprintf(&paths[i], "%s/%s", dir, ours[i]) < 0)
			abort();
		programs[i] = paths[i];
	}
	memcpy(programs + OURS, arguments->programs, sizeof(arguments->programs));
	outcome = bundle_init(bundle, programs, fail);
	for (size_t i = 0; i < OURS; i++)
		free(paths[i]);
	free(dir);
	return outcome;
}

static void print_files(const struct bundle *bundle)
{
	LIST_EACH(bundle->files, struct bundle_file, file)
		printf("  %10zu  %s/%s/%s\n", file->size, PUSH_FOLDER, bundle->id, file->name);
}

/* True when the host has the bundle, or could have it. */
static bool push_one(const struct arguments *arguments, const struct bundle *bundle,
	const struct host_spec *host)
{
	struct fail fail = FAIL_INIT;
	double mebibytes = (double)bundle->bytes / (1024 * 1024);

	switch (push_to_host(bundle, &host->connect, arguments->dry_run, &fail)) {
	case PUSH_DONE:
		printf("%s: pushed %s, %zu files of %.1f MiB\n", host->name, bundle->id,
			bundle->files.count, mebibytes);
		break;
	case PUSH_SAME:
		printf("%s: has %s already, and it runs\n", host->name, bundle->id);
		break;
	case PUSH_WOULD:
		printf("%s: would get %s, %zu files of %.1f MiB\n", host->name, bundle->id,
			bundle->files.count, mebibytes);
		break;
	case PUSH_FAILED:
		fflush(stdout);
		fprintf(stderr, "%s: failed: %s\n", host->name, fail.text);
		return false;
	}
	fflush(stdout);
	return true;
}

static int push(
	struct arguments *arguments, const struct environment *environment, struct fail *fail)
{
	struct bundle bundle;
	int code = 0;

	if (check_hosts(arguments, environment, fail) < 0 ||
		make_bundle(arguments, &bundle, fail) < 0)
		return exit_code_of(fail->kind);
	if (arguments->dry_run)
		print_files(&bundle);
	LIST_EACH(environment->hosts, struct host_spec, host) {
		if (arguments->hosts.count && !list_has_text(&arguments->hosts, host->name))
			continue;
		if (!push_one(arguments, &bundle, host))
			code = EXIT_REFUSED;
	}
	bundle_deinit(&bundle);
	return code;
}

int command_push(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "[HOST…]",
		.doc = "Copies backburn-injector and backburn, with the libraries that they need, "
		       "to the "
		       "hosts of an environment, over each host's `connect`. The host needs tar, "
		       "coreutils and a C library no older than the one here.\v"
		       "They are put into " PUSH_FOLDER "/VERSION-DIGEST, with links in " PUSH_BIN
		       ". Exit status: 0 every host has them; 4 one has not; 64 usage; 65 bad "
		       "file."};
	struct arguments arguments = {0};
	struct environment environment;
	struct fail fail = FAIL_INIT;
	char *lab = NULL;
	int code;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (environment_load(&environment, arguments.environment, &lab, &fail) < 0) {
		code = exit_code_of(fail.kind);
	} else {
		free(lab);
		code = push(&arguments, &environment, &fail);
		environment_deinit(&environment);
	}
	if (fail.kind)
		fprintf(stderr, "backburn: %s\n", fail.text);
	list_free_texts(&arguments.hosts);
	return code;
}
