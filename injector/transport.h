/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_TRANSPORT_H
#define BACKBURN_INJECTOR_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct tcp_socket;

/*
 * Finds the connections that no fault may hit, because sessions depend on them: TCP sockets of our
 * own network namespace that are held open by
 *   - this process and its ancestors (sshd two generations up, say; sudo drops SSH_CONNECTION, so
 *     the environment can't be asked);
 *   - the ancestors of every other part of backburn here: a prober on this host has an ssh of its
 *     own, and its own sockets are what is measured;
 *   - a controller on this host, and its children that are no parts of backburn: they are the
 *     other ends of such connections.
 * Sockets of other namespaces do not pass through ours, and are in none of our tables. List of
 * struct bb_flow. A failure means that they can't be told: then nothing may be cut.
 */
int transport_flows(int64_t pid, struct list *flows, struct fail *fail);

/* All TCP sockets of this network namespace, IPv4 and IPv6. List of struct tcp_socket. */
int transport_sockets(struct list *sockets, struct fail *fail);

/* Whether the socket is one of these flows. */
bool transport_has(const struct list *flows, const struct tcp_socket *socket);

#endif
