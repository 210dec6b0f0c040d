/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/waiting.h"

#include <stdlib.h>

struct waiting_place {
	int64_t at_ns;
	void *thing;
};

void waiting_deinit(struct waiting *waiting)
{
	free(waiting->places);
	*waiting = (struct waiting){0};
}

static void grow(struct waiting *waiting)
{
	waiting->capacity = waiting->capacity ? waiting->capacity * 2 : 64;
	waiting->places =
		reallocarray(waiting->places, waiting->capacity, sizeof(*waiting->places));
	if (!waiting->places)
		abort();
}

void waiting_add(struct waiting *waiting, int64_t at_ns, void *thing)
{
	size_t hole;

	if (waiting->count == waiting->capacity)
		grow(waiting);
	/* A parent is never later than its children: those that would be move down. */
	for (hole = waiting->count++; hole > 0; hole = (hole - 1) / 2) {
		if (waiting->places[(hole - 1) / 2].at_ns <= at_ns)
			break;
		waiting->places[hole] = waiting->places[(hole - 1) / 2];
	}
	waiting->places[hole] = (struct waiting_place){at_ns, thing};
}

int64_t waiting_next_ns(const struct waiting *waiting)
{
	return waiting->count ? waiting->places[0].at_ns : INT64_MAX;
}

/* The last one has no place any more: it goes into the hole at the root, or below. */
static void close_root(struct waiting *waiting)
{
	struct waiting_place last = waiting->places[--waiting->count];
	size_t hole = 0;

	for (;;) {
		size_t child = 2 * hole + 1;

		if (child + 1 < waiting->count &&
			waiting->places[child + 1].at_ns < waiting->places[child].at_ns)
			child++;
		if (child >= waiting->count || waiting->places[child].at_ns >= last.at_ns)
			break;
		waiting->places[hole] = waiting->places[child];
		hole = child;
	}
	waiting->places[hole] = last;
}

void *waiting_take(struct waiting *waiting, int64_t now_ns)
{
	void *thing;

	if (waiting_next_ns(waiting) > now_ns)
		return NULL;
	thing = waiting->places[0].thing;
	close_root(waiting);
	return thing;
}
