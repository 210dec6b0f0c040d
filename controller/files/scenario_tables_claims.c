/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/environment.h"
#include "controller/files/scenario_tables.h"

/* What is claimed, and what stops a run. */

const char *const gate_words[] = {[GATE_MUST] = "must",
	[GATE_SHOULD] = "should",
	[GATE_REPORT] = "report",
	[GATE_PRECONDITION] = "precondition",
	NULL};
const char *const instant_words[] = {[INSTANT_START] = "start",
	[INSTANT_EFFECT] = "effect",
	[INSTANT_BREACH] = "breach",
	[INSTANT_HEALED] = "healed",
	NULL};
static const char *const expect_words[] = {
	[EXPECT_HELD] = "held", [EXPECT_VIOLATED] = "violated", NULL};

/* --- invariants ------------------------------------------------------------------------ */

static const struct field holds_fields[] = {
	{.key = "slo",
		.kind = FIELD_NAME,
		AT(holds_spec, slo),
		.required = true,
		.help = "The SLO that is met."},
};
static const struct shape holds_shape = SHAPE("holds", holds_spec, holds_fields,
	"The SLO is met in the phases that `in` names; decided by exact binomial tests.");

static const struct field recovers_from_fields[] = {
	{.key = "fault",
		.kind = FIELD_NAME,
		AT(recovers_from, fault),
		.required = true,
		.help = "The id of a fault."},
	{.key = "instant",
		.kind = FIELD_ENUM,
		.words = instant_words,
		AT(recovers_from, instant),
		.required = true,
		.help = "Its start, its first effect on a packet or process, the first bad event "
			"after its start, or its heal."},
};
static const struct shape recovers_from_shape = SHAPE("from", recovers_from, recovers_from_fields,
	"The instant that a recovery is counted from.");

static const struct field recovers_fields[] = {
	{.key = "slo",
		.kind = FIELD_NAME,
		AT(recovers_spec, slo),
		.required = true,
		.help = "The SLO that must recover."},
	{.key = "from",
		.kind = FIELD_OBJECT,
		.sub = &recovers_from_shape,
		AT(recovers_spec, from),
		.required = true,
		.help = "The instant that time counts from."},
	{.key = "within",
		.kind = FIELD_DURATION,
		AT(recovers_spec, within_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = HOURS(24),
		.help = "How soon it must be met again."},
	{.key = "stable_for",
		.kind = FIELD_DURATION,
		AT(recovers_spec, stable_for_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.help = "How long it must stay so."},
};
static const struct shape recovers_shape = SHAPE("recovers", recovers_spec, recovers_fields,
	"After a fault's instant the SLO is met again in time.");

static const struct field data_fields[] = {
	{.key = "workload",
		.kind = FIELD_NAME,
		AT(data_spec, workload),
		.required = true,
		.help = "The workload whose data are read back."},
	{.key = "max_lost",
		.kind = FIELD_INTEGER,
		AT(data_spec, max_lost),
		.required = true,
		.min = 0,
		.max = 1e12,
		.help = "How many acknowledged operations may be lost."},
};
static const struct shape data_shape =
	SHAPE("data", data_spec, data_fields, "No more acknowledged writes are lost than allowed.");

static const struct field budget_fields[] = {
	{.key = "slo",
		.kind = FIELD_NAME,
		AT(budget_spec, slo),
		.required = true,
		.help = "The SLO whose budget is spent."},
	{.key = "max_spent",
		.kind = FIELD_RATIO,
		AT(budget_spec, max_spent),
		.required = true,
		.help = "The share of the budget of one `period`."},
};
static const struct shape budget_shape = SHAPE("budget", budget_spec, budget_fields,
	"The run spends no more of the error budget than this.");

static const struct field restarts_fields[] = {
	{.key = "fault",
		.kind = FIELD_NAME,
		AT(restarts_spec, fault),
		.required = true,
		.help = "The id of a fault that ends processes."},
	{.key = "within",
		.kind = FIELD_DURATION,
		AT(restarts_spec, within_ns),
		.required = true,
		.min = 10 * NS_PER_MS,
		.max = HOURS(0.5),
		.help = "How soon others must be in their places, counted from each strike."},
};
static const struct shape restarts_shape = SHAPE("restarts", restarts_spec, restarts_fields,
	"Whoever supervises the processes that a fault ends starts them again in time.");

static const struct field invariant_fields[] = {
	{.key = "id",
		.kind = FIELD_NAME,
		AT(invariant_spec, id),
		.required = true,
		.help = "Names the claim in reports."},
	{.key = "in",
		.kind = FIELD_LIST,
		.item = FIELD_NAME,
		.one_is_list = true,
		AT(invariant_spec, in),
		.needs = "holds",
		.help = "The phases that the claim speaks of."},
	{.key = "skip_first",
		.kind = FIELD_DURATION,
		AT(invariant_spec, skip_first_ns),
		.max = HOURS(24),
		.needs = "holds",
		.help = "Left out at the beginning of each phase: settling time."},
	{.key = "holds",
		.kind = FIELD_OBJECT,
		.sub = &holds_shape,
		AT(invariant_spec, holds),
		.choice = CHOICE_ONE,
		.needs = "in",
		.help = "The SLO is met in these phases."},
	{.key = "recovers",
		.kind = FIELD_OBJECT,
		.sub = &recovers_shape,
		AT(invariant_spec, recovers),
		.choice = CHOICE_ONE,
		.help = "The SLO is met again after a fault."},
	{.key = "data",
		.kind = FIELD_OBJECT,
		.sub = &data_shape,
		AT(invariant_spec, data),
		.choice = CHOICE_ONE,
		.help = "No acknowledged write is lost."},
	{.key = "budget",
		.kind = FIELD_OBJECT,
		.sub = &budget_shape,
		AT(invariant_spec, budget),
		.choice = CHOICE_ONE,
		.help = "The error budget is not overspent."},
	{.key = "restarts",
		.kind = FIELD_OBJECT,
		.sub = &restarts_shape,
		AT(invariant_spec, restarts),
		.choice = CHOICE_ONE,
		.help = "What a fault ended is started again."},
	{.key = "expect",
		.kind = FIELD_ENUM,
		.words = expect_words,
		AT(invariant_spec, expect),
		.preset = "\"held\"",
		.help = "`violated` makes a negative control: the claim must fail."},
	{.key = "gate",
		.kind = FIELD_ENUM,
		.words = gate_words,
		AT(invariant_spec, gate),
		.preset = "\"must\"",
		.help = "What the verdict does: `must` fails the run, `should` warns, `report` "
			"only tells, `precondition` is decided before anything is injected."},
	{.key = "why",
		.kind = FIELD_STRING,
		AT(invariant_spec, why),
		.help = "Why this claim is made; for people."},
	LATER("compare"),
	LATER("ratio"),
	LATER("degraded_at_most"),
	LATER("converges"),
	LATER("exactly_one"),
	LATER("alert_fired"),
	LATER("known_issue"),
};
const struct shape invariant_shape = SHAPE("invariant", invariant_spec, invariant_fields,
	"A claim: what must hold, and what its verdict does to the exit code.");

/* --- guardrails ------------------------------------------------------------------------ */

static const struct field group_limit_fields[] = {
	{.key = "group",
		.kind = FIELD_GROUP,
		AT(group_limit, group),
		.required = true,
		.help = "The group that is limited."},
	{.key = "max_fraction",
		.kind = FIELD_RATIO,
		AT(group_limit, max_fraction),
		.preset = "1",
		.help = "The share of its nodes that may be hit."},
	{.key = "keep_quorum",
		.kind = FIELD_BOOL,
		AT(group_limit, keep_quorum),
		.help = "true: more than half of its nodes must stay untouched."},
};
static const struct shape group_limit_shape = SHAPE(
	"of_group", group_limit, group_limit_fields, "How much of a group may be hit at one time.");

static const struct field label_limit_fields[] = {
	{.key = "label",
		.kind = FIELD_STRING,
		AT(label_limit, label),
		.required = true,
		.help = "A label of nodes, such as zone."},
	{.key = "max_values",
		.kind = FIELD_INTEGER,
		AT(label_limit, max_values),
		.required = true,
		.min = 1,
		.max = 100000,
		.help = "How many different values the nodes that are hit may have."},
};
static const struct shape label_limit_shape = SHAPE("per_label", label_limit, label_limit_fields,
	"How many values of a label may be hit at one time.");

static const struct field limits_fields[] = {
	{.key = "nodes",
		.kind = FIELD_INTEGER,
		AT(limits_spec, nodes),
		.min = 1,
		.max = 100000,
		.help = "How many nodes a phase may hit."},
	{.key = "of_group",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &group_limit_shape,
		AT(limits_spec, of_group),
		.help = "Limits for groups."},
	{.key = "per_label",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &label_limit_shape,
		AT(limits_spec, per_label),
		.help = "Limits for labels, such as one zone at a time."},
	{.key = "concurrent_faults",
		.kind = FIELD_INTEGER,
		AT(limits_spec, concurrent_faults),
		.min = 1,
		.max = 64,
		.help = "How many faults may act at one time."},
	{.key = "fault",
		.kind = FIELD_DURATION,
		AT(limits_spec, fault_ns),
		.required = true,
		.min = 10 * NS_PER_MS,
		.max = HOURS(24),
		.help = "The longest that a fault may last."},
	{.key = "run",
		.kind = FIELD_DURATION,
		AT(limits_spec, run_ns),
		.required = true,
		.min = NS_PER_SEC,
		.max = HOURS(48),
		.help = "The longest that the run may last, waits included; it is stopped there."},
	{.key = "lease",
		.kind = FIELD_DURATION,
		AT(limits_spec, lease_ns),
		.preset = "\"5s\"",
		.min = NS_PER_SEC,
		.max = 300 * (double)NS_PER_SEC,
		.help = "Faults end when the controller falls silent for that long."},
	{.key = "protect",
		.kind = FIELD_LIST,
		.item = FIELD_NODE,
		.one_is_list = true,
		AT(limits_spec, protect),
		.help = "Nodes or groups that no fault may be on."},
};
static const struct shape limits_shape =
	SHAPE("limits", limits_spec, limits_fields, "The lines that the run must not cross.");

static const struct field stop_fields[] = {
	{.key = "id",
		.kind = FIELD_NAME,
		AT(stop_rule, id),
		.required = true,
		.help = "Names the rule in reports."},
	{.key = "slo", .kind = FIELD_NAME, AT(stop_rule, slo), .help = "The SLO that is watched."},
	{.key = "no_good_for",
		.kind = FIELD_DURATION,
		AT(stop_rule, no_good_for_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.choice = CHOICE_ONE,
		.needs = "slo",
		.help = "Stops when there was no good event for that long."},
	{.key = "no_data_for",
		.kind = FIELD_DURATION,
		AT(stop_rule, no_data_for_ns),
		.min = NS_PER_SEC,
		.max = HOURS(24),
		.choice = CHOICE_ONE,
		.help = "Stops when a prober reported nothing for that long."},
	LATER("burn"),
};
static const struct shape stop_shape = SHAPE(
	"stop rule", stop_rule, stop_fields, "What stops the run; everything is healed first.");

static const struct field allow_fields[] = {
	{.key = "classes",
		.kind = FIELD_LIST,
		.item = FIELD_ENUM,
		.words = environment_class_words,
		.one_is_list = true,
		AT(allow_spec, classes),
		.help = "The classes of environments that it may run on; any when left out."},
	{.key = "hours",
		.kind = FIELD_OBJECT,
		.sub = &hours_shape,
		AT(allow_spec, hours),
		.help = "When it may run: the whole run, as long as it may take, lies inside."},
};
static const struct shape allow_shape =
	SHAPE("allow", allow_spec, allow_fields, "Where and when the scenario may run at all.");

static const struct field guardrails_fields[] = {
	{.key = "allow",
		.kind = FIELD_OBJECT,
		.sub = &allow_shape,
		AT(guardrails_spec, allow),
		.help = "Where and when the scenario may run; anywhere and always when left out."},
	{.key = "limits",
		.kind = FIELD_OBJECT,
		.sub = &limits_shape,
		AT(guardrails_spec, limits),
		.required = true,
		.help = "The lines that the run must not cross."},
	{.key = "stop_if",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &stop_shape,
		AT(guardrails_spec, stop_if),
		.required = true,
		.allow_empty = true,
		.help = "What stops the run; an empty list needs `no_stop_because`."},
	{.key = "no_stop_because",
		.kind = FIELD_STRING,
		AT(guardrails_spec, no_stop_because),
		.help = "Why nothing may stop this run."},
};
const struct shape guardrails_shape = SHAPE(
	"guardrails", guardrails_spec, guardrails_fields, "What keeps the run inside its lines.");
