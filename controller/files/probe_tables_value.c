/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/cgroups.h"
#include "controller/files/scenario_tables.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/orders.h"

/* Where probes of type "metric" read their numbers. */

const struct form metric_form = {.pattern = "^[a-zA-Z_:][a-zA-Z0-9_:]*$",
	.says = "the name of a metric: letters, digits, _ and :"};
static const struct form read_pointer_form = {
	.pattern = "^/", .says = "a JSON pointer like \"/queue/depth\""};

static const struct field read_fields[] = {
	{.key = "url",
		.kind = FIELD_TEXT,
		AT(read_spec, url),
		.choice = CHOICE_ONE,
		.help = "Where a GET goes, as a text or a secret; needs `metric` or `pointer`."},
	{.key = "exec",
		.kind = FIELD_LIST,
		.item = FIELD_STRING,
		AT(read_spec, exec),
		.choice = CHOICE_ONE,
		.help = "A program and its arguments, without a shell, whose first line of output "
			"is "
			"the number."},
	{.key = "kernel",
		.kind = FIELD_ENUM,
		.words = kernel_metric_words,
		AT(read_spec, kernel),
		.choice = CHOICE_ONE,
		.help = "What the kernel counts at the node that probes: of its network namespace, "
			"of a cgroup, or of the machine."},
	{.key = "per",
		.kind = FIELD_ENUM,
		.words = kernel_per_words,
		AT(read_spec, per),
		.preset = "\"none\"",
		.needs = "kernel",
		.help = "Another counter of the kernel: the value is how much the first one grew "
			"for each step of this one, since the last event."},
	{.key = "cgroup",
		.kind = FIELD_STRING,
		AT(read_spec, cgroup),
		.needs = "kernel",
		.form = &cgroup_form,
		.help = "The cgroup, below the cgroup v2 mount; without it the node's own."},
	{.key = "metric",
		.kind = FIELD_STRING,
		AT(read_spec, metric),
		.needs = "url",
		.form = &metric_form,
		.help = "The answer is in the Prometheus text format: the metric's name, without "
			"labels."},
	{.key = "labels",
		.kind = FIELD_STRINGS,
		AT(read_spec, labels),
		.needs = "metric",
		.help = "Labels that the series must have; it may have others."},
	{.key = "aggregate",
		.kind = FIELD_ENUM,
		.words = value_aggregate_words,
		AT(read_spec, aggregate),
		.needs = "metric",
		.help = "What several series come to; with `one`, the default, more than one is "
			"bad."},
	{.key = "pointer",
		.kind = FIELD_STRING,
		AT(read_spec, pointer),
		.needs = "url",
		.form = &read_pointer_form,
		.help = "The answer is JSON: a JSON pointer to the number in it."},
};
const struct shape read_shape =
	SHAPE("read", read_spec, read_fields, "Where a metric probe reads its number.");
