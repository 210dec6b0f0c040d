/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SLICES_H
#define BACKBURN_SLICES_H

#include "controller/judge/record.h"

/*
 * An SLO with budgeting "timeslices" (OpenSLO) counts slices of time in the place of events: one is
 * good when its share of good events is `slice_objective` at least. They follow one another from
 * the start of the probe's first source on; a slice stands at the instant at which it begins.
 */

/* Makes of the SLI's events the slices that are complete now, all sources having told of them. */
void slices_update(const struct record *record, struct sli_record *sli);

#endif
