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

void ranges_copy(struct ranges *out, const struct ranges *ranges)
{
	LIST_EACH(ranges->list, const struct id_range, range)
		ranges_add_run(out, range->first, range->last);
}

int64_t ranges_count(const struct ranges *ranges)
{
	int64_t count = 0;

	LIST_EACH(ranges->list, const struct id_range, range)
		count += range->last - range->first + 1;
	return count;
}

/* Ids from `first` to `last` that lie in the gaps of the ranges from *next on, which moves along.
 */
static void add_gaps(
	struct ranges *out, struct id_range whole, const struct ranges *holes, size_t *next)
{
	int64_t from = whole.first;

	for (; *next < holes->list.count; ++*next) {
		const struct id_range *hole = LIST_AT(holes->list, struct id_range, *next);

		if (hole->first > whole.last)
			break;
		if (hole->first > from)
			ranges_add_run(out, from, hole->first - 1);
		if (hole->last >= from)
			from = hole->last + 1;
		/* It may reach into the next range. */
		if (hole->last > whole.last)
			break;
	}
	if (from <= whole.last)
		ranges_add_run(out, from, whole.last);
}

void ranges_without(const struct ranges *ranges, const struct ranges *holes, struct ranges *out)
{
	size_t next = 0;

	LIST_EACH(ranges->list, const struct id_range, range)
		add_gaps(out, *range, holes, &next);
}

void ranges_common(const struct ranges *a, const struct ranges *b, struct ranges *out)
{
	struct ranges only_a = {0};

	ranges_without(a, b, &only_a);
	ranges_without(a, &only_a, out);
	ranges_deinit(&only_a);
}
