/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "injector/faults/lane_faults.h"
#include "injector/lane/spec.h"
#include "injector/lane/tables.h"

/*
 * Packets arrive later: all by the same time, or by times that vary as a distribution or a recorded
 * trace says. Docs: docs/faults/delay.md.
 */
enum delay_distribution {
	DISTRIBUTION_UNIFORM,
	DISTRIBUTION_NORMAL,
	DISTRIBUTION_PARETO,
	DISTRIBUTION_PARETONORMAL,
	DISTRIBUTION_TABLE,
	DISTRIBUTION_TRACE
};

struct delay {
	struct network network;
	int64_t delay_ns, jitter_ns;
	double correlation;
	int distribution;
	struct list table; /* of struct table_point */
	struct list trace; /* of int64_t: nanoseconds */
	bool keep_order;
	int lane;
};

static const char *const distribution_names[] = {
	"uniform", "normal", "pareto", "paretonormal", "table", "trace", NULL};
static_assert(sizeof(distribution_names) / sizeof(char *) == DISTRIBUTION_TRACE + 2, "a word each");

static const struct refused_word refused_distributions[] = {
	{"constant", "without \"jitter\" all packets are delayed by the same time"},
	{"experimental", "give its quantiles as a \"table\""},
	{NULL, NULL},
};

static const struct field point_fields[] = {
	{.key = "quantile",
		.kind = FIELD_RATIO,
		.offset = offsetof(struct table_point, quantile),
		.required = true,
		.help = "share of all packets that are delayed by at most \"delay\""},
	{.key = "delay",
		.kind = FIELD_DURATION,
		.offset = offsetof(struct table_point, delay_ns),
		.required = true,
		.max = (double)LANE_DELAY_MAX_NS,
		.help = "the delay at that quantile"},
};

static const struct shape point_shape = {
	.name = "point",
	.size = sizeof(struct table_point),
	SHAPE_FIELDS(point_fields),
	.help = "One point of a distribution.",
};

#define AT(member) .offset = offsetof(struct delay, member)

static const struct field fields[] = {
	NETWORK_FIELDS(struct delay, network),
	{.key = "delay",
		.kind = FIELD_DURATION,
		.live = true,
		AT(delay_ns),
		.max = (double)LANE_DELAY_MAX_NS,
		.help = "by how much packets arrive later; with \"jitter\" the middle of it"},
	{.key = "jitter",
		.kind = FIELD_DURATION,
		.live = true,
		AT(jitter_ns),
		.max = (double)LANE_DELAY_MAX_NS,
		.help = "how far delays vary: to either side when they are uniform, else about one "
			"standard deviation"},
	{.key = "correlation",
		.kind = FIELD_RATIO,
		.live = true,
		AT(correlation),
		.preset = "0",
		.help = "how much a packet's delay resembles that of the one before"},
	{.key = "distribution",
		.kind = FIELD_ENUM,
		AT(distribution),
		.words = distribution_names,
		.refused = refused_distributions,
		.preset = "\"uniform\"",
		.help = "how delays are spread; the named ones are those of tc netem"},
	{.key = "table",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &point_shape,
		AT(table),
		.help = "the distribution \"table\": whole delays by quantile, linear in between"},
	{.key = "trace",
		.kind = FIELD_LIST,
		.item = FIELD_DURATION,
		AT(trace),
		.max = (double)LANE_DELAY_MAX_NS,
		.help = "the distribution \"trace\": whole delays that were recorded, one a packet "
			"and again from the start; at most 4096"},
	{.key = "keep_order",
		.kind = FIELD_BOOL,
		AT(keep_order),
		.preset = "true",
		.help = "whether packets whose delays differ leave in the order in which they "
			"came"},
	{.key = "lane",
		.kind = FIELD_ENUM,
		AT(lane),
		.words = lane_words,
		.preset = "\"auto\"",
		.help = "what holds packets back: backburn's own queue (tap) or the kernel's "
			"(netem)"},
};

const struct shape delay_shape = {
	.name = "delay",
	.size = sizeof(struct delay),
	SHAPE_FIELDS(fields),
	.help = "Packets between \"on\" and \"from\" arrive later.",
};

static bool is_named(enum delay_distribution distribution)
{
	return distribution < DISTRIBUTION_TABLE;
}

static int check_named(const struct delay *delay, struct fail *fail)
{
	const char *name = distribution_names[delay->distribution];

	if (!delay->delay_ns && !delay->jitter_ns)
		return fail_set(
			fail, FAIL_USAGE, "a delay of nothing changes nothing: say \"delay\"");
	if (delay->jitter_ns == 0 && delay->distribution != DISTRIBUTION_UNIFORM)
		return fail_set(fail, FAIL_USAGE,
			"distribution \"%s\" needs \"jitter\": how far delays vary", name);
	if (delay->distribution == DISTRIBUTION_UNIFORM && delay->jitter_ns > delay->delay_ns)
		return fail_set(fail, FAIL_USAGE,
			"jitter is more than delay: a packet can't arrive before it was sent");
	if (delay->correlation > 0 && delay->jitter_ns == 0)
		return fail_set(fail, FAIL_USAGE,
			"correlation is of delays that vary: say \"jitter\", too");
	return 0;
}

static int check(const struct delay *delay, struct fail *fail)
{
	enum delay_distribution distribution = (enum delay_distribution)delay->distribution;
	const char *name = distribution_names[distribution];

	if (delay->table.count && distribution != DISTRIBUTION_TABLE)
		return fail_set(fail, FAIL_USAGE,
			"\"table\" is for distribution \"table\", not \"%s\"", name);
	if (delay->trace.count && distribution != DISTRIBUTION_TRACE)
		return fail_set(fail, FAIL_USAGE,
			"\"trace\" is for distribution \"trace\", not \"%s\"", name);
	if (is_named(distribution))
		return check_named(delay, fail);
	if (!delay->table.count && !delay->trace.count)
		return fail_set(fail, FAIL_USAGE, "distribution \"%s\" needs the %s in \"%s\"",
			name, distribution == DISTRIBUTION_TABLE ? "quantiles" : "delays", name);
	if (delay->delay_ns || delay->jitter_ns)
		return fail_set(fail, FAIL_USAGE,
			"a %s holds whole delays: leave out \"delay\" and \"jitter\"", name);
	if (distribution == DISTRIBUTION_TRACE && delay->correlation > 0)
		return fail_set(fail, FAIL_USAGE,
			"a trace has the correlation that was recorded: leave out \"correlation\"");
	return 0;
}

static int fill_spread(const struct delay *delay, struct lane_spec *spec, struct fail *fail)
{
	static const enum table_kind kinds[] = {
		[DISTRIBUTION_NORMAL] = TABLE_NORMAL,
		[DISTRIBUTION_PARETO] = TABLE_PARETO,
		[DISTRIBUTION_PARETONORMAL] = TABLE_PARETONORMAL,
	};

	spec->delay_ns = delay->delay_ns;
	spec->jitter_ns = delay->jitter_ns;
	spec->correlation = delay->correlation;
	switch ((enum delay_distribution)delay->distribution) {
	case DISTRIBUTION_UNIFORM:
		spec->spread = delay->jitter_ns ? SPREAD_UNIFORM : SPREAD_NONE;
		return 0;
	case DISTRIBUTION_TABLE:
		return table_from_points(spec, delay->table.items, delay->table.count, fail);
	case DISTRIBUTION_TRACE:
		return table_from_trace(spec, delay->trace.items, delay->trace.count, fail);
	default:
		spec->spread = SPREAD_TABLE;
		spec->table_count = LANE_TABLE_MAX;
		table_fill(spec->table, kinds[delay->distribution]);
		return 0;
	}
}

int delay_spec(const void *with, uint64_t seed, struct lane_spec *out, struct fail *fail)
{
	struct delay_quantile longest = {.quantile = 0.99};
	const struct delay *delay = with;

	if (check(delay, fail) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->seed = seed;
	out->keep_order = delay->keep_order;
	if (fill_spread(delay, out, fail) < 0)
		return -1;
	spec_delay_quantiles(out, (struct path_share){.packets = 0}, &longest, 1);
	out->limit_bytes = spec_limit(longest.delay_ns);
	return spec_check_choice(out, (enum lane_choice)delay->lane, fail);
}

static int plan_delay(
	const struct fault_order *order, const void *with, struct plan *plan, struct fail *fail)
{
	const struct delay *delay = with;
	const struct lane_fault fault = {
		.spec = delay_spec, .network = &delay->network, .choice = delay->lane};

	return lane_plan(order, with, &fault, plan, fail);
}

const struct fault_ops fault_delay = {
	.name = "delay",
	.summary = "let packets arrive later, by a fixed or a varying time",
	.with = &delay_shape,
	.on = TARGET_NODES,
	.from = TARGET_NODES | TARGET_PREFIXES | TARGET_HOSTS | TARGET_EVERYTHING,
	.sides = SIDES_ON,
	.expires = EXPIRES_KERNEL,
	.silent = true,
	.did = "delayed",
	.alone = false,
	.capability = "lane",
	.plan = plan_delay,
};
