/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREVIEW_H
#define BACKBURN_PREVIEW_H

#include <stdio.h>

#include "controller/predict/difference.h"

/* All is borrowed. */
struct preview {
	const struct plan *plan;
	const struct record *record;
	const struct predicted *predicted; /* that of the record */
	bool colours;                      /* of a terminal */
};

/*
 * What a run would hit, as the nodes said when they were asked (fault_inspected events): nodes and
 * their addresses, each fault's targets and counterparts, the links that it would hit with the live
 * connections on them, the processes that match now, and what part of everything that is.
 */
void preview_print(FILE *out, const struct preview *preview);

/* plan_to_json() with the same: the key `hits` of each fault, and `radius`. The caller deletes it.
 */
cJSON *preview_json(const struct preview *preview);

/* In a few lines at the end: how much would be hit, and whether the run could begin. */
void preview_end(FILE *out, const struct preview *preview);

/* What is other than in an earlier plan, which is called `earlier`. */
void preview_difference(FILE *out, const struct difference *difference, const char *earlier);

#endif
