/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_GRAPH_H
#define BACKBURN_REPORT_GRAPH_H

#include <stdio.h>

#include "controller/judge/radius.h"

enum {
	GRAPH_NODES_MAX = 14, /* targets first, then peers, then what no fault named */
	GRAPH_LINKS_MAX = 60  /* those with the most packets */
};

/*
 * A blast radius as one SVG: nodes on an ellipse, told apart by shape, and the links between them
 * by stroke, so that nothing depends on colours or on a style sheet. What there is no room for is
 * left out; graph_print_key() says how much that is.
 */
void graph_print(FILE *out, const struct radius *radius);

/* What its shapes mean, as sentences: only those that are there. */
void graph_print_key(FILE *out, const struct radius *radius);

#endif
