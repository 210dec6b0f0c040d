/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_READY_H
#define BACKBURN_LAB_READY_H

#include "contract/fail.h"
#include "controller/lab/lab_file.h"

typedef void lab_progress(void *context, const char *text);

/*
 * Waits until every service that has a `ready` check passes it, all at the same time. A service
 * that ends meanwhile, or takes longer than its `within`, is FAIL_REFUSED with the last lines of
 * its log. SIGINT, SIGTERM and SIGHUP, blocked by the caller, end the wait with FAIL_REFUSED.
 */
int lab_ready_wait(
	const struct lab_file *file, lab_progress *progress, void *context, struct fail *fail);

#endif
