/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "controller/prober/arrivals.h"
#include "controller/prober/dns_answer.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/orders_table.h"

/* Orders for probes, and the windows that come back. */

const char *const probe_policy_words[] = {
	[POLICY_FIRST_ANSWER] = "first_answer",
	[POLICY_ANY] = "any",
	[POLICY_EACH] = "each",
	[POLICY_EACH + 1] = NULL,
};

const char *const http_connection_words[] = {
	[HTTP_KEEP_ALIVE] = "keep_alive",
	[HTTP_FRESH] = "fresh",
	[HTTP_FRESH + 1] = NULL,
};

const char *const probe_outcome_words[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_CONNECT] = "connect",
	[OUTCOME_BROKEN] = "broken",
	[OUTCOME_STATUS] = "status",
	[OUTCOME_DROPPED] = "dropped",
	[OUTCOME_CONTENT] = "content",
	[OUTCOME_COUNT] = NULL,
};
static_assert(sizeof(probe_outcome_words) / sizeof(probe_outcome_words[0]) == OUTCOME_COUNT + 1,
	"a word for each outcome");

/* --- probe ----------------------------------------------------------------------------- */

static const struct field probe_target_fields[] = {
	{.key = "node", .kind = FIELD_STRING, AT(probe_target, node)},
	{.key = "addr", .kind = FIELD_STRING, AT(probe_target, addr)},
};
static const struct shape probe_target_shape = SHAPE(probe_target, "target", probe_target_fields);

static const struct field probe_class_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(probe_class, slo), .required = true},
	{.key = "latency_lt", .kind = FIELD_DURATION, AT(probe_class, latency_lt_ns)},
	{.key = "attempts_le",
		.kind = FIELD_INTEGER,
		AT(probe_class, attempts_le),
		.min = 1,
		.max = LOAD_ATTEMPTS_MAX},
	{.key = "bounds",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &value_bound_shape,
		AT(probe_class, bounds),
		.allow_empty = true},
};
static const struct shape probe_class_shape = SHAPE(probe_class, "class", probe_class_fields);

static const struct field secret_value_fields[] = {
	{.key = "name", .kind = FIELD_NAME, AT(secret_value, name), .required = true},
	{.key = "value", .kind = FIELD_STRING, AT(secret_value, value), .required = true},
};
static const struct shape secret_value_shape = SHAPE(secret_value, "secret", secret_value_fields);

static const struct field http_tls_fields[] = {
	{.key = "ca", .kind = FIELD_STRING, AT(http_tls, ca)},
	{.key = "cert", .kind = FIELD_STRING, AT(http_tls, cert), .needs = "key"},
	{.key = "key", .kind = FIELD_STRING, AT(http_tls, key), .needs = "cert"},
	{.key = "server_name", .kind = FIELD_STRING, AT(http_tls, server_name)},
	{.key = "verify", .kind = FIELD_BOOL, AT(http_tls, verify), .preset = "true"},
};
const struct shape http_tls_shape = SHAPE(http_tls, "tls", http_tls_fields);

static const struct field http_order_fields[] = {
	{.key = "method", .kind = FIELD_STRING, AT(http_order, method), .preset = "\"GET\""},
	{.key = "url", .kind = FIELD_STRING, AT(http_order, url), .required = true},
	{.key = "query", .kind = FIELD_STRING, AT(http_order, query)},
	{.key = "headers",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(http_order, headers),
		.allow_empty = true},
	{.key = "body", .kind = FIELD_STRING, AT(http_order, body), .allow_empty = true},
	{.key = "body_json", .kind = FIELD_JSON, AT(http_order, body_json)},
	{.key = "base64_at",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(http_order, base64_at),
		.allow_empty = true},
	{.key = "connection",
		.kind = FIELD_ENUM,
		.words = http_connection_words,
		AT(http_order, connection),
		.preset = "\"keep_alive\""},
	{.key = "expect_status",
		.kind = FIELD_LIST,
		.item = FIELD_INTEGER,
		AT(http_order, expect_status),
		.allow_empty = true,
		.min = 100,
		.max = 599},
	{.key = "expect_body",
		.kind = FIELD_OBJECT,
		.sub = &text_match_shape,
		AT(http_order, expect_body)},
	{.key = "tls", .kind = FIELD_OBJECT, .sub = &http_tls_shape, AT(http_order, tls)},
};
static const struct shape http_order_shape = SHAPE(http_order, "http", http_order_fields);

static const struct field tcp_order_fields[] = {
	{.key = "address", .kind = FIELD_STRING, AT(tcp_order, address), .required = true},
	{.key = "send", .kind = FIELD_STRING, AT(tcp_order, send)},
	{.key = "expect_answer",
		.kind = FIELD_OBJECT,
		.sub = &text_match_shape,
		AT(tcp_order, expect_answer)},
};
static const struct shape tcp_order_shape = SHAPE(tcp_order, "tcp", tcp_order_fields);

static const struct field exec_order_fields[] = {
	{.key = "argv",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(exec_order, argv),
		.required = true},
	{.key = "env",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(exec_order, env),
		.allow_empty = true},
	{.key = "input", .kind = FIELD_STRING, AT(exec_order, input), .allow_empty = true},
	{.key = "expect_exit_code",
		.kind = FIELD_INTEGER,
		AT(exec_order, expect_exit_code),
		.max = 255},
	{.key = "expect_stdout",
		.kind = FIELD_OBJECT,
		.sub = &text_match_shape,
		AT(exec_order, expect_stdout)},
};
static const struct shape exec_order_shape = SHAPE(exec_order, "exec", exec_order_fields);

static const struct field dns_order_fields[] = {
	{.key = "server", .kind = FIELD_STRING, AT(dns_order, server)},
	{.key = "name", .kind = FIELD_STRING, AT(dns_order, name), .required = true},
	{.key = "record",
		.kind = FIELD_ENUM,
		.words = dns_record_words,
		AT(dns_order, record),
		.preset = "\"A\""},
	{.key = "expect_rcode",
		.kind = FIELD_ENUM,
		.words = dns_rcode_words,
		AT(dns_order, expect_rcode),
		.preset = "\"NOERROR\""},
	{.key = "expect_answer",
		.kind = FIELD_OBJECT,
		.sub = &text_match_shape,
		AT(dns_order, expect_answer)},
};
static const struct shape dns_order_shape = SHAPE(dns_order, "dns", dns_order_fields);

static const struct field load_order_fields[] = {
	{.key = "arrivals",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &arrival_shape,
		AT(load_order, arrivals),
		.required = true},
	{.key = "retry", .kind = FIELD_OBJECT, .sub = &retry_shape, AT(load_order, retry)},
};
static const struct shape load_order_shape = SHAPE(load_order, "load", load_order_fields);
static const struct field kernel_order_fields[] = {
	{.key = "metric",
		.kind = FIELD_ENUM,
		.words = kernel_metric_words,
		AT(kernel_order, metric),
		.required = true},
	{.key = "per",
		.kind = FIELD_ENUM,
		.words = kernel_per_words,
		AT(kernel_order, per),
		.preset = "\"none\""},
	{.key = "cgroup", .kind = FIELD_STRING, AT(kernel_order, cgroup)},
};
static const struct shape kernel_order_shape = SHAPE(kernel_order, "kernel", kernel_order_fields);

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
	{.key = "secrets",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &secret_value_shape,
		AT(probe_order, secrets),
		.allow_empty = true},
	{.key = "classes",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &probe_class_shape,
		AT(probe_order, classes),
		.allow_empty = true},
	{.key = "http", .kind = FIELD_OBJECT, .sub = &http_order_shape, AT(probe_order, http)},
	{.key = "tcp", .kind = FIELD_OBJECT, .sub = &tcp_order_shape, AT(probe_order, tcp)},
	{.key = "exec", .kind = FIELD_OBJECT, .sub = &exec_order_shape, AT(probe_order, exec)},
	{.key = "dns", .kind = FIELD_OBJECT, .sub = &dns_order_shape, AT(probe_order, dns)},
	{.key = "kernel",
		.kind = FIELD_OBJECT,
		.sub = &kernel_order_shape,
		AT(probe_order, kernel)},
	{.key = "value", .kind = FIELD_OBJECT, .sub = &value_order_shape, AT(probe_order, value)},
	{.key = "load", .kind = FIELD_OBJECT, .sub = &load_order_shape, AT(probe_order, load)},
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

static const struct field load_share_fields[] = {
	{.key = "node", .kind = FIELD_STRING, AT(load_share, node), .required = true},
	{.key = "attempts",
		.kind = FIELD_INTEGER,
		AT(load_share, attempts),
		.required = true,
		.max = EXACT_MAX},
	{.key = "failed",
		.kind = FIELD_INTEGER,
		AT(load_share, failed),
		.required = true,
		.max = EXACT_MAX},
};
static const struct shape load_share_shape = SHAPE(load_share, "share", load_share_fields);

static const struct field load_window_fields[] = {
	{.key = "attempts",
		.kind = FIELD_STRING,
		AT(load_window, attempts),
		.required = true,
		.allow_empty = true},
	{.key = "withheld", .kind = FIELD_INTEGER, AT(load_window, withheld), .max = EXACT_MAX},
	{.key = "shares",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &load_share_shape,
		AT(load_window, shares),
		.allow_empty = true},
};
static const struct shape load_window_shape = SHAPE(load_window, "load", load_window_fields);

static const struct field probe_window_fields[] = {
	{.key = "probe", .kind = FIELD_NAME, AT(probe_window, probe), .required = true},
	{.key = "to", .kind = FIELD_STRING, AT(probe_window, to)},
	{.key = "first_index",
		.kind = FIELD_INTEGER,
		AT(probe_window, first_index),
		.required = true,
		.max = EXACT_MAX},
	{.key = "count",
		.kind = FIELD_INTEGER,
		AT(probe_window, count),
		.required = true,
		.max = EXACT_MAX},
	{.key = "start_ns", .kind = FIELD_I64, AT(probe_window, start_ns), .required = true},
	{.key = "end_ns", .kind = FIELD_I64, AT(probe_window, end_ns), .required = true},
	{.key = "outcomes",
		.kind = FIELD_LIST,
		.item = FIELD_INTEGER,
		AT(probe_window, outcomes),
		.required = true,
		.max = EXACT_MAX},
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
	{.key = "late", .kind = FIELD_STRING, AT(probe_window, late)},
	{.key = "dropped", .kind = FIELD_STRING, AT(probe_window, dropped)},
	{.key = "values", .kind = FIELD_STRING, AT(probe_window, values), .allow_empty = true},
	{.key = "load", .kind = FIELD_OBJECT, .sub = &load_window_shape, AT(probe_window, load)},
	{.key = "last_error", .kind = FIELD_STRING, AT(probe_window, last_error)},
	{.key = "target", .kind = FIELD_STRING, AT(probe_window, target)},
};
const struct shape probe_window_shape = SHAPE(probe_window, "window", probe_window_fields);
