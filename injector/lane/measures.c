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

static struct measure *add(struct list *measures, const char *name, int direction)
{
	struct measure *measure = list_push(measures, sizeof(*measure));

	measure->name = must_copy(name);
	measure->direction = direction;
	return measure;
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
		struct measure *measure = add(measures, told_quantiles[i].name, direction);
		const struct delay_quantile *reach = &quantiles[i * REACHES];

		measure->unit = MEASURE_DURATION;
		measure->bound = longer ? BOUND_NONE : BOUND_ABOUT;
		measure->asked = (double)reach[ASKED].delay_ns;
		measure->achieved = achieved_ns(&counts->delay, told_quantiles[i].quantile);
		measure->tolerance = relative_tolerance * measure->asked +
			told_quantiles[i].slack_ns +
			fmax((double)(reach[ASKED].delay_ns - reach[LEAST].delay_ns),
				(double)(reach[MOST].delay_ns - reach[ASKED].delay_ns));
		measure->count = share.packets;
	}
}

static void add_late(const struct lane_counts *counts, int direction, struct list *measures)
{
	struct measure *median = add(measures, "late p50", direction), *tail;

	median->unit = MEASURE_DURATION;
	median->bound = BOUND_AT_MOST;
	median->achieved = achieved_ns(&counts->late, 0.5);
	median->tolerance = late_tolerance_ns;
	median->count = counts->late.count;
	tail = add(measures, "late p99", direction);
	tail->unit = MEASURE_DURATION;
	tail->bound = BOUND_NONE;
	tail->achieved = achieved_ns(&counts->late, 0.99);
	tail->count = counts->late.count;
}

static void add_rate(const struct lane_spec *spec, const struct lane_counts *counts, int direction,
	struct list *measures)
{
	double elapsed_s = (double)(counts->last_ns - counts->first_ns) / (double)NS_PER_SEC;
	struct measure *measure;

	/* last_ns: none has left yet */
	if (counts->last_ns <= counts->first_ns)
		return;
	measure = add(measures, "rate", direction);
	measure->unit = MEASURE_RATE;
	measure->bound = BOUND_AT_MOST;
	measure->asked = 8 * (double)spec->rate_bytes;
	measure->achieved = 8 * (double)counts->left_bytes / elapsed_s;
	measure->tolerance =
		rate_tolerance * measure->asked + 8 * (double)spec->burst_bytes / elapsed_s;
	measure->count = (int64_t)counts->left;
}

static void add_reordered(const struct lane_spec *spec, const struct lane_counts *counts,
	int direction, struct list *measures)
{
	struct measure *share = add(measures, "reordered", direction), *overtook;
	double trials = (double)(counts->came - counts->lost);
	double c = spec->reorder_correlation;

	share->unit = MEASURE_RATIO;
	share->bound = BOUND_ABOUT;
	share->asked = spec->reorder_gap ? 1.0 / spec->reorder_gap : spec->reorder;
	share->count = (int64_t)(counts->came - counts->lost);
	share->hits = (int64_t)counts->ahead;
	share->achieved = trials > 0 ? (double)counts->ahead / trials : 0;
	/* Chance that goes beyond that of independent packets. */
	if (c > 0 && trials > 0)
		share->tolerance = chance_deviations * sqrt(share->asked * (1 - share->asked)) *
			(1 / sqrt(independent(trials, c)) - 1 / sqrt(trials));
	overtook = add(measures, "overtook", direction);
	overtook->unit = MEASURE_RATIO;
	overtook->bound = BOUND_NONE;
	overtook->count = share->count;
	overtook->hits = (int64_t)counts->overtook;
	overtook->achieved = trials > 0 ? (double)counts->overtook / trials : 0;
}

static void add_lost(const struct lane_spec *spec, const struct lane_counts *counts, int direction,
	struct list *measures)
{
	struct measure *measure = add(measures, "lost to a full lane", direction);

	measure->unit = MEASURE_COUNT;
	measure->bound = spec->rate_bytes ? BOUND_NONE : BOUND_AT_MOST;
	measure->achieved = (double)counts->lost;
	measure->count = (int64_t)counts->came;
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
