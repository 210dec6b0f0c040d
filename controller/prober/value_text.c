/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/value_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NUMBER_TEXT_MAX = 32,
	DIGITS_SHORT = 15, /* enough for most numbers that people meet */
	DIGITS_EXACT = 17, /* enough for all doubles */
};

static void put_number(FILE *out, double value)
{
	char text[NUMBER_TEXT_MAX];

	snprintf(text, sizeof(text), "%.*g", DIGITS_SHORT, value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.*g", DIGITS_EXACT, value);
	fputs(text, out);
}

char *value_text_format(const double *values, int64_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (int64_t i = 0; i < count; i++) {
		if (i)
			fputc(' ', out);
		if (isnan(values[i]))
			fputc('-', out);
		else
			put_number(out, values[i]);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}

int value_text_next(const char **cursor, double *out_value, struct fail *fail)
{
	const char *text = *cursor;
	size_t length = strcspn(text, " ");
	char number[NUMBER_TEXT_MAX], *end;
	double value = NAN;

	if (!*text)
		return 0;
	if (length == 0 || length >= sizeof(number) || strspn(text, "0123456789+-.e") < length)
		return fail_set(fail, FAIL_PEER, "values: what is there is no number");
	memcpy(number, text, length);
	number[length] = '\0';
	if (strcmp(number, "-") != 0) {
		value = strtod(number, &end);
		if (*end || !isfinite(value))
			return fail_set(fail, FAIL_PEER, "values: what is there is no number");
	}
	text += length;
	if (*text == ' ' && !*++text)
		return fail_set(fail, FAIL_PEER, "values: a blank at the end");
	*out_value = value;
	*cursor = text;
	return 1;
}
