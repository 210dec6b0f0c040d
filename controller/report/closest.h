/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_CLOSEST_H
#define BACKBURN_REPORT_CLOSEST_H

#include "controller/judge/stop_rule.h"

/*
 * How near each stop rule came to stopping the run: looked at as its guardrails did, whenever
 * probes and reads told of something, but after the fact, from the journal alone.
 */
struct closest {
	const struct stop_rule *rule; /* borrowed from the record's scenario */
	double share;                 /* of the way to its limit; below 0: never looked at */
	int64_t at_ns;                /* when it was that near first; NEVER_NS */
	bool fired;                   /* it is what stopped the run */
	char way[RULE_TEXT_MAX];      /* "5.1s of 8s without a good event" */
};

/* From half of the way on it was a near miss. */
#define CLOSEST_NEAR 0.5

/* A struct closest for each rule; the caller frees `items`. */
struct list closest_of(const struct record *record);

/*
 * An event, before the record takes it and after that: both are to be asked for. Nothing is looked
 * at once the run was stopped or has ended.
 */
void closest_look(
	struct list *closest, const struct record *record, const cJSON *event, bool taken);

/* After the last event: which of them stopped the run. */
void closest_finish(struct list *closest, const struct record *record);

bool closest_is_near(const struct closest *own);

#endif
