/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LISTENERS_H
#define BACKBURN_INJECTOR_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/* Who listens on a TCP port of this network namespace. */

/* Inodes (uint64_t) of the sockets that do, IPv4 and IPv6, on whatever address. */
int listeners_find(int64_t port, struct list *inodes, struct fail *fail);

/* Whether a process holds one of these open; several may hold the same. */
int listeners_held_by(int64_t pid, const struct list *inodes, bool *out, struct fail *fail);

#endif
