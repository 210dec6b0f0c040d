/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_MARKDOWN_PARTS_H
#define BACKBURN_REPORT_MARKDOWN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "controller/report/words.h"

/*
 * A page of Markdown that is written piece by piece, and never too long: a piece that would not fit
 * any more ends it.
 */
struct page {
	FILE *out;
	size_t used;
	bool cut;
	/* The piece that is being written. */
	FILE *piece;
	char *text;
	size_t length;
};

FILE *page_begin(struct page *page);
/* `always`: the end of something that is open; there is room for it. */
void page_end(struct page *page, bool always);
/* Text of ours only. */
void page_put(struct page *page, const char *text);

/* False when there is no room for it any more: then nothing is open. */
bool page_fold(struct page *page, const char *title);
void page_unfold(struct page *page);

const char *page_sign(enum tone tone);

/* markdown_hit.c: the folded section of what was hit. */
void markdown_hit(struct page *page, const struct report *report);

#endif
