/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/text.h"

#include <stdlib.h>
#include <string.h>

void text_clean(char *out, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);

	/* Continuation bytes of UTF-8 are 10xxxxxx. */
	if (text[length])
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		out[i] = byte < ' ' || byte == 0x7f ? '?' : text[i];
	}
	out[length] = '\0';
}

static void grow(char **bytes, size_t *capacity, size_t needed)
{
	if (needed <= *capacity)
		return;
	*capacity = needed < 256 ? 256 : needed * 2;
	*bytes = realloc(*bytes, *capacity);
	if (!*bytes)
		abort();
}

int text_keep(struct text_kept *kept, const char *bytes, size_t count, size_t max)
{
	if (count > max - kept->length)
		return -1;
	grow(&kept->bytes, &kept->capacity, kept->length + count + 1);
	memcpy(kept->bytes + kept->length, bytes, count);
	kept->length += count;
	kept->bytes[kept->length] = '\0';
	return 0;
}

void text_kept_deinit(struct text_kept *kept)
{
	free(kept->bytes);
	*kept = (struct text_kept){0};
}

void line_cutter_init(struct line_cutter *cutter, size_t max_line)
{
	*cutter = (struct line_cutter){.max_line = max_line};
}

void line_cutter_deinit(struct line_cutter *cutter)
{
	free(cutter->buffer);
	*cutter = (struct line_cutter){0};
}

static void keep(struct line_cutter *cutter, const char *bytes, size_t count)
{
	grow(&cutter->buffer, &cutter->capacity, cutter->used + count + 1);
	memcpy(cutter->buffer + cutter->used, bytes, count);
	cutter->used += count;
	cutter->buffer[cutter->used] = '\0';
}

void line_cutter_feed(struct line_cutter *cutter, const char *bytes, size_t count,
	line_handler *handler, void *context)
{
	while (count > 0) {
		const char *newline = memchr(bytes, '\n', count);
		size_t length = newline ? (size_t)(newline - bytes) : count;
		size_t room = cutter->max_line - cutter->used;
		size_t consumed = newline ? length + 1 : length;

		if (!cutter->skipping) {
			keep(cutter, bytes, length < room ? length : room);
			if (newline || length > room)
				handler(context, cutter->buffer, length > room);
			if (newline || length > room)
				cutter->used = 0;
			cutter->skipping = length > room;
		}
		if (newline)
			cutter->skipping = false;
		bytes += consumed;
		count -= consumed;
	}
}
