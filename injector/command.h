/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_COMMAND_H
#define BACKBURN_INJECTOR_COMMAND_H

#include <stdbool.h>

/* Subcommands of backburn-injector, as a table. Each takes its own name as argv[0]. */
struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv); /* the exit status */
	bool bare;                         /* needs none of root's powers */
	int given; /* descriptors that it is started with, beside the three of everybody */
};

enum exit_status {
	EXIT_DONE = 0,
	EXIT_LEASE = 3, /* a session ended because its controller fell silent */
	EXIT_LEFT = 5,  /* something could not be undone */
	EXIT_BAD_USE = 64,
	EXIT_DEFECT = 70,
	EXIT_BY_SIGNAL = 128,
};

int command_session(int argc, char **argv);
int command_catalogue(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_recover(int argc, char **argv);
int command_halt(int argc, char **argv);
int command_lane(int argc, char **argv);
int command_resolve(int argc, char **argv);

#endif
