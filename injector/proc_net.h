/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PROC_NET_H
#define BACKBURN_INJECTOR_PROC_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/address.h"
#include "contract/shape.h"

/* /proc/net/tcp and /proc/net/tcp6. Pure. */

struct tcp_socket {
	struct prefix local, remote; /* whole addresses */
	uint16_t local_port, remote_port;
	uint8_t state; /* as the kernel numbers them: 1 established, 10 listening */
	uint64_t inode;
};

enum {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_TIME_WAIT = 6,
	TCP_STATE_LISTENING = 10
};

/* Adds every socket of the table to `sockets` (struct tcp_socket). Lines it can't read are left
 * out: the table is read while it changes. */
void proc_net_tcp_parse(const char *text, struct list *sockets);

/* "established", "syn-sent", … */
const char *proc_net_tcp_state(uint8_t state);

enum {
	SOCKET_TEXT_MAX = PREFIX_TEXT_MAX + 8
};
/* "10.0.0.1:2380", "[fd00::1]:2380". Returns `text`. */
const char *proc_net_address(
	const struct prefix *address, uint16_t port, char text[SOCKET_TEXT_MAX]);

#endif
