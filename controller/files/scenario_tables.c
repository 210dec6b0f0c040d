/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"
#include "contract/units.h"

/* The tables of the scenario format; one block per object, from the leaves to the root. */

#define PERIOD_MAX_NS ((double)366 * 86400 * NS_PER_SEC)
#define HOURS(n) ((double)(n)*3600 * NS_PER_SEC)

const char *const gate_words[] = {"must", "should", "report", "precondition", NULL};
const char *const instant_words[] = {"start", "effect", "breach", "healed", NULL};
static const char *const expect_words[] = {"held", "violated", NULL};
static const char *const param_types[] = {"duration", "ratio", "integer", "number", "string", NULL};
static const char *const outcome_words[] = {"ok", NULL};
static const char *const models[] = {"set", NULL};
static const char *const timeout_words[] = {"fail", "go_on", "stop", NULL};

static const struct field owner_fields[] = {
	{.key = "team", .kind = FIELD_STRING, AT(owner, team)},
	{.key = "contact", .kind = FIELD_STRING, AT(owner, contact)},
};
static const struct shape owner_shape = SHAPE("owner", owner, owner_fields);

static const struct field param_fields[] = {
	{.key = "type",
		.kind = FIELD_ENUM,
		.words = param_types,
		AT(param_spec, type),
		.required = true},
	{.key = "default", .kind = FIELD_JSON, AT(param_spec, preset), .required = true},
	{.key = "min", .kind = FIELD_JSON, AT(param_spec, min)},
	{.key = "max", .kind = FIELD_JSON, AT(param_spec, max)},
	{.key = "help", .kind = FIELD_STRING, AT(param_spec, help)},
};
static const struct shape param_shape = SHAPE("param", param_spec, param_fields);

static const struct field secret_fields[] = {
	{.key = "env", .kind = FIELD_NAME, AT(secret_spec, env)},
	{.key = "file", .kind = FIELD_STRING, AT(secret_spec, file)},
};
static const struct shape secret_shape = SHAPE("secret", secret_spec, secret_fields);

/* --- groups ---------------------------------------------------------------------------- */

static const struct field where_http_fields[] = {
	{.key = "url", .kind = FIELD_STRING, AT(where_http, url), .required = true},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(where_http, timeout_ns),
		.preset = "\"1s\"",
		.min = NS_PER_MS,
		.max = 60 * (double)NS_PER_SEC},
};
static const struct shape where_http_shape = SHAPE("http", where_http, where_http_fields);

static const struct field where_fields[] = {
	{.key = "http",
		.kind = FIELD_OBJECT,
		.sub = &where_http_shape,
		AT(where_spec, http),
		.required = true},
	{.key = "metric", .kind = FIELD_STRING, AT(where_spec, metric), .required = true},
	{.key = "equals", .kind = FIELD_JSON, AT(where_spec, equals), .required = true},
	LATER("exec"),
	LATER("exit_code"),
	LATER("first_line"),
};
static const struct shape where_shape = SHAPE("where", where_spec, where_fields);

static const struct field group_fields[] = {
	{.key = "labels", .kind = FIELD_JSON, AT(group_spec, labels)},
	{.key = "nodes",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(group_spec, nodes)},
	{.key = "in", .kind = FIELD_GROUP, AT(group_spec, in)},
	{.key = "not",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(group_spec, without)},
	{.key = "union",
		.kind = FIELD_LIST,
		.item = FIELD_GROUP,
		.one_is_list = true,
		AT(group_spec, unite)},
	{.key = "pick", .kind = FIELD_INTEGER, AT(group_spec, pick), .min = 1, .max = 100000},
	{.key = "count", .kind = FIELD_JSON, AT(group_spec, count_json)},
	{.key = "within", .kind = FIELD_DURATION, AT(group_spec, within_ns), .max = HOURS(1)},
	{.key = "where", .kind = FIELD_OBJECT, .sub = &where_shape, AT(group_spec, where)},
};
static const struct shape group_shape = SHAPE("group", group_spec, group_fields);

/* --- SLOs, workloads ----------------------------------------------------------- */

static const struct field good_fields[] = {
	{.key = "outcome",
		.kind = FIELD_ENUM,
		.words = outcome_words,
		AT(good_spec, outcome),
		.required = true},
	{.key = "latency_lt",
		.kind = FIELD_DURATION,
		AT(good_spec, latency_lt_ns),
		.min = NS_PER_US,
		.max = 300 * (double)NS_PER_SEC},
};
static const struct shape good_shape = SHAPE("good", good_spec, good_fields);

static const struct field slo_fields[] = {
	{.key = "probe", .kind = FIELD_NAME, AT(slo_spec, probe), .required = true},
	{.key = "good",
		.kind = FIELD_OBJECT,
		.sub = &good_shape,
		AT(slo_spec, good),
		.required = true},
	{.key = "objective",
		.kind = FIELD_RATIO,
		AT(slo_spec, objective),
		.required = true,
		.min = 0.01,
		.max = 0.999999},
	{.key = "period",
		.kind = FIELD_DURATION,
		AT(slo_spec, period_ns),
		.preset = "\"30d\"",
		.min = NS_PER_SEC,
		.max = PERIOD_MAX_NS},
};
static const struct shape slo_shape = SHAPE("slo", slo_spec, slo_fields);

static const struct field final_read_fields[] = {
	{.key = "from_each", .kind = FIELD_GROUP, AT(final_read_spec, from_each), .required = true},
	{.key = "quiesce",
		.kind = FIELD_DURATION,
		AT(final_read_spec, quiesce_ns),
		.preset = "\"5s\"",
		.max = HOURS(1)},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(final_read_spec, timeout_ns),
		.preset = "\"30s\"",
		.min = 100 * NS_PER_MS,
		.max = HOURS(1)},
};
static const struct shape final_read_shape =
	SHAPE("final_read", final_read_spec, final_read_fields);

static const struct field workload_fields[] = {
	{.key = "model",
		.kind = FIELD_ENUM,
		.words = models,
		AT(workload_spec, model),
		.required = true},
	{.key = "from",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(workload_spec, from),
		.required = true},
	{.key = "rate",
		.kind = FIELD_NUMBER,
		AT(workload_spec, rate),
		.required = true,
		.min = 0.1,
		.max = 5000},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(workload_spec, timeout_ns),
		.preset = "\"2s\"",
		.min = NS_PER_MS,
		.max = 300 * (double)NS_PER_SEC},
	{.key = "exec",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(workload_spec, exec),
		.required = true},
	{.key = "final_read",
		.kind = FIELD_OBJECT,
		.sub = &final_read_shape,
		AT(workload_spec, final_read),
		.required = true},
};
static const struct shape workload_shape = SHAPE("workload", workload_spec, workload_fields);

/* --- phases and faults ----------------------------------------------------------------- */

static const struct field on_fields[] = {
	{.key = "nodes",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(fault_on, nodes),
		.required = true},
	{.key = "processes",
		.kind = FIELD_OBJECT,
		.sub = &process_selector_shape,
		AT(fault_on, processes)},
};
static const struct shape on_shape = SHAPE("on", fault_on, on_fields);

static const struct field from_fields[] = {
	{.key = "nodes",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(fault_from, nodes)},
	{.key = "prefixes",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		.one_is_list = true,
		AT(fault_from, prefixes)},
	{.key = "everything", .kind = FIELD_BOOL, AT(fault_from, everything)},
	LATER("hosts"),
};
static const struct shape from_shape = SHAPE("from", fault_from, from_fields);

static const struct field fault_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(fault_spec, id), .required = true},
	{.key = "fault", .kind = FIELD_NAME, AT(fault_spec, fault), .required = true},
	{.key = "on", .kind = FIELD_OBJECT, .sub = &on_shape, AT(fault_spec, on), .required = true},
	{.key = "from",
		.kind = FIELD_OBJECT,
		.sub = &from_shape,
		AT(fault_spec, from),
		.preset = "{}"},
	{.key = "with", .kind = FIELD_JSON, AT(fault_spec, with), .preset = "{}"},
	{.key = "at", .kind = FIELD_DURATION, AT(fault_spec, at_ns), .max = HOURS(24)},
	{.key = "for",
		.kind = FIELD_DURATION,
		AT(fault_spec, for_ns),
		.min = 10 * NS_PER_MS,
		.max = HOURS(24)},
};
static const struct shape fault_shape = SHAPE("fault", fault_spec, fault_fields);

static const struct field until_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(until_spec, slo), .required = true},
	{.key = "good_for",
		.kind = FIELD_DURATION,
		AT(until_spec, good_for_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24)},
};
static const struct shape until_shape = SHAPE("until", until_spec, until_fields);

static const struct field phase_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(phase_spec, id), .required = true},
	{.key = "for",
		.kind = FIELD_DURATION,
		AT(phase_spec, for_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24)},
	{.key = "until", .kind = FIELD_OBJECT, .sub = &until_shape, AT(phase_spec, until)},
	{.key = "at_most",
		.kind = FIELD_DURATION,
		AT(phase_spec, at_most_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24)},
	{.key = "on_timeout",
		.kind = FIELD_ENUM,
		.words = timeout_words,
		AT(phase_spec, on_timeout),
		.preset = "\"fail\""},
	{.key = "faults",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &fault_shape,
		AT(phase_spec, faults),
		.allow_empty = true},
	LATER("only_if"),
};
static const struct shape phase_shape = SHAPE("phase", phase_spec, phase_fields);

/* --- invariants ------------------------------------------------------------------------ */

static const struct field holds_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(holds_spec, slo), .required = true},
};
static const struct shape holds_shape = SHAPE("holds", holds_spec, holds_fields);

static const struct field recovers_from_fields[] = {
	{.key = "fault", .kind = FIELD_NAME, AT(recovers_from, fault), .required = true},
	{.key = "instant",
		.kind = FIELD_ENUM,
		.words = instant_words,
		AT(recovers_from, instant),
		.required = true},
};
static const struct shape recovers_from_shape = SHAPE("from", recovers_from, recovers_from_fields);

static const struct field recovers_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(recovers_spec, slo), .required = true},
	{.key = "from",
		.kind = FIELD_OBJECT,
		.sub = &recovers_from_shape,
		AT(recovers_spec, from),
		.required = true},
	{.key = "within",
		.kind = FIELD_DURATION,
		AT(recovers_spec, within_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = HOURS(24)},
	{.key = "stable_for",
		.kind = FIELD_DURATION,
		AT(recovers_spec, stable_for_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24)},
};
static const struct shape recovers_shape = SHAPE("recovers", recovers_spec, recovers_fields);

static const struct field data_fields[] = {
	{.key = "workload", .kind = FIELD_NAME, AT(data_spec, workload), .required = true},
	{.key = "max_lost",
		.kind = FIELD_INTEGER,
		AT(data_spec, max_lost),
		.required = true,
		.min = 0,
		.max = 1e12},
};
static const struct shape data_shape = SHAPE("data", data_spec, data_fields);

static const struct field budget_fields[] = {
	{.key = "slo", .kind = FIELD_NAME, AT(budget_spec, slo), .required = true},
	{.key = "max_spent", .kind = FIELD_RATIO, AT(budget_spec, max_spent), .required = true},
};
static const struct shape budget_shape = SHAPE("budget", budget_spec, budget_fields);

static const struct field invariant_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(invariant_spec, id), .required = true},
	{.key = "in",
		.kind = FIELD_LIST,
		.item = FIELD_NAME,
		.one_is_list = true,
		AT(invariant_spec, in)},
	{.key = "skip_first",
		.kind = FIELD_DURATION,
		AT(invariant_spec, skip_first_ns),
		.max = HOURS(24)},
	{.key = "holds", .kind = FIELD_OBJECT, .sub = &holds_shape, AT(invariant_spec, holds)},
	{.key = "recovers",
		.kind = FIELD_OBJECT,
		.sub = &recovers_shape,
		AT(invariant_spec, recovers)},
	{.key = "data", .kind = FIELD_OBJECT, .sub = &data_shape, AT(invariant_spec, data)},
	{.key = "budget", .kind = FIELD_OBJECT, .sub = &budget_shape, AT(invariant_spec, budget)},
	{.key = "expect",
		.kind = FIELD_ENUM,
		.words = expect_words,
		AT(invariant_spec, expect),
		.preset = "\"held\""},
	{.key = "gate",
		.kind = FIELD_ENUM,
		.words = gate_words,
		AT(invariant_spec, gate),
		.preset = "\"must\""},
	{.key = "why", .kind = FIELD_STRING, AT(invariant_spec, why)},
	LATER("compare"),
	LATER("ratio"),
	LATER("degraded_at_most"),
	LATER("converges"),
	LATER("exactly_one"),
	LATER("restarts"),
	LATER("alert_fired"),
	LATER("known_issue"),
};
static const struct shape invariant_shape = SHAPE("invariant", invariant_spec, invariant_fields);

/* --- guardrails ------------------------------------------------------------------------ */

static const struct field group_limit_fields[] = {
	{.key = "group", .kind = FIELD_GROUP, AT(group_limit, group), .required = true},
	{.key = "max_fraction", .kind = FIELD_RATIO, AT(group_limit, max_fraction), .preset = "1"},
	{.key = "keep_quorum", .kind = FIELD_BOOL, AT(group_limit, keep_quorum)},
};
static const struct shape group_limit_shape = SHAPE("of_group", group_limit, group_limit_fields);

static const struct field label_limit_fields[] = {
	{.key = "label", .kind = FIELD_STRING, AT(label_limit, label), .required = true},
	{.key = "max_values",
		.kind = FIELD_INTEGER,
		AT(label_limit, max_values),
		.required = true,
		.min = 1,
		.max = 100000},
};
static const struct shape label_limit_shape = SHAPE("per_label", label_limit, label_limit_fields);

static const struct field limits_fields[] = {
	{.key = "nodes", .kind = FIELD_INTEGER, AT(limits_spec, nodes), .min = 1, .max = 100000},
	{.key = "of_group",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &group_limit_shape,
		AT(limits_spec, of_group)},
	{.key = "per_label",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &label_limit_shape,
		AT(limits_spec, per_label)},
	{.key = "concurrent_faults",
		.kind = FIELD_INTEGER,
		AT(limits_spec, concurrent_faults),
		.min = 1,
		.max = 64},
	{.key = "fault",
		.kind = FIELD_DURATION,
		AT(limits_spec, fault_ns),
		.required = true,
		.min = 10 * NS_PER_MS,
		.max = HOURS(24)},
	{.key = "run",
		.kind = FIELD_DURATION,
		AT(limits_spec, run_ns),
		.required = true,
		.min = NS_PER_SEC,
		.max = HOURS(48)},
	{.key = "lease",
		.kind = FIELD_DURATION,
		AT(limits_spec, lease_ns),
		.preset = "\"5s\"",
		.min = NS_PER_SEC,
		.max = 300 * (double)NS_PER_SEC},
	{.key = "protect",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(limits_spec, protect)},
};
static const struct shape limits_shape = SHAPE("limits", limits_spec, limits_fields);

static const struct field stop_fields[] = {
	{.key = "id", .kind = FIELD_NAME, AT(stop_rule, id), .required = true},
	{.key = "slo", .kind = FIELD_NAME, AT(stop_rule, slo)},
	{.key = "no_good_for",
		.kind = FIELD_DURATION,
		AT(stop_rule, no_good_for_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24)},
	{.key = "no_data_for",
		.kind = FIELD_DURATION,
		AT(stop_rule, no_data_for_ns),
		.min = NS_PER_SEC,
		.max = HOURS(24)},
	LATER("burn"),
};
static const struct shape stop_shape = SHAPE("stop rule", stop_rule, stop_fields);

static const struct field guardrails_fields[] = {
	{.key = "limits",
		.kind = FIELD_OBJECT,
		.sub = &limits_shape,
		AT(guardrails_spec, limits),
		.required = true},
	{.key = "stop_if",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &stop_shape,
		AT(guardrails_spec, stop_if),
		.required = true,
		.allow_empty = true},
	{.key = "no_stop_because", .kind = FIELD_STRING, AT(guardrails_spec, no_stop_because)},
};
static const struct shape guardrails_shape =
	SHAPE("guardrails", guardrails_spec, guardrails_fields);

/* --- the whole ------------------------------------------------------------------------- */

#define MAP_OF(name_text, table, member)                                                           \
	{                                                                                          \
		.key = name_text, .kind = FIELD_MAP, .sub = &(table), AT(scenario, member),        \
		.allow_empty = true                                                                \
	}

static const struct field scenario_fields[] = {
	{.key = "$schema", .kind = FIELD_STRING, AT(scenario, schema)},
	{.key = "backburn", .kind = FIELD_INTEGER, AT(scenario, version), .required = true},
	{.key = "name", .kind = FIELD_NAME, AT(scenario, name), .required = true},
	{.key = "title", .kind = FIELD_STRING, AT(scenario, title), .required = true},
	{.key = "hypothesis", .kind = FIELD_STRING, AT(scenario, hypothesis), .required = true},
	{.key = "owner", .kind = FIELD_OBJECT, .sub = &owner_shape, AT(scenario, owner)},
	{.key = "links", .kind = FIELD_JSON, AT(scenario, links)},
	{.key = "tags",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(scenario, tags),
		.allow_empty = true},
	{.key = "seed",
		.kind = FIELD_INTEGER,
		AT(scenario, seed),
		.preset = "1",
		.min = 0,
		.max = 9e15},
	{.key = "use",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(scenario, use),
		.allow_empty = true},
	MAP_OF("params", param_shape, params),
	MAP_OF("secrets", secret_shape, secrets),
	MAP_OF("groups", group_shape, groups),
	MAP_OF("probes", probe_shape, probes),
	MAP_OF("slos", slo_shape, slos),
	MAP_OF("workloads", workload_shape, workloads),
	{.key = "phases",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &phase_shape,
		AT(scenario, phases),
		.required = true},
	{.key = "invariants",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &invariant_shape,
		AT(scenario, invariants),
		.required = true},
	{.key = "guardrails",
		.kind = FIELD_OBJECT,
		.sub = &guardrails_shape,
		AT(scenario, guardrails),
		.required = true},
};
const struct shape scenario_shape = SHAPE("scenario", scenario, scenario_fields);
