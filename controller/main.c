/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "controller/commands/commands.h"
#include "controller/exit_code.h"

struct command {
	const char *name, *help;
	int (*run)(int argc, char **argv);
	bool hidden; /* started by backburn itself */
};

static const struct command commands[] = {
	{"init", "write a first scenario and its environment, from a lab or hosts", command_init,
		false},
	{"run", "run a scenario and judge it", command_run, false},
	{"plan", "say what a run would hit now, and touch nothing", command_plan, false},
	{"validate", "check scenarios, and say what they can prove", command_validate, false},
	{"report", "write the report of a run from its journal", command_report, false},
	{"runs", "list the runs of a directory with their verdicts", command_runs, false},
	{"faults", "list the faults, or explain one", command_faults, false},
	{"schema", "print the JSON Schema of a kind of file, for editors", command_schema, false},
	{"lab", "bring a local cluster up or down, look at it, run a command in it", command_lab,
		false},
	{"doctor", "say what each host of an environment can do", command_doctor, false},
	{"push", "copy the programs to the hosts of an environment", command_push, false},
	{"heal", "end every session on the hosts and undo what is left", command_heal, false},
	{"halt", "emergency stop: runs of an environment stop and heal, new ones are refused",
		command_halt, false},
	{"note", "write a line into the journal of a run under way", command_note, false},
	{"probe", "a prober: orders on stdin", command_probe, true},
	{"ask", "an asker: questions on stdin", command_ask, true},
};

static void usage(FILE *out)
{
	fputs("Usage: backburn COMMAND [ARGUMENT…]\n"
	      "Runs declarative faults against a distributed system, proves their effect, heals "
	      "them and says what held.\n\n",
		out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!commands[i].hidden)
			fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n  backburn COMMAND --help   explains a command\n"
	      "  backburn --version\n",
		out);
}

int main(int argc, char **argv)
{
	char name[64];

	/* argp's own wrong usage exits as ours does. */
	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("backburn " BACKBURN_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[1]) != 0)
			continue;
		snprintf(name, sizeof(name), "backburn %s", argv[1]);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "backburn: no command \"%s\"; `backburn --help` lists them\n", argv[1]);
	return EXIT_USAGE;
}
