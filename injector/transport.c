/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "injector/host.h"
#include "injector/lists.h"
#include "injector/parts.h"
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
		return -1;
	}
	return 0;
}

static bool add_number(struct list *numbers, uint64_t number)
{
	if (list_has_number(numbers, number))
		return false;
	*(uint64_t *)list_push(numbers, sizeof(number)) = number;
	return true;
}

/* ---- who carries ---- */

struct kin {
	int64_t pid, parent;
	bool ours, controller;
};

/* The program first: it tells most processes apart at the price of one system call. */
static void look_at(int64_t pid, struct list *kin)
{
	struct kin *one = list_push(kin, sizeof(*one));
	struct host_process process;
	char *exe = host_process_exe(pid);

	*one = (struct kin){.pid = pid, .ours = exe && part_is_ours(exe, NULL)};
	if (one->ours && host_process_read(pid, &process)) {
		one->parent = process.parent;
		one->controller = part_is_controller(&process);
		host_process_deinit(&process);
	}
	free(exe);
}

static void add_ancestors(int64_t pid, struct list *carriers)
{
	for (int generation = 0; pid > 0 && generation < ANCESTORS_MAX; generation++) {
		if (!add_number(carriers, (uint64_t)pid))
			return; /* and all above it */
		pid = host_process_parent(pid);
	}
}

/* Grandchildren too: an ssh that goes through a jump host holds no socket, its child does. */
static void add_children(struct list *kin, const struct list *controllers, struct list *carriers)
{
	struct list found = {0};
	bool more = controllers->count > 0;

	LIST_EACH(*controllers, const uint64_t, controller) {
		add_number(&found, *controller);
	}
	LIST_EACH(*kin, struct kin, one) {
		if (more && !one->ours)
			one->parent = host_process_parent(one->pid);
	}
	while (more) {
		more = false;
		LIST_EACH(*kin, const struct kin, one) {
			if (!one->ours && one->parent > 0 &&
				list_has_number(&found, (uint64_t)one->parent))
				more |= add_number(&found, (uint64_t)one->pid);
		}
	}
	LIST_EACH(found, const uint64_t, pid) {
		add_number(carriers, *pid);
	}
	list_free(&found);
}

/* Pids (uint64_t) of the processes whose connections sessions depend on. */
static int find_carriers(int64_t self, struct list *carriers, struct fail *fail)
{
	struct list pids, kin = {0}, controllers = {0};

	*carriers = (struct list){0};
	if (host_process_list(&pids, fail) < 0)
		return fail_context(fail, "what carries sessions");
	LIST_EACH(pids, const int64_t, pid) {
		look_at(*pid, &kin);
	}
	list_free(&pids);
	add_ancestors(self, carriers);
	LIST_EACH(kin, const struct kin, one) {
		if (one->ours)
			add_ancestors(one->parent, carriers);
		if (one->controller)
			add_number(&controllers, (uint64_t)one->pid);
	}
	add_children(&kin, &controllers, carriers);
	list_free(&controllers);
	list_free(&kin);
	return 0;
}

/* ---- their connections ---- */

static void add_flows(struct list *flows, const struct list *sockets, const struct list *inodes)
{
	LIST_EACH(*sockets, const struct tcp_socket, socket) {
		struct bb_flow *flow;

		if (!socket->inode || socket->state == TCP_STATE_LISTENING ||
			!list_has_number(inodes, socket->inode))
			continue;
		flow = list_push(flows, sizeof(*flow));
		memcpy(flow->remote.bytes, socket->remote.address, sizeof(flow->remote.bytes));
		flow->remote_port = socket->remote_port;
		flow->local_port = socket->local_port;
		flow->protocol = IPPROTO_TCP;
	}
}

/* Several hold the same socket: sshd's monitor and the process that it runs for the user. */
static int collect_sockets(const struct list *carriers, struct list *inodes, struct fail *fail)
{
	*inodes = (struct list){0};
	LIST_EACH(*carriers, const uint64_t, pid) {
		struct list held;

		if (host_process_sockets((int64_t)*pid, &held, fail) < 0) {
			list_free(inodes);
			return -1;
		}
		LIST_EACH(held, const uint64_t, inode) {
			add_number(inodes, *inode);
		}
		list_free(&held);
	}
	return 0;
}

static int find_flows(const struct list *carriers, struct list *flows, struct fail *fail)
{
	struct list sockets, inodes;

	if (collect_sockets(carriers, &inodes, fail) < 0)
		return -1;
	if (transport_sockets(&sockets, fail) < 0) {
		list_free(&inodes);
		return fail_context(fail, "looking for the connections that carry this session");
	}
	add_flows(flows, &sockets, &inodes);
	list_free(&sockets);
	list_free(&inodes);
	return 0;
}

int transport_flows(int64_t pid, struct list *flows, struct fail *fail)
{
	struct list carriers;
	int result;

	*flows = (struct list){0};
	if (find_carriers(pid, &carriers, fail) < 0)
		return -1;
	result = find_flows(&carriers, flows, fail);
	list_free(&carriers);
	return result;
}

bool transport_has(const struct list *flows, const struct tcp_socket *socket)
{
	LIST_EACH(*flows, const struct bb_flow, flow) {
		if (flow->local_port == socket->local_port &&
			flow->remote_port == socket->remote_port &&
			memcmp(flow->remote.bytes, socket->remote.address,
				sizeof(flow->remote.bytes)) == 0)
			return true;
	}
	return false;
}
