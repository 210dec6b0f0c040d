/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/listeners.h"

#include <inttypes.h>

#include "injector/host.h"
#include "injector/lists.h"
#include "injector/proc_net.h"
#include "injector/transport.h"

int listeners_find(int64_t port, struct list *inodes, struct fail *fail)
{
	struct list sockets;

	*inodes = (struct list){0};
	if (transport_sockets(&sockets, fail) < 0)
		return fail_context(fail, "who listens on port %" PRId64, port);
	LIST_EACH(sockets, const struct tcp_socket, socket) {
		if (socket->state == TCP_STATE_LISTENING && socket->local_port == port &&
			socket->inode)
			*(uint64_t *)list_push(inodes, sizeof(uint64_t)) = socket->inode;
	}
	list_free(&sockets);
	return 0;
}

int listeners_held_by(int64_t pid, const struct list *inodes, bool *out, struct fail *fail)
{
	struct list held;

	*out = false;
	if (!inodes->count)
		return 0;
	if (host_process_sockets(pid, &held, fail) < 0)
		return -1;
	LIST_EACH(held, const uint64_t, inode) {
		*out = *out || list_has_number(inodes, *inode);
	}
	list_free(&held);
	return 0;
}
