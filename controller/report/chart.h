/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_CHART_H
#define BACKBURN_REPORT_CHART_H

#include "controller/report/report.h"

/*
 * One SVG: what was measured over time, in small charts on one time axis, with phases, faults from
 * start to heal, stop rules and recoveries. All looks are presentation attributes, so that it is
 * right without a style sheet and under a policy that forbids inline styles; classes are there for
 * a sheet to change colours (dark mode). Its size is bounded: however long the run, a line has at
 * most BINS_MAX steps. Prints nothing when no event was measured.
 */
void chart_print(FILE *out, const struct report *report);

/* What its shapes mean, as sentences: only those that are there. */
void chart_print_key(FILE *out, const struct report *report);

/* Whether there is anything to draw. */
bool chart_has_data(const struct report *report);

#endif
