/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_HOST_STATE_H
#define BACKBURN_TESTS_HOST_STATE_H

/*
 * What a lab leaves its traces in, as sorted text, one fact a line: the machine's links, and
 * everything in namespaces, mounts, cgroups, processes and /run/backburn that bears the lab's
 * name. The caller frees it.
 */
char *host_state(const char *lab);

/* Fails the running test, showing both, when the state is not `before`. Frees both. */
void assert_host_state(const char *lab, char *before);

#endif
