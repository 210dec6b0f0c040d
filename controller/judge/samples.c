/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/judge/samples.h"

#include <stdlib.h>

void samples_deinit(struct samples *samples)
{
	free(samples->items);
	free(samples->bad_upto);
	*samples = (struct samples){0};
}

static void make_room(struct samples *samples, size_t more)
{
	size_t wanted = samples->count + more;

	if (wanted <= samples->capacity)
		return;
	if (!samples->capacity)
		samples->capacity = 1024;
	while (samples->capacity < wanted)
		samples->capacity *= 2;
	samples->items = reallocarray(samples->items, samples->capacity, sizeof(*samples->items));
	samples->bad_upto =
		reallocarray(samples->bad_upto, samples->capacity, sizeof(*samples->bad_upto));
	if (!samples->items || !samples->bad_upto)
		abort();
}

/* From the back, so that each item moves once. Of equal ones those that were there come first. */
static void merge(struct samples *samples, const uint64_t *items, size_t count)
{
	size_t old = samples->count, end = old + count, place = end;
	uint64_t *all = samples->items;

	while (count > 0) {
		bool later = old > 0 && all[old - 1] > items[count - 1];

		all[--place] = later ? all[--old] : items[--count];
	}
	for (; place < end; place++)
		samples->bad_upto[place] =
			(place ? samples->bad_upto[place - 1] : 0) + !(all[place] & 1);
	samples->count = end;
}

uint64_t samples_item(int64_t at_ns, bool good)
{
	return (uint64_t)at_ns << 1 | good;
}

void samples_add_all(struct samples *samples, const uint64_t *items, size_t count)
{
	make_room(samples, count);
	while (count > 0) {
		size_t sorted = 1;

		while (sorted < count && items[sorted - 1] <= items[sorted])
			sorted++;
		merge(samples, items, sorted);
		items += sorted;
		count -= sorted;
	}
}

void samples_add(struct samples *samples, int64_t at_ns, bool good)
{
	uint64_t item = samples_item(at_ns, good);

	samples_add_all(samples, &item, 1);
}

int64_t samples_at(const struct samples *samples, size_t index)
{
	return (int64_t)(samples->items[index] >> 1);
}

bool samples_good(const struct samples *samples, size_t index)
{
	return samples->items[index] & 1;
}

size_t samples_from(const struct samples *samples, int64_t at_ns)
{
	size_t low = 0, high = samples->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (samples_at(samples, middle) < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct tally samples_tally(const struct samples *samples, int64_t from_ns, int64_t to_ns)
{
	size_t first = samples_from(samples, from_ns), end = samples_from(samples, to_ns);

	if (first >= end)
		return (struct tally){0};
	return (struct tally){
		.total = (int64_t)(end - first),
		.bad = (int64_t)samples->bad_upto[end - 1] -
			(first ? samples->bad_upto[first - 1] : 0),
	};
}

/* Rounding must not turn "exactly at the objective" into a breach. */
static bool within_objective(struct tally tally, double objective)
{
	return (double)tally.bad <= (1 - objective) * (double)tally.total + 1e-9;
}

int64_t samples_breach(const struct samples *samples, int64_t from_ns, int64_t to_ns,
	int64_t stable_ns, double objective)
{
	for (size_t i = samples_from(samples, from_ns);
		i < samples->count && samples_at(samples, i) < to_ns; i++) {
		int64_t at_ns = samples_at(samples, i);

		if (!samples_good(samples, i) &&
			!within_objective(
				samples_tally(samples, at_ns, at_ns + stable_ns), objective))
			return at_ns;
	}
	return -1;
}

size_t samples_recovery(const struct samples *samples, int64_t from_ns, int64_t stable_ns,
	double objective, int64_t covered_ns)
{
	size_t first = samples_from(samples, from_ns), begin = first, end = first;
	struct tally window = {0};

	/* One window slides over the events: [begin, end) is all that lies within stable_ns. */
	for (size_t start = first; start < samples->count; start++) {
		int64_t at_ns = samples_at(samples, start);

		if (at_ns + stable_ns > covered_ns)
			break;
		for (; end < samples->count && samples_at(samples, end) < at_ns + stable_ns;
			end++) {
			window.total++;
			window.bad += !samples_good(samples, end);
		}
		/* Events of one instant (several probers) belong to it together. */
		for (; begin < end && samples_at(samples, begin) < at_ns; begin++) {
			window.total--;
			window.bad -= !samples_good(samples, begin);
		}
		if (samples_good(samples, start) && within_objective(window, objective))
			return start;
	}
	return samples->count;
}

struct gap samples_longest_gap(const struct samples *samples, int64_t from_ns, int64_t to_ns)
{
	struct gap longest = {.from_ns = from_ns, .to_ns = from_ns};
	int64_t last_ns = from_ns;
	size_t i = samples_from(samples, from_ns);

	for (; i < samples->count && samples_at(samples, i) <= to_ns; i++) {
		int64_t at_ns = samples_at(samples, i);

		if (!samples_good(samples, i))
			continue;
		if (at_ns - last_ns > longest.length_ns)
			longest = (struct gap){
				.length_ns = at_ns - last_ns, .from_ns = last_ns, .to_ns = at_ns};
		last_ns = at_ns;
	}
	if (to_ns - last_ns > longest.length_ns)
		longest = (struct gap){.length_ns = to_ns - last_ns,
			.from_ns = last_ns,
			.to_ns = to_ns,
			.open = true};
	return longest;
}
