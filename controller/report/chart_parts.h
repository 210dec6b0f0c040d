/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_CHART_PARTS_H
#define BACKBURN_REPORT_CHART_PARTS_H

#include "controller/report/report.h"

/* What the chart's files share: the frame, and the panels in it. Lengths in SVG's units. */
enum {
	CHART_WIDTH = 960,
	CHART_LEFT = 58,
	CHART_RIGHT = 14,
	CHART_TITLE = 30,  /* a panel's heading, with the space above it */
	CHART_PANEL = 78,  /* a panel's plot */
	CHART_MEMBER = 18, /* a member's strip */
	MEMBERS_MAX = 12,
	PANELS_MAX = 16
};

enum panel_kind {
	PANEL_RATIO,   /* share of good events */
	PANEL_LATENCY, /* median and p99 of answered events */
	PANEL_MEMBERS, /* the same for each member that a probe asks, a strip for each */
	PANEL_SILENCE, /* time since the last good event, against the rules that stop at one */
	PANEL_BURN     /* how fast the budget burns over both windows of a pair, against its rate */
};

struct panel {
	enum panel_kind kind;
	const struct sli_record *sli;        /* all but PANEL_LATENCY */
	const struct latency_series *series; /* PANEL_LATENCY */
	const struct burn_spec *burn;        /* PANEL_BURN */
	const char *burn_does;               /* what it does: its severity, or the rule's id */
	double height;                       /* of its plot */
};

struct chart {
	FILE *out;
	const struct report *report;
	int64_t span_ns;
	double top; /* of the panel being drawn */
	struct panel panels[PANELS_MAX];
	size_t panel_count;
};

/* --- values over time (chart_lines.c) ---------------------------------------------------- */

/*
 * Bin i covers [from + i · bin, from + (i+1) · bin), of which there are data in [first, last); a
 * value below 0 is one that is not known.
 */
struct line {
	int64_t from_ns, bin_ns;
	int64_t first_ns, last_ns;
	double rate; /* events a second, of all sources */
	size_t count;
	double values[BINS_MAX];
};

/* No values yet; its bins begin where the first fault does. */
void chart_begin_line(const struct chart *chart, const struct sli_record *sli, struct line *out);
void chart_ratio_line(const struct chart *chart, const struct sli_record *sli, struct line *out);
/* The same of one member, in the bins of all. */
void chart_member_line(const struct chart *chart, const struct sli_record *sli,
	const struct samples *samples, struct line *out);
void chart_silence_line(const struct chart *chart, const struct sli_record *sli, struct line *out);
/* At the end of each bin; not known before the long window is full. */
void chart_burn_line(
	const struct chart *chart, const struct panel *panel, bool over_short, struct line *out);
void chart_latency_line(const struct latency_series *series, bool p99, struct line *out);
/* The start of a bin, which the ends of the data may cut. */
int64_t chart_bin_ns(const struct line *line, size_t i);
double chart_greatest(const struct line *line);
double chart_least(const struct line *line, double most);

/* --- drawing ----------------------------------------------------------------------------- */

double chart_x(const struct chart *chart, int64_t at_ns);
double chart_bin_x(const struct chart *chart, const struct line *line, size_t index);
struct scale {
	double low, high; /* what lies beyond is drawn at the edge */
	bool logarithmic;
};

struct ink {
	const char *class, *colour;
	double width;
};
extern const struct ink chart_main_ink, chart_tail_ink;

void chart_draw_line(const struct chart *chart, const struct line *line, const struct scale *scale,
	const struct ink *ink);
/* Fields where nothing is known, with a word in those that have room. */
void chart_draw_voids(const struct chart *chart, const struct line *line, const char *text);
void chart_draw_tick(
	const struct chart *chart, const struct scale *scale, double value, const char *label);
/* A dashed line over the whole panel. */
void chart_draw_bound(const struct chart *chart, const struct scale *scale, double value,
	const char *class, const char *colour);
void chart_burn(const struct chart *chart, const struct panel *panel);
/* A panel's heading. */
void chart_title(const struct chart *chart, const char *text, const char *detail);
/* Members one by one; how many strips that are. */
void chart_members(const struct chart *chart, const struct panel *panel);
size_t chart_count_members(const struct chart *chart, const struct slo_spec *slo);
/* Chooses the panels; at most PANELS_MAX, the SLOs in their order. */
void chart_choose_panels(struct chart *chart);
/* Draws one at chart->top. */
void chart_panel(struct chart *chart, const struct panel *panel);

#endif
