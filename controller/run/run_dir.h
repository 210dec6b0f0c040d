/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RUN_DIR_H
#define BACKBURN_RUN_DIR_H

#include "contract/fail.h"

/* How the directories of runs and suites are called, and how they are made. */

/*
 * "20261122-101454-etcd-leader-cut": the time (UTC) and a name; from the second `attempt` on with
 * its number between, for what begins within one second. To be freed.
 */
char *run_dir_name(const char *name, int attempt);

/*
 * Makes a new one in `runs_dir`, which is made as well where it is missing. *out_name and *out_dir
 * (the whole path) are to be freed. FAIL_SYSTEM.
 */
int run_dir_make(
	const char *runs_dir, const char *name, char **out_name, char **out_dir, struct fail *fail);

#endif
