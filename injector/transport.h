/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_TRANSPORT_H
#define BACKBURN_INJECTOR_TRANSPORT_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/*
 * Finds the connections that carry this session: TCP sockets of our own network namespace that
 * this process or any of its ancestors holds open (sshd two generations up, say; sudo drops
 * SSH_CONNECTION, so the environment can't be asked). An ancestor's sockets of other namespaces
 * do not pass through ours, and are in none of our tables. List of struct bb_flow. A failure means
 * that they can't be told: then nothing may be cut.
 */
int transport_flows(int64_t pid, struct list *flows, struct fail *fail);

/* All TCP sockets of this network namespace, IPv4 and IPv6. List of struct tcp_socket. */
int transport_sockets(struct list *sockets, struct fail *fail);

#endif
