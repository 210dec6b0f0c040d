/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/predict/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"

/* --- whose an address is --------------------------------------------------------------- */

/* "10.0.0.1:2380" and "[fd00::1]:2380" without port and brackets. */
static void host_of(const char *address, char *out, size_t size)
{
	const char *colon = strrchr(address, ':');
	size_t length = colon ? (size_t)(colon - address) : strlen(address);

	if (length && address[0] == '[' && address[length - 1] == ']') {
		address++;
		length -= 2;
	}
	snprintf(out, size, "%.*s", (int)length, address);
}

static int64_t port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? strtol(colon + 1, NULL, 10) : 0;
}

/* The fault's word for it is a node's name, or one for many ("everything", a prefix). */
static const char *peer_of(const struct directory *directory, const struct connection *connection)
{
	const char *node = directory_node(directory, connection->peer);
	char host[128];

	if (node)
		return node;
	host_of(connection->remote, host, sizeof(host));
	node = directory_node(directory, host);
	return node ? node : connection->peer;
}

/* --- views ------------------------------------------------------------------------------- */

/* One host's view, its ends in the order of their texts; all is borrowed from the record. */
struct view {
	const char *address[2];
	const struct connection *connection;
	const char *node;
	int own; /* which of the two ends is at that host */
};

static int by_ends(const void *a, const void *b)
{
	const struct view *one = a, *other = b;
	int order = strcmp(one->address[0], other->address[0]);

	return order ? order : strcmp(one->address[1], other->address[1]);
}

static void add_views(const struct fault_inspection *inspection, struct list *views)
{
	LIST_EACH(inspection->result.connections, struct connection, connection) {
		struct view *view = list_push(views, sizeof(*view));
		bool first = strcmp(connection->local, connection->remote) <= 0;

		*view = (struct view){.connection = connection,
			.node = inspection->node,
			.own = first ? 0 : 1,
			.address = {first ? connection->local : connection->remote,
				first ? connection->remote : connection->local}};
	}
}

/* --- one connection ---------------------------------------------------------------------- */

struct end {
	const char *address, *node, *program;
	bool seen, listens;
};

static void take_view(
	const struct directory *directory, const struct view *view, struct end ends[2])
{
	struct end *own = &ends[view->own], *other = &ends[1 - view->own];

	own->address = view->address[view->own];
	own->node = view->node;
	own->seen = true;
	own->listens |= view->connection->listens;
	if (view->connection->program)
		own->program = view->connection->program;
	other->address = view->address[1 - view->own];
	if (!other->seen)
		other->node = peer_of(directory, view->connection);
}

/*
 * The end at which somebody listens on that port is the server's. A host where nobody does has
 * opened the connection itself; when both say so, the server has stopped listening. -1: unknown.
 */
static int server_of(const struct end ends[2])
{
	if (ends[0].listens != ends[1].listens)
		return ends[0].listens ? 0 : 1;
	if (ends[0].listens || ends[0].seen == ends[1].seen)
		return -1;
	return ends[0].seen ? 1 : 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* False: there is no room for another one. */
static bool add_to_flows(struct list *flows, const struct predicted_flow *wanted)
{
	struct predicted_flow *flow;

	LIST_EACH(*flows, struct predicted_flow, known)
		if (same(known->client, wanted->client) && same(known->server, wanted->server) &&
			known->port == wanted->port &&
			same(known->client_program, wanted->client_program) &&
			same(known->server_program, wanted->server_program)) {
			known->connections += wanted->connections;
			return true;
		}
	if (flows->count == PREDICTED_FLOWS_MAX)
		return false;
	flow = list_push(flows, sizeof(*flow));
	*flow = *wanted;
	flow->client = must_copy(wanted->client);
	flow->server = must_copy(wanted->server);
	flow->client_program = must_copy_if(wanted->client_program);
	flow->server_program = must_copy_if(wanted->server_program);
	return true;
}

/* Without a server the ends stand in the order of their names, so that all are counted together. */
static void add_connection(struct predicted_fault *out, const struct end ends[2], const char *state)
{
	int server = server_of(ends);
	int to = server >= 0 ? server : strcmp(ends[0].node, ends[1].node) <= 0 ? 1 : 0;
	const struct end *client = &ends[1 - to], *serving = &ends[to];
	const struct predicted_flow flow = {.client = (char *)client->node,
		.client_program = (char *)client->program,
		.server = (char *)serving->node,
		.server_program = (char *)serving->program,
		.port = server >= 0 ? port_of(serving->address) : 0,
		.connections = 1,
		.hit = true};
	struct predicted_connection *connection;

	if (!add_to_flows(&out->flows, &flow)) {
		out->at_least = true;
		return;
	}
	out->connection_count++;
	if (out->connections.count == PREDICTED_LISTED_MAX)
		return;
	connection = list_push(&out->connections, sizeof(*connection));
	*connection = (struct predicted_connection){.client = must_copy(client->node),
		.client_address = must_copy(client->address),
		.server = must_copy(serving->node),
		.server_address = must_copy(serving->address),
		.program = must_copy_if(serving->program),
		.state = must_copy(state),
		.unsure = server < 0,
		.both = client->seen && serving->seen};
}

/* --- flows ------------------------------------------------------------------------------- */

static int by_names(const struct predicted_flow *one, const struct predicted_flow *other)
{
	int order = strcmp(one->server, other->server);

	if (!order)
		order = strcmp(one->client, other->client);
	return order ? order : (one->port > other->port) - (one->port < other->port);
}

static int by_connections(const void *a, const void *b)
{
	const struct predicted_flow *one = a, *other = b;

	if (one->connections != other->connections)
		return one->connections > other->connections ? -1 : 1;
	return by_names(one, other);
}

static void sort_flows(struct list *flows)
{
	if (flows->count)
		qsort(flows->items, flows->count, sizeof(struct predicted_flow), by_connections);
}

void join_connections(const struct directory *directory, const struct fault_record *fault,
	struct predicted_fault *out)
{
	struct list views = {0};
	const struct view *view;

	LIST_EACH(fault->inspections, struct fault_inspection, inspection) {
		add_views(inspection, &views);
		out->at_least |= inspection->result.connection_count >
			(int64_t)inspection->result.connections.count;
	}
	if (views.count)
		qsort(views.items, views.count, sizeof(struct view), by_ends);
	view = views.items;
	for (size_t i = 0; i < views.count;) {
		struct end ends[2] = {0};
		size_t first = i;

		for (; i < views.count && by_ends(&view[first], &view[i]) == 0; i++)
			take_view(directory, &view[i], ends);
		add_connection(out, ends, view[first].connection->state);
	}
	free(views.items);
	sort_flows(&out->flows);
}

/* --- who depends on it ------------------------------------------------------------------- */

static bool is_hit_process(const struct fault_inspection *inspection, int64_t pid)
{
	LIST_EACH(inspection->result.processes, struct process_target, process)
		if (pid && process->pid == pid)
			return true;
	return false;
}

/* The same connections may be known from the client's end, with its program. */
static const struct predicted_flow *flow_of(
	const struct predicted_fault *fault, const char *client, const char *server, int64_t port)
{
	LIST_EACH(fault->flows, struct predicted_flow, flow)
		if (flow->port == port && strcmp(flow->client, client) == 0 &&
			strcmp(flow->server, server) == 0)
			return flow;
	return NULL;
}

void join_dependents(const struct directory *directory, const struct fault_record *fault,
	struct predicted_fault *out)
{
	LIST_EACH(fault->inspections, struct fault_inspection, inspection) {
		out->more_dependents += inspection->result.more_clients;
		LIST_EACH(inspection->result.clients, struct served_client, row) {
			const char *node = directory_node(directory, row->address);
			const char *client = node ? node : row->address;
			const struct predicted_flow *flow =
				flow_of(out, client, inspection->node, row->port);
			const struct predicted_flow dependent = {.client = (char *)client,
				.client_program = flow ? flow->client_program : NULL,
				.server = inspection->node,
				.server_program = row->program,
				.port = row->port,
				.connections = row->connections,
				.hit = flow || is_hit_process(inspection, row->pid)};

			out->more_dependents += !add_to_flows(&out->dependents, &dependent);
		}
	}
	sort_flows(&out->dependents);
}
