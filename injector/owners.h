/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_OWNERS_H
#define BACKBURN_INJECTOR_OWNERS_H

#include "contract/fail.h"
#include "contract/shape.h"

struct target_guard;

/* Cgroups as owners of sockets: a fault on packets may mean those of one cgroup's sockets only. */

/*
 * FAIL_REFUSED when `cgroup` is none whose packets may be singled out: a policy protects it, it
 * lies outside of the confinement, or its path has a part that is "." or "..".
 */
int owner_check(const char *cgroup, const struct target_guard *guard, struct fail *fail);

/*
 * Inodes (uint64_t) of the sockets that processes in `cgroup` or below it hold open now. A process
 * that holds another's socket is taken for its owner, which the kernel would not do.
 */
int owner_sockets(const char *cgroup, struct list *inodes, struct fail *fail);

#endif
