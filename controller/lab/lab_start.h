/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_START_H
#define BACKBURN_LAB_START_H

#include <sys/types.h>

#include "contract/fail.h"
#include "controller/lab/lab_command.h"
#include "controller/lab/lab_file.h"

/*
 * Starts a service: in the node's cgroup, network namespace and directory, as its user, without
 * new privileges, in a session of its own, output to its log. *out_pid is a child.
 */
int lab_start_service(const struct lab_command *command, const struct lab_file *file, size_t node,
	pid_t *out_pid, struct fail *fail);

/*
 * Runs a command of the user's inside a node: its cgroup and network namespace, and otherwise the
 * caller's terminal, environment and directory. Waits for it. *out_code is its exit code, 128 +
 * signal when one ended it. A command that can't be executed is a failure of this function.
 */
int lab_start_and_wait(const struct lab_file *file, size_t node, char *const argv[], int *out_code,
	struct fail *fail);

#endif
