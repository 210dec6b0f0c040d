/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"
#include "controller/prober/orders.h"

/* The tables of workloads: `of` says which keys belong to which model. */

const char *const workload_model_words[] = {
	[WORKLOAD_SET] = "set",
	[WORKLOAD_LOAD] = "load",
	NULL,
};

#define ONLY_SET .of = FIELD_OF(WORKLOAD_SET)
#define ONLY_LOAD .of = FIELD_OF(WORKLOAD_LOAD)

/* --- set ------------------------------------------------------------------------------- */

static const struct field final_read_fields[] = {
	{.key = "from_each",
		.kind = FIELD_GROUP,
		AT(final_read_spec, from_each),
		.required = true,
		.help = "The group of which each member is read."},
	{.key = "quiesce",
		.kind = FIELD_DURATION,
		AT(final_read_spec, quiesce_ns),
		.preset = "\"5s\"",
		.max = HOURS(1),
		.help = "How long the system is left alone after the last phase."},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(final_read_spec, timeout_ns),
		.preset = "\"30s\"",
		.min = 100 * NS_PER_MS,
		.max = HOURS(1),
		.help = "How long one member's read may take."},
};
static const struct shape final_read_shape = SHAPE("final_read", final_read_spec, final_read_fields,
	"The reading back at the end of the run.");

/* --- load ------------------------------------------------------------------------------ */

/* Into the structs of probes, of which a request has no more than this. */
static const struct field load_expect_fields[] = {
	RESPONSE_FIELDS("Each attempt: "),
};
static const struct shape load_expect_shape =
	SHAPE("expect", probe_expect, load_expect_fields, "What a good attempt ends with.");

static const struct field load_http_fields[] = {
	{.key = "url",
		.kind = FIELD_TEXT,
		.required = true,
		AT(probe_spec, url),
		.help = "Where each attempt goes, as a text or a secret."},
	REQUEST_FIELDS(.of = 0, .of = 0, "Each attempt: ", "Each attempt: "),
	{.key = "expect",
		.kind = FIELD_OBJECT,
		.sub = &load_expect_shape,
		AT(probe_spec, expect),
		.help = "What a good attempt ends with."},
};
const struct shape load_http_shape =
	SHAPE("http", probe_spec, load_http_fields, "A load's request, as a probe of HTTP has it.");

/* --- both ------------------------------------------------------------------------------ */

static const struct field workload_fields[] = {
	{.key = "model",
		.kind = FIELD_ENUM,
		.words = workload_model_words,
		AT(workload_spec, model),
		.required = true,
		.help = "set: adds the integers 1, 2, 3, … and reads them back; load: requests "
			"whose client tries again."},
	{.key = "from",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(workload_spec, from),
		.required = true,
		.help = "set: the node that the client runs at; load: the nodes that requests come "
			"from, at the whole rate from each."},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(workload_spec, timeout_ns),
		.preset = "\"2s\"",
		.min = NS_PER_MS,
		.max = TIMEOUT_MAX_NS,
		.help = "set: an operation without an answer by then is unknown; load: how long "
			"each attempt may take."},
	{.key = "rate",
		.kind = FIELD_NUMBER,
		ONLY_SET,
		AT(workload_spec, rate),
		.required = true,
		.min = RATE_MIN,
		.max = RATE_MAX,
		.help = "set: operations a second."},
	{.key = "exec",
		.kind = FIELD_LIST,
		ONLY_SET,
		.item = FIELD_STRING,
		AT(workload_spec, exec),
		.required = true,
		.help = "set: the client, a program and its arguments, started without a shell."},
	{.key = "read_every",
		.kind = FIELD_DURATION,
		ONLY_SET,
		AT(workload_spec, read_every_ns),
		.min = 500 * NS_PER_MS,
		.max = HOURS(1),
		.help = "set: how often a client of its own reads the data back while the run goes "
			"on; without it they are read at the end only."},
	{.key = "read_timeout",
		.kind = FIELD_DURATION,
		ONLY_SET,
		AT(workload_spec, read_timeout_ns),
		.preset = "\"5s\"",
		.min = 100 * NS_PER_MS,
		.max = TIMEOUT_MAX_NS,
		.needs = "read_every",
		.help = "set: how long one such read may take."},
	{.key = "final_read",
		.kind = FIELD_OBJECT,
		ONLY_SET,
		.sub = &final_read_shape,
		AT(workload_spec, final_read),
		.required = true,
		.help = "set: how the data are read back at the end."},
	{.key = "http",
		.kind = FIELD_OBJECT,
		ONLY_LOAD,
		.sub = &load_http_shape,
		AT(workload_spec, http),
		.required = true,
		.help = "load: the request."},
	{.key = "to",
		.kind = FIELD_OBJECT,
		ONLY_LOAD,
		.sub = &to_shape,
		AT(workload_spec, to),
		.help = "load: the group that the attempts go to; without it the target is fixed."},
	{.key = "arrivals",
		.kind = FIELD_LIST,
		ONLY_LOAD,
		.item = FIELD_OBJECT,
		.sub = &arrival_shape,
		AT(workload_spec, arrivals),
		.required = true,
		.help = "load: how many requests come in, step by step from the first request on."},
	{.key = "retry",
		.kind = FIELD_OBJECT,
		ONLY_LOAD,
		.sub = &retry_shape,
		AT(workload_spec, retry),
		.help = "load: how the client tries again; not at all when left out."},
	{.key = "inside_radius",
		.kind = FIELD_BOOL,
		ONLY_LOAD,
		AT(workload_spec, inside_radius),
		.help = "load: the fixed target may lie on a node that a fault hits."},
};
const struct shape workload_shape = SHAPE("workload", workload_spec, workload_fields,
	"What users do: writes that are remembered and read back, or requests that are tried "
	"again.");
