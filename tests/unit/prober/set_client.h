/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_SET_CLIENT_H
#define BACKBURN_TESTS_SET_CLIENT_H

/*
 * Runs a workload client on `input` until it ends by itself, which must be in order; what it
 * printed, in a static buffer.
 */
const char *set_client_run(const char *const argv[], const char *input);

#endif
