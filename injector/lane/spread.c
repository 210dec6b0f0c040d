/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/spread.h"

#include "contract/units.h"

void spread_start(struct spread *spread, const struct lane_spec *spec, int direction)
{
	*spread = (struct spread){.packets = 0};
	lane_random_start(&spread->random, spec->seed, STREAM_SPREAD, direction);
}

static int64_t within_bounds(double delay_ns)
{
	if (!(delay_ns > 0))
		return 0;
	if (delay_ns > 2.0 * (double)LANE_DELAY_MAX_NS)
		return 2 * LANE_DELAY_MAX_NS;
	return (int64_t)delay_ns;
}

static int32_t entry(const struct lane_spec *spec, double random)
{
	return spec->table[(int)(random * spec->table_count)];
}

int64_t spread_at(const struct lane_spec *spec, double random)
{
	double delay_ns = (double)spec->delay_ns, jitter_ns = (double)spec->jitter_ns;

	switch ((enum lane_spread)spec->spread) {
	case SPREAD_NONE:
		return spec->delay_ns;
	case SPREAD_UNIFORM:
		return within_bounds(delay_ns + (2 * random - 1) * jitter_ns);
	case SPREAD_TABLE:
		return within_bounds(delay_ns + jitter_ns * entry(spec, random) / LANE_TABLE_SCALE);
	case SPREAD_REPLAY:
		return within_bounds((double)entry(spec, random) * (double)NS_PER_US);
	}
	return 0;
}

int64_t spread_next(struct spread *spread, const struct lane_spec *spec)
{
	/* Drawn for every packet, whatever it is for: the n-th number belongs to the n-th packet.
	 */
	double random = lane_random_next(&spread->random, spec->correlation);
	uint64_t place = spread->packets++;

	if (spec->spread != SPREAD_REPLAY)
		return spread_at(spec, random);
	place %= (uint64_t)spec->table_count;
	return within_bounds((double)spec->table[place] * (double)NS_PER_US);
}
