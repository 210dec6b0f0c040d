/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LINES_H
#define BACKBURN_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* A file's lines one after the other, in memory that the longest of them can't drive up. */

enum {
	LINE_BYTES_MAX = 20 * 1024 * 1024 /* an audit of 256 pages is the longest that is written */
};

struct lines {
	int fd; /* borrowed */
	char *bytes;
	size_t room, begin, end; /* what was read and not handed out yet: [begin, end) */
	bool skipping;           /* of a line that is too long the rest is still to come */
	size_t skipped;          /* of that line, so far */
};

struct line {
	char *text;    /* borrowed until the next call; without its end; not NUL-terminated */
	size_t length; /* of one that is too long: all of it, though the text is not there */
	bool whole;    /* it ended; false: the file did, in the middle of it */
	bool too_long; /* more than LINE_BYTES_MAX; text is NULL */
};

void lines_init(struct lines *lines, int fd);
void lines_deinit(struct lines *lines);

/* 1: a line; 0: there is none any more; -1 with errno. */
int lines_next(struct lines *lines, struct line *out);

#endif
