/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SUITE_COMMAND_H
#define BACKBURN_SUITE_COMMAND_H

#include "controller/run/run.h"

/* `backburn run SUITE`, `run SCENARIO --repeat N` and `--ci`, from the files to the exit code. */

int suite_command(const struct run_options *options);
/* One run, and the CI server is told of it. */
int ci_command(const struct run_options *options);
int repeat_command(const struct run_options *options, int64_t runs);

#endif
