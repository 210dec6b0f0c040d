/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/list.h"
#include "controller/report/words.h"

/* The numbers that probes read, by source and phase. */

/* Up to what has been reported, where the phase was not over. */
static struct values_summary in_phase(
	const struct source_record *source, const struct phase_record *phase)
{
	if (phase->start_ns == NEVER_NS)
		return (struct values_summary){0};
	return values_summarize(&source->values, phase->start_ns,
		phase->end_ns == NEVER_NS ? INT64_MAX : phase->end_ns);
}

static bool reads_values(const struct record *record, const struct source_record *source)
{
	const struct probe_spec *probe = scenario_probe(&record->scenario, source->probe);

	return probe->type == PROBE_METRIC || probe->type == PROBE_PROMETHEUS;
}

struct list words_values(const struct record *record)
{
	struct list rows = {0};

	LIST_EACH(record->sources, struct source_record, source) {
		if (!reads_values(record, source))
			continue;
		LIST_EACH(record->phases, struct phase_record, phase) {
			struct value_row *row = list_push(&rows, sizeof(*row));

			*row = (struct value_row){source, phase, in_phase(source, phase)};
		}
	}
	return rows;
}

const char *words_value_row(const struct value_row *row, char buffer[VALUE_ROW_MAX])
{
	char name[WORDS_MAX];
	const struct values_summary *summary = &row->summary;

	words_source(row->source, name);
	if (summary->count == 0)
		snprintf(buffer, VALUE_ROW_MAX, "%s, %s: no value", name, row->phase->spec->id);
	else
		snprintf(buffer, VALUE_ROW_MAX,
			"%s, %s: least %.6g, median %.6g, most %.6g, last %.6g of %zu", name,
			row->phase->spec->id, summary->min, summary->median, summary->max,
			summary->last, summary->count);
	return buffer;
}
