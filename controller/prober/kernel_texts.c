/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/kernel_texts.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The kernel writes decimal integers only: no sign but '-', no exponent. */
static bool number_at(const char *text, double *out)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || errno != 0 || (*end != ' ' && *end != '\n' && *end != '\0'))
		return false;
	*out = (double)value;
	return true;
}

static const char *line_after(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* The place of the word number `index` behind the line's first one; NULL: it has not as many. */
static const char *word_of(const char *line, size_t index)
{
	const char *end = line + strcspn(line, "\n"), *at = line;

	for (size_t i = 0; i <= index; i++) {
		at = memchr(at, ' ', (size_t)(end - at));
		if (!at || ++at == end)
			return NULL;
	}
	return at;
}

static bool is_word(const char *at, const char *word)
{
	size_t length = strlen(word);

	return strncmp(at, word, length) == 0 &&
		(at[length] == ' ' || at[length] == '\n' || at[length] == '\0');
}

static bool begins_group(const char *line, const char *group)
{
	size_t length = strlen(group);

	return strncmp(line, group, length) == 0 && line[length] == ':' && line[length + 1] == ' ';
}

int kernel_table_value(const char *text, const char *group, const char *field, double *out)
{
	for (const char *line = text; *line; line = line_after(line)) {
		const char *numbers = line_after(line), *name;

		if (!begins_group(line, group))
			continue;
		if (!begins_group(numbers, group))
			return -1;
		for (size_t i = 0; (name = word_of(line, i)); i++)
			if (is_word(name, field)) {
				const char *value = word_of(numbers, i);

				return value && number_at(value, out) ? 0 : -1;
			}
		return -1;
	}
	return -1;
}

int kernel_keyed_value(const char *text, const char *key, double *out)
{
	for (const char *line = text; *line; line = line_after(line))
		if (is_word(line, key)) {
			const char *value = word_of(line, 0);

			return value && number_at(value, out) ? 0 : -1;
		}
	return -1;
}

int kernel_single_value(const char *text, double *out)
{
	if (is_word(text, "max")) {
		*out = INFINITY;
		return 0;
	}
	return number_at(text, out) ? 0 : -1;
}

int kernel_pressure_total(const char *text, const char *kind, double *out)
{
	static const char total[] = "total=";

	for (const char *line = text; *line; line = line_after(line)) {
		const char *word;

		if (!is_word(line, kind))
			continue;
		for (size_t i = 0; (word = word_of(line, i)); i++)
			if (strncmp(word, total, strlen(total)) == 0)
				return number_at(word + strlen(total), out) ? 0 : -1;
	}
	return -1;
}

int kernel_word_value(const char *line, unsigned int index, double *out)
{
	const char *word = index == 0 ? line : word_of(line, index - 1);

	return word && number_at(word, out) ? 0 : -1;
}
