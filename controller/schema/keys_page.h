/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KEYS_PAGE_H
#define BACKBURN_KEYS_PAGE_H

#include <stdio.h>

#include "controller/plan/catalogue.h"

/*
 * What docs/keys.md tells of every key of every kind of file, in Markdown, from the tables that
 * decode them: kind, range, default, help, and an example. Examples are values that stand
 * in files which it was shown, those of the first before those of later ones; of a key that none
 * has, the default or a word.
 */
struct keys_page;

struct keys_page *keys_page_new(const struct catalogue *catalogue);
void keys_page_free(struct keys_page *page);

/* Takes what it can show from a good file of any kind; keeps nothing of it. */
void keys_page_learn(struct keys_page *page, const cJSON *file);
void keys_page_print(struct keys_page *page, FILE *out);

#endif
