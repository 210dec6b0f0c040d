/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"

/* Claims about the numbers that probes of type "metric" and "prometheus" read. */

static const struct field alert_fields[] = {
	{.key = "probe",
		.kind = FIELD_NAME,
		AT(alert_fired_spec, probe),
		.required = true,
		.help = "The probe that reads 0 while the alert is quiet, and more while it "
			"fires."},
	{.key = "from",
		.kind = FIELD_OBJECT,
		.sub = &recovers_from_shape,
		AT(alert_fired_spec, from),
		.required = true,
		.help = "The instant that time counts from; not `breach`."},
	{.key = "within",
		.kind = FIELD_DURATION,
		AT(alert_fired_spec, within_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.help = "How soon it must fire."},
};
const struct shape alert_fired_shape = SHAPE("alert_fired", alert_fired_spec, alert_fields,
	"Somebody on call is told in time: a page of one's own fires.");

static const struct field converges_fields[] = {
	{.key = "probe",
		.kind = FIELD_NAME,
		AT(converges_spec, probe),
		.required = true,
		.help = "The probe that reads the number of each member: its policy is `each`."},
	{.key = "from",
		.kind = FIELD_OBJECT,
		.sub = &recovers_from_shape,
		AT(converges_spec, from),
		.required = true,
		.help = "The instant that time counts from; not `breach`."},
	{.key = "within",
		.kind = FIELD_DURATION,
		AT(converges_spec, within_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.help = "How soon all members must have the same number."},
	{.key = "stable_for",
		.kind = FIELD_DURATION,
		AT(converges_spec, stable_for_ns),
		.required = true,
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.help = "How long that must stay so."},
	{.key = "differ_by_at_most",
		.kind = FIELD_NUMBER,
		AT(converges_spec, differ_by_at_most),
		.preset = "0",
		.max = 1e18,
		.help = "How far the largest may be from the smallest."},
};
const struct shape converges_shape = SHAPE("converges", converges_spec, converges_fields,
	"After a fault's instant all members come to the same number in time.");

static const struct field exactly_one_fields[] = {
	{.key = "probe",
		.kind = FIELD_NAME,
		AT(exactly_one_spec, probe),
		.required = true,
		.help = "The probe that reads the number of each member: its policy is `each`."},
	{.key = "equals",
		.kind = FIELD_NUMBER,
		AT(exactly_one_spec, equals),
		.preset = "1",
		.min = -1e18,
		.max = 1e18,
		.help = "The number of a member that takes itself for the one."},
	{.key = "none_for_at_most",
		.kind = FIELD_DURATION,
		AT(exactly_one_spec, none_for_at_most_ns),
		.min = 100 * NS_PER_MS,
		.max = HOURS(24),
		.help = "How long there may be none at a time; any time when left out."},
};
const struct shape exactly_one_shape = SHAPE("exactly_one", exactly_one_spec, exactly_one_fields,
	"Never two members at one time take themselves for the one, such as the leader.");
