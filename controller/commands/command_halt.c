/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/commands/commands.h"
#include "controller/commands/halt_hosts.h"
#include "controller/exit_code.h"
#include "controller/report/escape.h"
#include "controller/run/halt_file.h"
#include "controller/run/reach.h"
#include "controller/run/who.h"

/* The emergency stop of an environment: engaged, released, or asked about. */

enum {
	OPTION_ON = 256,
	OPTION_BECAUSE,
	OPTION_RELEASE,
	OPTION_STATUS,
	OPTION_RUNS
};

struct arguments {
	const char *environment, *because, *runs_dir;
	bool release, status;
};

static const struct argp_option options[] = {
	{"on", OPTION_ON, "ENVIRONMENT", 0, "the environment whose runs stop", 0},
	{"because", OPTION_BECAUSE, "TEXT", 0, "why; whoever is stopped reads it", 0},
	{"release", OPTION_RELEASE, NULL, 0, "let runs begin again", 0},
	{"status", OPTION_STATUS, NULL, 0, "say whether a halt is engaged, by whom and why", 0},
	{"runs", OPTION_RUNS, "DIR", 0, "where run directories and locks are (backburn-runs)", 0},
	{0},
};

static void check_arguments(const struct arguments *arguments, struct argp_state *state)
{
	struct fail fail = FAIL_INIT;

	if (!arguments->environment)
		argp_error(state, "where? --on ENVIRONMENT");
	if (arguments->release && arguments->status)
		argp_error(state, "--release or --status, not both");
	if (!arguments->release && !arguments->status && !arguments->because)
		argp_error(state, "why? --because TEXT");
	if (arguments->because && halt_check_because(arguments->because, &fail) < 0)
		argp_error(state, "--because: %s", fail.text);
}

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_ON:
		arguments->environment = argument;
		return 0;
	case OPTION_BECAUSE:
		arguments->because = argument;
		return 0;
	case OPTION_RELEASE:
		arguments->release = true;
		return 0;
	case OPTION_STATUS:
		arguments->status = true;
		return 0;
	case OPTION_RUNS:
		arguments->runs_dir = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	case ARGP_KEY_END:
		check_arguments(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The file beside the runs comes first: it stops what runs from here, whatever the hosts say. */
static int order_here(
	const struct arguments *arguments, const struct halt_order *order, struct fail *fail)
{
	char text[HALT_TEXT_MAX];
	int outcome = 0;

	if (order->action == HALT_ENGAGE)
		outcome = halt_file_engage(arguments->runs_dir, order->halt, fail);
	else if (order->action == HALT_RELEASE)
		outcome = halt_file_release(arguments->runs_dir, order->halt->environment, fail);
	if (outcome < 0) {
		plain_line(stdout, "%s: NOT done: %s", arguments->runs_dir, fail->text);
		return exit_code_of(fail->kind);
	}
	if (halt_file_engaged(arguments->runs_dir, order->halt->environment, text)) {
		plain_line(stdout, "%s: %s", arguments->runs_dir, text);
		return EXIT_STOPPED;
	}
	plain_line(stdout, "%s: no halt", arguments->runs_dir);
	return 0;
}

static int order_hosts(const struct environment *environment, const struct lab_file *lab,
	const struct halt_order *order, struct fail *fail)
{
	struct plan plan;
	int code;

	plan_init(&plan, NULL, NULL, environment);
	if (lab && !lab_is_built(lab->name)) {
		printf("lab %s is down: nothing runs in it\n", lab->name);
		code = 0;
	} else if (lab && reach_add_lab(&plan, lab, fail) < 0) {
		code = exit_code_of(fail->kind);
	} else {
		code = halt_hosts(&plan, order, fail);
	}
	plan_deinit(&plan);
	return code;
}

/* What was engaged is no news to whoever engaged it. */
static int exit_of(const struct halt_order *order, int here, int hosts)
{
	int worst = here > hosts ? here : hosts;

	return worst == EXIT_STOPPED && order->action == HALT_ENGAGE ? 0 : worst;
}

static int halt_environment(const struct arguments *arguments, struct fail *fail)
{
	struct environment environment;
	struct lab_file lab;
	char who[WHO_MAX], when[WHEN_MAX];
	struct halt halt = {.by = who, .because = (char *)arguments->because, .since = when};
	struct halt_order order = {.halt = &halt,
		.action = arguments->status  ? HALT_STATUS
			: arguments->release ? HALT_RELEASE
					     : HALT_ENGAGE};
	bool has_lab;
	int here, hosts;

	if (reach_load(arguments->environment, &environment, &lab, &has_lab, fail) < 0)
		return exit_code_of(fail->kind);
	halt.environment = environment.name;
	say_who(who);
	say_when(when);
	here = order_here(arguments, &order, fail);
	fflush(stdout);
	hosts = order_hosts(&environment, has_lab ? &lab : NULL, &order, fail);
	if (has_lab)
		lab_file_deinit(&lab);
	environment_deinit(&environment);
	return exit_of(&order, here, hosts);
}

int command_halt(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.doc = "The emergency stop of an environment. All its runs stop, heal and end with "
		       "3; new ones are refused with 4, until --release. The halt lies beside the "
		       "run directories and on every host, so that it reaches runs of other users "
		       "and other machines; a host that can't be reached keeps no other from it.\v"
		       "Exit status: 0 engaged, or released, everywhere; 3 a halt stands "
		       "(--status), "
		       "or still stands (--release: another environment halted the host, too); 4 a "
		       "host was not reached; 64 usage; 65 bad file; 70 not done."};
	struct arguments arguments = {.runs_dir = "backburn-runs"};
	struct fail fail = FAIL_INIT;
	int code;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	code = halt_environment(&arguments, &fail);
	if (code && fail.kind != FAIL_NONE)
		plain_line(stderr, "backburn: %s", fail.text);
	return code;
}
