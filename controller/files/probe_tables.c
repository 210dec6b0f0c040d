/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"
#include "controller/prober/dns_answer.h"
#include "controller/prober/orders.h"

/* The tables of probes, of all types: `of` says which keys belong to which. */

const char *const probe_type_words[] = {
	[PROBE_HTTP] = "http",
	[PROBE_TCP] = "tcp",
	[PROBE_EXEC] = "exec",
	[PROBE_DNS] = "dns",
	[PROBE_METRIC] = "metric",
	[PROBE_PROMETHEUS] = "prometheus",
	[PROBE_PROMETHEUS + 1] = NULL,
};

#define ONLY_HTTP .of = FIELD_OF(PROBE_HTTP)
#define ONLY_TCP .of = FIELD_OF(PROBE_TCP)
#define ONLY_EXEC .of = FIELD_OF(PROBE_EXEC)
#define ONLY_DNS .of = FIELD_OF(PROBE_DNS)
#define OF_URLS .of = FIELD_OF(PROBE_HTTP) | FIELD_OF(PROBE_METRIC) | FIELD_OF(PROBE_PROMETHEUS)

const struct form method_form = {
	.pattern = "^[A-Z]+$", .says = "an HTTP method: upper-case letters, like GET"};
static const struct form pointer_form = {
	.pattern = "^/", .says = "a JSON pointer like \"/key\" into body.json"};

static const struct field to_fields[] = {
	{.key = "group",
		.kind = FIELD_GROUP,
		AT(probe_to, group),
		.required = true,
		.help = "The group whose nodes the events go to."},
	{.key = "policy",
		.kind = FIELD_ENUM,
		.words = probe_policy_words,
		AT(probe_to, policy),
		.required = true,
		.help = "first_answer: the current node, and the next one after a bad event; any: "
			"the nodes in turn; each: every event goes to every node."},
};
const struct shape to_shape =
	SHAPE("to", probe_to, to_fields, "The members that a probe asks, and in which order.");

static const struct field body_fields[] = {
	{.key = "json",
		.kind = FIELD_JSON,
		AT(probe_body, json),
		.choice = CHOICE_ONE,
		.help = "A JSON value; strings in it may hold placeholders or be secrets."},
	{.key = "text",
		.kind = FIELD_TEXT,
		AT(probe_body, text),
		.choice = CHOICE_ONE,
		.help = "A text, or a secret."},
	{.key = "base64_at",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(probe_body, base64_at),
		.needs = "json",
		.form = &pointer_form,
		.help = "JSON pointers to strings in `json` that are encoded after expansion."},
};
const struct shape body_shape = SHAPE("body", probe_body, body_fields, "What a probe sends.");

static const struct field probe_expect_fields[] = {
	RESPONSE_FIELDS("http: "),
	{.key = "answer",
		.kind = FIELD_OBJECT,
		.sub = &text_match_shape,
		AT(probe_expect, answer),
		.help = "tcp: what the server says first; dns: the records, one a line in the "
			"order "
			"of their texts."},
	{.key = "rcode",
		.kind = FIELD_ENUM,
		.words = dns_rcode_words,
		AT(probe_expect, rcode),
		.preset = "\"NOERROR\"",
		.help = "dns: the response code of a good answer; NODATA is NOERROR without a "
			"record of the type."},
	{.key = "exit_code",
		.kind = FIELD_INTEGER,
		AT(probe_expect, exit_code),
		.max = 255,
		.help = "exec: the exit status of a good event; 0 without it."},
	{.key = "stdout",
		.kind = FIELD_OBJECT,
		.sub = &text_match_shape,
		AT(probe_expect, output),
		.help = "exec: what a good event writes to its standard output."},
};
static const struct shape probe_expect_shape =
	SHAPE("expect", probe_expect, probe_expect_fields, "What a good event ends with.");

static const struct field probe_fields[] = {
	{.key = "type",
		.kind = FIELD_ENUM,
		.words = probe_type_words,
		AT(probe_spec, type),
		.required = true,
		.help = "What an event is: a request, a connection, a program's run, a question "
			"to a DNS server, or the reading of a number."},
	{.key = "from",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(probe_spec, from),
		.required = true,
		.help = "The nodes or groups that the events come from; each sends at the whole "
			"rate."},
	{.key = "to",
		.kind = FIELD_OBJECT,
		.sub = &to_shape,
		AT(probe_spec, to),
		.help = "The group that the events go to; without it the target is fixed."},
	{.key = "url",
		.kind = FIELD_TEXT,
		.of = FIELD_OF(PROBE_HTTP) | FIELD_OF(PROBE_PROMETHEUS),
		.required = true,
		AT(probe_spec, url),
		.help = "http: where the request goes, as a text or a secret; prometheus: where "
			"the "
			"API is, without /api/v1/query."},
	REQUEST_FIELDS(ONLY_HTTP, OF_URLS, "http: ", "http, metric, prometheus: "),
	{.key = "address",
		.kind = FIELD_STRING,
		ONLY_TCP,
		.required = true,
		AT(probe_spec, address),
		.help = "tcp: HOST:PORT, with brackets around an IPv6 address."},
	{.key = "send",
		.kind = FIELD_TEXT,
		ONLY_TCP,
		AT(probe_spec, send),
		.help = "tcp: a text or a secret that is sent once the connection stands."},
	{.key = "exec",
		.kind = FIELD_LIST,
		ONLY_EXEC,
		.required = true,
		.item = FIELD_STRING,
		AT(probe_spec, exec),
		.help = "exec: the program and its arguments, without a shell."},
	{.key = "env",
		.kind = FIELD_TEXTS,
		ONLY_EXEC,
		AT(probe_spec, env),
		.help = "exec: an object of further variables for its environment."},
	{.key = "stdin",
		.kind = FIELD_TEXT,
		ONLY_EXEC,
		AT(probe_spec, input),
		.help = "exec: a text or a secret that it can read from its standard input."},
	{.key = "server",
		.kind = FIELD_STRING,
		ONLY_DNS,
		AT(probe_spec, server),
		.help = "dns: ADDRESS:PORT of the server that is asked; without it those of the "
			"host that probes."},
	{.key = "name",
		.kind = FIELD_STRING,
		ONLY_DNS,
		.required = true,
		AT(probe_spec, lookup),
		.help = "dns: the name that is asked for, whole: no search list applies."},
	{.key = "record",
		.kind = FIELD_ENUM,
		ONLY_DNS,
		.words = dns_record_words,
		AT(probe_spec, record),
		.preset = "\"A\"",
		.help = "dns: the type of the records that are asked for."},
	{.key = "read",
		.kind = FIELD_OBJECT,
		.of = FIELD_OF(PROBE_METRIC),
		.required = true,
		.sub = &read_shape,
		AT(probe_spec, read),
		.help = "metric: where the number of an event is."},
	{.key = "query",
		.kind = FIELD_TEXT,
		.of = FIELD_OF(PROBE_PROMETHEUS),
		.required = true,
		AT(probe_spec, query),
		.help = "prometheus: PromQL, a text or a secret, whose result is a scalar or a "
			"vector of one series."},
	{.key = "per_second",
		.kind = FIELD_BOOL,
		.of = FIELD_OF(PROBE_METRIC) | FIELD_OF(PROBE_PROMETHEUS),
		AT(probe_spec, per_second),
		.help = "metric, prometheus: the number is a counter; the value is how much it "
			"grew "
			"each second since the last event that read it."},
	{.key = "expect",
		.kind = FIELD_OBJECT,
		.sub = &probe_expect_shape,
		AT(probe_spec, expect),
		.help = "What a good event ends with."},
	{.key = "rate",
		.kind = FIELD_NUMBER,
		AT(probe_spec, rate),
		.required = true,
		.min = RATE_MIN,
		.max = RATE_MAX,
		.unit = "events a second",
		.help = "Events a second from each node that probes; exec: at most 50."},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(probe_spec, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = TIMEOUT_MAX_NS,
		.help = "From the intended send to the end of the answer; later is bad."},
	{.key = "inside_radius",
		.kind = FIELD_BOOL,
		.of = FIELD_OF(PROBE_HTTP) | FIELD_OF(PROBE_TCP) | FIELD_OF(PROBE_DNS) |
			FIELD_OF(PROBE_METRIC) | FIELD_OF(PROBE_PROMETHEUS),
		AT(probe_spec, inside_radius),
		.help = "The fixed target may lie on a node that a fault hits."},
};
const struct shape probe_shape = SHAPE("probe", probe_spec, probe_fields,
	"A constant-rate sampler: event i is due at start + i / rate, however slow the answers "
	"are.");
