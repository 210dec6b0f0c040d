/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"
#include "controller/prober/orders.h"

/* How a system is looked at: groups, SLOs, workloads; probes are in probe_tables.c. */

#define PERIOD_MAX_NS ((double)366 * 86400 * NS_PER_SEC)

static const char *const outcome_words[] = {"ok", NULL};
static const char *const models[] = {"set", NULL};

/* --- groups ---------------------------------------------------------------------------- */

static const struct field where_http_fields[] = {
	{.key = "url",
		.kind = FIELD_STRING,
		AT(where_http, url),
		.required = true,
		.help = "An http:// URL; {node.addr} is the candidate's own address."},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(where_http, timeout_ns),
		.preset = "\"1s\"",
		.min = NS_PER_MS,
		.max = 60 * (double)NS_PER_SEC,
		.help = "How long one answer may take."},
};
static const struct shape where_http_shape =
	SHAPE("http", where_http, where_http_fields, "A GET that each candidate asks itself.");

static const struct field where_fields[] = {
	{.key = "http",
		.kind = FIELD_OBJECT,
		.sub = &where_http_shape,
		AT(where_spec, http),
		.choice = CHOICE_ONE,
		.needs = "metric",
		.help = "A GET from the node itself; the answer must be a 200 in the Prometheus "
			"text format."},
	{.key = "metric",
		.kind = FIELD_STRING,
		AT(where_spec, metric),
		.needs = "equals",
		.help = "The whole name of the metric, braces and labels included."},
	{.key = "equals",
		.kind = FIELD_NUMBER,
		AT(where_spec, equals),
		.needs = "http",
		.help = "The value that the metric must have."},
	{.key = "exec",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(where_spec, exec),
		.choice = CHOICE_ONE,
		.help = "A program and its arguments, run at the node itself without a shell, for "
			"2 s at most."},
	{.key = "exit_code",
		.kind = FIELD_INTEGER,
		AT(where_spec, exit_code),
		.max = 255,
		.needs = "exec",
		.help = "The exit status that the program must have; 0 without it."},
	{.key = "first_line",
		.kind = FIELD_STRING,
		AT(where_spec, first_line),
		.needs = "exec",
		.help = "What the first line of its standard output must be."},
};
static const struct shape where_shape = SHAPE("where", where_spec, where_fields,
	"A question to each candidate: those that answer right are in the group.");

static const struct field group_fields[] = {
	{.key = "labels",
		.kind = FIELD_STRINGS,
		AT(group_spec, labels),
		.choice = CHOICE_ANY,
		.help = "Nodes that have all of these labels."},
	{.key = "nodes",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(group_spec, nodes),
		.choice = CHOICE_ANY,
		.help = "These nodes."},
	{.key = "in",
		.kind = FIELD_GROUP,
		AT(group_spec, in),
		.choice = CHOICE_ANY,
		.help = "Only nodes of this group."},
	{.key = "not",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(group_spec, without),
		.help = "Without these nodes or groups."},
	{.key = "union",
		.kind = FIELD_LIST,
		.item = FIELD_GROUP,
		.one_is_list = true,
		AT(group_spec, unite),
		.choice = CHOICE_ANY,
		.help = "The nodes of these groups, too."},
	{.key = "pick",
		.kind = FIELD_INTEGER,
		AT(group_spec, pick),
		.min = 1,
		.max = 100000,
		.help = "That many of them, chosen by the scenario's seed."},
	{.key = "count",
		.kind = FIELD_COUNT,
		.preset = "{\"min\": 1}",
		AT(group_spec, count),
		.help = "How many there must be; one or more when left out."},
	{.key = "within",
		.kind = FIELD_DURATION,
		AT(group_spec, within_ns),
		.max = HOURS(1),
		.help = "How long `where` is asked again until the count is right."},
	{.key = "where",
		.kind = FIELD_OBJECT,
		.sub = &where_shape,
		AT(group_spec, where),
		.help = "Only nodes that answer this question right."},
};
const struct shape group_shape = SHAPE("group", group_spec, group_fields,
	"Nodes, chosen by labels, by name or from other groups; everything but `union` narrows.");

/* --- SLOs, workloads -------------------------------------------------------------------- */

static const struct field good_fields[] = {
	{.key = "outcome",
		.kind = FIELD_ENUM,
		.words = outcome_words,
		AT(good_spec, outcome),
		.required = true,
		.help = "The outcome that a good event has."},
	{.key = "latency_lt",
		.kind = FIELD_DURATION,
		AT(good_spec, latency_lt_ns),
		.min = NS_PER_US,
		.max = TIMEOUT_MAX_NS,
		.help = "A good event took less than this."},
};
static const struct shape good_shape =
	SHAPE("good", good_spec, good_fields, "Which events are good.");

const char *const burn_severity_words[] = {[BURN_ALERT] = "alert", [BURN_PAGE] = "page", NULL};

static const struct field slo_burn_fields[] = {
	{.key = "severity",
		.kind = FIELD_ENUM,
		.words = burn_severity_words,
		AT(burn_spec, severity),
		.required = true,
		.help = "What somebody on call would get: an `alert` to look at, or a `page`."},
	BURN_FIELDS,
};
static const struct shape slo_burn_shape = SHAPE("burn", burn_spec, slo_burn_fields,
	"When somebody on call would be told; it is reported and changes nothing.");

static const struct field slo_fields[] = {
	{.key = "probe",
		.kind = FIELD_NAME,
		AT(slo_spec, probe),
		.required = true,
		.help = "The probe whose events count."},
	{.key = "good",
		.kind = FIELD_OBJECT,
		.sub = &good_shape,
		AT(slo_spec, good),
		.required = true,
		.help = "Which of them are good."},
	{.key = "objective",
		.kind = FIELD_RATIO,
		AT(slo_spec, objective),
		.required = true,
		.min = 0.01,
		.max = 0.999999,
		.help = "The share of good events that is promised."},
	{.key = "period",
		.kind = FIELD_DURATION,
		AT(slo_spec, period_ns),
		.preset = "\"30d\"",
		.min = NS_PER_SEC,
		.max = PERIOD_MAX_NS,
		.help = "The period of the error budget."},
	{.key = "burn",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &slo_burn_shape,
		AT(slo_spec, burn),
		.help = "When somebody on call would be told: such as page at 8 times the rate."},
};
const struct shape slo_shape = SHAPE("slo", slo_spec, slo_fields,
	"A service level objective: which share of a probe's events is good.");

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

static const struct field workload_fields[] = {
	{.key = "model",
		.kind = FIELD_ENUM,
		.words = models,
		AT(workload_spec, model),
		.required = true,
		.help = "What the data are: `set` adds the integers 1, 2, 3, … and reads them "
			"back."},
	{.key = "from",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(workload_spec, from),
		.required = true,
		.help = "The node that the client runs at."},
	{.key = "rate",
		.kind = FIELD_NUMBER,
		AT(workload_spec, rate),
		.required = true,
		.min = RATE_MIN,
		.max = RATE_MAX,
		.help = "Operations a second."},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(workload_spec, timeout_ns),
		.preset = "\"2s\"",
		.min = NS_PER_MS,
		.max = TIMEOUT_MAX_NS,
		.help = "An operation without an answer by then is unknown."},
	{.key = "exec",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(workload_spec, exec),
		.required = true,
		.help = "The client: a program and its arguments, started without a shell."},
	{.key = "final_read",
		.kind = FIELD_OBJECT,
		.sub = &final_read_shape,
		AT(workload_spec, final_read),
		.required = true,
		.help = "How the data are read back at the end."},
};
const struct shape workload_shape = SHAPE("workload", workload_spec, workload_fields,
	"Writes that are remembered and read back, to find lost data.");
