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

static void add_flow(struct list *flows, const struct predicted_flow *borrowed)
{
	struct predicted_flow *flow = list_push(flows, sizeof(*flow));

	*flow = *borrowed;
	flow->client = must_copy(borrowed->client);
	flow->server = must_copy(borrowed->server);
	flow->client_program = must_copy_if(borrowed->client_program);
	flow->server_program = must_copy_if(borrowed->server_program);
}

static void free_flow(struct predicted_flow *flow)
{
	free(flow->client);
	free(flow->server);
	free(flow->client_program);
	free(flow->server_program);
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

	add_flow(&out->flows, &flow);
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

static int by_text(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int by_service(const void *a, const void *b)
{
	const struct predicted_flow *one = a, *other = b;
	int order = strcmp(one->client, other->client);

	if (!order)
		order = strcmp(one->server, other->server);
	return order ? order : (one->port > other->port) - (one->port < other->port);
}

static int by_all(const void *a, const void *b)
{
	const struct predicted_flow *one = a, *other = b;
	int order = by_service(a, b);

	if (!order)
		order = by_text(one->client_program, other->client_program);
	return order ? order : by_text(one->server_program, other->server_program);
}

/* Leaves them sorted by client, server and port, each once. */
static void merge_flows(struct list *flows)
{
	struct predicted_flow *flow = flows->items;
	size_t kept = 0;

	if (!flows->count)
		return;
	qsort(flow, flows->count, sizeof(*flow), by_all);
	for (size_t i = 1; i < flows->count; i++) {
		if (by_all(&flow[i], &flow[kept]) != 0) {
			flow[++kept] = flow[i];
			continue;
		}
		flow[kept].connections += flow[i].connections;
		free_flow(&flow[i]);
	}
	flows->count = kept + 1;
}

static int by_connections(const void *a, const void *b)
{
	const struct predicted_flow *one = a, *other = b;

	if (one->connections != other->connections)
		return one->connections > other->connections ? -1 : 1;
	return by_all(a, b);
}

/* The heaviest first. How many there was no room for. */
static size_t cut_flows(struct list *flows)
{
	size_t all = flows->count;

	if (all)
		qsort(flows->items, all, sizeof(struct predicted_flow), by_connections);
	for (; flows->count > PREDICTED_FLOWS_MAX; flows->count--)
		free_flow(LIST_AT(*flows, struct predicted_flow, flows->count - 1));
	return all - flows->count;
}

/* The first from one to the other, at that port or (0) at any; flows->count: there is none. */
static size_t find_flow(
	const struct list *flows, const char *client, const char *server, int64_t port)
{
	const struct predicted_flow wanted = {
		.client = (char *)client, .server = (char *)server, .port = port};
	const struct predicted_flow *flow = flows->items;
	size_t low = 0, high = flows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_service(&flow[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < flows->count && strcmp(flow[low].client, client) == 0 &&
		strcmp(flow[low].server, server) == 0 && (!port || flow[low].port == port))
		return low;
	return flows->count;
}

static int64_t opened(const struct list *flows, const char *client, const char *server)
{
	int64_t count = 0;

	for (size_t i = find_flow(flows, client, server, 0); i < flows->count; i++) {
		const struct predicted_flow *flow = LIST_AT(*flows, struct predicted_flow, i);

		if (strcmp(flow->client, client) != 0 || strcmp(flow->server, server) != 0)
			break;
		count += flow->connections;
	}
	return count;
}

int64_t join_between(const struct predicted_fault *fault, const char *a, const char *b)
{
	return opened(&fault->flows, a, b) + opened(&fault->flows, b, a);
}

void join_finish(struct predicted_fault *out)
{
	out->at_least |= cut_flows(&out->flows) > 0;
	out->more_dependents += (int64_t)cut_flows(&out->dependents);
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
	merge_flows(&out->flows);
}

/* --- who depends on it ------------------------------------------------------------------- */

static bool is_hit_process(const struct fault_inspection *inspection, int64_t pid)
{
	LIST_EACH(inspection->result.processes, struct process_target, process)
		if (pid && process->pid == pid)
			return true;
	return false;
}

/* The same connections may be known from the client's end, with its program. NULL: they are not. */
static const struct predicted_flow *flow_of(
	const struct predicted_fault *fault, const char *client, const char *server, int64_t port)
{
	size_t at = find_flow(&fault->flows, client, server, port);

	return at < fault->flows.count ? LIST_AT(fault->flows, struct predicted_flow, at) : NULL;
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

			add_flow(&out->dependents, &dependent);
		}
	}
	merge_flows(&out->dependents);
}
