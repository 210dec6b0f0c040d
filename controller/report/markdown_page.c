/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "controller/report/escape.h"
#include "controller/report/markdown_parts.h"

enum {
	PAGE_MAX = 60 * 1024, /* room is left for the ends of what is open, and for the note */
	PIECE_MAX = 8 * 1024
};

FILE *page_begin(struct page *page)
{
	page->text = NULL;
	page->length = 0;
	page->piece = open_memstream(&page->text, &page->length);
	if (!page->piece)
		abort();
	return page->piece;
}

void page_end(struct page *page, bool always)
{
	fclose(page->piece);
	if (page->length > PIECE_MAX || page->used + page->length > PAGE_MAX)
		page->cut = true;
	if (always || !page->cut) {
		fputs(page->text, page->out);
		page->used += page->length;
	}
	free(page->text);
}

void page_put(struct page *page, const char *text)
{
	fputs(text, page_begin(page));
	page_end(page, false);
}

bool page_fold(struct page *page, const char *title)
{
	if (page->cut)
		return false;
	fprintf(page_begin(page), "<details><summary>%s</summary>\n\n", title);
	page_end(page, false);
	return !page->cut;
}

void page_unfold(struct page *page)
{
	fputs("\n</details>\n\n", page_begin(page));
	page_end(page, true);
}

const char *page_sign(enum tone tone)
{
	static const char *const signs[] = {
		[TONE_GOOD] = "✅", [TONE_BAD] = "❌", [TONE_OPEN] = "⚠️", [TONE_NONE] = "➖"};

	return signs[tone];
}
