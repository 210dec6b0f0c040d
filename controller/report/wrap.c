/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/wrap.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	LEAST = 60,
	MOST = 100,
	HANG_MOST = 50 /* beyond that two blanks are no columns any more */
};

/* Columns are characters, of which the bytes 10xxxxxx are no beginning. */
static bool begins(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t columns(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += begins(text[i]);
	return count;
}

/* Where the last of the columns that blanks make begins. */
static size_t hang_of(const char *line, size_t length)
{
	size_t hang = strspn(line, " "), column = 0;
	size_t own = hang + 2;

	for (size_t i = 0; i + 1 < length && column < HANG_MOST; i++) {
		column += begins(line[i]);
		if (i >= hang && line[i] == ' ' && line[i + 1] != ' ' && line[i - 1] == ' ')
			own = column;
	}
	/* Nothing but a paragraph that is indented already. */
	if (own == hang + 2 && hang > 2)
		own = hang;
	return own;
}

/* How much of the text fits: up to a blank, or, if its first word is wider, that word. */
static size_t fitting(const char *text, size_t length, size_t width)
{
	size_t used = 0, best = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == ' ' && i > 0 && text[i - 1] != ' ' && (used <= width || !best))
			best = i;
		used += begins(text[i]);
		if (used > width && best)
			return best;
	}
	return length;
}

static void wrap_line(FILE *out, const char *line, size_t length, size_t width)
{
	const char *end = line + length;
	size_t hang = hang_of(line, length), indent = strspn(line, " "), taken;

	if (columns(line, length) <= width || strncmp(line, "  $ ", 4) == 0) {
		fprintf(out, "%.*s\n", (int)length, line);
		return;
	}
	/* Blanks in front are no place to break at. */
	taken = indent + fitting(line + indent, length - indent, width - indent);
	fprintf(out, "%.*s\n", (int)taken, line);
	for (line += taken; line < end; line += taken) {
		while (line < end && *line == ' ')
			line++;
		taken = fitting(line, (size_t)(end - line), width - hang);
		if (taken)
			fprintf(out, "%*s%.*s\n", (int)hang, "", (int)taken, line);
	}
}

void wrap_lines(FILE *out, const char *text, size_t width)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		wrap_line(out, text, length, width);
		text += length + (text[length] == '\n');
	}
}

size_t wrap_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col < LEAST ? LEAST : size.ws_col > MOST ? MOST : size.ws_col;
}
