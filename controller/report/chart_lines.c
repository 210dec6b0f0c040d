/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/units.h"
#include "controller/judge/burn.h"
#include "controller/report/chart_parts.h"

/* Values over time: what the panels draw. */

/* A bin begins where the first fault does, so that no step seems to fall before its cause. */
static int64_t anchor_ns(const struct record *record)
{
	LIST_EACH(record->faults, struct fault_record, fault)
		if (fault->start_ns != NEVER_NS)
			return fault->start_ns;
	return 0;
}

void chart_begin_line(const struct chart *chart, const struct sli_record *sli, struct line *out)
{
	const struct record *record = &chart->report->record;
	int64_t before_ns;

	*out = (struct line){.first_ns = INT64_MAX, .last_ns = record_covered_ns(record, sli->slo)};
	LIST_EACH(record->sources, struct source_record, source) {
		if (strcmp(source->probe, sli->slo->probe) != 0)
			continue;
		out->rate += source->rate;
		if (source->start_ns < out->first_ns)
			out->first_ns = source->start_ns;
	}
	if (out->first_ns >= out->last_ns) {
		*out = (struct line){.bin_ns = NS_PER_SEC};
		return;
	}
	out->bin_ns = story_bin_ns(out->last_ns - out->first_ns, out->rate);
	before_ns = (out->first_ns - anchor_ns(record)) % out->bin_ns;
	out->from_ns = out->first_ns - (before_ns < 0 ? before_ns + out->bin_ns : before_ns);
	out->count = (size_t)((out->last_ns - out->from_ns + out->bin_ns - 1) / out->bin_ns);
	out->count = out->count < BINS_MAX ? out->count : BINS_MAX;
}

int64_t chart_bin_ns(const struct line *line, size_t i)
{
	int64_t at_ns = line->from_ns + (int64_t)i * line->bin_ns;

	at_ns = at_ns > line->first_ns ? at_ns : line->first_ns;
	return at_ns < line->last_ns ? at_ns : line->last_ns;
}

static struct tally tally_bin(const struct line *line, const struct samples *samples, size_t i)
{
	return samples_tally(samples, chart_bin_ns(line, i), chart_bin_ns(line, i + 1));
}

void chart_member_line(const struct chart *chart, const struct sli_record *sli,
	const struct samples *samples, struct line *out)
{
	chart_begin_line(chart, sli, out);
	for (size_t i = 0; i < out->count; i++) {
		struct tally tally = tally_bin(out, samples, i);

		out->values[i] =
			tally.total ? (double)(tally.total - tally.bad) / (double)tally.total : -1;
	}
}

void chart_ratio_line(const struct chart *chart, const struct sli_record *sli, struct line *out)
{
	chart_member_line(chart, sli, &sli->samples, out);
}

/* The longest that a client of that bin had waited for a good event, in seconds. */
void chart_silence_line(const struct chart *chart, const struct sli_record *sli, struct line *out)
{
	const struct samples *samples = &sli->samples;
	int64_t last_ns;
	size_t next = 0;

	chart_begin_line(chart, sli, out);
	last_ns = out->first_ns;
	for (size_t i = 0; i < out->count; i++) {
		int64_t end_ns = chart_bin_ns(out, i + 1), worst_ns = 0;

		for (; next < samples->count && samples_at(samples, next) < end_ns; next++) {
			int64_t at_ns = samples_at(samples, next);

			if (at_ns - last_ns > worst_ns)
				worst_ns = at_ns - last_ns;
			if (samples_good(samples, next))
				last_ns = at_ns;
		}
		out->values[i] = tally_bin(out, samples, i).total
			? (double)worst_ns / (double)NS_PER_SEC
			: -1;
	}
}

void chart_burn_line(
	const struct chart *chart, const struct panel *panel, bool over_short, struct line *out)
{
	chart_begin_line(chart, panel->sli, out);
	for (size_t i = 0; i < out->count; i++) {
		const struct burn_look look = record_burn_at(&chart->report->record,
			panel->sli->slo, panel->burn, chart_bin_ns(out, i + 1));

		out->values[i] = !look.full ? -1 : over_short ? look.short_rate : look.long_rate;
	}
}

void chart_latency_line(const struct latency_series *series, bool p99, struct line *out)
{
	*out = (struct line){.from_ns = series->from_ns,
		.bin_ns = series->bin_ns,
		.first_ns = series->from_ns,
		.last_ns = INT64_MAX,
		.count = series->count};
	for (size_t i = 0; i < series->count; i++) {
		const struct latency_bin *bin = &series->bins[i];

		out->values[i] = bin->count ? (double)(p99 ? bin->p99_ns : bin->median_ns) : -1;
	}
}

double chart_greatest(const struct line *line)
{
	double most = 0;

	for (size_t i = 0; i < line->count; i++)
		most = line->values[i] > most ? line->values[i] : most;
	return most;
}

double chart_least(const struct line *line, double most)
{
	for (size_t i = 0; i < line->count; i++)
		if (line->values[i] >= 0 && line->values[i] < most)
			most = line->values[i];
	return most;
}
