/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/units.h"
#include "controller/judge/judge_parts.h"
#include "controller/plan/check.h"
#include "controller/plan/comparison_claims.h"

/* An SLO against itself in other phases, or against another one. */

static struct proportion good_of(struct tally tally)
{
	return (struct proportion){.x = tally.total - tally.bad, .n = tally.total};
}

static double share_of(struct tally tally)
{
	return (double)(tally.total - tally.bad) / (double)tally.total;
}

static void say_compare(struct claim_judgement *out, double alpha)
{
	const struct compare_spec *compare = out->claim->compare;

	snprintf(out->text, sizeof(out->text),
		"%.4g %% good of %lld, against %.4g %% of %lld: a difference of %+.3g points "
		"(%+.3g to "
		"%+.3g with %.4g %% confidence each way); allowed is -%.4g",
		100 * share_of(out->tally), (long long)out->tally.total,
		100 * share_of(out->reference), (long long)out->reference.total,
		100 * out->measured, 100 * out->interval.lower, 100 * out->interval.upper,
		100 * (1 - alpha), 100 * compare->worse_by_at_most);
}

static void say_ratio(struct claim_judgement *out, double rate, double reference_rate)
{
	const struct ratio_spec *ratio = out->claim->ratio;

	snprintf(out->text, sizeof(out->text),
		"%.4g good events a second (of %lld events), against %.4g (of %lld): a ratio of "
		"%.3g; "
		"at %s %g%s",
		rate * share_of(out->tally), (long long)out->tally.total,
		reference_rate * share_of(out->reference), (long long)out->reference.total,
		out->measured, ratio->at_most > 0 ? "most" : "least",
		ratio->at_most > 0 ? ratio->at_most : ratio->at_least,
		out->verdict == VERDICT_INCONCLUSIVE
			? " lies within what chance may have done to so few"
			: "");
}

/* Events a second; of a load those that were due in these phases, since elsewhere others are. */
static double rate_in(const struct record *record, const struct invariant_spec *claim,
	const struct slo_spec *slo, const struct list *phases, int64_t events)
{
	double seconds = 0;

	if (!scenario_probe(&record->scenario, slo->probe)->load || slo->slice_ns)
		return record_rate(record, slo);
	LIST_EACH(*phases, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);

		if (phase->end_ns > phase->start_ns + claim->skip_first_ns)
			seconds +=
				(double)(phase->end_ns - phase->start_ns - claim->skip_first_ns) /
				(double)NS_PER_SEC;
	}
	return seconds > 0 ? (double)events / seconds : record_rate(record, slo);
}

/* The verdict, and what was measured; both sides have events. */
static void decide(const struct record *record, const struct comparison *comparison,
	struct claim_judgement *out)
{
	const struct invariant_spec *claim = out->claim;
	double alpha = claim_alpha(claim);
	double rate = rate_in(record, claim, comparison->slo, &claim->in, out->tally.total);
	double reference_rate = rate_in(record, claim, comparison->reference_slo,
		comparison->reference_in, out->reference.total);
	struct contrast contrast = comparison_contrast(claim, rate, reference_rate);
	struct proportion first = good_of(out->tally), second = good_of(out->reference);

	out->verdict =
		judge_from_statistics(statistics_judge_contrast(first, second, &contrast, alpha));
	if (claim->compare) {
		out->measured = share_of(out->tally) - share_of(out->reference);
		out->interval = statistics_newcombe(first, second, 2 * alpha);
		say_compare(out, alpha);
		return;
	}
	/* Against nothing every ratio is above what can be told. */
	out->measured = second.x
		? rate * share_of(out->tally) / (reference_rate * share_of(out->reference))
		: 0;
	say_ratio(out, rate, reference_rate);
	if (!second.x) {
		out->verdict = VERDICT_INCONCLUSIVE;
		snprintf(out->text, sizeof(out->text),
			"none of the %lld events that it is divided by was good",
			(long long)second.n);
	}
}

void judge_comparison(const struct record *record, struct claim_judgement *out)
{
	const struct invariant_spec *claim = out->claim;
	const struct comparison comparison = comparison_of(&record->scenario, claim);
	bool complete = judge_tally(record, record_sli(record, comparison.slo->name), &claim->in,
		claim->skip_first_ns, &out->tally);
	bool reference_complete =
		judge_tally(record, record_sli(record, comparison.reference_slo->name),
			comparison.reference_in, claim->skip_first_ns, &out->reference);

	if (!out->tally.total || !out->reference.total) {
		out->verdict =
			complete && reference_complete ? VERDICT_INCONCLUSIVE : VERDICT_NOT_JUDGED;
		snprintf(out->text, sizeof(out->text), "no events%s",
			out->tally.total ? " to compare with" : "");
		return;
	}
	decide(record, &comparison, out);
	/* What it is compared with must be whole, or it is something else. */
	if (!reference_complete || (!complete && out->verdict != VERDICT_VIOLATED))
		out->verdict = VERDICT_NOT_JUDGED;
}
