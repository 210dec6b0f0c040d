/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_COMMANDS_H
#define BACKBURN_COMMANDS_H

/*
 * The subcommands: each parses its own arguments (argv[0] is "backburn NAME") and returns the exit
 * code of docs/scenario.md. One table in main.c lists them.
 */
int command_runs(int argc, char **argv);
int command_run(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_validate(int argc, char **argv);
int command_report(int argc, char **argv);
int command_faults(int argc, char **argv);
int command_init(int argc, char **argv);
int command_push(int argc, char **argv);
int command_schema(int argc, char **argv);
int command_lab(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_halt(int argc, char **argv);
int command_note(int argc, char **argv);
int command_heal(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_ask(int argc, char **argv);

#endif
