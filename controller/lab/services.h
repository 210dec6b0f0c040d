/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_SERVICES_H
#define BACKBURN_LAB_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"
#include "controller/lab/lab_file.h"

/* The services of a lab as the supervisor holds them: which run, which are to run again. */
struct service_run;

struct services {
	const struct lab_file *file; /* borrowed */
	struct service_run *runs;
	size_t count;
};

/* Looks everything up and opens the logs; starts nothing. */
int services_init(struct services *services, const struct lab_file *file, struct fail *fail);
void services_deinit(struct services *services);

/* Starts every service once; the first that can't be executed ends this with a failure. */
int services_start_all(struct services *services, struct fail *fail);

/* Takes note of the children that ended, and plans what follows from each one's restart rule. */
void services_reap(struct services *services, int64_t now_ns);

/* Starts what is due. Returns the next instant at which something will be, INT64_MAX: none. */
int64_t services_start_due(struct services *services, int64_t now_ns);

/* A fault on that node was healed. FAIL_REFUSED when there is no such node. */
int services_healed(struct services *services, const char *node, int64_t now_ns, struct fail *fail);

/* Cuts logs that have grown above 16 MiB down to their last 256 KiB. */
void services_bound_logs(struct services *services);

/* A service_list of supervisor.h as JSON; the caller owns it. */
cJSON *services_describe(const struct services *services);

/* SIGKILLs every service. */
void services_kill(struct services *services);

#endif
