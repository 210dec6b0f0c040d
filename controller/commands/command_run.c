/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/commands/commands.h"
#include "controller/commands/suite_command.h"
#include "controller/exit_code.h"
#include "controller/files/suite.h"
#include "controller/predict/earlier.h"
#include "controller/report/escape.h"
#include "controller/run/run.h"

enum {
	OPTION_ON = 256,
	OPTION_PARAM,
	OPTION_SET,
	OPTION_RUNS,
	OPTION_ATTACH,
	OPTION_WAIT,
	OPTION_KEEP,
	OPTION_JSON,
	OPTION_REPEAT,
	OPTION_TELL,
	OPTION_CI,
	OPTION_DIFF,
	OPTION_GREW
};
enum {
	PARAMS_MAX = 64
};

struct arguments {
	struct run_options options;
	struct param_value params[PARAMS_MAX], sets[PARAMS_MAX];
	size_t param_count, set_count;
	int64_t repeat; /* 0: once, and not as a suite */
};

#define WHERE                                                                                      \
	{"on", OPTION_ON, "ENVIRONMENT", 0,                                                        \
		"where to run (default: the only environment beside the scenario)", 0},            \
		{"param", OPTION_PARAM, "NAME=VALUE", 0,                                           \
			"set a parameter of the scenario; repeatable", 0},                         \
		{"set", OPTION_SET, "PATH=JSON", 0,                                                \
			"put a value into the scenario, by its path as error texts have it: "      \
			"'phases[1].for=\"5s\"'; repeatable",                                      \
			0},                                                                        \
		{"attach", OPTION_ATTACH, "HOW", 0,                                                \
			"force how network faults attach: tcx or clsact (default: probed on each " \
			"node)",                                                                   \
			0},                                                                        \
		{"runs", OPTION_RUNS, "DIR", 0,                                                    \
			"where run directories and locks are (backburn-runs)", 0},                 \
		{"wait-lock", OPTION_WAIT, NULL, 0,                                                \
			"wait for another run on the same environment", 0},                        \
	{                                                                                          \
		"keep-lab", OPTION_KEEP, NULL, 0, "leave a lab up that this command brought up", 0 \
	}

static const struct argp_option run_options[] = {
	WHERE,
	{"quiet", 'q', NULL, 0, "print the summary only", 0},
	{"repeat", OPTION_REPEAT, "N", 0,
		"run the scenario N times, and say how sure that makes it; all must hold", 0},
	{"ci", OPTION_CI, NULL, 0,
		"tell the CI server: files in DIR/ci; on GitHub annotations, the step's summary "
		"and outputs; on GitLab a folded log",
		0},
	{"tell-fd", OPTION_TELL, "N", OPTION_HIDDEN, NULL, 0},
	{"json", OPTION_JSON, NULL, 0,
		"print the journal's events on stdout as they come, one JSON object a line, and "
		"the summary as the last",
		0},
	{0},
};

static const struct argp_option plan_options[] = {
	WHERE,
	{"json", OPTION_JSON, NULL, 0, "print the plan as JSON", 0},
	{"diff", OPTION_DIFF, "EARLIER", 0,
		"then say what is other than in an earlier plan: a file that --json wrote, or a "
		"run's directory",
		0},
	{"fail-if-grew", OPTION_GREW, NULL, 0,
		"with --diff: exit status 1 when the blast radius has grown since then", 0},
	{"quiet", 'q', NULL, 0, "say nothing while a lab is brought up", 0},
	{0},
};

/* NAME=TEXT; argp_error() does not come back, but only argp knows. */
static void take_pair(struct param_value *out, size_t *count, char *text, struct argp_state *state)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text) {
		argp_error(
			state, "a name and a value are needed, parted by \"=\", not \"%s\"", text);
		return;
	}
	if (*count == PARAMS_MAX) {
		argp_error(state, "more than %d of them", PARAMS_MAX);
		return;
	}
	*equals = '\0';
	out[(*count)++] = (struct param_value){.name = text, .text = equals + 1};
}

static int64_t number_of(const char *text, int64_t least, int64_t most)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	return *text && !*end && number >= least && number <= most ? number : -1;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_ON:
		arguments->options.environment = argument;
		return 0;
	case OPTION_PARAM:
		take_pair(arguments->params, &arguments->param_count, argument, state);
		return 0;
	case OPTION_SET:
		take_pair(arguments->sets, &arguments->set_count, argument, state);
		return 0;
	case OPTION_RUNS:
		arguments->options.runs_dir = argument;
		return 0;
	case OPTION_ATTACH:
		if (strcmp(argument, "tcx") != 0 && strcmp(argument, "clsact") != 0)
			argp_error(state, "--attach is tcx or clsact, not \"%s\"", argument);
		arguments->options.attach = argument;
		return 0;
	case OPTION_WAIT:
		arguments->options.wait_lock = true;
		return 0;
	case OPTION_KEEP:
		arguments->options.keep_lab = true;
		return 0;
	case OPTION_JSON:
		arguments->options.json = true;
		return 0;
	case OPTION_REPEAT:
		arguments->repeat = number_of(argument, 1, SUITE_RUNS_MAX);
		if (arguments->repeat < 0)
			argp_error(state, "--repeat is a number from 1 to %d, not \"%s\"",
				SUITE_RUNS_MAX, argument);
		return 0;
	case OPTION_CI:
		arguments->options.ci = true;
		return 0;
	case OPTION_DIFF:
		arguments->options.earlier_name = argument;
		return 0;
	case OPTION_GREW:
		arguments->options.fail_if_grew = true;
		return 0;
	case OPTION_TELL:
		arguments->options.tell_fd = (int)number_of(argument, 3, 1023);
		if (arguments->options.tell_fd < 0)
			argp_error(state, "--tell-fd: which descriptor?");
		return 0;
	case 'q':
		arguments->options.quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->options.scenario)
			argp_error(state, "one scenario at a time; what is \"%s\"?", argument);
		arguments->options.scenario = argument;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->options.scenario)
			argp_error(state, "which scenario?");
		if (arguments->options.fail_if_grew && !arguments->options.earlier_name)
			argp_error(state, "--fail-if-grew: since when? (--diff EARLIER)");
		if (arguments->options.ci && arguments->options.json)
			argp_error(state,
				"--ci is for a job's log, --json for a program: one of "
				"them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void gather(struct arguments *arguments)
{
	arguments->options.params = (struct param_values){.items = arguments->params,
		.count = arguments->param_count,
		.sets = arguments->sets,
		.set_count = arguments->set_count};
}

static int run(const struct arguments *arguments)
{
	bool suite = suite_is_one(arguments->options.scenario);

	if (suite && arguments->repeat) {
		fputs("backburn: --repeat is for one scenario; a suite says \"runs\" of each\n",
			stderr);
		return EXIT_USAGE;
	}
	if (suite)
		return suite_command(&arguments->options);
	if (arguments->repeat)
		return repeat_command(&arguments->options, arguments->repeat);
	return arguments->options.ci ? ci_command(&arguments->options)
				     : run_scenario(&arguments->options);
}

int command_run(int argc, char **argv)
{
	static const struct argp parser = {.options = run_options,
		.parser = take,
		.args_doc = "SCENARIO|SUITE",
		.doc = "Runs a scenario, or the scenarios of a suite one after the other: probes "
		       "before, during and after its faults, heals them, "
		       "and "
		       "judges its claims.\v"
		       "Exit status: 0 every gate met; 1 a claim proven other than expected; 2 "
		       "inconclusive, or a fault's effect unproven; 3 a guardrail stopped the run; "
		       "4 "
		       "refused; 5 revert not confirmed; 6 not steady before; 64 usage; 65 bad "
		       "file; "
		       "70 internal error; 75 environment locked; 130, 143 stopped by a signal."};
	struct arguments arguments = {.options = {.runs_dir = "backburn-runs", .attach = "auto"}};

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	gather(&arguments);
	return run(&arguments);
}

/* Before anything is connected: what is to be compared with is no business of the nodes. */
static int plan(struct run_options *options)
{
	struct predicted earlier;
	struct fail fail = FAIL_INIT;
	int code;

	if (!options->earlier_name)
		return run_plan(options);
	if (earlier_read(options->earlier_name, &earlier, &fail) < 0) {
		plain_line(stderr, "backburn: %s", fail.text);
		return exit_code_of(fail.kind);
	}
	options->earlier = &earlier;
	code = run_plan(options);
	options->earlier = NULL;
	predicted_free(&earlier);
	return code;
}

int command_plan(int argc, char **argv)
{
	static const struct argp parser = {.options = plan_options,
		.parser = take,
		.args_doc = "SCENARIO",
		.doc = "Says what a run would do, and touches nothing: what each claim can show, "
		       "when each stop rule fires, how long it takes; and, asked of the nodes, who "
		       "would be hit: links, live connections and processes that match each fault "
		       "now, who depends on them, which share of each group and label that is, and "
		       "what the limits say.\v"
		       "Exit status: 0 the run could begin; 1 the radius has grown "
		       "(--fail-if-grew); 4 the run would be refused (policy, "
		       "capability, limits, a group that is not found); 64 usage; 65 bad file; 70 "
		       "internal error; 75 environment locked; 130, 143 stopped by a signal."};
	struct arguments arguments = {.options = {.runs_dir = "backburn-runs", .attach = "auto"}};

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	gather(&arguments);
	return plan(&arguments.options);
}
