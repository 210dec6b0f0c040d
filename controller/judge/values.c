/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/values.h"

#include <stdlib.h>

#include "contract/memory.h"

void values_deinit(struct values *values)
{
	free(values->items);
	*values = (struct values){0};
}

void values_add(struct values *values, int64_t at_ns, double value)
{
	if (values->count == VALUES_MAX) {
		values->left_out++;
		return;
	}
	if (values->count == values->capacity) {
		values->capacity = values->capacity ? values->capacity * 2 : 256;
		values->items =
			reallocarray(values->items, values->capacity, sizeof(*values->items));
		if (!values->items)
			abort();
	}
	values->items[values->count++] = (struct timed_value){at_ns, value};
}

size_t values_from(const struct values *values, int64_t at_ns)
{
	size_t low = 0, high = values->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (values->items[middle].at_ns < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

struct values_summary values_summarize(const struct values *values, int64_t from_ns, int64_t to_ns)
{
	size_t first = values_from(values, from_ns), end = values_from(values, to_ns);
	struct values_summary summary = {0};
	double *sorted;

	if (first >= end)
		return summary;
	summary.count = end - first;
	sorted = must_array(summary.count, sizeof(*sorted));
	for (size_t i = first; i < end; i++)
		sorted[i - first] = values->items[i].value;
	qsort(sorted, summary.count, sizeof(*sorted), compare);
	summary.min = sorted[0];
	summary.median = sorted[(summary.count - 1) / 2];
	summary.max = sorted[summary.count - 1];
	summary.last = values->items[end - 1].value;
	free(sorted);
	return summary;
}
