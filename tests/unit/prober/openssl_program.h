/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_OPENSSL_PROGRAM_H
#define BACKBURN_TEST_OPENSSL_PROGRAM_H

#include <sys/types.h>

/*
 * Debian's `openssl`, which makes certificates and serves with them. One that is started ends with
 * the test, however that ends, and holds no descriptor (a lock, a pipe) for which somebody waits.
 */
pid_t openssl_start(char *const argv[]);

/* To its end, which must be a good one. */
void openssl_run(char *const argv[]);

#endif
