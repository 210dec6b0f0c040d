/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SATURATION_H
#define BACKBURN_SATURATION_H

#include "controller/judge/judge.h"

/*
 * What a prober did to its own measurement. An event that was sent later than a tenth of the
 * probe's timeout measured the prober, too, and one that was dropped measured nothing else. Pure.
 */
struct saturation {
	int64_t events;
	int64_t late;    /* sent later than a tenth of the timeout */
	int64_t dropped; /* could not be begun; some of them are late ones, too */
};

/* In [from, to). */
struct saturation saturation_between(const struct sli_record *sli, int64_t from_ns, int64_t to_ns);

/*
 * Whether the p99 of the send lag (nearest rank) is above a tenth of the timeout, or any event was
 * dropped: then what is said of these events must hold without those that the prober spoiled.
 */
bool saturation_counts(const struct saturation *saturation);

/*
 * The claim's own verdict again, over the events that the prober did not spoil, where it was
 * saturated in what the claim is about. HELD or VIOLATED becomes INCONCLUSIVE, with the numbers in
 * its text, unless it is the same without them. `judge_one` judges a claim without this.
 */
void saturation_heed(const struct record *record, struct claim_judgement *judgement,
	void (*judge_one)(const struct record *record, const struct invariant_spec *claim,
		struct claim_judgement *out));

#endif
