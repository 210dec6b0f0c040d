/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LIVE_H
#define BACKBURN_LIVE_H

#include <stdio.h>

#include "controller/judge/record.h"

/*
 * What people watch while a run goes on: the phase and its time left, each SLO's recent ratio and
 * latency, the faults that act with what they have hit, and how near each stop rule is to firing.
 * Pure: drawn from the record and from the windows it was given; whoever calls owns the terminal.
 */
struct live;

struct live *live_new(void);
void live_free(struct live *live);

/* A journal event: windows bring their latencies, others are of no interest here. */
void live_take(struct live *live, const cJSON *event);

struct live_look {
	int64_t now_ns; /* since the run's zero */
	int columns;    /* no line gets longer */
	bool colours;
};

/* Writes the lines and returns their number. */
int live_draw(FILE *out, const struct live *live, const struct record *record,
	const struct live_look *look);

#endif
