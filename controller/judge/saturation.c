/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/saturation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/units.h"
#include "controller/judge/seconds.h"
#include "controller/plan/check.h"
#include "controller/plan/comparison_claims.h"

struct saturation saturation_between(const struct sli_record *sli, int64_t from_ns, int64_t to_ns)
{
	const struct samples *events = sli->slo->slice_ns ? &sli->events : &sli->samples;

	return (struct saturation){
		.events = samples_tally(events, from_ns, to_ns).total,
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

/* What is known so far, and whether any part of it counts. */
struct sum {
	struct saturation all;
	bool counts;
};

/* One saturated phase of several is enough: that phase's numbers are not to be trusted. */
static void add_part(struct sum *sum, const struct saturation *part)
{
	sum->all.events += part->events;
	sum->all.late += part->late;
	sum->all.dropped += part->dropped;
	sum->counts = sum->counts || saturation_counts(part);
}

static void add(struct sum *sum, const struct sli_record *sli, int64_t from_ns, int64_t to_ns)
{
	struct saturation part = saturation_between(sli, from_ns, to_ns);

	add_part(sum, &part);
}

static void add_phases(const struct record *record, const struct sli_record *sli,
	const struct list *phases, int64_t skip_first_ns, struct sum *sum)
{
	LIST_EACH(*phases, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);

		if (phase->start_ns != NEVER_NS)
			add(sum, sli, phase->start_ns + skip_first_ns,
				phase->end_ns == NEVER_NS ? INT64_MAX : phase->end_ns);
	}
}

/* Where latencies are compared, seconds tell what the prober did. */
static void add_seconds(const struct record *record, const char *probe, const struct list *phases,
	int64_t skip_first_ns, struct sum *sum)
{
	const struct probe_seconds *own = record_seconds(record, probe);

	LIST_EACH(*phases, char *, id) {
		const struct phase_record *phase = record_phase(record, *id);
		struct saturation part = {0};

		LIST_EACH(own->seconds, const struct latency_second, second) {
			if (phase->start_ns == NEVER_NS ||
				second->at_ns < phase->start_ns + skip_first_ns ||
				(phase->end_ns != NEVER_NS && second->at_ns >= phase->end_ns))
				continue;
			part.events += second->events;
			part.late += second->late;
			part.dropped += second->dropped;
		}
		add_part(sum, &part);
	}
}

static struct sum of_latencies(const struct record *record, const struct invariant_spec *claim)
{
	const struct compare_spec *compare = claim->compare;
	const struct reference_spec *with = compare->with;
	struct sum sum = {0};

	add_seconds(record, compare->probe, &claim->in, claim->skip_first_ns, &sum);
	add_seconds(record, with->probe ? with->probe : compare->probe,
		with->in.count ? &with->in : &claim->in, claim->skip_first_ns, &sum);
	return sum;
}

static struct sum of_claim(const struct record *record, const struct invariant_spec *claim,
	const struct sli_record *sli)
{
	struct sum sum = {0};
	int64_t from_ns;

	if (claim->compare || claim->ratio) {
		struct comparison comparison = comparison_of(&record->scenario, claim);

		add_phases(record, record_sli(record, comparison.reference_slo->name),
			comparison.reference_in, claim->skip_first_ns, &sum);
	}
	if (claim->degraded)
		add_phases(record, sli, &claim->degraded->baseline, claim->skip_first_ns, &sum);
	if (claim->in.count) {
		add_phases(record, sli, &claim->in, claim->skip_first_ns, &sum);
	} else if (!claim->recovers) {
		add(&sum, sli, 0, INT64_MAX);
	} else {
		from_ns = judge_instant(record, claim->recovers);
		if (from_ns != NEVER_NS)
			add(&sum, sli, from_ns,
				from_ns + claim->recovers->within_ns +
					claim->recovers->stable_for_ns);
	}
	return sum;
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

/* Of slices those go in which any event was spoiled. */
static void copy_whole_slices(struct samples *out, const struct sli_record *sli)
{
	for (size_t i = 0; i < sli->samples.count; i++) {
		int64_t at_ns = samples_at(&sli->samples, i);

		if (samples_tally(&sli->spoiled, at_ns, at_ns + sli->slo->slice_ns).total == 0)
			samples_add(out, at_ns, samples_good(&sli->samples, i));
	}
}

/* Seconds as they were, but for those in which any event was spoiled. */
static struct list borrow_seconds(const struct list *probes)
{
	struct list whole = {0};

	LIST_EACH(*probes, const struct probe_seconds, own) {
		struct probe_seconds *copy = list_push(&whole, sizeof(*copy));

		*copy = (struct probe_seconds){.probe = own->probe};
		LIST_EACH(own->seconds, const struct latency_second, second)
			if (second->late + second->dropped == 0)
				*(struct latency_second *)list_push(
					&copy->seconds, sizeof(*second)) = *second;
	}
	return whole;
}

/* The same sources, of which only sound events are to be counted. */
static struct list borrow_sources(const struct list *sources)
{
	struct list sound = {0};

	LIST_EACH(*sources, const struct source_record, own) {
		struct source_record *copy = list_push(&sound, sizeof(*copy));

		*copy = *own;
		copy->sound_only = true;
	}
	return sound;
}

/* The record with other samples; all else is borrowed. To be given back. */
static struct record borrow_without(const struct record *record)
{
	struct record without = *record;

	without.seconds = borrow_seconds(&record->seconds);
	without.sources = borrow_sources(&record->sources);
	without.slis = (struct list){0};
	LIST_EACH(record->slis, struct sli_record, sli) {
		struct sli_record *own = list_push(&without.slis, sizeof(*own));

		*own = *sli;
		own->samples = (struct samples){0};
		if (sli->slo->slice_ns)
			copy_whole_slices(&own->samples, sli);
		else
			copy_without(&own->samples, &sli->samples, &sli->spoiled);
	}
	return without;
}

static void give_back(struct record *without)
{
	LIST_EACH(without->slis, struct sli_record, sli)
		samples_deinit(&sli->samples);
	LIST_EACH(without->seconds, struct probe_seconds, own)
		free(own->seconds.items);
	free(without->sources.items);
	free(without->slis.items);
	free(without->seconds.items);
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
	bool latencies = claim->compare && claim->compare->probe;
	const struct sli_record *sli = slo ? record_sli(record, slo) : NULL;
	const char *probe = latencies ? claim->compare->probe : sli ? sli->slo->probe : NULL;
	struct claim_judgement again;
	struct record without;
	struct sum sum;

	if (!probe ||
		(judgement->verdict != VERDICT_HELD && judgement->verdict != VERDICT_VIOLATED))
		return;
	sum = latencies ? of_latencies(record, claim) : of_claim(record, claim, sli);
	if (!sum.counts)
		return;
	without = borrow_without(record);
	judge_one(&without, claim, &again);
	give_back(&without);
	if (again.verdict == judgement->verdict)
		return;
	say(judgement, &sum.all, scenario_probe(&record->scenario, probe)->timeout_ns,
		again.verdict);
	judgement->verdict = VERDICT_INCONCLUSIVE;
}
