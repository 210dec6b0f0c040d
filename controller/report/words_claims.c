/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "contract/units.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"
#include "controller/report/words.h"

/* Claims: what was claimed, and the numbers that it was judged by. */

/* --- what was claimed -------------------------------------------------------------------- */

static void holds_statement(
	const struct scenario *scenario, const struct invariant_spec *claim, char buffer[WORDS_MAX])
{
	const struct slo_spec *slo = scenario_slo(scenario, claim->holds->slo);
	char phases[60], skipped[DURATION_TEXT_MAX], below[DURATION_TEXT_MAX];

	words_join(&claim->in, phases, sizeof(phases));
	duration_format(claim->skip_first_ns, skipped);
	if (slo->implied)
		snprintf(buffer, WORDS_MAX, "p%.6g of %.40s < %s in %s%s%s", slo->objective * 100,
			slo->probe, duration_format(claim->holds->below_ns, below), phases,
			claim->skip_first_ns ? ", but for its first " : "",
			claim->skip_first_ns ? skipped : "");
	else
		snprintf(buffer, WORDS_MAX, "%.40s ≥ %.6g %% in %s%s%s", slo->name,
			slo->objective * 100, phases,
			claim->skip_first_ns ? ", but for its first " : "",
			claim->skip_first_ns ? skipped : "");
}

/* "b in before": what it is compared with, as far as that is something else. */
static const char *reference_words(
	const struct invariant_spec *claim, const struct reference_spec *reference, char buffer[80])
{
	char phases[40];

	const char *same =
		claim->compare && claim->compare->probe ? claim->compare->probe : claim_slo(claim);

	snprintf(buffer, 80, "%.30s in %s",
		reference->slo             ? reference->slo
			: reference->probe ? reference->probe
					   : same,
		words_join(
			reference->in.count ? &reference->in : &claim->in, phases, sizeof(phases)));
	return buffer;
}

static void comparison_statement(const struct invariant_spec *claim, char buffer[WORDS_MAX])
{
	const struct ratio_spec *ratio = claim->ratio;
	char phases[30], other[80];

	words_join(&claim->in, phases, sizeof(phases));
	if (claim->compare && claim->compare->probe)
		snprintf(buffer, WORDS_MAX, "p%.6g of %.30s in %s ≤ %.4g × %.60s",
			claim->compare->quantile * 100, claim->compare->probe, phases,
			claim->compare->slower_by_at_most,
			reference_words(claim, claim->compare->with, other));
	else if (claim->compare)
		snprintf(buffer, WORDS_MAX, "%.30s in %s worse by ≤ %.4g %% than %.60s",
			claim->compare->slo, phases, claim->compare->worse_by_at_most * 100,
			reference_words(claim, claim->compare->with, other));
	else
		snprintf(buffer, WORDS_MAX, "good/s of %.30s in %s %s %.4g × %.60s", ratio->slo,
			phases, ratio->at_most > 0 ? "≤" : "≥",
			ratio->at_most > 0 ? ratio->at_most : ratio->at_least,
			reference_words(claim, ratio->to, other));
}

static void recovers_statement(const struct recovers_spec *recovers, char buffer[WORDS_MAX])
{
	char within[DURATION_TEXT_MAX];

	snprintf(buffer, WORDS_MAX, "%.40s good again within %s of the %s of %.40s", recovers->slo,
		duration_format(recovers->within_ns, within),
		words_instant(recovers->from->instant), recovers->from->fault);
}

const char *words_statement(
	const struct scenario *scenario, const struct invariant_spec *claim, char buffer[WORDS_MAX])
{
	char within[DURATION_TEXT_MAX];

	if (claim->holds)
		holds_statement(scenario, claim, buffer);
	else if (claim->recovers)
		recovers_statement(claim->recovers, buffer);
	else if (claim->compare || claim->ratio)
		comparison_statement(claim, buffer);
	else if (claim->degraded)
		words_degraded_statement(claim, buffer);
	else if (claim->restarts)
		snprintf(buffer, WORDS_MAX, "what %.40s ends runs again within %s",
			claim->restarts->fault,
			duration_format(claim->restarts->within_ns, within));
	else if (claim_watched_probe(claim))
		words_watched_statement(claim, buffer);
	else if (claim->data)
		snprintf(buffer, WORDS_MAX, "at most %lld acknowledged writes of %.40s lost",
			(long long)claim->data->max_lost, claim->data->workload);
	else
		snprintf(buffer, WORDS_MAX, "%.40s spends ≤ %.3g %% of its error budget",
			claim->budget->slo, claim->budget->max_spent * 100);
	return buffer;
}

/* --- numbers ----------------------------------------------------------------------------- */

static void claim_holds(
	const struct claim_judgement *own, double objective, struct claim_numbers *out)
{
	const struct tally *tally = &own->tally;
	struct statistics_interval good;
	int64_t tolerated;

	snprintf(out->samples, sizeof(out->samples), "%lld", (long long)tally->total);
	if (!tally->total)
		return;
	good = statistics_wilson(tally->total - tally->bad, tally->total, claim_alpha(own->claim));
	snprintf(out->bad, sizeof(out->bad), "%lld", (long long)tally->bad);
	tolerated = statistics_tolerated(tally->total, objective, claim_alpha(own->claim));
	/* So few that not even none would be proof. */
	if (tolerated < 0)
		snprintf(out->allowed, sizeof(out->allowed), "too few samples");
	else
		snprintf(out->allowed, sizeof(out->allowed), "≤ %lld", (long long)tolerated);
	/* A bound is rounded away from what it bounds. */
	snprintf(out->measured, sizeof(out->measured), "%.4g %% good (%.2f to %.2f)",
		100 * (double)(tally->total - tally->bad) / (double)tally->total,
		floor(good.lower * 1e4) / 100, ceil(good.upper * 1e4) / 100);
}

static void claim_latency(const struct claim_judgement *own, struct claim_numbers *out)
{
	snprintf(out->allowed, sizeof(out->allowed), "≤ %.4g ×",
		own->claim->compare->slower_by_at_most);
	snprintf(out->samples, sizeof(out->samples), "%lld s and %lld s",
		(long long)own->tally.total, (long long)own->reference.total);
	if (own->measured > 0)
		snprintf(out->measured, sizeof(out->measured), "%.3g ×", own->measured);
}

static void claim_comparison(const struct claim_judgement *own, struct claim_numbers *out)
{
	const struct invariant_spec *claim = own->claim;

	if (claim->compare)
		snprintf(out->allowed, sizeof(out->allowed), "≥ -%.4g %%",
			100 * claim->compare->worse_by_at_most);
	else
		snprintf(out->allowed, sizeof(out->allowed), "%s %.4g",
			claim->ratio->at_most > 0 ? "≤" : "≥",
			claim->ratio->at_most > 0 ? claim->ratio->at_most : claim->ratio->at_least);
	snprintf(out->samples, sizeof(out->samples), "%lld and %lld", (long long)own->tally.total,
		(long long)own->reference.total);
	if (!own->tally.total || !own->reference.total)
		return;
	snprintf(out->bad, sizeof(out->bad), "%lld and %lld", (long long)own->tally.bad,
		(long long)own->reference.bad);
	if (claim->compare)
		snprintf(out->measured, sizeof(out->measured), "%+.3g %% (%+.3g to %+.3g)",
			100 * own->measured, 100 * own->interval.lower, 100 * own->interval.upper);
	else
		snprintf(out->measured, sizeof(out->measured), "%.3g", own->measured);
}

static void claim_recovers(
	const struct report *report, const struct claim_judgement *own, struct claim_numbers *out)
{
	const struct recovers_spec *recovers = own->claim->recovers;
	const struct slo_spec *slo = scenario_slo(&report->record.scenario, recovers->slo);
	char after[DURATION_TEXT_MAX], step[DURATION_TEXT_MAX], within[DURATION_TEXT_MAX];

	snprintf(out->allowed, sizeof(out->allowed), "≤ %s",
		duration_format(recovers->within_ns, within));
	if (own->after_ns != NEVER_NS)
		snprintf(out->measured, sizeof(out->measured), "%s ± %s",
			duration_human(own->after_ns, after),
			words_step(words_resolution_ns(&report->record, slo), step));
	else if (own->verdict == VERDICT_HELD)
		snprintf(out->measured, sizeof(out->measured), "never breached");
	else if (own->verdict == VERDICT_VIOLATED)
		snprintf(out->measured, sizeof(out->measured), "not recovered");
}

/* Samples are strikes that ended somebody. */
static void claim_restarts(const struct claim_judgement *own, struct claim_numbers *out)
{
	char after[DURATION_TEXT_MAX], within[DURATION_TEXT_MAX];

	snprintf(out->allowed, sizeof(out->allowed), "≤ %s",
		duration_format(own->claim->restarts->within_ns, within));
	snprintf(out->samples, sizeof(out->samples), "%lld", (long long)own->tally.total);
	if (!own->tally.total)
		return;
	snprintf(out->bad, sizeof(out->bad), "%lld", (long long)own->tally.bad);
	if (own->after_ns != NEVER_NS)
		snprintf(out->measured, sizeof(out->measured), "%s at the slowest",
			duration_human(own->after_ns, after));
	else if (own->verdict == VERDICT_VIOLATED)
		snprintf(out->measured, sizeof(out->measured), "not back");
}

static void claim_data(
	const struct report *report, const struct claim_judgement *own, struct claim_numbers *out)
{
	snprintf(out->allowed, sizeof(out->allowed), "≤ %lld lost",
		(long long)own->claim->data->max_lost);
	LIST_EACH(report->judgement.data, struct data_summary, data) {
		long long bad = data->lost + data->unexpected;

		if (strcmp(data->workload->spec->name, own->claim->data->workload) != 0)
			continue;
		snprintf(out->samples, sizeof(out->samples), "%lld", (long long)data->acked);
		if (!data->reads_ok)
			continue;
		snprintf(out->bad, sizeof(out->bad), "%lld", bad);
		snprintf(out->measured, sizeof(out->measured), "%lld lost, %lld unexpected",
			(long long)data->lost, (long long)data->unexpected);
	}
}

static void claim_budget(const struct claim_judgement *own, struct claim_numbers *out)
{
	char text[PERCENT_TEXT_MAX];

	snprintf(out->samples, sizeof(out->samples), "%lld", (long long)own->tally.total);
	snprintf(out->bad, sizeof(out->bad), "%lld", (long long)own->tally.bad);
	snprintf(out->allowed, sizeof(out->allowed), "≤ %s",
		percent_human(own->claim->budget->max_spent, text));
	snprintf(out->measured, sizeof(out->measured), "%s spent",
		percent_human(own->measured, text));
}

void words_claim(
	const struct report *report, const struct claim_judgement *own, struct claim_numbers *out)
{
	const struct invariant_spec *claim = own->claim;

	*out = (struct claim_numbers){"–", "–", "–", "–"};
	if (claim->holds)
		claim_holds(own,
			scenario_slo(&report->record.scenario, claim->holds->slo)->objective, out);
	else if (claim->recovers)
		claim_recovers(report, own, out);
	else if (claim->compare && claim->compare->probe)
		claim_latency(own, out);
	else if (claim->compare || claim->ratio)
		claim_comparison(own, out);
	else if (claim->degraded)
		words_degraded_claim(own, out);
	else if (claim->restarts)
		claim_restarts(own, out);
	else if (claim_watched_probe(claim))
		words_watched_claim(own, out);
	else if (claim->data)
		claim_data(report, own, out);
	else
		claim_budget(own, out);
}
