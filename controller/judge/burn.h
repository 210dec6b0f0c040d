/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JUDGE_BURN_H
#define BACKBURN_JUDGE_BURN_H

#include "controller/judge/record.h"

/*
 * How fast an error budget burns, by what has been reported: the windows end where the probe's
 * sources have all reported. Pure, and as quick after an hour as at the start.
 */
struct burn_look {
	bool full;                    /* the long window holds nothing of before the first event */
	double long_rate, short_rate; /* 1: as fast as the objective allows */
	int64_t bad;                  /* in the long window */
	int64_t at_ns;                /* where both windows end */
	bool fires;
};

struct burn_look record_burn(
	const struct record *record, const struct slo_spec *slo, const struct burn_spec *burn);
/* The same as it was at an instant up to which everything is reported. */
struct burn_look record_burn_at(const struct record *record, const struct slo_spec *slo,
	const struct burn_spec *burn, int64_t at_ns);

#endif
