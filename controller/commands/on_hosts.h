/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ON_HOSTS_H
#define BACKBURN_ON_HOSTS_H

#include <stdbool.h>

struct on_hosts {
	const char *environment;
	const char *const *words; /* behind backburn-injector, NULL-terminated */
	/* The same in a lab's nodes, which share this machine with other labs; NULL: as `words`. */
	const char *const *words_in_lab;
	bool json; /* what they print, one value each, becomes one object by node */
};

/*
 * Runs `backburn-injector WORDS…` on every host of an environment, one after the other, with our
 * stdout and stderr, a line with the host's name before each. Returns the worst exit code (5
 * before others), or that of the failure when the environment can't be used.
 */
int on_hosts(const struct on_hosts *order);

#endif
