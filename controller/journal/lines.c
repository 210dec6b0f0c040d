/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/journal/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ROOM_AT_FIRST = 256 * 1024
};

void lines_init(struct lines *lines, int fd)
{
	*lines = (struct lines){.fd = fd};
}

void lines_deinit(struct lines *lines)
{
	free(lines->bytes);
	*lines = (struct lines){.fd = -1};
}

/* The line is longer than what may be kept: what there is of it is dropped, and what comes. */
static void drop(struct lines *lines)
{
	lines->skipping = true;
	lines->skipped += lines->end - lines->begin;
	lines->begin = lines->end = 0;
}

/* Room behind what is there: by moving it to the front, then by more memory, then by dropping it.
 */
static void make_room(struct lines *lines)
{
	if (lines->begin > 0) {
		memmove(lines->bytes, lines->bytes + lines->begin, lines->end - lines->begin);
		lines->end -= lines->begin;
		lines->begin = 0;
	}
	if (lines->end < lines->room)
		return;
	if (lines->room > LINE_BYTES_MAX) {
		drop(lines);
		return;
	}
	lines->room = lines->room ? lines->room * 2 : ROOM_AT_FIRST;
	lines->bytes = realloc(lines->bytes, lines->room);
	if (!lines->bytes)
		abort();
}

/* Bytes that came; 0 at the end of the file; -1 with errno. */
static ssize_t read_more(struct lines *lines)
{
	ssize_t got;

	make_room(lines);
	do
		got = read(lines->fd, lines->bytes + lines->end, lines->room - lines->end);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		lines->end += (size_t)got;
	return got;
}

/* The first `length` bytes that are there, and then `used - length` that end them. */
static void hand_out(struct lines *lines, size_t length, size_t used, struct line *out)
{
	size_t whole = lines->skipped + length;

	*out = (struct line){
		.length = whole, .whole = used > length, .too_long = whole > LINE_BYTES_MAX};
	if (!out->too_long)
		out->text = lines->bytes + lines->begin;
	lines->begin += used;
	lines->skipping = false;
	lines->skipped = 0;
}

int lines_next(struct lines *lines, struct line *out)
{
	size_t looked = 0;

	while (true) {
		size_t there = lines->end - lines->begin;
		const char *from = there ? lines->bytes + lines->begin : NULL;
		const char *end =
			there > looked ? memchr(from + looked, '\n', there - looked) : NULL;
		ssize_t got;

		if (end) {
			hand_out(lines, (size_t)(end - from), (size_t)(end - from) + 1, out);
			return 1;
		}
		if (lines->skipping)
			drop(lines);
		looked = lines->end - lines->begin;
		got = read_more(lines);
		if (got < 0)
			return -1;
		if (lines->begin == 0 && lines->end == (size_t)got)
			looked = 0; /* what was there has been dropped */
		if (got > 0)
			continue;
		if (lines->end == lines->begin && !lines->skipped)
			return 0;
		hand_out(lines, lines->end - lines->begin, lines->end - lines->begin, out);
		return 1;
	}
}
