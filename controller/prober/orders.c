/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/orders.h"

#include <assert.h>

#include "contract/units.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define SHAPE(type, label, table)                                                                  \
	{                                                                                          \
		.name = (label), .size = sizeof(struct type), SHAPE_FIELDS(table)                  \
	}

#define TIMEOUT_MAX_NS (300 * NS_PER_SEC)
#define WINDOW_MIN_NS (10 * NS_PER_MS)
#define WINDOW_MAX_NS (60 * NS_PER_SEC)
#define RATE_MIN 0.1
#define RATE_MAX 5000
#define COUNT_MAX 9e15 /* counts are JSON numbers, exact up to 2^53 */

const char *const probe_policy_words[] = {
	[POLICY_FIRST_ANSWER] = "first_answer",
	[POLICY_ANY] = "any",
	[POLICY_EACH] = "each",
	[POLICY_EACH + 1] = NULL,
};

const char *const probe_outcome_words[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_CONNECT] = "connect",
	[OUTCOME_BROKEN] = "broken",
	[OUTCOME_STATUS] = "status",
	[OUTCOME_DROPPED] = "dropped",
	[OUTCOME_COUNT] = NULL,
};
static_assert(sizeof(probe_outcome_words) / sizeof(probe_outcome_words[0]) == OUTCOME_COUNT + 1,
	"a word for each outcome");

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

/* --- probe ----------------------------------------------------------------------------- */

static const struct field probe_target_fields[] = {
	{.key = "node", .kind = FIELD_STRING, AT(probe_target, node)},
	{.key = "url", .kind = FIELD_STRING, AT(probe_target, url), .required = true},
};
static const struct shape probe_target_shape = SHAPE(probe_target, "target", probe_target_fields);

static const struct field probe_class_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(probe_class, slo), .required = true},
	{.key = "latency_lt", .kind = FIELD_DURATION, AT(probe_class, latency_lt_ns)},
};
static const struct shape probe_class_shape = SHAPE(probe_class, "class", probe_class_fields);

static const struct field probe_order_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(probe_order, id), .required = true},
	{.key = "rate",
		.kind = FIELD_NUMBER,
		AT(probe_order, rate),
		.required = true,
		.min = RATE_MIN,
		.max = RATE_MAX},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(probe_order, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = TIMEOUT_MAX_NS},
	{.key = "start_ns", .kind = FIELD_I64, AT(probe_order, start_ns), .required = true},
	{.key = "window",
		.kind = FIELD_DURATION,
		AT(probe_order, window_ns),
		.required = true,
		.min = WINDOW_MIN_NS,
		.max = WINDOW_MAX_NS},
	{.key = "seed", .kind = FIELD_I64, AT(probe_order, seed), .preset = "\"0\""},
	{.key = "policy",
		.kind = FIELD_ENUM,
		.words = probe_policy_words,
		AT(probe_order, policy),
		.preset = "\"first_answer\""},
	{.key = "targets",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &probe_target_shape,
		AT(probe_order, targets),
		.required = true},
	{.key = "method", .kind = FIELD_STRING, AT(probe_order, method), .preset = "\"GET\""},
	{.key = "headers",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(probe_order, headers),
		.allow_empty = true},
	{.key = "body", .kind = FIELD_STRING, AT(probe_order, body), .allow_empty = true},
	{.key = "body_json", .kind = FIELD_JSON, AT(probe_order, body_json)},
	{.key = "base64_at",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(probe_order, base64_at),
		.allow_empty = true},
	{.key = "expect_status",
		.kind = FIELD_LIST,
		.item = FIELD_INTEGER,
		AT(probe_order, expect_status),
		.allow_empty = true,
		.min = 100,
		.max = 599},
	{.key = "classes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &probe_class_shape,
		AT(probe_order, classes),
		.allow_empty = true},
};
const struct shape probe_order_shape = SHAPE(probe_order, "probe", probe_order_fields);

static const struct field class_runs_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(class_runs, slo), .required = true},
	{.key = "runs",
		.kind = FIELD_STRING,
		AT(class_runs, runs),
		.required = true,
		.allow_empty = true},
};
static const struct shape class_runs_shape = SHAPE(class_runs, "class runs", class_runs_fields);

static const struct field probe_window_fields[] = {
	{.key = "probe", .kind = FIELD_NAME, AT(probe_window, probe), .required = true},
	{.key = "first_index",
		.kind = FIELD_INTEGER,
		AT(probe_window, first_index),
		.required = true,
		.max = COUNT_MAX},
	{.key = "count",
		.kind = FIELD_INTEGER,
		AT(probe_window, count),
		.required = true,
		.max = COUNT_MAX},
	{.key = "start_ns", .kind = FIELD_I64, AT(probe_window, start_ns), .required = true},
	{.key = "end_ns", .kind = FIELD_I64, AT(probe_window, end_ns), .required = true},
	{.key = "outcomes",
		.kind = FIELD_LIST,
		.item = FIELD_INTEGER,
		AT(probe_window, outcomes),
		.required = true,
		.max = COUNT_MAX},
	{.key = "classes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &class_runs_shape,
		AT(probe_window, classes),
		.required = true,
		.allow_empty = true},
	{.key = "latency",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &histogram_bucket_shape,
		AT(probe_window, latency),
		.required = true,
		.allow_empty = true},
	{.key = "latency_max", .kind = FIELD_DURATION, AT(probe_window, latency_max_ns)},
	{.key = "lag_max", .kind = FIELD_DURATION, AT(probe_window, lag_max_ns)},
	{.key = "last_error", .kind = FIELD_STRING, AT(probe_window, last_error)},
	{.key = "target", .kind = FIELD_STRING, AT(probe_window, target)},
};
const struct shape probe_window_shape = SHAPE(probe_window, "window", probe_window_fields);

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
		.max = COUNT_MAX},
	{.key = "last",
		.kind = FIELD_INTEGER,
		AT(id_range, last),
		.required = true,
		.max = COUNT_MAX},
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
		.max = COUNT_MAX},
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
