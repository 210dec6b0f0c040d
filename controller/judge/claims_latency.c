/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "controller/judge/judge_parts.h"
#include "controller/judge/seconds.h"
#include "controller/plan/check.h"
#include "controller/plan/comparison_claims.h"

/*
 * A quantile of a probe's latency, second by second, against other phases or another probe. The
 * first's values are divided by what is allowed; then Mann and Whitney's test says on which side
 * of the second's they lie. A verdict needs both: that test, and medians whose ratio agrees.
 */

struct sides {
	struct value_sample first, second;
	bool first_complete, second_complete;
};

/* The phase's whole seconds, as far as there are data; false when it was cut short, or missing. */
static bool gather_phase(const struct record *record, const struct probe_seconds *seconds,
	const struct invariant_spec *claim, const char *phase_id, struct value_sample *out)
{
	const struct phase_record *phase = record_phase(record, phase_id);
	int64_t reported_ns = record_reported_ns(record, seconds->probe->name);
	bool ended = phase->end_ns != NEVER_NS;
	int64_t to_ns = ended ? phase->end_ns : reported_ns;

	if (phase->start_ns == NEVER_NS)
		return false;
	seconds_quantiles(seconds, claim->compare->quantile, phase->start_ns + claim->skip_first_ns,
		to_ns, out);
	return ended && strcmp(phase->how, "stopped") != 0 && reported_ns >= to_ns;
}

static bool gather(const struct record *record, const struct invariant_spec *claim,
	const char *probe, const struct list *phases, struct value_sample *out)
{
	const struct probe_seconds *seconds = record_seconds(record, probe);
	bool complete = true;

	LIST_EACH(*phases, char *, id)
		complete = gather_phase(record, seconds, claim, *id, out) && complete;
	return complete;
}

/* Of sorted values. */
static double median_of(struct value_sample sorted)
{
	return (sorted.values[(sorted.count - 1) / 2] + sorted.values[sorted.count / 2]) / 2;
}

static void decide(const struct sides *sides, struct claim_judgement *out)
{
	const struct compare_spec *compare = out->claim->compare;
	double alpha = claim_alpha(out->claim), allowed = compare->slower_by_at_most;
	struct rank_comparison plain = statistics_mann_whitney(sides->first, sides->second);
	double first = median_of(sides->first), second = median_of(sides->second);
	struct rank_comparison slower, quicker;
	char own[DURATION_TEXT_MAX], other[DURATION_TEXT_MAX];

	out->measured = first / second;
	for (size_t i = 0; i < sides->first.count; i++)
		sides->first.values[i] /= allowed;
	slower = statistics_mann_whitney(sides->first, sides->second);
	quicker = statistics_mann_whitney(sides->second, sides->first);
	out->verdict = VERDICT_INCONCLUSIVE;
	if (slower.larger <= alpha && out->measured > allowed)
		out->verdict = VERDICT_VIOLATED;
	else if (quicker.larger <= alpha && out->measured <= allowed)
		out->verdict = VERDICT_HELD;
	snprintf(out->text, sizeof(out->text),
		"p%.6g by second: median %s of %zu, against %s of %zu: %.3g times, slower in %.3g "
		"%% "
		"of pairs; allowed is %g times (p %.2g that it is more, %.2g that it is not)",
		compare->quantile * 100, duration_human((int64_t)first, own), sides->first.count,
		duration_human((int64_t)second, other), sides->second.count, out->measured,
		100 * plain.chance, allowed, quicker.larger, slower.larger);
}

void judge_latency(const struct record *record, struct claim_judgement *out)
{
	const struct invariant_spec *claim = out->claim;
	const struct reference_spec *with = claim->compare->with;
	struct sides sides = {0};

	sides.first_complete =
		gather(record, claim, claim->compare->probe, &claim->in, &sides.first);
	sides.second_complete =
		gather(record, claim, with->probe ? with->probe : claim->compare->probe,
			with->in.count ? &with->in : &claim->in, &sides.second);
	out->tally.total = (int64_t)sides.first.count;
	out->reference.total = (int64_t)sides.second.count;
	if (sides.first.count < SECONDS_NEEDED || sides.second.count < SECONDS_NEEDED) {
		out->verdict = sides.first_complete && sides.second_complete ? VERDICT_INCONCLUSIVE
									     : VERDICT_NOT_JUDGED;
		snprintf(out->text, sizeof(out->text),
			"%zu whole seconds, and %zu to compare with; %d are needed on each side",
			sides.first.count, sides.second.count, SECONDS_NEEDED);
	} else {
		decide(&sides, out);
		if (!sides.second_complete ||
			(!sides.first_complete && out->verdict != VERDICT_VIOLATED))
			out->verdict = VERDICT_NOT_JUDGED;
	}
	free(sides.first.values);
	free(sides.second.values);
}
