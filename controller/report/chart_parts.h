/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_CHART_PARTS_H
#define BACKBURN_REPORT_CHART_PARTS_H

#include "controller/report/report.h"

/* What the chart's two files share: the frame, and the panels in it. Lengths in SVG's units. */
enum {
	CHART_WIDTH = 960,
	CHART_LEFT = 58,
	CHART_RIGHT = 14,
	CHART_TITLE = 30, /* a panel's heading, with the space above it */
	CHART_PANEL = 78, /* a panel's plot */
	PANELS_MAX = 16
};

enum panel_kind {
	PANEL_RATIO,   /* share of good events */
	PANEL_LATENCY, /* median and p99 of answered events */
	PANEL_RATE,    /* good events a second */
	PANEL_SILENCE  /* time since the last good event, against the rules that stop at one */
};

struct panel {
	enum panel_kind kind;
	const struct sli_record *sli;        /* all but PANEL_LATENCY */
	const struct latency_series *series; /* PANEL_LATENCY */
};

struct chart {
	FILE *out;
	const struct report *report;
	int64_t span_ns;
	double top; /* of the panel being drawn */
	struct panel panels[PANELS_MAX];
	size_t panel_count;
};

double chart_x(const struct chart *chart, int64_t at_ns);
/* Chooses the panels; at most PANELS_MAX, the SLOs in their order. */
void chart_choose_panels(struct chart *chart);
/* Draws one at chart->top. */
void chart_panel(struct chart *chart, const struct panel *panel);

#endif
