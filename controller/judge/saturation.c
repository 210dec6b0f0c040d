/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/saturation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/plan/check.h"

struct saturation saturation_between(const struct sli_record *sli, int64_t from_ns, int64_t to_ns)
{
	return (struct saturation){
		.events = samples_tally(
			sli->slo->slice_ns ? &sli->events : &sli->samples, from_ns, to_ns)
				  .total,
		.late = samples_tally(&sli->late, from_ns, to_ns).total,
		.dropped = samples_tally(&sli->dropped, from_ns, to_ns).total,
	};
}

bool saturation_counts(const struct saturation *saturation)
{
	/* The p99 is the value of rank ⌈0.99 n⌉: late when fewer than that were in time. */
	int64_t rank = (99 * saturation->events + 99) / 100;

	return saturation->dropped > 0 || saturation->late > saturation->events - rank;
}

/* --- what a claim is about ------------------------------------------------------------------ */

static void add(struct saturation *sum, const struct saturation *part)
{
	sum->events += part->events;
	sum->late += part->late;
	sum->dropped += part->dropped;
}

static struct saturation of_phases(const struct record *record, const struct invariant_spec *claim,
	const struct sli_record *sli, bool *out_counts)
{
	struct saturation sum = {0};

	LIST_EACH(claim->in, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);
		struct saturation part;

		if (phase->start_ns == NEVER_NS)
			continue;
		part = saturation_between(sli, phase->start_ns + claim->skip_first_ns,
			phase->end_ns == NEVER_NS ? INT64_MAX : phase->end_ns);
		*out_counts = *out_counts || saturation_counts(&part);
		add(&sum, &part);
	}
	return sum;
}

/* One saturated phase of several is enough: it is that phase whose numbers are not to be trusted.
 */
static struct saturation of_claim(const struct record *record, const struct invariant_spec *claim,
	const struct sli_record *sli, bool *out_counts)
{
	int64_t from_ns = 0, to_ns = INT64_MAX;
	struct saturation whole;

	*out_counts = false;
	if (claim->in.count)
		return of_phases(record, claim, sli, out_counts);
	if (claim->recovers) {
		from_ns = judge_instant(record, claim->recovers);
		if (from_ns == NEVER_NS)
			return (struct saturation){0};
		to_ns = from_ns + claim->recovers->within_ns + claim->recovers->stable_for_ns;
	}
	whole = saturation_between(sli, from_ns, to_ns);
	*out_counts = saturation_counts(&whole);
	return whole;
}

/* --- the events that are left ----------------------------------------------------------------- */

/* Events are told apart by instant and outcome alone: of two that are alike either may go. */
static void copy_without(
	struct samples *out, const struct samples *all, const struct samples *spoiled)
{
	size_t next = 0;

	for (size_t i = 0; i < all->count; i++) {
		while (next < spoiled->count && spoiled->items[next] < all->items[i])
			next++;
		if (next < spoiled->count && spoiled->items[next] == all->items[i])
			next++;
		else
			samples_add(out, samples_at(all, i), samples_good(all, i));
	}
}

/* A slice that the prober spoiled in part says nothing of the system. */
static void copy_whole_slices(struct samples *out, const struct sli_record *sli)
{
	for (size_t i = 0; i < sli->samples.count; i++) {
		int64_t at_ns = samples_at(&sli->samples, i);

		if (!samples_tally(&sli->spoiled, at_ns, at_ns + sli->slo->slice_ns).total)
			samples_add(out, at_ns, samples_good(&sli->samples, i));
	}
}

/* The record with other samples of that one SLI; all else is borrowed. Free `slis.items` only. */
static struct record borrow_without(const struct record *record, const char *slo)
{
	struct record without = *record;

	without.slis = (struct list){0};
	LIST_EACH(record->slis, struct sli_record, sli) {
		struct sli_record *own = list_push(&without.slis, sizeof(*own));

		*own = *sli;
		if (strcmp(sli->slo->name, slo) != 0)
			continue;
		own->samples = (struct samples){0};
		if (sli->slo->slice_ns)
			copy_whole_slices(&own->samples, sli);
		else
			copy_without(&own->samples, &sli->samples, &sli->spoiled);
	}
	return without;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void say(struct claim_judgement *judgement, const struct saturation *saturation,
	int64_t timeout_ns, enum verdict without)
{
	char limit[DURATION_TEXT_MAX], text[SENTENCE_MAX];

	snprintf(text, sizeof(text), "%s", judgement->text);
	snprintf(judgement->text, sizeof(judgement->text),
		"prober saturated: %lld of %lld events were sent more than %s late, %lld could not "
		"be begun; %s with them, %s without them. %.120s",
		(long long)saturation->late, (long long)saturation->events,
		duration_human(timeout_ns / 10, limit), (long long)saturation->dropped,
		verdict_words[judgement->verdict], verdict_words[without], text);
}

void saturation_heed(const struct record *record, struct claim_judgement *judgement,
	void (*judge_one)(const struct record *record, const struct invariant_spec *claim,
		struct claim_judgement *out))
{
	const struct invariant_spec *claim = judgement->claim;
	const char *slo = claim_slo(claim);
	const struct sli_record *sli = slo ? record_sli(record, slo) : NULL;
	struct saturation saturation;
	struct claim_judgement again;
	struct record without;
	bool counts;

	if (!sli || (judgement->verdict != VERDICT_HELD && judgement->verdict != VERDICT_VIOLATED))
		return;
	saturation = of_claim(record, claim, sli, &counts);
	if (!counts)
		return;
	without = borrow_without(record, slo);
	judge_one(&without, claim, &again);
	samples_deinit(&record_sli(&without, slo)->samples);
	free(without.slis.items);
	if (again.verdict == judgement->verdict)
		return;
	say(judgement, &saturation, scenario_probe(&record->scenario, sli->slo->probe)->timeout_ns,
		again.verdict);
	judgement->verdict = VERDICT_INCONCLUSIVE;
}
