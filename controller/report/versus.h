/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_VERSUS_H
#define BACKBURN_REPORT_VERSUS_H

#include "controller/report/words.h"

/*
 * Two runs side by side: what was not the same in them, and how each SLI changed, with an interval
 * of 95 %. Pure. A change is "better" or "worse" only when its interval leaves no change out; no
 * allowance is made for looking at many of them, which the text says.
 */
struct versus_row {
	char what[WORDS_MAX]; /* "avail, phase cut: good events" */
	char first[WORDS_MAX], second[WORDS_MAX];
	char change[WORDS_MAX]; /* "+3.8 points (+0.4 to +7.2)"; "" where none is told */
	enum tone tone;         /* good: better; bad: worse; open: not shown; none: told */
	bool compared;          /* the rest is there: shares, or nanoseconds */
	double difference;      /* second − first */
	struct statistics_interval interval;
};

struct versus {
	const struct report *first, *second;               /* borrowed */
	struct list unlike;                                /* of char *: what was not the same */
	struct list slis, latencies, recoveries, verdicts; /* of struct versus_row */
};

void versus_init(struct versus *versus, const struct report *first, const struct report *second);
void versus_deinit(struct versus *versus);

void versus_text(FILE *out, const struct versus *versus);
/* The caller deletes it. */
cJSON *versus_json(const struct versus *versus);

#endif
