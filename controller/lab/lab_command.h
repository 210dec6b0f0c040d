/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_COMMAND_H
#define BACKBURN_LAB_COMMAND_H

#include <sys/types.h>

#include "contract/fail.h"
#include "controller/lab/lab_file.h"

/* A service of a lab file made ready to be executed: placeholders expanded, names looked up. */
struct lab_command {
	char *program; /* absolute path */
	char **argv;   /* NULL-terminated, as is envp */
	char **envp;
	char *user;
	uid_t uid;
	gid_t gid;
	int log; /* where its output goes; lab_log_open(); -1: not opened; closed with the command
		  */
};

/*
 * FAIL_REFUSED when the program or the user does not exist on this machine. Touches nothing.
 * lab_command_deinit() gives the memory back.
 */
int lab_command_init(struct lab_command *command, const struct lab_file *file, size_t node,
	const struct lab_service *service, struct fail *fail);
void lab_command_deinit(struct lab_command *command);

/*
 * Creates the node's directory, writable for the users of its services, and writes their
 * files into it.
 */
int lab_command_prepare_node(const struct lab_file *file, size_t node, struct fail *fail);

/*
 * Opens a service's log for appending. Never follows a link: the directory belongs to the
 * service's user. Returns the descriptor, which the caller closes, or -1.
 */
int lab_log_open(const struct lab_file *file, size_t node, const char *service, struct fail *fail);

#endif
