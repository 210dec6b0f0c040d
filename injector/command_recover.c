/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "injector/command.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/step_note.h"
#include "injector/recover.h"
#include "injector/session.h"

struct arguments {
	struct recover_options recover;
};

static const struct argp_option options[] = {
	{"stop-live", 's', NULL, 0, "end sessions that are live (SIGTERM, 5 s) and undo theirs too",
		0},
	{"here", 'h', NULL, 0, "this network namespace only", 0},
	{"runtime-dir", 'r', "DIR", 0, "where ledgers and locks lie (" RUNTIME_DIR ")", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 's':
		arguments->recover.stop_live = true;
		return 0;
	case 'h':
		arguments->recover.here = true;
		return 0;
	case 'r':
		arguments->recover.runtime_dir = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static size_t lines_said;

/* Written out at once: a child that goes on from here must not say it again. */
static void say(const char *line)
{
	lines_said++;
	puts(line);
	fflush(stdout);
}

/* Of a boot before this one; the ledgers are of this one. */
static size_t recover_clock(void)
{
	struct fail fail = FAIL_INIT;
	struct host_facts facts;
	struct list said = {0};
	size_t left;

	if (host_facts(&facts, &fail) < 0) {
		say(fail.text);
		return 1;
	}
	left = step_note_recover(STATE_DIR STEP_NOTE, &facts, &said);
	LIST_EACH(said, char *, line) {
		say(*line);
	}
	list_free_texts(&said);
	return left;
}

int command_recover(int argc, char **argv)
{
	static const struct argp parser = {
		.options = options,
		.parser = take,
		.doc = "Undoes what sessions that died have left, in every network namespace of "
		       "this host. Exit status: 0 nothing is left, 5 something could not be "
		       "undone.",
	};
	struct arguments arguments = {.recover = {.runtime_dir = RUNTIME_DIR}};
	size_t left;

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	left = recover_all(&arguments.recover, say) + recover_clock();
	if (left)
		printf("%zu could not be undone\n", left);
	else
		puts(lines_said ? "nothing is left" : "nothing to undo");
	return left ? EXIT_LEFT : EXIT_DONE;
}
