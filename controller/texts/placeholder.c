/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/texts/placeholder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_LENGTH = 127
};

/* The length of the name between '{' and '}', 0 when this brace begins no placeholder. */
static size_t name_length(const char *brace)
{
	size_t length = strspn(brace + 1,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-");

	return length > 0 && length <= NAME_MAX_LENGTH && brace[1 + length] == '}' ? length : 0;
}

static int expand_one(
	FILE *out, const char *brace, const struct placeholders *placeholders, struct fail *fail)
{
	char name[NAME_MAX_LENGTH + 1];
	size_t length = name_length(brace);
	char *value = NULL;

	memcpy(name, brace + 1, length);
	name[length] = '\0';
	switch (placeholders->lookup(placeholders->context, name, &value)) {
	case PLACEHOLDER_VALUE:
		fputs(value, out);
		free(value);
		return 0;
	case PLACEHOLDER_KEEP:
		fprintf(out, "{%s}", name);
		return 0;
	case PLACEHOLDER_UNKNOWN:
		break;
	}
	return fail_set(fail, FAIL_BAD_FILE, "unknown placeholder {%s}; known here: %s", name,
		placeholders->known);
}

int placeholder_expand(const char *text, const struct placeholders *placeholders, char **out_text,
	struct fail *fail)
{
	char *result = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&result, &size);
	int outcome = 0;

	if (!out)
		abort();
	while (*text && outcome == 0) {
		size_t length = *text == '{' ? name_length(text) : 0;

		if (length > 0) {
			outcome = expand_one(out, text, placeholders, fail);
			text += length + 2;
		} else {
			fputc(*text++, out);
		}
	}
	fclose(out);
	if (outcome < 0) {
		free(result);
		return -1;
	}
	*out_text = result;
	return 0;
}
