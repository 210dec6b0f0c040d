/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/spec.h"

#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"
#include "injector/lane/spread.h"

enum {
	DRAWS = 20000 /* for a correlated spread: p99 has 200 beyond it */
};

static bool is_ratio(double value)
{
	return value >= 0 && value <= 1;
}

static bool is_delay(int64_t value_ns)
{
	return value_ns >= 0 && value_ns <= LANE_DELAY_MAX_NS;
}

/* NULL, or what is out of bounds. */
static const char *first_wrong(const struct lane_spec *spec)
{
	bool table = spec->spread == SPREAD_TABLE || spec->spread == SPREAD_REPLAY;

	if (spec->spread < SPREAD_NONE || spec->spread > SPREAD_REPLAY)
		return "spread";
	if (!is_delay(spec->delay_ns))
		return "delay";
	if (!is_delay(spec->jitter_ns) ||
		(spec->spread == SPREAD_UNIFORM && spec->jitter_ns > spec->delay_ns))
		return "jitter";
	if (!is_ratio(spec->correlation))
		return "correlation";
	if (!is_ratio(spec->reorder))
		return "reorder";
	if (!is_ratio(spec->reorder_correlation))
		return "reorder correlation";
	if (spec->reorder_gap < 0)
		return "gap";
	if (spec->table_count < (table ? 1 : 0) || spec->table_count > LANE_TABLE_MAX)
		return "table";
	if (spec->rate_bytes &&
		(spec->rate_bytes < LANE_RATE_MIN || spec->rate_bytes > LANE_RATE_MAX))
		return "rate";
	if (spec->burst_bytes > LANE_BYTES_MAX)
		return "burst";
	if (spec->overhead_bytes < -LANE_OVERHEAD_MAX || spec->overhead_bytes > LANE_OVERHEAD_MAX)
		return "overhead";
	if (spec->limit_bytes < 1 || spec->limit_bytes > LANE_BYTES_MAX)
		return "limit";
	return NULL;
}

int spec_check(const struct lane_spec *spec, struct fail *fail)
{
	const char *wrong = first_wrong(spec);

	if (wrong)
		return fail_set(fail, FAIL_INTERNAL, "a lane's %s is out of bounds", wrong);
	return 0;
}

const char *spec_beyond_netem(const struct lane_spec *spec)
{
	bool varies = spec->spread != SPREAD_NONE && (spec->jitter_ns || spec->table_count);

	if (spec->spread == SPREAD_REPLAY)
		return "netem has no recorded traces";
	if (varies && spec->keep_order)
		return "netem does not keep the order of packets whose delays differ";
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void draw_quantiles(struct spread *spread, const struct lane_spec *spec,
	struct delay_quantile *quantiles, size_t count)
{
	size_t draws = spec->spread == SPREAD_REPLAY ? (size_t)spec->table_count : DRAWS;
	int64_t *delays = must_alloc(draws * sizeof(*delays));

	for (size_t i = 0; i < draws; i++)
		delays[i] = spread_next(spread, spec);
	qsort(delays, draws, sizeof(*delays), ascending);
	for (size_t i = 0; i < count; i++) {
		size_t rank = (size_t)(quantiles[i].quantile * (double)draws);

		quantiles[i].delay_ns = delays[rank < draws ? rank : draws - 1];
	}
	free(delays);
}

void spec_delay_quantiles(
	const struct lane_spec *spec, int direction, struct delay_quantile *quantiles, size_t count)
{
	struct spread spread;

	if (spec->spread == SPREAD_REPLAY ||
		(spec->spread != SPREAD_NONE && spec->correlation > 0)) {
		spread_start(&spread, spec, direction);
		draw_quantiles(&spread, spec, quantiles, count);
		return;
	}
	/* The table rises, so the quantile of the random number is that of the delay. */
	for (size_t i = 0; i < count; i++)
		quantiles[i].delay_ns = spread_at(
			spec, quantiles[i].quantile < 1 ? quantiles[i].quantile : 1 - 0x1p-53);
}
