/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "contract/units.h"
#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/report/escape.h"
#include "controller/run/note_box.h"
#include "controller/run/who.h"

/* A line of a person in the journal of a run under way. */

enum {
	OPTION_RUN = 256,
	OPTION_RUNS
};

enum {
	WAIT_MS = 5000, /* for the run to take it: it looks five times a second */
	LOOK_MS = 50
};

struct arguments {
	const char *text, *run, *runs_dir;
};

static const struct argp_option options[] = {
	{"run", OPTION_RUN, "DIR", 0, "the run's directory (default: the only run under way)", 0},
	{"runs", OPTION_RUNS, "DIR", 0, "where run directories and locks are (backburn-runs)", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct fail fail = FAIL_INIT;

	switch (key) {
	case OPTION_RUN:
		arguments->run = argument;
		return 0;
	case OPTION_RUNS:
		arguments->runs_dir = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->text)
			argp_error(state, "one text, in quotes; what is \"%s\"?", argument);
		arguments->text = argument;
		if (note_check(argument, &fail) < 0)
			argp_error(state, "%s", fail.text);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->text)
			argp_error(state, "what is to be noted?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Whether the run has taken it; if not, it is taken back. */
static int await_taken(const char *path, struct fail *fail)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * NS_PER_MS};

	for (int waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
		if (access(path, F_OK) < 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	if (unlink(path) < 0)
		return 0;
	return fail_set(fail, FAIL_REFUSED,
		"the run did not take the note: it has ended, or is not in its phases");
}

static int note(const struct arguments *arguments, struct fail *fail)
{
	char who[WHO_MAX], *dir = NULL, *path = NULL;
	const struct note note = {.by = (char *)say_who(who), .text = (char *)arguments->text};
	int outcome = 0;

	if (!arguments->run)
		outcome = note_find_run(arguments->runs_dir, &dir, fail);
	if (outcome == 0)
		outcome = note_leave(arguments->run ? arguments->run : dir, &note, &path, fail);
	if (outcome == 0)
		outcome = await_taken(path, fail);
	if (outcome == 0)
		plain_line(stdout, "noted in %s", arguments->run ? arguments->run : dir);
	free(path);
	free(dir);
	return outcome;
}

int command_note(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.args_doc = "TEXT",
		.doc = "Writes a line into the journal of a run under way: what you did, or saw. "
		       "It "
		       "stands in the report's time line, with the time and your name.\v"
		       "Exit status: 0 noted; 4 no such run, or it takes none any more; 64 usage; "
		       "70 "
		       "the note could not be left."};
	struct arguments arguments = {.runs_dir = "backburn-runs"};
	struct fail fail = FAIL_INIT;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (note(&arguments, &fail) == 0)
		return 0;
	plain_line(stderr, "backburn: %s", fail.text);
	return exit_code_of(fail.kind);
}
