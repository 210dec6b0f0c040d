/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/parts.h"

#include <stddef.h>
#include <string.h>

#include "contract/processes.h"

#define CONTROLLER "backburn"

static const char *const programs[] = {CONTROLLER, "backburn-injector", NULL};

/* The controller's commands that talk to hosts. */
static const char *const talking[] = {"run", "plan", "heal", "doctor", "push", NULL};

static bool is_one_of(const char *const *words, const char *text, size_t length)
{
	for (; *words; words++)
		if (strlen(*words) == length && memcmp(*words, text, length) == 0)
			return true;
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool part_is_ours(const char *exe, const char *own_exe)
{
	const char *name = base_name(exe);

	return is_one_of(programs, name, strlen(name)) || (own_exe && strcmp(exe, own_exe) == 0);
}

bool part_is_controller(const struct host_process *process)
{
	const char *command;

	if (!process->exe || strcmp(base_name(process->exe), CONTROLLER) != 0 ||
		!process->cmdline || strcmp(process->name, SUPERVISOR_NAME) == 0)
		return false;
	/* Its own path may hold blanks, and they are no other than those between arguments. */
	command = strstr(process->cmdline, CONTROLLER " ");
	while (command) {
		command += strlen(CONTROLLER " ");
		if (is_one_of(talking, command, strcspn(command, " ")))
			return true;
		command = strstr(command, CONTROLLER " ");
	}
	return false;
}
