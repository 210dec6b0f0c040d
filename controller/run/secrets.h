/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RUN_SECRETS_H
#define BACKBURN_RUN_SECRETS_H

#include "controller/files/scenario.h"

/*
 * The values of a scenario's secrets: `list` is of struct secret_value. They leave this process in
 * orders to probers only, on standard input.
 */
struct secrets {
	struct list list;
};

/*
 * Takes those that stand in the environment out of it, so that no child inherits them and `ps e`
 * does not show them; to be called before the first child is started. What is not set is no error
 * yet.
 */
void secrets_take(struct secrets *secrets, const struct scenario *scenario);

/*
 * Reads those that stand in files (names count from `origin`, the scenario's file). FAIL_REFUSED
 * when one is missing or empty, without ever quoting a value.
 */
int secrets_complete(struct secrets *secrets, const struct scenario *scenario, const char *origin,
	struct fail *fail);

/* Overwrites them, and frees. */
void secrets_deinit(struct secrets *secrets);

#endif
