/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "contract/units.h"
#include "controller/judge/judge_parts.h"
#include "controller/judge/saturation.h"
#include "controller/measure/statistics.h"
#include "controller/plan/check.h"

const char *const verdict_words[] = {[VERDICT_HELD] = "HELD",
	[VERDICT_VIOLATED] = "VIOLATED",
	[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
	[VERDICT_NOT_JUDGED] = "NOT JUDGED"};

enum {
	WORDS_COUNTED = 120,
	DATE_LENGTH = sizeof("2026-12-31") - 1
};

/* --- holds ----------------------------------------------------------------------------- */

bool judge_tally(const struct record *record, const struct sli_record *sli,
	const struct list *phases, int64_t skip_first_ns, struct tally *out)
{
	int64_t covered_ns = record_covered_ns(record, sli->slo);
	bool complete = true;

	LIST_EACH(*phases, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);
		struct tally tally;
		int64_t to_ns;

		if (phase->start_ns == NEVER_NS) {
			complete = false;
			continue;
		}
		to_ns = phase->end_ns == NEVER_NS ? covered_ns : phase->end_ns;
		complete = complete && phase->end_ns != NEVER_NS &&
			strcmp(phase->how, "stopped") != 0 &&
			/* The slice in which a phase ends need not be complete. */
			covered_ns + sli->slo->slice_ns >= to_ns;
		tally = samples_tally(&sli->samples, phase->start_ns + skip_first_ns, to_ns);
		out->total += tally.total;
		out->bad += tally.bad;
	}
	return complete;
}

enum verdict judge_from_statistics(enum statistics_verdict verdict)
{
	switch (verdict) {
	case STATISTICS_HELD:
		return VERDICT_HELD;
	case STATISTICS_VIOLATED:
		return VERDICT_VIOLATED;
	case STATISTICS_INCONCLUSIVE:
		break;
	}
	return VERDICT_INCONCLUSIVE;
}

/* "of 3000 bad (99.6 % good); 99 %", "of 3000 not below 200ms (99.6 % below); p99". */
static void say_counted(
	const struct claim_judgement *own, const struct slo_spec *slo, char buffer[WORDS_COUNTED])
{
	double good =
		100.0 * (double)(own->tally.total - own->tally.bad) / (double)own->tally.total;
	char below[DURATION_TEXT_MAX];

	if (slo->slice_ns)
		snprintf(buffer, WORDS_COUNTED, "slices of %s bad (%.3g %% good); %.10g %%",
			duration_format(slo->slice_ns, below), good, slo->objective * 100);
	else if (slo->implied)
		snprintf(buffer, WORDS_COUNTED, "not below %s (%.3g %% below); p%.10g",
			duration_format(slo->good->latency_lt_ns, below), good,
			slo->objective * 100);
	else
		snprintf(buffer, WORDS_COUNTED, "bad (%.3g %% good); %.10g %%", good,
			slo->objective * 100);
}

static void say_holds(struct claim_judgement *out, const struct slo_spec *slo, bool complete)
{
	const struct tally *tally = &out->tally;
	double alpha = claim_alpha(out->claim);
	long long tolerated = statistics_tolerated(tally->total, slo->objective, alpha);
	char held[64] = "not to be held with so few events", counted[WORDS_COUNTED];

	if (tolerated >= 0)
		snprintf(held, sizeof(held), "held with at most %lld%s", tolerated,
			slo->implied ? "" : " bad");
	say_counted(out, slo, counted);
	snprintf(out->text, sizeof(out->text), "%lld of %lld %s is %s, violated from %lld%s",
		(long long)tally->bad, (long long)tally->total, counted, held,
		(long long)statistics_violating(tally->total, slo->objective, alpha),
		complete ? "" : "; the phase was cut short");
}

static void judge_holds(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out)
{
	const struct sli_record *sli = record_sli(record, claim->holds->slo);
	double objective = sli->slo->objective;
	bool complete = judge_tally(record, sli, &claim->in, claim->skip_first_ns, &out->tally);
	const struct tally *tally = &out->tally;

	if (tally->total == 0) {
		out->verdict = complete ? VERDICT_INCONCLUSIVE : VERDICT_NOT_JUDGED;
		snprintf(out->text, sizeof(out->text), "no events");
		return;
	}
	out->verdict = judge_from_statistics(
		statistics_judge(tally->bad, tally->total, objective, claim_alpha(claim)));
	/* A window cut short may prove a violation, never that something held. */
	if (!complete && out->verdict != VERDICT_VIOLATED)
		out->verdict = VERDICT_NOT_JUDGED;
	say_holds(out, sli->slo, complete);
}

/* --- recovers -------------------------------------------------------------------------- */

static int64_t first_bad_ns(
	const struct record *record, const struct recovers_spec *recovers, int64_t from_ns)
{
	const struct samples *samples = &record_sli(record, recovers->slo)->samples;

	for (size_t i = samples_from(samples, from_ns); i < samples->count; i++)
		if (!samples_good(samples, i))
			return samples_at(samples, i);
	return NEVER_NS;
}

int64_t judge_fault_instant(const struct record *record, const struct recovers_from *from)
{
	const struct fault_record *fault = record_fault(record, from->fault);

	switch ((enum fault_instant)from->instant) {
	case INSTANT_START:
		return fault->start_ns;
	case INSTANT_EFFECT:
		return fault->effect_ns;
	case INSTANT_HEALED:
		return fault->healed_ns;
	case INSTANT_BREACH:
		break;
	}
	return NEVER_NS;
}

int64_t judge_instant(const struct record *record, const struct recovers_spec *recovers)
{
	int64_t start_ns = record_fault(record, recovers->from->fault)->start_ns;

	if (recovers->from->instant != INSTANT_BREACH)
		return judge_fault_instant(record, recovers->from);
	return start_ns == NEVER_NS ? NEVER_NS : first_bad_ns(record, recovers, start_ns);
}

/* The instant in a sentence. */
static const char *instant_phrase(int instant)
{
	static const char *const phrases[] = {[INSTANT_START] = "the fault's start",
		[INSTANT_EFFECT] = "the fault's first effect",
		[INSTANT_BREACH] = "the breach",
		[INSTANT_HEALED] = "the heal"};

	return phrases[instant];
}

static void say_recovery(
	struct claim_judgement *out, const struct recovers_spec *recovers, const char *state)
{
	char after[DURATION_TEXT_MAX], within[DURATION_TEXT_MAX], stable[DURATION_TEXT_MAX];

	if (out->after_ns == NEVER_NS)
		snprintf(out->text, sizeof(out->text), "%s; allowed %s from %s", state,
			duration_format(recovers->within_ns, within),
			instant_phrase(recovers->from->instant));
	else
		snprintf(out->text, sizeof(out->text), "%s %s after %s; allowed %s, stable for %s",
			state, duration_human(out->after_ns, after),
			instant_phrase(recovers->from->instant),
			duration_format(recovers->within_ns, within),
			duration_format(recovers->stable_for_ns, stable));
}

static void judge_recovers(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out)
{
	const struct recovers_spec *recovers = claim->recovers;
	const struct sli_record *sli = record_sli(record, recovers->slo);
	int64_t from_ns = judge_instant(record, recovers);
	int64_t covered_ns = record_covered_ns(record, sli->slo), onset_ns, needed_ns;
	size_t index;

	out->verdict = VERDICT_NOT_JUDGED;
	if (from_ns == NEVER_NS && recovers->from->instant == INSTANT_BREACH &&
		record_fault(record, recovers->from->fault)->healed_ns != NEVER_NS) {
		out->verdict = VERDICT_HELD;
		say_recovery(out, recovers, "never breached");
		return;
	}
	if (from_ns == NEVER_NS) {
		say_recovery(out, recovers, "the instant never came");
		return;
	}
	needed_ns = from_ns + recovers->within_ns + recovers->stable_for_ns;
	onset_ns = samples_breach(&sli->samples, from_ns,
		covered_ns < needed_ns ? covered_ns : needed_ns, recovers->stable_for_ns,
		sli->slo->objective);
	if (onset_ns == NEVER_NS) {
		if (covered_ns >= needed_ns)
			out->verdict = VERDICT_HELD;
		say_recovery(out, recovers,
			covered_ns >= needed_ns ? "never breached"
						: "no breach seen before the data end");
		return;
	}
	index = samples_recovery(
		&sli->samples, onset_ns, recovers->stable_for_ns, sli->slo->objective, covered_ns);
	if (index < sli->samples.count) {
		out->after_ns = samples_at(&sli->samples, index) - from_ns;
		out->verdict =
			out->after_ns <= recovers->within_ns ? VERDICT_HELD : VERDICT_VIOLATED;
		say_recovery(out, recovers, "recovered");
		return;
	}
	if (covered_ns >= needed_ns)
		out->verdict = VERDICT_VIOLATED;
	say_recovery(out, recovers, "not recovered before the data end");
}

/* --- data, budget ---------------------------------------------------------------------- */

static void judge_data_claim(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out)
{
	const struct workload_record *workload = record_workload(record, claim->data->workload);
	struct data_summary data;
	bool all_read;

	judge_data(workload, &data);
	all_read = workload->read_done && data.reads_failed == 0 && data.reads_ok > 0;
	if (!workload->read_done)
		out->verdict = VERDICT_NOT_JUDGED;
	else if (all_read && (data.lost > claim->data->max_lost || data.unexpected > 0))
		out->verdict = VERDICT_VIOLATED;
	else if (!all_read || data.acked == 0)
		out->verdict = VERDICT_INCONCLUSIVE;
	else
		out->verdict = VERDICT_HELD;
	if (!workload->read_done) {
		snprintf(out->text, sizeof(out->text),
			"%lld acknowledged of %lld attempted; what became of them was not read "
			"back",
			(long long)data.acked, (long long)data.attempted);
		return;
	}
	snprintf(out->text, sizeof(out->text),
		"%lld acknowledged of %lld attempted: %lld lost (at most %lld), %lld recovered, "
		"%lld "
		"unexpected%s; read from %zu of %zu members",
		(long long)data.acked, (long long)data.attempted, (long long)data.lost,
		(long long)claim->data->max_lost, (long long)data.recovered,
		(long long)data.unexpected, data.on_some ? ", some not on every member" : "",
		data.reads_ok, data.reads_ok + data.reads_failed);
}

static void judge_budget(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out)
{
	const struct sli_record *sli = record_sli(record, claim->budget->slo);
	char spent[PERCENT_TEXT_MAX], most[PERCENT_TEXT_MAX];

	out->tally = samples_tally(&sli->samples, 0, INT64_MAX);
	out->measured = judge_budget_spent(record, sli, out->tally.bad);
	if (out->measured > claim->budget->max_spent)
		out->verdict = VERDICT_VIOLATED;
	else if (out->tally.total == 0 || record->stop != STOP_NONE || !record->ended)
		out->verdict = VERDICT_NOT_JUDGED;
	else
		out->verdict = VERDICT_HELD;
	snprintf(out->text, sizeof(out->text),
		"%lld bad %s%s spent %s of the period's error budget; at most %s",
		(long long)out->tally.bad, sli->slo->slice_ns ? "slice" : "event",
		out->tally.bad == 1 ? "" : "s", percent_human(out->measured, spent),
		percent_human(claim->budget->max_spent, most));
}

/* --- one claim ------------------------------------------------------------------------- */

static enum finding finding_of(const struct invariant_spec *claim, enum verdict verdict)
{
	bool expect_held = claim->expect == EXPECT_HELD;

	switch (verdict) {
	case VERDICT_HELD:
		return expect_held ? FINDING_AS_EXPECTED : FINDING_OTHERWISE;
	case VERDICT_VIOLATED:
		return expect_held ? FINDING_OTHERWISE : FINDING_AS_EXPECTED;
	case VERDICT_INCONCLUSIVE:
		return FINDING_UNPROVEN;
	case VERDICT_NOT_JUDGED:
		break;
	}
	return FINDING_NOT_JUDGED;
}

/* Behind what is said already, as far as there is room. */
__attribute__((format(printf, 2, 3))) static void say_more(
	struct claim_judgement *out, const char *format, ...)
{
	size_t used = strlen(out->text);
	va_list args;

	used += (size_t)snprintf(out->text + used, sizeof(out->text) - used, "; ");
	if (used >= sizeof(out->text))
		return;
	va_start(args, format);
	vsnprintf(out->text + used, sizeof(out->text) - used, format, args);
	va_end(args);
}

/* By the day that the run began on; a run that does not tell has no day, and excuses nothing. */
static void apply_known_issue(const struct record *record, struct claim_judgement *out)
{
	const struct known_issue_spec *issue = out->claim->known_issue;
	bool expired = !record->wall || strncmp(record->wall, issue->until, DATE_LENGTH) > 0;

	if (out->finding == FINDING_OTHERWISE && !expired) {
		out->finding = FINDING_KNOWN;
		say_more(out, "known issue %.60s until %s: %.80s", issue->ticket, issue->until,
			issue->why);
	} else if (out->finding == FINDING_OTHERWISE) {
		say_more(out, "the known issue %.60s excuses this no more, since %s is over",
			issue->ticket, issue->until);
	} else if (out->finding == FINDING_AS_EXPECTED) {
		say_more(out, "the known issue %.60s did not show", issue->ticket);
	}
}

/*
 * What lies in a phase that was left out can't be held, only violated by what did happen. It is not
 * judged, and no gate waits for it: that the phase may be left out the scenario has said itself.
 */
static bool leave_out(const struct record *record, struct claim_judgement *out)
{
	const struct phase_record *phase = judge_left_out(record, out->claim);

	if (!phase || out->verdict == VERDICT_VIOLATED)
		return false;
	out->verdict = VERDICT_NOT_JUDGED;
	snprintf(out->text, sizeof(out->text), "phase %s was left out: %s was not %s",
		phase->spec->id, phase->spec->only_if->invariant,
		only_if_words[phase->spec->only_if->verdict]);
	return true;
}

/* As if no prober ever spoiled what it measures. */
static void judge_by_kind(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out)
{
	*out = (struct claim_judgement){
		.claim = claim, .verdict = VERDICT_NOT_JUDGED, .after_ns = NEVER_NS};
	if (claim->holds)
		judge_holds(record, claim, out);
	else if (claim->recovers)
		judge_recovers(record, claim, out);
	else if (claim->restarts)
		judge_restarts(record, out);
	else if (claim->compare && claim->compare->probe)
		judge_latency(record, out);
	else if (claim->compare || claim->ratio)
		judge_comparison(record, out);
	else if (claim->degraded)
		judge_degraded(record, out);
	else if (claim->alert_fired)
		judge_alert(record, out);
	else if (claim->converges)
		judge_convergence(record, out);
	else if (claim->exactly_one)
		judge_exactly_one(record, out);
	else if (claim->data)
		judge_data_claim(record, claim, out);
	else
		judge_budget(record, claim, out);
}

void judge_claim(const struct record *record, const struct invariant_spec *claim,
	struct claim_judgement *out)
{
	bool left_out;

	judge_by_kind(record, claim, out);
	saturation_heed(record, out, judge_by_kind);
	left_out = leave_out(record, out);
	/* Without a stop everything was measured to its end: what is open then is unproven. */
	if (!left_out && out->verdict == VERDICT_NOT_JUDGED && record->stop == STOP_NONE &&
		record->ended)
		out->verdict = VERDICT_INCONCLUSIVE;
	judge_heed_unread(record, out);
	out->finding = finding_of(claim, out->verdict);
	if (claim->expect == EXPECT_VIOLATED && out->verdict == VERDICT_HELD)
		say_more(out,
			"the negative control held: what it watches with is blind to the "
			"fault, and other claims that rest on it prove nothing");
	if (claim->known_issue)
		apply_known_issue(record, out);
}
