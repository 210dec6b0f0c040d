/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/burn.h"

#include <math.h>

#include "contract/units.h"
#include "controller/measure/statistics.h"

/* An alert that has ended is to be over soon: the workbook's share of the long window. */
#define SHORT_SHARE 12
#define SHORT_MIN_NS (2 * NS_PER_SEC)

int64_t burn_short_ns(const struct burn_spec *burn)
{
	int64_t derived_ns = burn->long_ns / SHORT_SHARE;

	if (burn->short_ns)
		return burn->short_ns;
	if (derived_ns < SHORT_MIN_NS)
		derived_ns = SHORT_MIN_NS;
	return derived_ns < burn->long_ns ? derived_ns : burn->long_ns;
}

int64_t burn_min_bad(const struct burn_spec *burn, double objective, int64_t events)
{
	int64_t by_chance;

	if (burn->min_bad)
		return burn->min_bad;
	by_chance = statistics_violating(events, objective, BURN_ALPHA);
	return by_chance > BURN_MIN_BAD ? by_chance : BURN_MIN_BAD;
}

int64_t burn_fires_ns(const struct burn_spec *burn, double objective, double rate)
{
	double events = floor((double)burn->long_ns / (double)NS_PER_SEC * rate + 1e-6);
	double by_rate = burn->rate * (1 - objective) * (double)burn->long_ns;
	double by_count =
		(double)burn_min_bad(burn, objective, (int64_t)events) / rate * (double)NS_PER_SEC;

	return (int64_t)llround(fmax(by_rate, by_count));
}
