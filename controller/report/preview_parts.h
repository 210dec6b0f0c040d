/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_PREVIEW_PARTS_H
#define BACKBURN_REPORT_PREVIEW_PARTS_H

#include <stdio.h>

#include "controller/predict/predicted.h"

/* The parts of a preview, as text of at most 80 columns where names are of a usual length. */

enum {
	DRAWN_NODES_MAX = 6, /* of a fault's nodes, the first */
	DRAWN_LINKS_MAX = 8, /* of each of them: those that are hit first, by their connections */
	DRAWN_FLOWS_MAX = 6, /* of each link */
	DRAWN_NAME = 14      /* columns; what is longer is cut */
};

/*
 * The links of a fault as a drawing, one branch a peer, with the live connections that are hit and
 * those that are not but depend on the node. Nothing for a fault without links and dependents.
 */
void preview_links(FILE *out, const struct predicted_fault *fault);

/* Shares, quorums and limits of a phase. */
void preview_shares(FILE *out, const struct predicted_phase *phase, const struct list *protect);

#endif
