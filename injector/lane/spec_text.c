/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/spec_text.h"

#include <stdio.h>
#include <string.h>

#include "contract/units.h"
#include "injector/lane/tables.h"

/* The name of the distribution that the table is; NULL: somebody's own. */
static const char *table_name(const struct lane_spec *spec)
{
	static const char *const names[] = {[TABLE_NORMAL] = "normal",
		[TABLE_PARETO] = "pareto",
		[TABLE_PARETONORMAL] = "paretonormal"};
	int32_t table[LANE_TABLE_MAX];

	for (size_t kind = 0; kind < sizeof(names) / sizeof(names[0]); kind++) {
		table_fill(table, (enum table_kind)kind);
		if (spec->table_count == LANE_TABLE_MAX &&
			memcmp(table, spec->table, sizeof(table)) == 0)
			return names[kind];
	}
	return NULL;
}

static void describe_spread(const struct lane_spec *spec, char text[SPEC_TEXT_MAX])
{
	char delay[DURATION_TEXT_MAX], jitter[DURATION_TEXT_MAX];
	const char *name;

	duration_format(spec->delay_ns, delay);
	duration_format(spec->jitter_ns, jitter);
	switch ((enum lane_spread)spec->spread) {
	case SPREAD_NONE:
		snprintf(text, SPEC_TEXT_MAX, " by %s", delay);
		break;
	case SPREAD_UNIFORM:
		snprintf(text, SPEC_TEXT_MAX, " by %s ± %s (uniform)", delay, jitter);
		break;
	case SPREAD_TABLE:
		name = table_name(spec);
		if (name)
			snprintf(text, SPEC_TEXT_MAX, " by %s ± %s (%s)", delay, jitter, name);
		else
			snprintf(text, SPEC_TEXT_MAX, " as a table says");
		break;
	case SPREAD_REPLAY:
		snprintf(text, SPEC_TEXT_MAX, " as a trace of %d delays says", spec->table_count);
		break;
	}
}

static void describe_reorder(const struct lane_spec *spec, struct spec_text *out)
{
	char delay[DURATION_TEXT_MAX];

	if (spec->reorder_gap > 0)
		snprintf(out->before, sizeof(out->before), "let one of %d packets",
			spec->reorder_gap);
	else
		snprintf(out->before, sizeof(out->before), "let %g %% of the packets",
			spec->reorder * 100);
	snprintf(out->after, sizeof(out->after), " ahead of the others, which wait %s",
		duration_format(spec->delay_ns, delay));
}

void spec_describe(const struct lane_spec *spec, struct spec_text *out)
{
	char rate[UNIT_TEXT_MAX], limit[UNIT_TEXT_MAX];

	if (spec->rate_bytes) {
		snprintf(out->before, sizeof(out->before), "pass packets");
		snprintf(out->after, sizeof(out->after), " at %s a second, of which %s may wait",
			bandwidth_format((int64_t)spec->rate_bytes * 8, rate),
			size_format((int64_t)spec->limit_bytes, limit));
	} else if (spec->reorder > 0 || spec->reorder_gap > 0) {
		describe_reorder(spec, out);
	} else {
		snprintf(out->before, sizeof(out->before), "delay packets");
		describe_spread(spec, out->after);
	}
}
