/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_SYSTEMD_H
#define BACKBURN_INJECTOR_SYSTEMD_H

#include <stddef.h>

/*
 * Units by the tree of cgroups alone: the host's systemd has each service and scope of its own in a
 * cgroup of the unit's name, above which there are slices and nothing else. So what a container or
 * a user's own manager calls by that name is not meant. Pure.
 */

/*
 * How much of the path `cgroup`, from its beginning, is the unit's own cgroup: the rest lies below
 * it. 0: it is no part of the unit; `cgroup` may be NULL.
 */
size_t unit_part_of(const char *cgroup, const char *unit);

#endif
