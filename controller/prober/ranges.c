/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/ranges.h"

#include <stdlib.h>

#include "controller/prober/orders.h"

void ranges_deinit(struct ranges *ranges)
{
	free(ranges->list.items);
	*ranges = (struct ranges){0};
}

void ranges_add(struct ranges *ranges, int64_t id)
{
	ranges_add_run(ranges, id, id);
}

void ranges_add_run(struct ranges *ranges, int64_t first, int64_t last)
{
	struct id_range *items = ranges->list.items;
	size_t count = ranges->list.count;

	if (count && items[count - 1].last + 1 == first) {
		items[count - 1].last = last;
		return;
	}
	if (count == ranges->capacity) {
		ranges->capacity = ranges->capacity ? ranges->capacity * 2 : 16;
		items = reallocarray(items, ranges->capacity, sizeof(*items));
		if (!items)
			abort();
		ranges->list.items = items;
	}
	items[count] = (struct id_range){.first = first, .last = last};
	ranges->list.count++;
}

static int by_first(const void *a, const void *b)
{
	const struct id_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

int64_t ranges_tidy(struct ranges *ranges)
{
	struct id_range *items = ranges->list.items;
	size_t count = ranges->list.count, kept = 0;
	int64_t duplicates = 0, counted_to = INT64_MIN;

	if (count == 0)
		return 0;
	qsort(items, count, sizeof(*items), by_first);
	for (size_t i = 1; i < count; i++) {
		struct id_range *into = &items[kept];
		int64_t first = items[i].first, last = items[i].last;

		if (first <= into->last) {
			/* The overlap, less what a third mention has counted already. */
			int64_t from = first > counted_to ? first : counted_to + 1;
			int64_t to = last < into->last ? last : into->last;

			if (to >= from) {
				duplicates += to - from + 1;
				counted_to = to;
			}
		}
		if (first > into->last + 1)
			items[++kept] = items[i];
		else if (last > into->last)
			into->last = last;
	}
	ranges->list.count = kept + 1;
	return duplicates;
}
