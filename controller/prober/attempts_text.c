/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/attempts_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "controller/prober/retry.h"

#define RUN_MAX (INT64_C(1) << 53)

char *attempts_text_format(const uint8_t *attempts, int64_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (int64_t first = 0, next; first < count; first = next) {
		for (next = first + 1; next < count && attempts[next] == attempts[first]; next++)
			;
		fprintf(out, "%s%lld*%d", first ? " " : "", (long long)(next - first),
			attempts[first]);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}

/* Digits, one at least, that say no more than `most`; NULL: they are not there. */
static const char *take_number(const char *text, int64_t most, int64_t *out)
{
	int64_t number = 0;

	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		number = number * 10 + (*text - '0');
		if (number > most)
			return NULL;
	}
	*out = number;
	return text;
}

int attempts_text_next(
	const char **cursor, int64_t *out_attempts, int64_t *out_count, struct fail *fail)
{
	const char *text = *cursor;
	int64_t attempts, count;

	if (!*text)
		return 0;
	text = take_number(text, RUN_MAX, &count);
	if (text && *text == '*')
		text = take_number(text + 1, LOAD_ATTEMPTS_MAX, &attempts);
	else
		text = NULL;
	if (text && *text == ' ' && text[1])
		text++;
	else if (text && *text)
		text = NULL;
	if (!text || count == 0)
		return fail_set(fail, FAIL_PEER, "attempts: what is there is no run of requests");
	*out_attempts = attempts;
	*out_count = count;
	*cursor = text;
	return 1;
}
