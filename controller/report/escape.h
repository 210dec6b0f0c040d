/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_ESCAPE_H
#define BACKBURN_REPORT_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Text that came from outside (scenario, targets, peers) on its way into a form of the report.
 * Whatever the form, it becomes valid UTF-8 in one line: line breaks and tabs become blanks, other
 * control characters (terminal escapes begin with one) are left out, and bytes that are no UTF-8,
 * non-characters and the marks that reorder text on a screen become U+FFFD.
 */

/* No more than that: for a terminal and report.txt. */
void escape_plain(FILE *out, const char *text);

/* For text and quoted attribute values of HTML and XML 1.0 alike. */
void escape_markup(FILE *out, const char *text);

/*
 * For a cell or a line of GitHub's Markdown: no character keeps a meaning there, pipes included, at
 * the beginning of a line neither; addresses become no links, and @name and #12 stay words that
 * notify nobody. Blanks at its beginning are left out.
 */
void escape_markdown(FILE *out, const char *text);

/* The message of a workflow command ("::error ::message"). */
void escape_message(FILE *out, const char *text);
/* A property of one ("file=…"), where ':' and ',' have a meaning too. */
void escape_property(FILE *out, const char *text);

/* printf, then the escape above. */
void plain_line(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void markup(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void markdown(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * <open>text</name>, where `open` is ours ("td class=\"number\"") and the text is escaped.
 */
void element(FILE *out, const char *open, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An address that may be followed: http or https, and nothing in it that an address can't hold. */
bool escape_is_link(const char *url);

#endif
