/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/predict/predicted.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A predicted radius as JSON, both ways. */

#define AT(type, member) .offset = offsetof(struct type, member)
#define TEXT(name_text, type, member)                                                              \
	{                                                                                          \
		.key = name_text, .kind = FIELD_STRING, AT(type, member)                           \
	}
#define NEEDED(name_text, type, member)                                                            \
	{                                                                                          \
		.key = name_text, .kind = FIELD_STRING, AT(type, member), .required = true         \
	}
#define NUMBER(name_text, type, member)                                                            \
	{                                                                                          \
		.key = name_text, .kind = FIELD_INTEGER, AT(type, member)                          \
	}
#define FLAG(name_text, type, member)                                                              \
	{                                                                                          \
		.key = name_text, .kind = FIELD_BOOL, AT(type, member)                             \
	}
#define TEXTS(name_text, type, member)                                                             \
	{                                                                                          \
		.key = name_text, .kind = FIELD_LIST, .item = FIELD_STRING, AT(type, member),      \
		.allow_empty = true, .required = true                                              \
	}
#define OBJECTS(name_text, type, member, shape)                                                    \
	{                                                                                          \
		.key = name_text, .kind = FIELD_LIST, .item = FIELD_OBJECT, .sub = &(shape),       \
		AT(type, member), .allow_empty = true, .required = true                            \
	}

static const struct field connection_fields[] = {
	NEEDED("client", predicted_connection, client),
	NEEDED("client_address", predicted_connection, client_address),
	NEEDED("server", predicted_connection, server),
	NEEDED("server_address", predicted_connection, server_address),
	TEXT("program", predicted_connection, program),
	NEEDED("state", predicted_connection, state),
	FLAG("unsure", predicted_connection, unsure),
	FLAG("seen_from_both", predicted_connection, both),
};
static const struct shape connection_shape = {.name = "predicted connection",
	.size = sizeof(struct predicted_connection),
	SHAPE_FIELDS(connection_fields)};

static const struct field flow_fields[] = {
	NEEDED("client", predicted_flow, client),
	TEXT("client_program", predicted_flow, client_program),
	NEEDED("server", predicted_flow, server),
	TEXT("server_program", predicted_flow, server_program),
	NUMBER("port", predicted_flow, port),
	NUMBER("connections", predicted_flow, connections),
	FLAG("hit", predicted_flow, hit),
};
static const struct shape flow_shape = {
	.name = "flow", .size = sizeof(struct predicted_flow), SHAPE_FIELDS(flow_fields)};

static const struct field link_fields[] = {
	NEEDED("from", predicted_link, from),
	NEEDED("to", predicted_link, to),
	NUMBER("connections", predicted_link, connections),
};
static const struct shape link_shape = {
	.name = "link", .size = sizeof(struct predicted_link), SHAPE_FIELDS(link_fields)};

static const struct field process_fields[] = {
	NEEDED("node", predicted_process, node),
	NEEDED("program", predicted_process, program),
	NUMBER("pid", predicted_process, pid),
};
static const struct shape process_shape = {.name = "predicted process",
	.size = sizeof(struct predicted_process),
	SHAPE_FIELDS(process_fields)};

static const struct field fault_fields[] = {
	NEEDED("id", predicted_fault, id),
	NEEDED("fault", predicted_fault, fault),
	NEEDED("phase", predicted_fault, phase),
	TEXTS("on", predicted_fault, on),
	TEXTS("from", predicted_fault, from),
	FLAG("asked", predicted_fault, asked),
	OBJECTS("links", predicted_fault, links, link_shape),
	NUMBER("link_count", predicted_fault, link_count),
	OBJECTS("connections", predicted_fault, connections, connection_shape),
	NUMBER("connection_count", predicted_fault, connection_count),
	FLAG("at_least", predicted_fault, at_least),
	OBJECTS("flows", predicted_fault, flows, flow_shape),
	OBJECTS("dependents", predicted_fault, dependents, flow_shape),
	NUMBER("more_dependents", predicted_fault, more_dependents),
	OBJECTS("processes", predicted_fault, processes, process_shape),
};
static const struct shape fault_shape = {.name = "predicted fault",
	.size = sizeof(struct predicted_fault),
	SHAPE_FIELDS(fault_fields)};

static const struct field share_fields[] = {
	NEEDED("of", predicted_share, of),
	NUMBER("hit", predicted_share, hit),
	NUMBER("total", predicted_share, total),
};
static const struct shape share_shape = {
	.name = "share", .size = sizeof(struct predicted_share), SHAPE_FIELDS(share_fields)};

static const struct field quorum_fields[] = {
	NEEDED("group", predicted_quorum, group),
	NUMBER("total", predicted_quorum, total),
	NUMBER("left", predicted_quorum, left),
	NUMBER("majority", predicted_quorum, majority),
	FLAG("kept", predicted_quorum, kept),
	FLAG("demanded", predicted_quorum, demanded),
};
static const struct shape quorum_shape = {
	.name = "quorum", .size = sizeof(struct predicted_quorum), SHAPE_FIELDS(quorum_fields)};

static const struct field limit_fields[] = {
	NEEDED("limit", predicted_limit, limit),
	{.key = "hit", .kind = FIELD_NUMBER, AT(predicted_limit, hit)},
	{.key = "allowed", .kind = FIELD_NUMBER, AT(predicted_limit, allowed)},
	FLAG("kept", predicted_limit, kept),
};
static const struct shape limit_shape = {
	.name = "limit", .size = sizeof(struct predicted_limit), SHAPE_FIELDS(limit_fields)};

static const struct field phase_fields[] = {
	NEEDED("phase", predicted_phase, phase),
	TEXTS("nodes", predicted_phase, nodes),
	OBJECTS("shares", predicted_phase, shares, share_shape),
	OBJECTS("quorums", predicted_phase, quorums, quorum_shape),
	OBJECTS("limits", predicted_phase, limits, limit_shape),
};
static const struct shape phase_shape = {.name = "predicted phase",
	.size = sizeof(struct predicted_phase),
	SHAPE_FIELDS(phase_fields)};

static const struct field predicted_fields[] = {
	{.key = "radius",
		.kind = FIELD_INTEGER,
		AT(predicted, version),
		.required = true,
		.min = PREDICTED_VERSION,
		.max = PREDICTED_VERSION},
	NEEDED("scenario", predicted, scenario),
	NEEDED("environment", predicted, environment),
	OBJECTS("faults", predicted, faults, fault_shape),
	OBJECTS("phases", predicted, phases, phase_shape),
};
const struct shape predicted_shape = {
	.name = "radius", .size = sizeof(struct predicted), SHAPE_FIELDS(predicted_fields)};

void predicted_free(struct predicted *predicted)
{
	shape_free(&predicted_shape, predicted);
}

/* --- looking up ------------------------------------------------------------------------ */

const struct predicted_fault *predicted_fault(const struct predicted *predicted, const char *id)
{
	LIST_EACH(predicted->faults, struct predicted_fault, fault)
		if (strcmp(fault->id, id) == 0)
			return fault;
	return NULL;
}

const struct predicted_phase *predicted_phase(const struct predicted *predicted, const char *id)
{
	LIST_EACH(predicted->phases, struct predicted_phase, phase)
		if (strcmp(phase->phase, id) == 0)
			return phase;
	return NULL;
}

bool predicted_flow_is_between(const struct predicted_flow *flow, const char *a, const char *b)
{
	return (strcmp(flow->client, a) == 0 && strcmp(flow->server, b) == 0) ||
		(strcmp(flow->client, b) == 0 && strcmp(flow->server, a) == 0);
}

int64_t predicted_between(const struct predicted_fault *fault, const char *a, const char *b)
{
	int64_t count = 0;

	LIST_EACH(fault->links, struct predicted_link, link)
		if (strcmp(link->from, a) == 0 && strcmp(link->to, b) == 0)
			return link->connections;
	LIST_EACH(fault->flows, struct predicted_flow, flow)
		count += predicted_flow_is_between(flow, a, b) ? flow->connections : 0;
	return count;
}

const char *predicted_service(const struct predicted_flow *flow, char text[SERVICE_TEXT_MAX])
{
	const char *program = flow->server_program ? flow->server_program : "";

	if (flow->port)
		snprintf(text, SERVICE_TEXT_MAX, "%s:%" PRId64, program, flow->port);
	else
		snprintf(text, SERVICE_TEXT_MAX, "%s", program);
	return text;
}
