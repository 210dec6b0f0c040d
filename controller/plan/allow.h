/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ALLOW_H
#define BACKBURN_ALLOW_H

#include "controller/files/environment.h"
#include "controller/files/scenario.h"

/* `guardrails.allow`: where and when a scenario may run. */

/* By the file alone. FAIL_BAD_FILE with a path. */
int allow_check(const struct scenario *scenario, struct fail *fail);

/*
 * For a run that begins now (CLOCK_REALTIME, in nanoseconds) on that environment, and may take as
 * long as its phases may. FAIL_REFUSED.
 */
int allow_run(const struct scenario *scenario, const struct environment *environment,
	int64_t wall_ns, struct fail *fail);

#endif
