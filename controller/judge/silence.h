/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SILENCE_H
#define BACKBURN_SILENCE_H

#include "controller/judge/record.h"

/*
 * How far a stop rule is on its way to its limit: the time without a good event, or without a word
 * from the source that has been silent the longest; one whose probe reads numbers is silent without
 * them. Pure, for the guardrails and for people who watch them.
 */
struct silence {
	int64_t reached_ns;                 /* 0 while there are no events yet */
	int64_t limit_ns;                   /* the rule's own */
	const struct source_record *source; /* no_data_for: the silent one; else NULL */
};

struct silence record_silence(
	const struct record *record, const struct stop_rule *rule, int64_t now_ns);

#endif
