/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/burn.h"

#include <string.h>

#include "controller/plan/burn.h"

/* When the last of its sources began; INT64_MAX without any. */
static int64_t begins_ns(const struct record *record, const char *probe)
{
	int64_t latest_ns = -1;

	LIST_EACH(record->sources, struct source_record, source)
		if (strcmp(source->probe, probe) == 0 && source->start_ns > latest_ns)
			latest_ns = source->start_ns;
	return latest_ns < 0 ? INT64_MAX : latest_ns;
}

static double rate_of(struct tally tally, double objective)
{
	if (!tally.total)
		return 0;
	return (double)tally.bad / (double)tally.total / (1 - objective);
}

struct burn_look record_burn(
	const struct record *record, const struct slo_spec *slo, const struct burn_spec *burn)
{
	return record_burn_at(record, slo, burn, record_covered_ns(record, slo));
}

struct burn_look record_burn_at(const struct record *record, const struct slo_spec *slo,
	const struct burn_spec *burn, int64_t at_ns)
{
	const struct samples *samples = &record_sli(record, slo->name)->samples;
	struct burn_look look = {.at_ns = at_ns};
	int64_t begin_ns = begins_ns(record, slo->probe);
	struct tally window = samples_tally(samples, look.at_ns - burn->long_ns, look.at_ns);

	look.full = begin_ns <= look.at_ns && look.at_ns - begin_ns >= burn->long_ns;
	look.bad = window.bad;
	look.long_rate = rate_of(window, slo->objective);
	look.short_rate =
		rate_of(samples_tally(samples, look.at_ns - burn_short_ns(burn), look.at_ns),
			slo->objective);
	/* The number that is needed is the costly part, and asked for only where it matters. */
	look.fires = look.full && look.long_rate >= burn->rate - 1e-9 &&
		look.short_rate >= burn->rate - 1e-9 &&
		look.bad >= burn_min_bad(burn, slo->objective, window.total);
	return look;
}
