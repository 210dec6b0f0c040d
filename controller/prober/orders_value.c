/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/orders_table.h"

/* What orders say of numbers that events read. */

const char *const value_op_words[] = {
	[BOUND_LT] = "lt",
	[BOUND_LE] = "le",
	[BOUND_GT] = "gt",
	[BOUND_GE] = "ge",
	[BOUND_GE + 1] = NULL,
};

const char *const value_format_words[] = {
	[VALUE_METRIC] = "metric",
	[VALUE_JSON] = "json",
	[VALUE_FIRST_LINE] = "first_line",
	[VALUE_QUERY] = "query",
	[VALUE_KERNEL] = "kernel",
	[VALUE_KERNEL + 1] = NULL,
};

const char *const value_aggregate_words[] = {
	[AGGREGATE_ONE] = "one",
	[AGGREGATE_SUM] = "sum",
	[AGGREGATE_MIN] = "min",
	[AGGREGATE_MAX] = "max",
	[AGGREGATE_MAX + 1] = NULL,
};

static const struct field value_bound_fields[] = {
	{.key = "op",
		.kind = FIELD_ENUM,
		.words = value_op_words,
		AT(value_bound, op),
		.required = true},
	{.key = "value", .kind = FIELD_NUMBER, AT(value_bound, value), .required = true},
};
const struct shape value_bound_shape = SHAPE(value_bound, "bound", value_bound_fields);

static const struct field value_order_fields[] = {
	{.key = "format",
		.kind = FIELD_ENUM,
		.words = value_format_words,
		AT(value_order, format),
		.required = true},
	{.key = "metric", .kind = FIELD_STRING, AT(value_order, metric)},
	{.key = "labels", .kind = FIELD_STRINGS, AT(value_order, labels)},
	{.key = "aggregate",
		.kind = FIELD_ENUM,
		.words = value_aggregate_words,
		AT(value_order, aggregate),
		.preset = "\"one\""},
	{.key = "pointer", .kind = FIELD_STRING, AT(value_order, pointer), .allow_empty = true},
	{.key = "per_second", .kind = FIELD_BOOL, AT(value_order, per_second)},
};
const struct shape value_order_shape = SHAPE(value_order, "value", value_order_fields);
