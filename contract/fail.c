/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/fail.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {
	[FAIL_NONE] = "none",
	[FAIL_USAGE] = "usage",
	[FAIL_BAD_FILE] = "bad_file",
	[FAIL_REFUSED] = "refused",
	[FAIL_UNSUPPORTED] = "unsupported",
	[FAIL_BUSY] = "busy",
	[FAIL_PEER] = "peer",
	[FAIL_SYSTEM] = "system",
	[FAIL_INTERNAL] = "internal",
};
static_assert(sizeof(kind_words) / sizeof(kind_words[0]) == FAIL_KINDS, "a word for each kind");

static void fail_reset(struct fail *fail, enum fail_kind kind, int error)
{
	*fail = (struct fail){.kind = kind, .error = error};
}

int fail_set(struct fail *fail, enum fail_kind kind, const char *format, ...)
{
	va_list args;

	fail_reset(fail, kind, 0);
	va_start(args, format);
	vsnprintf(fail->text, sizeof(fail->text), format, args);
	va_end(args);
	return -1;
}

int fail_errno(struct fail *fail, int error, const char *format, ...)
{
	va_list args;
	size_t used;

	error = abs(error);
	fail_reset(fail, FAIL_SYSTEM, error);
	va_start(args, format);
	vsnprintf(fail->text, sizeof(fail->text), format, args);
	va_end(args);
	used = strlen(fail->text);
	snprintf(fail->text + used, sizeof(fail->text) - used, ": %s", strerror(error));
	return -1;
}

int fail_at(struct fail *fail, const char *path, const char *format, ...)
{
	va_list args;

	fail_reset(fail, FAIL_BAD_FILE, 0);
	snprintf(fail->path, sizeof(fail->path), "%s", path);
	va_start(args, format);
	vsnprintf(fail->text, sizeof(fail->text), format, args);
	va_end(args);
	return -1;
}

int fail_context(struct fail *fail, const char *format, ...)
{
	char text[FAIL_TEXT_MAX];
	va_list args;
	size_t used, rest;

	va_start(args, format);
	vsnprintf(text, sizeof(text) - 3, format, args);
	va_end(args);
	used = strlen(text);
	memcpy(text + used, ": ", 3);
	used += 2;
	/* What does not fit is lost at the end, where the innermost detail stands. */
	rest = strnlen(fail->text, sizeof(text) - used - 1);
	memcpy(text + used, fail->text, rest);
	text[used + rest] = '\0';
	memcpy(fail->text, text, sizeof(text));
	return -1;
}

const char *fail_kind_word(enum fail_kind kind)
{
	if ((unsigned)kind >= FAIL_KINDS)
		kind = FAIL_INTERNAL;
	return kind_words[kind];
}

enum fail_kind fail_kind_of_word(const char *word)
{
	for (unsigned i = FAIL_NONE + 1; i < FAIL_KINDS; i++)
		if (strcmp(kind_words[i], word) == 0)
			return (enum fail_kind)i;
	return FAIL_INTERNAL;
}
