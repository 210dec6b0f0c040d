/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_STOP_RULE_H
#define BACKBURN_STOP_RULE_H

#include "controller/judge/burn.h"
#include "controller/judge/cusums.h"
#include "controller/judge/lost_writes.h"
#include "controller/judge/silence.h"

/*
 * A stop rule of any kind, on its way to its limit. Pure, for the guardrails and for people who
 * watch them.
 */
enum {
	RULE_TEXT_MAX = 320
};

struct rule_look {
	const struct stop_rule *rule; /* borrowed */
	bool fires;
	double share;                     /* of the way to its limit, 0 and more */
	struct silence silence;           /* no_good_for, no_data_for */
	struct burn_look burn;            /* burn */
	const struct cusum_record *cusum; /* cusum; borrowed from the record */
	double spent;                     /* budget_spent */
	struct lost_look lost;            /* lost_writes */
};

struct rule_look record_rule(
	const struct record *record, const struct stop_rule *rule, int64_t now_ns);

/* Why it fires: "no good event of avail for 8s". */
const char *rule_why(const struct rule_look *look, char buffer[RULE_TEXT_MAX]);
/* How far it is: "1.2s of 8s without a good event". */
const char *rule_way(const struct rule_look *look, char buffer[RULE_TEXT_MAX]);

#endif
