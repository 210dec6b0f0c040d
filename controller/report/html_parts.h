/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_HTML_PARTS_H
#define BACKBURN_REPORT_HTML_PARTS_H

#include "controller/report/words.h"

/* The page's sections: between the claims and the chart, and below it, in their order. */
void html_radius(FILE *out, const struct report *report);
/* Within it: what was predicted beside what was measured. */
void html_predicted(FILE *out, const struct report *report);
void html_hit(FILE *out, const struct report *report);
/* Part of the former: nothing where no address was told. */
void html_touched(FILE *out, const struct judgement *judgement);
void html_data(FILE *out, const struct report *report);
void html_revert(FILE *out, const struct report *report);
void html_time_line(FILE *out, const struct report *report);
void html_events(FILE *out, const struct report *report);
void html_loads(FILE *out, const struct report *report);
void html_values(FILE *out, const struct report *report);
void html_reproduce(FILE *out, const struct report *report);
void html_limits(FILE *out, const struct report *report);
/* Links to the sections that a page, which is not printed yet, has. */
void html_contents(FILE *out, const char *page);
/* html_ahead.c */
void html_trend(FILE *out, const struct report *report);
void html_findings(FILE *out, const struct report *report);

/* A directory's name that may be linked: it holds nothing that a link would read otherwise. */
bool html_is_plain(const char *name);

/* Of the blast radius: who got worse; nothing where no probe asks each node. */
void html_degraded(FILE *out, const struct report *report);
/* Of the matrix: that the node got worse in this phase. False, and nothing: it did not. */
bool html_worse(
	FILE *out, const struct report *report, const struct phase_record *phase, const char *node);

/* A list of lines (char *), which it frees, without the first `skipped`. */
void html_lines(FILE *out, struct list lines, size_t skipped);

/* "✓ proven", in its colour. */
void html_word(FILE *out, enum tone tone, const char *text);

/* A table in a box in which it scrolls when the screen is narrow. */
void html_table_begin(FILE *out, const char *class, const char *const *columns);
void html_table_end(FILE *out);
/* The same with headings that a caller adds: html_table_begin() is both, with nothing between. */
void html_table_open(FILE *out, const char *class, const char *const *columns);
void html_table_body(FILE *out);

#endif
