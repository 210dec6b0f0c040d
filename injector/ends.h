/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_ENDS_H
#define BACKBURN_INJECTOR_ENDS_H

#include "contract/verbs.h"

/*
 * What this host can tell of the ends of its connections: which of them are a server's, which
 * process holds them, and who is connected to what is served here. What it may not look into stays
 * untold; nothing fails for that.
 */

/*
 * Completes out->connections (`listens`, `program`, `pid`). `inodes`: list of uint64_t, the sockets
 * of these connections in the same order; `sockets`: of struct tcp_socket, all that there are.
 */
void ends_tell(const struct list *sockets, const struct list *inodes, struct inspect_result *out);

/*
 * Fills out->clients and out->more_clients from `sockets` (of struct tcp_socket, without those that
 * are nobody's business).
 */
void ends_tell_clients(const struct list *sockets, struct inspect_result *out);

#endif
