/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/ends.h"

#include <stdlib.h>
#include <string.h>

#include "injector/host.h"
#include "injector/lists.h"
#include "injector/proc_net.h"

enum {
	PORTS = 65536,
	CLIENTS_MAX = 1024,       /* rows that are told apart */
	CLIENTS_BYTES_MAX = 6144, /* what they may take of an answer's line */
	CLIENT_BYTES = 80,        /* of one, beside its texts */
	NAME_BYTES_MAX = 32
};

/* ---- who holds a socket ---- */

struct holder {
	uint64_t inode;
	int64_t pid;   /* 0: nobody that may be looked into */
	char *program; /* owned, or NULL */
};

static int by_inode(const void *a, const void *b)
{
	const struct holder *one = a, *other = b;

	return one->inode < other->inode ? -1 : one->inode > other->inode;
}

static struct holder *find_holder(const struct list *holders, uint64_t inode)
{
	const struct holder wanted = {.inode = inode};

	if (!inode || !holders->count)
		return NULL;
	return bsearch(&wanted, holders->items, holders->count, sizeof(wanted), by_inode);
}

/* "/usr/bin/etcd" is "etcd"; cut and escaped. To be freed. */
static char *program_of(int64_t pid)
{
	char *exe = host_process_exe(pid), *name;
	const char *slash = exe ? strrchr(exe, '/') : NULL;

	if (!exe)
		return NULL;
	name = process_text(slash && slash[1] ? slash + 1 : exe, NAME_BYTES_MAX);
	free(exe);
	return name;
}

/* Of several that hold the same, the first: the parent that has opened it. How many it found. */
static size_t look_into(int64_t pid, struct list *holders)
{
	struct fail ignored = FAIL_INIT;
	struct list held;
	size_t found = 0;

	if (host_process_sockets(pid, &held, &ignored) < 0)
		return 0;
	LIST_EACH(held, const uint64_t, inode) {
		struct holder *holder = find_holder(holders, *inode);

		if (!holder || holder->pid)
			continue;
		holder->pid = pid;
		holder->program = program_of(pid);
		found++;
	}
	list_free(&held);
	return found;
}

/* One walk over all processes, which ends as soon as nobody is looked for any more. */
static void find_holders(const struct list *inodes, struct list *holders)
{
	struct fail ignored = FAIL_INIT;
	struct list pids;
	size_t missing = 0;

	*holders = (struct list){0};
	LIST_EACH(*inodes, const uint64_t, inode) {
		((struct holder *)list_push(holders, sizeof(struct holder)))->inode = *inode;
		missing += *inode != 0;
	}
	if (!missing || host_process_list(&pids, &ignored) < 0)
		return;
	qsort(holders->items, holders->count, sizeof(struct holder), by_inode);
	LIST_EACH(pids, const int64_t, pid) {
		if (missing)
			missing -= look_into(*pid, holders);
	}
	list_free(&pids);
}

static void free_holders(struct list *holders)
{
	LIST_EACH(*holders, struct holder, holder)
		free(holder->program);
	list_free(holders);
}

static void tell_holder(
	const struct list *holders, uint64_t inode, char **out_program, int64_t *out_pid)
{
	const struct holder *holder = find_holder(holders, inode);

	if (!holder || !holder->program)
		return;
	*out_program = must_copy(holder->program);
	*out_pid = holder->pid;
}

/* ---- which end is the server's ---- */

/* A byte for each port. To be freed. */
static bool *listening_ports(const struct list *sockets)
{
	bool *ports = must_array(PORTS, sizeof(*ports));

	LIST_EACH(*sockets, const struct tcp_socket, socket) {
		if (socket->state == TCP_STATE_LISTENING)
			ports[socket->local_port] = true;
	}
	return ports;
}

/* "10.0.0.1:2380", "[fd00::1]:2380": its port. */
static uint16_t port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

void ends_tell(const struct list *sockets, const struct list *inodes, struct inspect_result *out)
{
	const uint64_t *inode = inodes->items;
	struct list holders;
	bool *listening;

	if (!out->connections.count)
		return;
	listening = listening_ports(sockets);
	find_holders(inodes, &holders);
	LIST_EACH(out->connections, struct connection, connection) {
		connection->listens = listening[port_of(connection->local)];
		tell_holder(&holders, *inode++, &connection->program, &connection->pid);
	}
	free_holders(&holders);
	free(listening);
}

/* ---- who is served ---- */

struct client {
	struct prefix address;
	uint16_t port;
	uint64_t inode; /* of one of its connections */
	int64_t connections;
};

static bool is_of(const struct client *client, const struct tcp_socket *socket)
{
	return client->port == socket->local_port &&
		memcmp(client->address.address, socket->remote.address,
			sizeof(client->address.address)) == 0;
}

static void count_client(struct list *clients, const struct tcp_socket *socket, int64_t *more)
{
	struct client *client;

	LIST_EACH(*clients, struct client, known) {
		if (!is_of(known, socket))
			continue;
		known->connections++;
		return;
	}
	if (clients->count == CLIENTS_MAX) {
		(*more)++;
		return;
	}
	client = list_push(clients, sizeof(*client));
	*client = (struct client){.address = socket->remote,
		.port = socket->local_port,
		.inode = socket->inode,
		.connections = 1};
}

static int by_connections(const void *a, const void *b)
{
	const struct client *one = a, *other = b;

	if (one->connections != other->connections)
		return one->connections > other->connections ? -1 : 1;
	if (one->port != other->port)
		return one->port < other->port ? -1 : 1;
	return memcmp(one->address.address, other->address.address, sizeof(one->address.address));
}

static size_t fitting(const struct list *clients)
{
	size_t most = CLIENTS_BYTES_MAX / (CLIENT_BYTES + NAME_BYTES_MAX);

	return clients->count < most ? clients->count : most;
}

static void tell_clients(const struct list *clients, struct inspect_result *out)
{
	struct list inodes = {0}, holders;
	size_t told = fitting(clients);

	for (size_t i = 0; i < told; i++)
		*(uint64_t *)list_push(&inodes, sizeof(uint64_t)) =
			LIST_AT(*clients, struct client, i)->inode;
	find_holders(&inodes, &holders);
	for (size_t i = 0; i < told; i++) {
		const struct client *client = LIST_AT(*clients, struct client, i);
		struct served_client *row = list_push(&out->clients, sizeof(*row));
		char text[PREFIX_TEXT_MAX];

		row->port = client->port;
		row->address = must_copy(prefix_format(&client->address, text));
		row->connections = client->connections;
		tell_holder(&holders, client->inode, &row->program, &row->pid);
	}
	out->more_clients += (int64_t)(clients->count - told);
	free_holders(&holders);
	list_free(&inodes);
}

void ends_tell_clients(const struct list *sockets, struct inspect_result *out)
{
	bool *listening = listening_ports(sockets);
	struct list clients = {0};

	LIST_EACH(*sockets, const struct tcp_socket, socket) {
		if (socket->state == TCP_STATE_ESTABLISHED && listening[socket->local_port])
			count_client(&clients, socket, &out->more_clients);
	}
	if (clients.count)
		qsort(clients.items, clients.count, sizeof(struct client), by_connections);
	tell_clients(&clients, out);
	list_free(&clients);
	free(listening);
}
