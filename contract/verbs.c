/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/verbs.h"

#include "contract/units.h"

#define AT(type, member) .offset = offsetof(struct type, member)

#define LEASE_MIN_NS (200 * NS_PER_MS)
#define LEASE_MAX_NS (300 * NS_PER_SEC)

const char *const attach_words[] = {"auto", "tcx", "clsact", NULL};
const char *const direction_words[] = {"ingress", "egress", NULL};
static const char *const role_words[] = {"on", "from", NULL};

static const struct field no_fields[] = {{.key = "", .later = true}};
const struct shape empty_shape = {.name = "params", .size = 0, .fields = no_fields, .count = 0};

/* --- common parts ---------------------------------------------------------------------- */

static const struct field scope_fields[] = {
	{.key = "netns", .kind = FIELD_STRING, AT(scope, netns)},
	{.key = "cgroup", .kind = FIELD_STRING, AT(scope, cgroup)},
	{.key = "container", .kind = FIELD_STRING, AT(scope, container)},
};
const struct shape scope_shape = {
	.name = "scope", .size = sizeof(struct scope), SHAPE_FIELDS(scope_fields)};

const struct form host_name_form = {
	.pattern = "^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$",
	.says = "a host's name: letters, digits, hyphens and dots",
};

static const struct field endpoint_fields[] = {
	{.key = "node", .kind = FIELD_STRING, AT(endpoint, node), .required = true},
	{.key = "prefixes",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		AT(endpoint, prefixes),
		.allow_empty = true},
	{.key = "set", .kind = FIELD_NAME, AT(endpoint, set)},
	{.key = "host", .kind = FIELD_STRING, .form = &host_name_form, AT(endpoint, host)},
};
const struct shape endpoint_shape = {
	.name = "endpoint", .size = sizeof(struct endpoint), SHAPE_FIELDS(endpoint_fields)};

/* --- hello, ping ----------------------------------------------------------------------- */

static const struct field hello_params_fields[] = {
	{.key = "version", .kind = FIELD_INTEGER, AT(hello_params, version), .required = true},
	{.key = "session", .kind = FIELD_NAME, AT(hello_params, session), .required = true},
	{.key = "controller", .kind = FIELD_STRING, AT(hello_params, controller), .required = true},
	{.key = "lease",
		.kind = FIELD_DURATION,
		AT(hello_params, lease_ns),
		.required = true,
		.min = LEASE_MIN_NS,
		.max = LEASE_MAX_NS},
	{.key = "attach",
		.kind = FIELD_ENUM,
		AT(hello_params, attach),
		.words = attach_words,
		.preset = "\"auto\""},
	{.key = "looks", .kind = FIELD_BOOL, AT(hello_params, looks)},
};
const struct shape hello_params_shape = {
	.name = "hello", .size = sizeof(struct hello_params), SHAPE_FIELDS(hello_params_fields)};

static const struct field halted_fields[] = {
	{.key = "text", .kind = FIELD_STRING, AT(halted_notice, text), .required = true},
};
const struct shape halted_notice_shape = {
	.name = "halted", .size = sizeof(struct halted_notice), SHAPE_FIELDS(halted_fields)};

static const struct field capability_fields[] = {
	{.key = "name", .kind = FIELD_STRING, AT(capability, name), .required = true},
	{.key = "ok", .kind = FIELD_BOOL, AT(capability, ok), .required = true},
	{.key = "reason",
		.kind = FIELD_STRING,
		AT(capability, reason),
		.required = true,
		.allow_empty = true},
};
static const struct shape capability_shape = {
	.name = "capability", .size = sizeof(struct capability), SHAPE_FIELDS(capability_fields)};

static const struct field hello_result_fields[] = {
	{.key = "version", .kind = FIELD_INTEGER, AT(hello_result, version), .required = true},
	{.key = "tool", .kind = FIELD_STRING, AT(hello_result, tool), .required = true},
	{.key = "host", .kind = FIELD_STRING, AT(hello_result, host), .required = true},
	{.key = "kernel", .kind = FIELD_STRING, AT(hello_result, kernel), .required = true},
	{.key = "machine", .kind = FIELD_STRING, AT(hello_result, machine), .required = true},
	{.key = "boot_id", .kind = FIELD_STRING, AT(hello_result, boot_id), .required = true},
	{.key = "netns_cookie",
		.kind = FIELD_I64,
		AT(hello_result, netns_cookie),
		.required = true},
	{.key = "pid", .kind = FIELD_INTEGER, AT(hello_result, pid), .required = true},
	{.key = "cgroup", .kind = FIELD_STRING, AT(hello_result, cgroup)},
	{.key = "attach", .kind = FIELD_STRING, AT(hello_result, attach), .required = true},
	{.key = "capabilities",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &capability_shape,
		AT(hello_result, capabilities),
		.required = true,
		.allow_empty = true},
	{.key = "addresses",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		AT(hello_result, addresses),
		.required = true,
		.allow_empty = true},
	{.key = "policy", .kind = FIELD_JSON, AT(hello_result, policy)},
};
const struct shape hello_result_shape = {.name = "hello result",
	.size = sizeof(struct hello_result),
	SHAPE_FIELDS(hello_result_fields)};

static const struct field ping_result_fields[] = {
	{.key = "monotonic_ns", .kind = FIELD_I64, AT(ping_result, monotonic_ns), .required = true},
};
const struct shape ping_result_shape = {.name = "ping result",
	.size = sizeof(struct ping_result),
	SHAPE_FIELDS(ping_result_fields)};

/* --- peers ----------------------------------------------------------------------------- */

static const struct field peers_params_fields[] = {
	{.key = "set", .kind = FIELD_NAME, AT(peers_params, set), .required = true},
	{.key = "prefixes",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		AT(peers_params, prefixes),
		.required = true},
};
const struct shape peers_params_shape = {
	.name = "peers", .size = sizeof(struct peers_params), SHAPE_FIELDS(peers_params_fields)};

static const struct field peers_result_fields[] = {
	{.key = "size", .kind = FIELD_INTEGER, AT(peers_result, size), .required = true},
	{.key = "total", .kind = FIELD_INTEGER, AT(peers_result, total), .required = true},
};
const struct shape peers_result_shape = {.name = "peers result",
	.size = sizeof(struct peers_result),
	SHAPE_FIELDS(peers_result_fields)};

/* --- inspect, arm ---------------------------------------------------------------------- */

static const struct field fault_order_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(fault_order, id), .required = true},
	{.key = "fault", .kind = FIELD_NAME, AT(fault_order, fault), .required = true},
	{.key = "scope",
		.kind = FIELD_OBJECT,
		.sub = &scope_shape,
		AT(fault_order, scope),
		.required = true},
	{.key = "role",
		.kind = FIELD_ENUM,
		.words = role_words,
		AT(fault_order, role),
		.required = true},
	{.key = "self", .kind = FIELD_STRING, AT(fault_order, self)},
	{.key = "with", .kind = FIELD_JSON, AT(fault_order, with), .required = true},
	{.key = "on",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &endpoint_shape,
		AT(fault_order, on),
		.required = true},
	{.key = "from",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &endpoint_shape,
		AT(fault_order, from),
		.required = true,
		.allow_empty = true},
	{.key = "processes",
		.kind = FIELD_OBJECT,
		.sub = &process_selector_shape,
		AT(fault_order, processes)},
	{.key = "seed", .kind = FIELD_I64, AT(fault_order, seed), .preset = "\"0\""},
	{.key = "start_ns", .kind = FIELD_I64, AT(fault_order, start_ns), .preset = "\"0\""},
	{.key = "deadline_ns", .kind = FIELD_I64, AT(fault_order, deadline_ns), .preset = "\"0\""},
};
const struct shape fault_order_shape = {.name = "fault order",
	.size = sizeof(struct fault_order),
	SHAPE_FIELDS(fault_order_fields)};

static const struct field foreign_fields[] = {
	{.key = "interface",
		.kind = FIELD_STRING,
		AT(foreign_program, interface),
		.required = true},
	{.key = "direction",
		.kind = FIELD_STRING,
		AT(foreign_program, direction),
		.required = true},
	{.key = "name",
		.kind = FIELD_STRING,
		AT(foreign_program, name),
		.required = true,
		.allow_empty = true},
	{.key = "ahead", .kind = FIELD_BOOL, AT(foreign_program, ahead), .required = true},
};
static const struct shape foreign_shape = {.name = "foreign program",
	.size = sizeof(struct foreign_program),
	SHAPE_FIELDS(foreign_fields)};

static const struct field connection_fields[] = {
	{.key = "local", .kind = FIELD_STRING, AT(connection, local), .required = true},
	{.key = "remote", .kind = FIELD_STRING, AT(connection, remote), .required = true},
	{.key = "peer", .kind = FIELD_STRING, AT(connection, peer), .required = true},
	{.key = "state", .kind = FIELD_STRING, AT(connection, state), .required = true},
	{.key = "listens", .kind = FIELD_BOOL, AT(connection, listens)},
	{.key = "program", .kind = FIELD_STRING, AT(connection, program)},
	{.key = "pid", .kind = FIELD_INTEGER, AT(connection, pid)},
};
static const struct shape connection_shape = {
	.name = "connection", .size = sizeof(struct connection), SHAPE_FIELDS(connection_fields)};

static const struct field matched_fields[] = {
	{.key = "direction",
		.kind = FIELD_ENUM,
		.words = direction_words,
		AT(matched_peers, direction),
		.required = true},
	{.key = "peers",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(matched_peers, peers),
		.required = true},
};
static const struct shape matched_shape = {.name = "matched peers",
	.size = sizeof(struct matched_peers),
	SHAPE_FIELDS(matched_fields)};

static const struct field served_fields[] = {
	{.key = "port", .kind = FIELD_INTEGER, AT(served_client, port), .required = true},
	{.key = "program", .kind = FIELD_STRING, AT(served_client, program)},
	{.key = "pid", .kind = FIELD_INTEGER, AT(served_client, pid)},
	{.key = "address", .kind = FIELD_STRING, AT(served_client, address), .required = true},
	{.key = "connections",
		.kind = FIELD_INTEGER,
		AT(served_client, connections),
		.required = true},
};
static const struct shape served_shape = {
	.name = "served client", .size = sizeof(struct served_client), SHAPE_FIELDS(served_fields)};

#define TEXTS(name_text, type, member)                                                             \
	{                                                                                          \
		.key = name_text, .kind = FIELD_LIST, .item = FIELD_STRING, AT(type, member),      \
		.allow_empty = true, .required = true                                              \
	}

static const struct field inspect_result_fields[] = {
	TEXTS("effects", inspect_result, effects),
	TEXTS("undo", inspect_result, undo),
	TEXTS("interfaces", inspect_result, interfaces),
	{.key = "foreign",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &foreign_shape,
		AT(inspect_result, foreign),
		.allow_empty = true,
		.required = true},
	{.key = "connections",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &connection_shape,
		AT(inspect_result, connections),
		.allow_empty = true,
		.required = true},
	{.key = "connection_count",
		.kind = FIELD_INTEGER,
		AT(inspect_result, connection_count),
		.required = true},
	{.key = "processes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &process_target_shape,
		AT(inspect_result, processes),
		.allow_empty = true},
	{.key = "matches",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &matched_shape,
		AT(inspect_result, matches),
		.allow_empty = true},
	{.key = "clients",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &served_shape,
		AT(inspect_result, clients),
		.allow_empty = true},
	{.key = "more_clients", .kind = FIELD_INTEGER, AT(inspect_result, more_clients)},
};
const struct shape inspect_result_shape = {.name = "inspect result",
	.size = sizeof(struct inspect_result),
	SHAPE_FIELDS(inspect_result_fields)};

static const struct field arm_result_fields[] = {
	{.key = "armed_ns", .kind = FIELD_I64, AT(arm_result, armed_ns), .required = true},
	{.key = "late_ns", .kind = FIELD_I64, AT(arm_result, late_ns), .required = true},
	{.key = "attach", .kind = FIELD_STRING, AT(arm_result, attach), .required = true},
	TEXTS("interfaces", arm_result, interfaces),
};
const struct shape arm_result_shape = {
	.name = "arm result", .size = sizeof(struct arm_result), SHAPE_FIELDS(arm_result_fields)};

/* --- update ---------------------------------------------------------------------------- */

static const struct field update_params_fields[] = {
	{.key = "fault", .kind = FIELD_NAME, AT(update_params, fault), .required = true},
	{.key = "with", .kind = FIELD_JSON, AT(update_params, with), .required = true},
};
const struct shape update_params_shape = {
	.name = "update", .size = sizeof(struct update_params), SHAPE_FIELDS(update_params_fields)};

static const struct field update_result_fields[] = {
	{.key = "changed_ns", .kind = FIELD_I64, AT(update_result, changed_ns), .required = true},
	{.key = "change", .kind = FIELD_INTEGER, AT(update_result, change), .required = true},
};
const struct shape update_result_shape = {.name = "update result",
	.size = sizeof(struct update_result),
	SHAPE_FIELDS(update_result_fields)};

static const struct field fault_change_fields[] = {
	{.key = "at_ns", .kind = FIELD_I64, AT(fault_change, at_ns), .required = true},
	{.key = "with", .kind = FIELD_JSON, AT(fault_change, with), .required = true},
};
const struct shape fault_change_shape = {
	.name = "change", .size = sizeof(struct fault_change), SHAPE_FIELDS(fault_change_fields)};

/* --- renew, heal, evidence, audit ------------------------------------------------------ */

static const struct field renew_params_fields[] = {
	{.key = "lease",
		.kind = FIELD_DURATION,
		AT(renew_params, lease_ns),
		.required = true,
		.min = LEASE_MIN_NS,
		.max = LEASE_MAX_NS},
};
const struct shape renew_params_shape = {
	.name = "renew", .size = sizeof(struct renew_params), SHAPE_FIELDS(renew_params_fields)};

static const struct field renew_result_fields[] = {
	{.key = "until_ns", .kind = FIELD_I64, AT(renew_result, until_ns), .required = true},
};
const struct shape renew_result_shape = {.name = "renew result",
	.size = sizeof(struct renew_result),
	SHAPE_FIELDS(renew_result_fields)};

static const struct field heal_params_fields[] = {
	{.key = "faults",
		.kind = FIELD_LIST,
		.item = FIELD_NAME,
		AT(heal_params, faults),
		.allow_empty = true},
};
const struct shape heal_params_shape = {
	.name = "heal", .size = sizeof(struct heal_params), SHAPE_FIELDS(heal_params_fields)};

static const struct field counter_fields[] = {
	{.key = "peer", .kind = FIELD_STRING, AT(counter, peer), .required = true},
	{.key = "direction",
		.kind = FIELD_ENUM,
		.words = direction_words,
		AT(counter, direction),
		.required = true},
	{.key = "packets", .kind = FIELD_I64, AT(counter, packets), .required = true},
	{.key = "segments", .kind = FIELD_I64, AT(counter, segments), .required = true},
	{.key = "bytes", .kind = FIELD_I64, AT(counter, bytes), .required = true},
	{.key = "matched", .kind = FIELD_I64, AT(counter, matched), .required = true},
	{.key = "first_ns", .kind = FIELD_I64, AT(counter, first_ns), .required = true},
	{.key = "last_ns", .kind = FIELD_I64, AT(counter, last_ns), .required = true},
};
static const struct shape counter_shape = {
	.name = "counter", .size = sizeof(struct counter), SHAPE_FIELDS(counter_fields)};

static const struct field touched_fields[] = {
	{.key = "address", .kind = FIELD_PREFIX, AT(touched, address), .required = true},
	{.key = "peer", .kind = FIELD_STRING, AT(touched, peer)},
	{.key = "packets", .kind = FIELD_I64, AT(touched, packets), .required = true},
	{.key = "segments", .kind = FIELD_I64, AT(touched, segments), .required = true},
	{.key = "connections", .kind = FIELD_I64, AT(touched, connections), .required = true},
	{.key = "first_ns", .kind = FIELD_I64, AT(touched, first_ns), .required = true},
	{.key = "last_ns", .kind = FIELD_I64, AT(touched, last_ns), .required = true},
};
const struct shape touched_shape = {
	.name = "touched", .size = sizeof(struct touched), SHAPE_FIELDS(touched_fields)};

const char *const measure_unit_words[] = {[MEASURE_RATIO] = "ratio",
	[MEASURE_DURATION] = "ns",
	[MEASURE_RATE] = "bit/s",
	[MEASURE_COUNT] = "packets",
	NULL};
const char *const measure_bound_words[] = {
	[BOUND_ABOUT] = "about", [BOUND_AT_MOST] = "at_most", [BOUND_NONE] = "none", NULL};

static const struct field measure_fields[] = {
	{.key = "name", .kind = FIELD_STRING, AT(measure, name), .required = true},
	{.key = "direction",
		.kind = FIELD_ENUM,
		.words = direction_words,
		AT(measure, direction),
		.required = true},
	{.key = "unit",
		.kind = FIELD_ENUM,
		.words = measure_unit_words,
		AT(measure, unit),
		.required = true},
	{.key = "bound",
		.kind = FIELD_ENUM,
		.words = measure_bound_words,
		AT(measure, bound),
		.required = true},
	{.key = "asked", .kind = FIELD_NUMBER, AT(measure, asked)},
	{.key = "achieved", .kind = FIELD_NUMBER, AT(measure, achieved), .required = true},
	{.key = "tolerance", .kind = FIELD_NUMBER, AT(measure, tolerance)},
	{.key = "count", .kind = FIELD_I64, AT(measure, count), .required = true},
	{.key = "hits", .kind = FIELD_I64, AT(measure, hits), .required = true},
	{.key = "first_ns", .kind = FIELD_I64, AT(measure, first_ns)},
};
const struct shape measure_shape = {
	.name = "measure", .size = sizeof(struct measure), SHAPE_FIELDS(measure_fields)};

static const struct field host_evidence_fields[] = {
	{.key = "host",
		.kind = FIELD_STRING,
		.form = &host_name_form,
		AT(host_evidence, host),
		.required = true},
	{.key = "addresses",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		AT(host_evidence, addresses),
		.allow_empty = true,
		.required = true},
	{.key = "trouble", .kind = FIELD_STRING, AT(host_evidence, trouble)},
};
const struct shape host_evidence_shape = {
	.name = "host", .size = sizeof(struct host_evidence), SHAPE_FIELDS(host_evidence_fields)};

static const struct field fault_evidence_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(fault_evidence, id), .required = true},
	{.key = "start_ns", .kind = FIELD_I64, AT(fault_evidence, start_ns), .required = true},
	{.key = "deadline_ns",
		.kind = FIELD_I64,
		AT(fault_evidence, deadline_ns),
		.required = true},
	{.key = "healed", .kind = FIELD_BOOL, AT(fault_evidence, healed), .required = true},
	{.key = "healed_ns", .kind = FIELD_I64, AT(fault_evidence, healed_ns), .required = true},
	{.key = "counters",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &counter_shape,
		AT(fault_evidence, counters),
		.allow_empty = true,
		.required = true},
	{.key = "processes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &process_evidence_shape,
		AT(fault_evidence, processes),
		.allow_empty = true},
	{.key = "strikes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &strike_evidence_shape,
		AT(fault_evidence, strikes),
		.allow_empty = true},
	{.key = "measures",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &measure_shape,
		AT(fault_evidence, measures),
		.allow_empty = true},
	{.key = "changes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &fault_change_shape,
		AT(fault_evidence, changes),
		.allow_empty = true},
	{.key = "hosts",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &host_evidence_shape,
		AT(fault_evidence, hosts),
		.allow_empty = true},
	{.key = "touched",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &touched_shape,
		AT(fault_evidence, touched),
		.allow_empty = true},
	{.key = "touched_more",
		.kind = FIELD_I64,
		AT(fault_evidence, touched_more),
		.preset = "\"0\""},
	{.key = "untold", .kind = FIELD_I64, AT(fault_evidence, untold), .preset = "\"0\""},
};
static const struct shape fault_evidence_shape = {.name = "fault evidence",
	.size = sizeof(struct fault_evidence),
	SHAPE_FIELDS(fault_evidence_fields)};

static const struct field evidence_fields[] = {
	{.key = "now_ns", .kind = FIELD_I64, AT(evidence, now_ns), .required = true},
	{.key = "faults",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &fault_evidence_shape,
		AT(evidence, faults),
		.allow_empty = true,
		.required = true},
};
const struct shape evidence_shape = {
	.name = "evidence", .size = sizeof(struct evidence), SHAPE_FIELDS(evidence_fields)};

static const struct field audit_params_fields[] = {
	{.key = "page",
		.kind = FIELD_INTEGER,
		AT(audit_params, page),
		.preset = "0",
		.min = 0,
		.max = 10000},
};
const struct shape audit_params_shape = {
	.name = "audit", .size = sizeof(struct audit_params), SHAPE_FIELDS(audit_params_fields)};

static const struct field audit_result_fields[] = {
	{.key = "page", .kind = FIELD_INTEGER, AT(audit_result, page), .required = true},
	{.key = "pages", .kind = FIELD_INTEGER, AT(audit_result, pages), .required = true},
	TEXTS("state", audit_result, state),
	TEXTS("residue", audit_result, residue),
};
const struct shape audit_result_shape = {.name = "audit result",
	.size = sizeof(struct audit_result),
	SHAPE_FIELDS(audit_result_fields)};
