/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_STATE_H
#define BACKBURN_CHAOS_STATE_H

#include <stdbool.h>

#include "tests/chaos/parts.h"
#include "tests/chaos/world.h"

/* What is left of a run, seen by other means than backburn's own. Texts belong to the caller. */

/* Links, qdiscs, filters, tcx programs, routes and rules of each node, as ip and tc tell them. */
char *state_of_nodes(struct world *world);
/* Processes of the build, stopped ones first, and files below the injectors' runtime directory. */
char *state_of_leftovers(const struct world *world);
/* Programs and maps of these injectors that are still in the kernel. */
char *state_of_programs(const struct parts *parts);
/* Links, namespaces, mounts, cgroups, processes of the lab: nothing of it, when it is down. */
char *state_outside(const struct world *world);

/* As /proc/PID/stat has it: 'T' for one that is stopped; 'Z' also for one that is gone. */
char state_letter(const char *pid);

/* Lines of one text that are not in the other: "- LINE" for the first, "+ LINE" for the second. */
char *state_difference(const char *before, const char *now);

#endif
