/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/orders.h"

#include "controller/prober/orders_table.h"

/* --- hello, stop ----------------------------------------------------------------------- */

static const struct field prober_hello_fields[] = {
	{.key = "version", .kind = FIELD_INTEGER, AT(prober_hello, version), .required = true},
	{.key = "pid", .kind = FIELD_INTEGER, AT(prober_hello, pid)},
};
const struct shape prober_hello_shape = SHAPE(prober_hello, "hello", prober_hello_fields);

static const struct field stop_result_fields[] = {
	{.key = "stopped_ns", .kind = FIELD_I64, AT(stop_result, stopped_ns), .required = true},
};
const struct shape stop_result_shape = SHAPE(stop_result, "stop result", stop_result_fields);

/* --- workload -------------------------------------------------------------------------- */

static const struct field workload_order_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(workload_order, id), .required = true},
	{.key = "rate",
		.kind = FIELD_NUMBER,
		AT(workload_order, rate),
		.required = true,
		.min = RATE_MIN,
		.max = RATE_MAX},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(workload_order, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = TIMEOUT_MAX_NS},
	{.key = "start_ns", .kind = FIELD_I64, AT(workload_order, start_ns), .required = true},
	{.key = "window",
		.kind = FIELD_DURATION,
		AT(workload_order, window_ns),
		.required = true,
		.min = WINDOW_MIN_NS,
		.max = WINDOW_MAX_NS},
	{.key = "read_every",
		.kind = FIELD_DURATION,
		AT(workload_order, read_every_ns),
		.max = 3600 * (double)NS_PER_SEC},
	{.key = "read_timeout",
		.kind = FIELD_DURATION,
		AT(workload_order, read_timeout_ns),
		.max = TIMEOUT_MAX_NS},
	{.key = "argv",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(workload_order, argv),
		.required = true},
	{.key = "env",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(workload_order, env),
		.allow_empty = true},
};
const struct shape workload_order_shape = SHAPE(workload_order, "workload", workload_order_fields);

static const struct field id_range_fields[] = {
	{.key = "first",
		.kind = FIELD_INTEGER,
		AT(id_range, first),
		.required = true,
		.max = EXACT_MAX},
	{.key = "last",
		.kind = FIELD_INTEGER,
		AT(id_range, last),
		.required = true,
		.max = EXACT_MAX},
};
static const struct shape id_range_shape = SHAPE(id_range, "range", id_range_fields);

#define RANGES(type, member)                                                                       \
	{                                                                                          \
		.key = #member, .kind = FIELD_LIST, .item = FIELD_OBJECT, .sub = &id_range_shape,  \
		AT(type, member), .required = true, .allow_empty = true                            \
	}

static const struct field workload_window_fields[] = {
	{.key = "workload", .kind = FIELD_NAME, AT(workload_window, workload), .required = true},
	{.key = "start_ns", .kind = FIELD_I64, AT(workload_window, start_ns), .required = true},
	{.key = "end_ns", .kind = FIELD_I64, AT(workload_window, end_ns), .required = true},
	RANGES(workload_window, attempted),
	RANGES(workload_window, acked),
	RANGES(workload_window, failed),
	RANGES(workload_window, unknown),
	{.key = "last_error", .kind = FIELD_STRING, AT(workload_window, last_error)},
};
const struct shape workload_window_shape =
	SHAPE(workload_window, "operations", workload_window_fields);

static const struct field read_back_fields[] = {
	{.key = "workload", .kind = FIELD_NAME, AT(read_back, workload), .required = true},
	{.key = "sent_ns", .kind = FIELD_I64, AT(read_back, sent_ns), .required = true},
	{.key = "ended_ns", .kind = FIELD_I64, AT(read_back, ended_ns), .required = true},
	{.key = "ok", .kind = FIELD_BOOL, AT(read_back, ok), .required = true},
	{.key = "reason", .kind = FIELD_STRING, AT(read_back, reason)},
	{.key = "expected",
		.kind = FIELD_INTEGER,
		AT(read_back, expected),
		.required = true,
		.max = EXACT_MAX},
	{.key = "missing_count",
		.kind = FIELD_INTEGER,
		AT(read_back, missing_count),
		.required = true,
		.max = EXACT_MAX},
	RANGES(read_back, missing),
};
const struct shape read_back_shape = SHAPE(read_back, "read_back", read_back_fields);

/* --- final_read ------------------------------------------------------------------------ */

static const struct field read_target_fields[] = {
	{.key = "node", .kind = FIELD_STRING, AT(read_target, node), .required = true},
	{.key = "argv",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(read_target, argv),
		.required = true},
};
static const struct shape read_target_shape = SHAPE(read_target, "target", read_target_fields);

static const struct field final_read_order_fields[] = {
	{.key = "workload", .kind = FIELD_NAME, AT(final_read_order, workload), .required = true},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(final_read_order, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = TIMEOUT_MAX_NS},
	{.key = "targets",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &read_target_shape,
		AT(final_read_order, targets),
		.required = true},
	{.key = "env",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(final_read_order, env),
		.allow_empty = true},
};
const struct shape final_read_order_shape =
	SHAPE(final_read_order, "final_read", final_read_order_fields);

static const struct field member_read_fields[] = {
	{.key = "node", .kind = FIELD_STRING, AT(member_read, node), .required = true},
	{.key = "ok", .kind = FIELD_BOOL, AT(member_read, ok), .required = true},
	{.key = "reason", .kind = FIELD_STRING, AT(member_read, reason)},
	RANGES(member_read, present),
	{.key = "duplicates",
		.kind = FIELD_INTEGER,
		AT(member_read, duplicates),
		.required = true,
		.max = EXACT_MAX},
};
static const struct shape member_read_shape = SHAPE(member_read, "read", member_read_fields);

static const struct field final_read_result_fields[] = {
	{.key = "workload", .kind = FIELD_NAME, AT(final_read_result, workload), .required = true},
	{.key = "reads",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &member_read_shape,
		AT(final_read_result, reads),
		.required = true},
};
const struct shape final_read_result_shape =
	SHAPE(final_read_result, "final_read result", final_read_result_fields);
