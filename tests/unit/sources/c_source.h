/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_C_SOURCE_H
#define BACKBURN_TEST_C_SOURCE_H

#include "contract/list.h"

/* A C source as a list of words, for tests of what the sources say. Comments are left out. */
struct c_token {
	enum c_token_kind {
		C_WORD, /* a name or a number */
		/*
		 * A string, its escapes undone. Neighbours are one, and so are those with a macro
		 * between them, for which a "?" stands, or a "d" for PRIu64 and its like.
		 */
		C_LITERAL,
		C_MARK /* one character of anything else */
	} kind;
	char *text;
	int line; /* 1-based, of its beginning */
};

/* Of struct c_token. Fails the test when the file can't be read. */
struct list c_source_read(const char *path);
void c_source_free(struct list *tokens);

/*
 * An argument of a call: the tokens from `first` up to, not with, `end`. `at` is the index of the
 * called name, `number` counts from 0. False when the call has no such argument, or is none.
 */
struct c_argument {
	size_t first, end;
};

bool c_argument(const struct list *tokens, size_t at, size_t number, struct c_argument *out);

#endif
