/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/measures.h"

#include <math.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "injector/lane/spec.h"

/* Beyond so many deviations chance does not reach, but once in a thousand runs. */
static const double chance_deviations = 3.3;

static const struct {
	const char *name;
	double quantile;
	/*
	 * What a keeper was late by on two busy cores: 0.1 ms at the median, up to 1.9 ms in one
	 * of a hundred.
	 */
	double slack_ns;
} told_quantiles[] = {
	{"delay p50", 0.5, 0.2 * (double)NS_PER_MS},
	{"delay p90", 0.9, 1.0 * (double)NS_PER_MS},
	{"delay p99", 0.99, 2.0 * (double)NS_PER_MS},
};
enum {
	TOLD = sizeof(told_quantiles) / sizeof(told_quantiles[0])
};
static const double relative_tolerance = 0.05;
static const double late_tolerance_ns = 0.2 * (double)NS_PER_MS;
static const double rate_tolerance = 0.01;

/* By value: a pointer into the list would not outlive the next one. */
static void add(struct list *measures, const char *name, struct measure measure)
{
	measure.name = must_copy(name);
	*(struct measure *)list_push(measures, sizeof(measure)) = measure;
}

static double achieved_ns(const struct histogram *histogram, double quantile)
{
	struct histogram_edges edges;

	if (histogram_quantile(histogram, quantile, &edges) < 0)
		return 0;
	return (double)(edges.lower_ns + edges.upper_ns) / 2;
}

/* Numbers that resemble one another tell less: so many independent ones tell the same. */
static double independent(double count, double correlation)
{
	double worth = count * (1 - correlation) / (1 + correlation);

	return worth > 1 ? worth : 1;
}

/* A quantile, and how far down and up chance may lead the one of so many samples. */
enum reach {
	LEAST,
	ASKED,
	MOST,
	REACHES
};

/* Wilson's interval for a share of that many trials, which holds for few, too. */
static void reach_of(double quantile, double samples, struct delay_quantile reach[REACHES])
{
	const double z = chance_deviations, z2 = z * z;
	double middle = (quantile + z2 / (2 * samples)) / (1 + z2 / samples);
	double half = z * sqrt(quantile * (1 - quantile) / samples + z2 / (4 * samples * samples)) /
		(1 + z2 / samples);

	reach[LEAST] = (struct delay_quantile){.quantile = fmax(middle - half, 0)};
	reach[ASKED] = (struct delay_quantile){.quantile = quantile};
	reach[MOST] = (struct delay_quantile){.quantile = fmin(middle + half, 1)};
}

static void add_delays(const struct lane_spec *spec, const struct lane_counts *counts,
	int direction, struct list *measures)
{
	struct path_share share = {.direction = direction, .packets = counts->delay.count};
	bool longer = spec->rate_bytes || (spec->keep_order && spec_varies(spec));
	struct delay_quantile quantiles[TOLD * REACHES];

	for (size_t i = 0; i < TOLD; i++)
		reach_of(told_quantiles[i].quantile,
			independent((double)share.packets, spec->correlation),
			&quantiles[i * REACHES]);
	spec_delay_quantiles(spec, share, quantiles, TOLD * REACHES);
	for (size_t i = 0; i < TOLD; i++) {
		const struct delay_quantile *reach = &quantiles[i * REACHES];
		double asked_ns = (double)reach[ASKED].delay_ns;
		double below_ns = asked_ns - (double)reach[LEAST].delay_ns;
		double above_ns = (double)reach[MOST].delay_ns - asked_ns;

		add(measures, told_quantiles[i].name,
			(struct measure){
				.direction = direction,
				.unit = MEASURE_DURATION,
				.bound = longer ? BOUND_NONE : BOUND_ABOUT,
				.asked = asked_ns,
				.achieved = achieved_ns(&counts->delay, told_quantiles[i].quantile),
				.tolerance = relative_tolerance * asked_ns +
					told_quantiles[i].slack_ns + fmax(below_ns, above_ns),
				.count = share.packets,
			});
	}
}

static void add_late(const struct lane_counts *counts, int direction, struct list *measures)
{
	struct measure late = {
		.direction = direction, .unit = MEASURE_DURATION, .count = counts->late.count};

	late.bound = BOUND_AT_MOST;
	late.achieved = achieved_ns(&counts->late, 0.5);
	late.tolerance = late_tolerance_ns;
	add(measures, "late p50", late);
	late.bound = BOUND_NONE;
	late.achieved = achieved_ns(&counts->late, 0.99);
	late.tolerance = 0;
	add(measures, "late p99", late);
}

static void add_rate(const struct lane_spec *spec, const struct lane_counts *counts, int direction,
	struct list *measures)
{
	double elapsed_s = (double)(counts->last_ns - counts->first_ns) / (double)NS_PER_SEC;
	double asked = 8 * (double)spec->rate_bytes;

	/* last_ns: none has left yet */
	if (counts->last_ns <= counts->first_ns)
		return;
	add(measures, "rate",
		(struct measure){
			.direction = direction,
			.unit = MEASURE_RATE,
			.bound = BOUND_AT_MOST,
			.asked = asked,
			.achieved = 8 * (double)counts->left_bytes / elapsed_s,
			.tolerance =
				rate_tolerance * asked + 8 * (double)spec->burst_bytes / elapsed_s,
			.count = (int64_t)counts->left,
		});
}

/* The counts are of different instants, by a packet or so. */
static struct measure share_of(uint64_t hits, uint64_t trials, int direction)
{
	hits = hits < trials ? hits : trials;
	return (struct measure){
		.direction = direction,
		.unit = MEASURE_RATIO,
		.bound = BOUND_NONE,
		.achieved = trials ? (double)hits / (double)trials : 0,
		.count = (int64_t)trials,
		.hits = (int64_t)hits,
	};
}

static void add_reordered(const struct lane_spec *spec, const struct lane_counts *counts,
	int direction, struct list *measures)
{
	uint64_t trials = counts->came > counts->lost ? counts->came - counts->lost : 0;
	struct measure reordered = share_of(counts->ahead, trials, direction);
	double c = spec->reorder_correlation, asked = spec->reorder;

	if (spec->reorder_gap)
		asked = 1.0 / spec->reorder_gap;
	reordered.bound = BOUND_ABOUT;
	reordered.asked = asked;
	/* Chance that goes beyond that of independent packets. */
	if (c > 0 && trials)
		reordered.tolerance = chance_deviations * sqrt(asked * (1 - asked)) *
			(1 / sqrt(independent((double)trials, c)) - 1 / sqrt((double)trials));
	add(measures, "reordered", reordered);
	add(measures, "overtook", share_of(counts->overtook, trials, direction));
}

static void add_lost(const struct lane_spec *spec, const struct lane_counts *counts, int direction,
	struct list *measures)
{
	add(measures, "lost to a full lane",
		(struct measure){
			.direction = direction,
			.unit = MEASURE_COUNT,
			.bound = spec->rate_bytes ? BOUND_NONE : BOUND_AT_MOST,
			.achieved = (double)counts->lost,
			.count = (int64_t)counts->came,
		});
}

void lane_measures(const struct lane_spec *spec, const struct lane_counts *counts, int direction,
	struct list *measures)
{
	if (!counts->came)
		return;
	if (counts->delay.count && (spec->delay_ns || spec_varies(spec)))
		add_delays(spec, counts, direction, measures);
	if (counts->late.count)
		add_late(counts, direction, measures);
	if (spec->rate_bytes)
		add_rate(spec, counts, direction, measures);
	if (spec->reorder > 0 || spec->reorder_gap)
		add_reordered(spec, counts, direction, measures);
	add_lost(spec, counts, direction, measures);
}
