/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/command.h"
#include "injector/lane/keeper.h"
#include "injector/log.h"
#include "injector/privilege.h"

static const struct command commands[] = {
	{"session", "serve one controller on standard input and output", command_session, false, 0},
	{"catalogue", "print the faults that this injector can make, as JSON", command_catalogue,
		true, 0},
	{"doctor", "try what this kernel can do, and say why where it can't", command_doctor, false,
		0},
	{"recover", "undo what sessions that died have left", command_recover, false, 0},
	{"halt", "engage or release the emergency stop on this host", command_halt, false, 0},
	{"lane", "hold packets back for a session, which starts this itself", command_lane, true,
		LANE_FILES_END - LANE_FILE_TAP},
	{"resolve", "find the addresses of a name for a session, which starts this itself",
		command_resolve, true, 0},
};
enum {
	COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]),
	LARGE_BYTES = 128 * 1024
};

const char *argp_program_version = "backburn-injector " BACKBURN_VERSION;

struct choice {
	int argc;
	char **argv;
	const struct command *command;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct choice *choice = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		for (int i = 0; i < COMMAND_COUNT; i++)
			if (strcmp(commands[i].name, argument) == 0)
				choice->command = &commands[i];
		if (!choice->command)
			argp_error(state, "no command \"%s\"", argument);
		/* What follows is the command's own. */
		choice->argc = state->argc - state->next + 1;
		choice->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *list_commands(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&help, &size);
	if (!out)
		return NULL;
	fprintf(out, "Commands:\n");
	for (int i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\nbackburn-injector COMMAND --help tells more.");
	fclose(out);
	return help;
}

int main(int argc, char **argv)
{
	static const struct argp parser = {
		.parser = take,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = "Carries out faults on this host, and undoes every one of them.\v ",
		.help_filter = list_commands,
	};
	struct choice choice = {0};
	struct fail fail = FAIL_INIT;
	char name[64], score[PRIVILEGE_SCORE_MAX] = "";

	/* Else the C library keeps what libbpf needed for a moment to read the kernel's types. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	argp_err_exit_status = EXIT_BAD_USE;
	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &choice);
	if (choice.command->run == command_session)
		privilege_allow_guardian(score);
	/* Before anything from outside is read, but for the word that names the command. */
	if (privilege_reduce(choice.command->bare, choice.command->given, &fail) < 0) {
		log_line("%s", fail.text);
		return EXIT_DEFECT;
	}
	privilege_restore_score(score);
	snprintf(name, sizeof(name), "backburn-injector %s", choice.command->name);
	choice.argv[0] = name;
	return choice.command->run(choice.argc, choice.argv);
}
