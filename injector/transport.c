/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host.h"
#include "injector/lists.h"
#include "injector/proc_net.h"

enum {
	TABLE_BYTES_MAX = 64 * 1024 * 1024,
	ANCESTORS_MAX = 64
};

int transport_sockets(struct list *sockets, struct fail *fail)
{
	static const char *const tables[] = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};

	*sockets = (struct list){0};
	for (int i = 0; i < 2; i++) {
		struct fail reading = FAIL_INIT;
		size_t length;
		char *text;

		if (host_file_read(tables[i], TABLE_BYTES_MAX, &text, &length, &reading) == 0) {
			proc_net_tcp_parse(text, sockets);
			free(text);
			continue;
		}
		/* tcp6 is absent where IPv6 is. */
		if (reading.error == ENOENT)
			continue;
		list_free(sockets);
		*fail = reading;
		return fail_context(fail, "looking for the connections that carry this session");
	}
	return 0;
}

static bool holds(const struct list *inodes, uint64_t wanted)
{
	LIST_EACH(*inodes, const uint64_t, inode) {
		if (*inode == wanted)
			return true;
	}
	return false;
}

static void add_flows(struct list *flows, const struct list *sockets, const struct list *inodes)
{
	LIST_EACH(*sockets, const struct tcp_socket, socket) {
		struct bb_flow *flow;

		if (!socket->inode || socket->state == TCP_STATE_LISTENING ||
			!holds(inodes, socket->inode))
			continue;
		flow = list_push(flows, sizeof(*flow));
		memcpy(flow->remote.bytes, socket->remote.address, sizeof(flow->remote.bytes));
		flow->remote_port = socket->remote_port;
		flow->local_port = socket->local_port;
		flow->protocol = IPPROTO_TCP;
	}
}

int transport_flows(int64_t pid, struct list *flows, struct fail *fail)
{
	struct list sockets;
	int result = 0;

	*flows = (struct list){0};
	if (transport_sockets(&sockets, fail) < 0)
		return -1;
	for (int generation = 0; pid > 0 && generation < ANCESTORS_MAX; generation++) {
		struct list inodes;

		result = host_process_sockets(pid, &inodes, fail);
		if (result < 0)
			break;
		add_flows(flows, &sockets, &inodes);
		list_free(&inodes);
		pid = host_process_parent(pid);
	}
	list_free(&sockets);
	if (result < 0)
		list_free(flows);
	return result;
}
