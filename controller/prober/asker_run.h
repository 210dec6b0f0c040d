/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ASKER_RUN_H
#define BACKBURN_ASKER_RUN_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/* What `backburn ask` does for `run`: a program, without a shell, with nothing to read. */
struct ask_run {
	struct list argv; /* of char *, at least one */
	int64_t timeout_ns;
};

struct ask_ran {
	int64_t exit_code;
	char *first_line; /* of its standard output, cleaned; of a longer one what `line` has room
			     for */
	char line[256];
};

extern const struct shape ask_run_shape, ask_ran_shape;

/*
 * Runs it to its end; its process group is killed then. `ran` owns first_line's memory itself.
 * FAIL_PEER when it did not end in time or by a signal, else the errno of what can't be started.
 */
int asker_run(const struct ask_run *run, struct ask_ran *ran, struct fail *fail);

#endif
