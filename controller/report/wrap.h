/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_WRAP_H
#define BACKBURN_REPORT_WRAP_H

#include <stdio.h>

enum {
	WRAP_TEXT = 80 /* what mails, tickets and narrow terminals show */
};

/*
 * Prints lines so that none is wider than that, broken at blanks. What follows stands below the
 * line's last column of text ("  gap        avail …" goes on under "avail"), so that no broken line
 * looks like one that begins there. A line behind "  $ " is to be copied, and stays whole; so does
 * a word that is wider.
 */
void wrap_lines(FILE *out, const char *text, size_t width);

/* The width of a terminal at stdout, between 60 and 100; 0: there is none, and nothing to wrap. */
size_t wrap_width(void);

#endif
