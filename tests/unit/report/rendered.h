/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_RENDERED_H
#define BACKBURN_TEST_RENDERED_H

#include <stddef.h>

/*
 * Markdown as HTML by GitHub's own parser (cmark-gfm) with the extensions that GitHub has on. The
 * caller frees; NULL when there is no such program here.
 */
char *rendered(const char *markdown);

/* What a target may say, or be called, that Markdown or GitHub would read as more than text. */
extern const char *const hostile_texts[]; /* ended by NULL */

/* Fails on a tag, or a link, that is none of ours. `links`: addresses, ended by NULL; or NULL. */
void assert_tags_are_ours(const char *html, const char *const *links);
/* Fails on rows that have more or fewer cells than their table's head; returns the tables. */
size_t assert_tables_are_whole(const char *html);

#endif
