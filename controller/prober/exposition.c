/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/exposition.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line, and how far it has been read. */
struct cursor {
	const char *at, *end;
};

enum {
	VALUE_TEXT_MAX = 64
};

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == ':';
}

static void skip_blanks(struct cursor *line)
{
	while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
		line->at++;
}

static bool take(struct cursor *line, char c)
{
	if (line->at == line->end || *line->at != c)
		return false;
	line->at++;
	return true;
}

static size_t take_name(struct cursor *line, const char **out_name)
{
	*out_name = line->at;
	while (line->at < line->end && is_name_character(*line->at))
		line->at++;
	return (size_t)(line->at - *out_name);
}

/* --- labels ----------------------------------------------------------------------------- */

/* The next character of a quoted text, its escapes undone; -1 at its end, -2 when it has none. */
static int next_quoted(struct cursor *line)
{
	char c;

	if (line->at == line->end)
		return -2;
	c = *line->at++;
	if (c == '"')
		return -1;
	if (c != '\\')
		return (unsigned char)c;
	if (line->at == line->end)
		return -2;
	c = *line->at++;
	return c == 'n' ? '\n' : (unsigned char)c;
}

/* Reads the value to its end; *out_same is whether it is `wanted` (NULL: no matter). */
static int take_value(struct cursor *line, const char *wanted, bool *out_same)
{
	size_t length = wanted ? strlen(wanted) : 0, read = 0;
	bool same = wanted != NULL;
	int c;

	while ((c = next_quoted(line)) >= 0) {
		same = same && read < length && (unsigned char)wanted[read] == c;
		read++;
	}
	*out_same = same && read == length;
	return c == -1 ? 0 : -1;
}

static const char *wanted_value(const cJSON *labels, const char *name, size_t length)
{
	for (const cJSON *label = labels ? labels->child : NULL; label; label = label->next)
		if (strlen(label->string) == length && memcmp(label->string, name, length) == 0)
			return label->valuestring;
	return NULL;
}

static size_t count_labels(const cJSON *labels)
{
	size_t count = 0;

	for (const cJSON *label = labels ? labels->child : NULL; label; label = label->next)
		count++;
	return count;
}

/* name="value", with what separates it from the next. 1 when another follows, 0 at the end. */
static int take_label(struct cursor *line, const cJSON *labels, size_t *matching)
{
	const char *name, *wanted;
	size_t length;
	bool same;

	skip_blanks(line);
	if (take(line, '}'))
		return 0;
	length = take_name(line, &name);
	skip_blanks(line);
	if (length == 0 || !take(line, '='))
		return -1;
	skip_blanks(line);
	wanted = wanted_value(labels, name, length);
	if (!take(line, '"') || take_value(line, wanted, &same) < 0)
		return -1;
	*matching += same;
	skip_blanks(line);
	if (take(line, ','))
		return 1;
	return take(line, '}') ? 0 : -1;
}

/* 1 when the series has all labels that are wanted, 0 when not. */
static int take_labels(struct cursor *line, const cJSON *labels)
{
	size_t matching = 0, count = 0;
	int more = 1;

	if (!take(line, '{'))
		return count_labels(labels) == 0;
	while (more > 0) {
		more = take_label(line, labels, &matching);
		if (++count > EXPOSITION_LABELS_MAX + 1)
			return -1;
	}
	return more < 0 ? -1 : matching == count_labels(labels);
}

/* --- values ----------------------------------------------------------------------------- */

/* strtod() alone would take "0x1p3", "infinity" and "nan(1)". */
static int take_number(struct cursor *line, double *out)
{
	size_t length = 0;
	char text[VALUE_TEXT_MAX], *end;

	skip_blanks(line);
	while (line->at + length < line->end && line->at[length] != ' ' &&
		line->at[length] != '\t' && length < sizeof(text))
		length++;
	if (length == 0 || length == sizeof(text))
		return -1;
	memcpy(text, line->at, length);
	text[length] = '\0';
	line->at += length;
	if (strspn(text, "0123456789+-.eE") != length) {
		*out = NAN;
		return strcmp(text, "NaN") == 0 || strcmp(text, "+Inf") == 0 ||
				strcmp(text, "-Inf") == 0 || strcmp(text, "Inf") == 0
			? 0
			: -1;
	}
	*out = strtod(text, &end);
	return *end || end == text ? -1 : 0;
}

/* Behind the value a timestamp may stand, and an exemplar behind that. */
static int take_rest(struct cursor *line)
{
	double timestamp;

	skip_blanks(line);
	if (line->at < line->end && *line->at != '#' && take_number(line, &timestamp) < 0)
		return -1;
	skip_blanks(line);
	return line->at == line->end || *line->at == '#' ? 0 : -1;
}

/* --- lines ------------------------------------------------------------------------------- */

static void add(struct exposition_found *found, double value)
{
	if (found->series++ == 0)
		found->min = found->max = value;
	found->sum += value;
	found->last = value;
	found->min = value < found->min ? value : found->min;
	found->max = value > found->max ? value : found->max;
}

static bool is_of_metric(struct cursor *line, const char *metric)
{
	const char *name;
	size_t length;

	skip_blanks(line);
	length = take_name(line, &name);
	return length == strlen(metric) && memcmp(name, metric, length) == 0 &&
		(line->at == line->end || *line->at == '{' || *line->at == ' ' ||
			*line->at == '\t');
}

static int read_line(struct cursor line, const struct exposition_query *query,
	struct exposition_found *found, struct fail *fail)
{
	size_t length = (size_t)(line.end - line.at);
	double value;
	int matches;

	if (!is_of_metric(&line, query->metric))
		return 0;
	if (length > EXPOSITION_LINE_MAX)
		return fail_set(
			fail, FAIL_PEER, "is longer than %d characters", EXPOSITION_LINE_MAX);
	skip_blanks(&line);
	matches = take_labels(&line, query->labels);
	if (matches < 0)
		return fail_set(fail, FAIL_PEER, "its labels are not in the format, or above %d",
			EXPOSITION_LABELS_MAX);
	if (take_number(&line, &value) < 0 || take_rest(&line) < 0)
		return fail_set(fail, FAIL_PEER, "its value is not in the format");
	if (!matches)
		return 0;
	if (!isfinite(value))
		return fail_set(fail, FAIL_PEER, "its value is no finite number");
	add(found, value);
	return 0;
}

int exposition_find(const char *text, size_t length, const struct exposition_query *query,
	struct exposition_found *out, struct fail *fail)
{
	struct exposition_found found = {0};
	const char *end = text + length;
	size_t number = 0;

	if (length > EXPOSITION_BYTES_MAX)
		return fail_set(
			fail, FAIL_PEER, "more than %d bytes of metrics", EXPOSITION_BYTES_MAX);
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct cursor line = {.at = text, .end = stop ? stop : end};

		number++;
		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		if (read_line(line, query, &found, fail) < 0)
			return fail_context(fail, "line %zu", number);
		text = stop ? stop + 1 : end;
	}
	if (found.series && (!isfinite(found.sum)))
		return fail_set(fail, FAIL_PEER, "the sum is no finite number");
	*out = found;
	return 0;
}
