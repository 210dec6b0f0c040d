/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_TEXT_H
#define BACKBURN_PROBER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Room for one error text as it is reported: 200 bytes and the NUL. */
enum {
	TEXT_ERROR_SIZE = 201
};

/*
 * Copies at most size - 1 bytes, not ending inside a UTF-8 sequence, with control characters
 * replaced by '?': what a service or a client says must not steer a terminal.
 */
void text_clean(char *out, size_t size, const char *text);

/* Bytes of an answer, kept up to a bound. Zeroed memory is an empty one. */
struct text_kept {
	char *bytes; /* NUL-terminated, or NULL */
	size_t length, capacity;
};

/* -1 when they would exceed `max`: nothing of them is kept then. */
int text_keep(struct text_kept *kept, const char *bytes, size_t count, size_t max);
void text_kept_deinit(struct text_kept *kept);

/*
 * Cuts the output of a program that we do not trust into lines of bounded length. What is longer
 * is handed out once, cut off at the bound, and the rest of that line is skipped.
 */
struct line_cutter {
	char *buffer;
	size_t used, capacity, max_line;
	bool skipping;
};

typedef void line_handler(void *context, const char *line, bool cut_off);

void line_cutter_init(struct line_cutter *cutter, size_t max_line);
void line_cutter_deinit(struct line_cutter *cutter);
void line_cutter_feed(struct line_cutter *cutter, const char *bytes, size_t count,
	line_handler *handler, void *context);

#endif
