/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"
#include "contract/verbs.h"

/* The scenario and the part as wholes, and what happens in a run: phases and faults. */

const char *const param_type_words[] = {[PARAM_DURATION] = "duration",
	[PARAM_RATIO] = "ratio",
	[PARAM_INTEGER] = "integer",
	[PARAM_NUMBER] = "number",
	[PARAM_STRING] = "string",
	NULL};
static const char *const timeout_words[] = {
	[TIMEOUT_FAIL] = "fail", [TIMEOUT_GO_ON] = "go_on", [TIMEOUT_STOP] = "stop", NULL};

static const struct field owner_fields[] = {
	{.key = "team",
		.kind = FIELD_STRING,
		AT(owner, team),
		.help = "The team that owns the system under test."},
	{.key = "contact",
		.kind = FIELD_STRING,
		AT(owner, contact),
		.help = "Where to reach them: a channel, an address."},
};
static const struct shape owner_shape = SHAPE("owner", owner, owner_fields,
	"Who answers for the system under test; shown in the report.");

static const struct field param_fields[] = {
	{.key = "type",
		.kind = FIELD_ENUM,
		.words = param_type_words,
		AT(param_spec, type),
		.required = true,
		.help = "What kind of value it is."},
	{.key = "default",
		.kind = FIELD_JSON,
		AT(param_spec, preset),
		.required = true,
		.help = "The value when none is given."},
	{.key = "min",
		.kind = FIELD_JSON,
		AT(param_spec, min),
		.help = "The least value that may be given."},
	{.key = "max",
		.kind = FIELD_JSON,
		AT(param_spec, max),
		.help = "The greatest value that may be given."},
	{.key = "help",
		.kind = FIELD_STRING,
		AT(param_spec, help),
		.help = "One sentence for whoever sets it."},
};
static const struct shape param_shape = SHAPE("param", param_spec, param_fields,
	"A parameter: a value that `run --param NAME=VALUE` may set.");

static const struct field secret_fields[] = {
	{.key = "env",
		.kind = FIELD_NAME,
		AT(secret_spec, env),
		.choice = CHOICE_ONE,
		.help = "A variable of the controller's environment."},
	{.key = "file",
		.kind = FIELD_STRING,
		AT(secret_spec, file),
		.choice = CHOICE_ONE,
		.help = "A file, as seen from this file's folder; its first line counts; of "
			"a text in PEM form all of it."},
};
static const struct shape secret_shape = SHAPE("secret", secret_spec, secret_fields,
	"Where a secret is read from when the probes are started.");

/* --- phases and faults ----------------------------------------------------------------- */

static const struct field on_fields[] = {
	{.key = "nodes",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(fault_on, nodes),
		.required = true,
		.help = "Nodes or groups that are hit."},
	{.key = "processes",
		.kind = FIELD_OBJECT,
		.sub = &process_selector_shape,
		AT(fault_on, processes),
		.help = "Which processes on these nodes; for faults that hit processes."},
};
static const struct shape on_shape =
	SHAPE("on", fault_on, on_fields, "Who is hit; counts against the limits.");

static const struct field from_fields[] = {
	{.key = "nodes",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(fault_from, nodes),
		.help = "Nodes or groups on the other side."},
	{.key = "prefixes",
		.kind = FIELD_LIST,
		.item = FIELD_PREFIX,
		.one_is_list = true,
		AT(fault_from, prefixes),
		.help = "Addresses and prefixes on the other side; at most 100000."},
	{.key = "everything",
		.kind = FIELD_BOOL,
		AT(fault_from, everything),
		.min = 1,
		.max = 1,
		.help = "true: everybody is on the other side."},
	{.key = "hosts",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		.form = &host_name_form,
		.one_is_list = true,
		AT(fault_from, hosts),
		.help = "Host names on the other side, at most 16. Each node that is hit resolves "
			"them for itself, and again while the fault acts."},
};
static const struct shape from_shape = SHAPE("from", fault_from, from_fields,
	"The counterpart of what is hit; does not count against the limits.");

static const struct field fault_fields[] = {
	{.key = "id",
		.kind = FIELD_NAME,
		AT(fault_spec, id),
		.required = true,
		.help = "Names this fault in claims and reports; unique in the scenario."},
	{.key = "fault",
		.kind = FIELD_FAULT,
		AT(fault_spec, fault),
		.required = true,
		.help = "The kind of fault."},
	{.key = "on",
		.kind = FIELD_OBJECT,
		.sub = &on_shape,
		AT(fault_spec, on),
		.required = true,
		.help = "Who is hit."},
	{.key = "from",
		.kind = FIELD_OBJECT,
		.sub = &from_shape,
		AT(fault_spec, from),
		.preset = "{}",
		.help = "The counterpart: from whom, to whom."},
	{.key = "with",
		.kind = FIELD_WITH,
		AT(fault_spec, with),
		.preset = "{}",
		.help = "The fault's own parameters."},
	{.key = "at",
		.kind = FIELD_DURATION,
		AT(fault_spec, at_ns),
		.max = HOURS(24),
		.help = "When it starts, counted from the phase's start."},
	{.key = "for",
		.kind = FIELD_DURATION,
		AT(fault_spec, for_ns),
		.min = 10 * NS_PER_MS,
		.max = HOURS(24),
		.help = "How long it lasts; to the phase's end when left out."},
};
static const struct shape fault_shape =
	SHAPE("fault", fault_spec, fault_fields, "One fault, on the nodes of this phase.");

static const struct field until_fields[] = {
	{.key = "slo",
		.kind = FIELD_NAME,
		AT(until_spec, slo),
		.required = true,
		.help = "The SLO that must be met."},
	{.key = "good_for",
		.kind = FIELD_DURATION,
		AT(until_spec, good_for_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.help = "Over how long it must be met; lies inside the phase."},
};
static const struct shape until_shape =
	SHAPE("until", until_spec, until_fields, "The condition that ends a phase.");

const char *const only_if_words[] = {[ONLY_IF_HELD] = "held",
	[ONLY_IF_VIOLATED] = "violated",
	[ONLY_IF_INCONCLUSIVE] = "inconclusive",
	NULL};

static const struct field only_if_fields[] = {
	{.key = "invariant",
		.kind = FIELD_NAME,
		AT(only_if_spec, invariant),
		.required = true,
		.help = "A `holds` or `recovers` that is decided before this phase."},
	{.key = "verdict",
		.kind = FIELD_ENUM,
		.words = only_if_words,
		AT(only_if_spec, verdict),
		.preset = "\"held\"",
		.help = "What it must have come to."},
};
static const struct shape only_if_shape = SHAPE(
	"only_if", only_if_spec, only_if_fields, "The verdict without which a phase is left out.");

static const struct field phase_fields[] = {
	{.key = "id",
		.kind = FIELD_NAME,
		AT(phase_spec, id),
		.required = true,
		.help = "Names the phase in claims and reports."},
	{.key = "for",
		.kind = FIELD_DURATION,
		AT(phase_spec, for_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.choice = CHOICE_ONE,
		.help = "How long the phase lasts."},
	{.key = "until",
		.kind = FIELD_OBJECT,
		.sub = &until_shape,
		AT(phase_spec, until),
		.choice = CHOICE_ONE,
		.needs = "at_most",
		.help = "Lasts until this condition is met."},
	{.key = "at_most",
		.kind = FIELD_DURATION,
		AT(phase_spec, at_most_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.needs = "until",
		.help = "The bound of `until`."},
	{.key = "on_timeout",
		.kind = FIELD_ENUM,
		.words = timeout_words,
		AT(phase_spec, on_timeout),
		.preset = "\"fail\"",
		.help = "What happens at the bound: the run fails (exit 1), is stopped (exit 3), "
			"or goes on."},
	{.key = "faults",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &fault_shape,
		AT(phase_spec, faults),
		.allow_empty = true,
		.help = "The faults of this phase; all are armed before it begins."},
	{.key = "only_if",
		.kind = FIELD_OBJECT,
		.sub = &only_if_shape,
		AT(phase_spec, only_if),
		.help = "The phase is left out unless an earlier claim came to this verdict."},
};
static const struct shape phase_shape = SHAPE(
	"phase", phase_spec, phase_fields, "A stretch of the run; phases follow one another.");

/* --- the whole ------------------------------------------------------------------------- */

#define MAP_OF(name_text, table, member, help_text)                                                \
	{                                                                                          \
		.key = name_text, .kind = FIELD_MAP, .sub = &(table), AT(scenario, member),        \
		.allow_empty = true, .help = help_text                                             \
	}
#define SCHEMA_KEY                                                                                 \
	{                                                                                          \
		.key = "$schema", .kind = FIELD_STRING, AT(scenario, schema),                      \
		.help = "The JSON Schema of this file, for editors."                               \
	}

/* What a part may share, in a scenario and in a part. */
#define SHARED_SECTIONS                                                                            \
	MAP_OF("groups", group_shape, groups, "Groups of nodes, by name."),                        \
		MAP_OF("probes", probe_shape, probes, "Probes, by name."),                         \
		MAP_OF("slos", slo_shape, slos, "Service level objectives, by name."),             \
		MAP_OF("workloads", workload_shape, workloads, "Workloads, by name.")

/* A run is called after its time and its scenario, and that is a name on the wire (63). */
static const struct form scenario_name_form = {.pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,43}$",
	.says = "a scenario's name: letters, digits, '.', '_', '-'; at most 44 of them, as many as "
		"fit a run's name"};

static const struct field scenario_fields[] = {
	SCHEMA_KEY,
	{.key = "backburn",
		.kind = FIELD_INTEGER,
		AT(scenario, version),
		.required = true,
		.min = 1,
		.max = 1,
		.help = "Marks a scenario; the version of the format."},
	{.key = "name",
		.kind = FIELD_NAME,
		AT(scenario, name),
		.required = true,
		.form = &scenario_name_form,
		.help = "Names the run directory."},
	{.key = "title",
		.kind = FIELD_STRING,
		AT(scenario, title),
		.required = true,
		.help = "Heads the report; for people."},
	{.key = "hypothesis",
		.kind = FIELD_STRING,
		AT(scenario, hypothesis),
		.required = true,
		.help = "What is believed of the system, in a sentence or two."},
	{.key = "owner",
		.kind = FIELD_OBJECT,
		.sub = &owner_shape,
		AT(scenario, owner),
		.help = "Who answers for the system."},
	{.key = "links",
		.kind = FIELD_JSON,
		AT(scenario, links),
		.help = "Pages that help whoever reads the report; kept, not read."},
	{.key = "tags",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(scenario, tags),
		.allow_empty = true,
		.help = "Words to find the scenario by; kept, not read."},
	{.key = "seed",
		.kind = FIELD_INTEGER,
		AT(scenario, seed),
		.preset = "1",
		.min = 0,
		.max = 9e15,
		.help = "Makes what is chosen at random the same in each run."},
	{.key = "use",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(scenario, use),
		.allow_empty = true,
		.help = "Files of parts, as seen from this file's folder."},
	MAP_OF("params", param_shape, params, "Values that may be set for a run."),
	MAP_OF("secrets", secret_shape, secrets, "Secrets, by name."),
	SHARED_SECTIONS,
	{.key = "phases",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &phase_shape,
		AT(scenario, phases),
		.required = true,
		.help = "What happens, in order."},
	{.key = "invariants",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &invariant_shape,
		AT(scenario, invariants),
		.required = true,
		.help = "The claims that the run judges."},
	{.key = "guardrails",
		.kind = FIELD_OBJECT,
		.sub = &guardrails_shape,
		AT(scenario, guardrails),
		.required = true,
		.help = "Limits and stop rules."},
};
const struct shape scenario_shape = SHAPE("scenario", scenario, scenario_fields,
	"What is done to a system, and what is claimed of it.");

static const struct field part_fields[] = {
	SCHEMA_KEY,
	{.key = "backburn_part",
		.kind = FIELD_INTEGER,
		AT(scenario, version),
		.required = true,
		.min = 1,
		.max = 1,
		.help = "Marks a part; the version of the format."},
	SHARED_SECTIONS,
};
const struct shape part_shape = SHAPE(
	"part", scenario, part_fields, "Groups, probes, SLOs and workloads that scenarios share.");
