/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/runs.h"

#include <stdio.h>
#include <stdlib.h>

#define RUN_MAX (INT64_C(1) << 53)

char *runs_format(const bool *good, int64_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (int64_t first = 0, next; first < count; first = next) {
		for (next = first + 1; next < count && good[next] == good[first]; next++)
			;
		fprintf(out, "%c%lld", good[first] ? 'g' : 'b', (long long)(next - first));
	}
	if (fclose(out) != 0)
		abort();
	return text;
}

int runs_next(const char **cursor, bool *out_good, int64_t *out_count, struct fail *fail)
{
	const char *text = *cursor;
	char letter = *text;
	int64_t count = 0;

	if (!letter)
		return 0;
	if (letter != 'g' && letter != 'b')
		return fail_set(fail, FAIL_PEER, "runs have '%c' where 'g' or 'b' must be",
			letter >= ' ' && letter < 0x7f ? letter : '?');
	for (text++; *text >= '0' && *text <= '9'; text++) {
		count = count * 10 + (*text - '0');
		if (count > RUN_MAX)
			return fail_set(fail, FAIL_PEER, "a run is too long");
	}
	if (count == 0)
		return fail_set(fail, FAIL_PEER, "a run without a length");
	*out_good = letter == 'g';
	*out_count = count;
	*cursor = text;
	return 1;
}
