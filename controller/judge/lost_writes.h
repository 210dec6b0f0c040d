/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LOST_WRITES_H
#define BACKBURN_LOST_WRITES_H

#include "controller/judge/record.h"

/*
 * What reads during the run tell of lost writes. A write is missing from a read when it had been
 * acknowledged before the read was sent and is not in its answer. Whoever answers may only be
 * behind, so that one read proves nothing: a write counts when it is missing from each of the last
 * `in_reads` reads that were answered. One that comes back counts no more. Pure.
 */
struct lost_look {
	int64_t missing; /* from each of them; at least, where a read has more gaps than were told
			  */
	int64_t reads;   /* answered so far, `in_reads` at most */
};

struct lost_look record_lost_writes(const struct workload_record *workload, int64_t in_reads);

/* What all answered reads of the run tell together. */
struct read_back_sum {
	int64_t answered, failed;
	int64_t most_missing;     /* from one of them */
	int64_t last_missing;     /* from the last one */
	const char *last_failure; /* NULL: none failed. Borrowed */
};

struct read_back_sum record_read_backs(const struct workload_record *workload);

/* A kind of journal event: record_apply.h. */
int record_apply_read_back(struct record *record, const cJSON *event, struct fail *fail);

#endif
