/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/slices.h"

#include <string.h>

static int64_t first_start_ns(const struct record *record, const char *probe)
{
	int64_t first_ns = NEVER_NS;

	LIST_EACH(record->sources, struct source_record, source)
		if (strcmp(source->probe, probe) == 0 &&
			(first_ns == NEVER_NS || source->start_ns < first_ns))
			first_ns = source->start_ns;
	return first_ns;
}

/* One without an event tells nothing good. */
static bool is_good(struct tally tally, double objective)
{
	return tally.total > 0 && (double)tally.bad <= (1 - objective) * (double)tally.total + 1e-9;
}

void slices_update(const struct record *record, struct sli_record *sli)
{
	const struct slo_spec *slo = sli->slo;
	int64_t reported_ns = record_reported_ns(record, slo->probe);

	if (!sli->samples.count && !sli->sliced_ns)
		sli->sliced_ns = first_start_ns(record, slo->probe);
	for (; sli->sliced_ns + slo->slice_ns <= reported_ns; sli->sliced_ns += slo->slice_ns)
		samples_add(&sli->samples, sli->sliced_ns,
			is_good(samples_tally(&sli->events, sli->sliced_ns,
					sli->sliced_ns + slo->slice_ns),
				slo->slice_objective));
}
