/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/spec.h"

#include <assert.h>
#include <stdlib.h>

#include "contract/memory.h"
#include "contract/units.h"
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

bool spec_varies(const struct lane_spec *spec)
{
	return spec->spread == SPREAD_REPLAY || (spec->spread != SPREAD_NONE && spec->jitter_ns);
}

const char *spec_beyond_netem(const struct lane_spec *spec)
{
	if (spec->spread == SPREAD_REPLAY)
		return "netem has no recorded traces";
	if (spec_varies(spec) && spec->keep_order)
		return "netem does not keep the order of packets whose delays differ";
	if (spec->reorder_correlation > 0)
		return "netem reorders fewer packets than asked when their fate is correlated";
	return NULL;
}

const char *const lane_words[] = {"auto", "tap", "netem", NULL};
static_assert(sizeof(lane_words) / sizeof(lane_words[0]) == LANE_NETEM + 2, "a word each");

int spec_check_choice(const struct lane_spec *spec, enum lane_choice choice, struct fail *fail)
{
	const char *reason = choice == LANE_NETEM ? spec_beyond_netem(spec) : NULL;

	if (reason)
		return fail_set(fail, FAIL_USAGE, "lane \"netem\": %s", reason);
	return 0;
}

uint64_t spec_limit(int64_t stay_ns)
{
	const int64_t bytes_a_us = 1250, least = 16 << 20, most = 128 << 20;
	int64_t bytes = stay_ns / NS_PER_US * bytes_a_us;

	return (uint64_t)(bytes < least ? least : bytes > most ? most : bytes);
}

static int ascending(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void draw_quantiles(struct spread *spread, const struct lane_spec *spec, size_t draws,
	struct delay_quantile *quantiles, size_t count)
{
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

/* How many delays are drawn to find their quantiles; 0: none, the table tells. */
static size_t draws_of(const struct lane_spec *spec, int64_t packets)
{
	if (spec->spread == SPREAD_REPLAY)
		return (size_t)spec->table_count;
	if (spec->spread == SPREAD_NONE || spec->correlation <= 0)
		return 0;
	return packets > 0 && packets < DRAWS ? (size_t)packets : DRAWS;
}

void spec_delay_quantiles(const struct lane_spec *spec, struct path_share share,
	struct delay_quantile *quantiles, size_t count)
{
	size_t draws = draws_of(spec, share.packets);
	struct spread spread;

	if (draws) {
		spread_start(&spread, spec, share.direction);
		draw_quantiles(&spread, spec, draws, quantiles, count);
		return;
	}
	/* The table rises, so the quantile of the random number is that of the delay. */
	for (size_t i = 0; i < count; i++)
		quantiles[i].delay_ns = spread_at(
			spec, quantiles[i].quantile < 1 ? quantiles[i].quantile : 1 - 0x1p-53);
}
