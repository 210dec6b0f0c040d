/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_LAUNCHER_H
#define BACKBURN_TESTS_LAUNCHER_H

#include <sys/types.h>

/*
 * Starts injectors as children of a process that is no child of the test. An injector protects
 * the TCP connections of its ancestors, and the test's own connections are what it shall cut.
 */
enum {
	LAUNCH_ARGUMENTS_MAX = 16,
	LAUNCH_TEXT_MAX = 1024
};

/* Call before any socket is opened. */
void launcher_init(void);

/* Runs `arguments` in a network namespace; its standard input and output come back. */
pid_t launcher_start(const char *netns, const char *const *arguments, int *to, int *from);

/* Exit status, or 128 + signal. */
int launcher_wait(pid_t pid);

#endif
