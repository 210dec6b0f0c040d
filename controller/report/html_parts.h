/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_HTML_PARTS_H
#define BACKBURN_REPORT_HTML_PARTS_H

#include "controller/report/words.h"

/* The page's sections: between the claims and the chart, and below it, in their order. */
void html_radius(FILE *out, const struct report *report);
void html_hit(FILE *out, const struct report *report);
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

/* "✓ proven", in its colour. */
void html_word(FILE *out, enum tone tone, const char *text);

/* A table in a box in which it scrolls when the screen is narrow. */
void html_table_begin(FILE *out, const char *class, const char *const *columns);
void html_table_end(FILE *out);
/* The same with headings that a caller adds: html_table_begin() is both, with nothing between. */
void html_table_open(FILE *out, const char *class, const char *const *columns);
void html_table_body(FILE *out);

#endif
