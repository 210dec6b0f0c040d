/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HALT_FILE_H
#define BACKBURN_HALT_FILE_H

#include <stdbool.h>

#include "contract/halt.h"

/* The emergency stop beside the run directories: RUNS/.halt-ENVIRONMENT, one for each environment.
 */

/* True while one is engaged; `text` says by whom. A file that can't be read counts as engaged. */
bool halt_file_engaged(const char *runs_dir, const char *environment, char text[HALT_TEXT_MAX]);

/* One that is engaged already stays as it is: with who was first, and why. */
int halt_file_engage(const char *runs_dir, const struct halt *halt, struct fail *fail);
/* What is not engaged is released already. */
int halt_file_release(const char *runs_dir, const char *environment, struct fail *fail);

#endif
