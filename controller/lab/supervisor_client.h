/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_SUPERVISOR_CLIENT_H
#define BACKBURN_LAB_SUPERVISOR_CLIENT_H

#include <stdbool.h>

#include "contract/fail.h"
#include "controller/lab/supervisor.h"

/* What is asked of a lab's supervisor. Each waits at most a few seconds. */

/* True when a supervisor answers. */
bool supervisor_is_there(const char *lab);

/* The caller frees the list with shape_free(&service_list_shape, out). */
int supervisor_services(const char *lab, struct service_list *out, struct fail *fail);

int supervisor_healed(const char *lab, const char *node, struct fail *fail);

#endif
