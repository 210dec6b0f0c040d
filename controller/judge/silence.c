/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/silence.h"

#include <string.h>

#include "controller/plan/check.h"

static int64_t first_source_ns(const struct record *record, const char *probe)
{
	int64_t first_ns = INT64_MAX;

	LIST_EACH(record->sources, struct source_record, source)
		if (strcmp(source->probe, probe) == 0 && source->start_ns < first_ns)
			first_ns = source->start_ns;
	return first_ns;
}

/* Counted in what has been reported: a window that is still on its way is no outage. */
static struct silence without_good(const struct record *record, const struct stop_rule *rule)
{
	const struct sli_record *sli = record_sli(record, rule->slo);
	int64_t last_good_ns = first_source_ns(record, sli->slo->probe);
	struct silence silence = {.limit_ns = rule->no_good_for_ns};

	if (last_good_ns == INT64_MAX)
		return silence;
	for (size_t i = sli->samples.count; i > 0; i--) {
		if (!samples_good(&sli->samples, i - 1))
			continue;
		last_good_ns = samples_at(&sli->samples, i - 1);
		break;
	}
	silence.reached_ns = record_covered_ns(record, sli->slo) - last_good_ns;
	if (silence.reached_ns < 0)
		silence.reached_ns = 0;
	return silence;
}

/*
 * A source that reports and has no number to report is as blind as one that does not: from its last
 * value to its last event. 0 for probes that read none.
 */
static int64_t without_value_ns(const struct record *record, const struct source_record *source)
{
	const struct probe_spec *probe = scenario_probe(&record->scenario, source->probe);
	const struct values *values = &source->values;
	int64_t last_ns = source->start_ns, event_ns;

	if (!probe_reads_values(probe) || !source->next_index)
		return 0;
	if (values->count)
		last_ns = values->items[values->count - 1].at_ns;
	event_ns =
		source->start_ns + (int64_t)((double)(source->next_index - 1) / source->rate * 1e9);
	return event_ns - last_ns;
}

static struct silence without_data(
	const struct record *record, const struct stop_rule *rule, int64_t now_ns)
{
	struct silence silence = {.limit_ns = rule->no_data_for_ns};

	LIST_EACH(record->sources, struct source_record, source) {
		const struct slo_spec *slo =
			rule->slo ? scenario_slo(&record->scenario, rule->slo) : NULL;
		int64_t silent_ns;

		if (slo && strcmp(slo->probe, source->probe) != 0)
			continue;
		silent_ns = without_value_ns(record, source);
		if (now_ns - source->last_heard_ns > silent_ns)
			silent_ns = now_ns - source->last_heard_ns;
		if (silent_ns <= silence.reached_ns)
			continue;
		silence.reached_ns = silent_ns;
		silence.source = source;
	}
	return silence;
}

struct silence record_silence(
	const struct record *record, const struct stop_rule *rule, int64_t now_ns)
{
	return rule->no_good_for_ns ? without_good(record, rule)
				    : without_data(record, rule, now_ns);
}
