/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CUSUMS_H
#define BACKBURN_CUSUMS_H

#include "controller/judge/record.h"
#include "controller/measure/cusum.h"

/* How far each stop rule of the kind `cusum` has come: what its SLO counts is added as it is known.
 */
struct cusum_record {
	const struct stop_rule *rule; /* borrowed from the scenario */
	struct cusum_test test;
	size_t next; /* index of the SLI's first sample that is not in the sum */
	double sum;
	bool reached; /* it was at its limit once: the sum may have fallen since */
};

/* For each such rule; list of struct cusum_record. */
void cusums_prepare(const struct scenario *scenario, struct list *out);

/* After each window: samples that none can come before any more. */
void cusums_update(struct record *record, const struct sli_record *sli);

const struct cusum_record *record_cusum(const struct record *record, const struct stop_rule *rule);

#endif
