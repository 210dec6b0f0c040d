/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PARTS_H
#define BACKBURN_INJECTOR_PARTS_H

#include <stdbool.h>

#include "injector/host.h"

/*
 * Which processes of this host are parts of backburn. By name: they may be of other versions,
 * installed elsewhere, and of other runs. Whoever takes such a name is spared, and no more.
 */

/* `own_exe` is the program that asks, whatever it is called; NULL: not known. */
bool part_is_ours(const char *exe, const char *own_exe);

/*
 * True for a part that holds connections to hosts: a controller, whose children (ssh, kubectl)
 * carry sessions. The children of a prober are what is to be measured, and those of a lab's
 * supervisor are services: faults must hit them.
 */
bool part_is_controller(const struct host_process *process);

#endif
