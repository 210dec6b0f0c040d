/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_SUPERVISOR_H
#define BACKBURN_LAB_SUPERVISOR_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "controller/lab/lab_file.h"

/*
 * The one process that `lab up` leaves behind. It owns the services of all nodes: starts them,
 * restarts them as their file says, bounds their logs, and answers on a unix socket in the lab's
 * directory (root only), one request of contract/wire.h a connection:
 *   services {} → struct service_list
 *   healed {"node": NAME} → {}: a fault on that node was healed
 */
enum service_state {
	SERVICE_RUNNING,
	SERVICE_EXITED,  /* for good */
	SERVICE_WAITING, /* to be started again, after a pause or when a fault is healed */
};
extern const char *const service_state_words[];

struct service_status {
	char *node, *service;
	int64_t pid;      /* 0 unless running */
	int state;        /* enum service_state */
	int64_t restarts; /* starts after the first */
	char *last_exit;  /* "exit 1", "signal 9", "starting …: reason"; NULL: never ended */
};

struct service_list {
	struct list services; /* of struct service_status, in the file's order */
};
extern const struct shape service_list_shape;

struct healed_params {
	char *node;
};
extern const struct shape healed_params_shape;

/*
 * Forks the supervisor of a lab whose namespaces, cgroups and directories exist. Returns when it
 * listens and has started every service once. It ignores hang-ups, and on SIGTERM ends its
 * services and itself.
 */
int supervisor_start(const struct lab_file *file, struct fail *fail);

#endif
