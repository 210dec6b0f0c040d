/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/commands/commands.h"
#include "controller/commands/on_hosts.h"
#include "controller/run/run.h"

/* doctor and heal: what the injector can say and do by itself, on every host. */

enum {
	OPTION_ON = 256,
	OPTION_RUN
};

struct arguments {
	const char *environment, *run;
	bool json;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_ON:
		arguments->environment = argument;
		return 0;
	case OPTION_RUN:
		arguments->run = argument;
		return 0;
	case 'j':
		arguments->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->environment && !arguments->run)
			argp_error(state, "where? --on ENVIRONMENT");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_doctor(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"on", OPTION_ON, "ENVIRONMENT", 0, "the environment whose hosts to ask", 0},
		{"json", 'j', NULL, 0, "as JSON", 0},
		{0},
	};
	static const struct argp parser = {.options = options,
		.parser = take,
		.doc = "Says what each host's kernel can do, and the reason for each no."};
	static const char *const plain[] = {"doctor", NULL},
				 *const json[] = {"doctor", "--json", NULL};
	struct arguments arguments = {0};

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	return on_hosts(&(struct on_hosts){.environment = arguments.environment,
		.words = arguments.json ? json : plain,
		.json = arguments.json});
}

int command_heal(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"on", OPTION_ON, "ENVIRONMENT", 0, "the environment whose hosts to heal", 0},
		{"run", OPTION_RUN, "DIR", 0,
			"the directory of a run whose revert could not be confirmed: recovers its "
			"nodes, compares them with what they were before it, and completes its "
			"journal and reports",
			0},
		{0},
	};
	static const struct argp parser = {.options = options,
		.parser = take,
		.doc = "Ends every session on the hosts and undoes what is left; with --run, and "
		       "proves it.\v"
		       "Exit status: 0 nothing is left, 5 something is."};
	static const char *const words[] = {"recover", "--stop-live", NULL},
				 *const words_in_lab[] = {"recover", "--stop-live", "--here", NULL};
	struct arguments arguments = {0};

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (arguments.run)
		return run_heal_run(&(struct run_options){.heal_dir = arguments.run,
			.environment = arguments.environment,
			.attach = "auto"});
	return on_hosts(&(struct on_hosts){.environment = arguments.environment,
		.words = words,
		.words_in_lab = words_in_lab});
}
