/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CGROUPS_H
#define BACKBURN_CGROUPS_H

#include <limits.h>

#include "contract/shape.h"

/* A path below that mount, which leads nowhere else: "/system.slice/web.service". */
extern const struct form cgroup_form;

/* The mount point of cgroup v2, wherever it is. FAIL_UNSUPPORTED when there is none. */
int cgroup_mount(char out[PATH_MAX], struct fail *fail);

#endif
