/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/maps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "injector/clock/page.h"
#include "injector/lists.h"

#define USER_LOWEST UINT64_C(0x10000)
#define USER_END UINT64_C(0x7fffffff0000)
#define REACH (UINT64_C(1) << 30)

static bool parse_line(const char *line, struct map *out)
{
	*out = (struct map){0};
	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %11s %" SCNu64 " %31[^\n]",
		       &out->from, &out->to, out->rights, &out->offset, out->device, &out->inode,
		       out->name) >= 6 &&
		out->from < out->to;
}

void maps_parse(const char *text, struct list *out)
{
	*out = (struct list){0};
	while (*text) {
		const char *end = strchr(text, '\n');
		struct map map;

		if (parse_line(text, &map) &&
			(!out->count || LIST_AT(*out, struct map, out->count - 1)->to <= map.from))
			*(struct map *)list_push(out, sizeof(map)) = map;
		if (!end)
			break;
		text = end + 1;
	}
}

const struct map *maps_named(const struct list *maps, const char *name)
{
	LIST_EACH(*maps, const struct map, map) {
		if (strcmp(map->name, name) == 0)
			return map;
	}
	return NULL;
}

const struct map *maps_at(const struct list *maps, uint64_t from)
{
	LIST_EACH(*maps, const struct map, map) {
		if (map->from == from)
			return map;
	}
	return NULL;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* A page stays free on either side. */
static void consider(uint64_t from, uint64_t to, uint64_t near, uint64_t bytes, uint64_t *best)
{
	uint64_t at;

	if (to < from || to - from < bytes + 2 * (uint64_t)CLOCK_PAGE_BYTES)
		return;
	at = from >= near ? from + CLOCK_PAGE_BYTES : to - bytes - CLOCK_PAGE_BYTES;
	if (distance(at, near) < REACH && (!*best || distance(at, near) < distance(*best, near)))
		*best = at;
}

uint64_t maps_room(const struct list *maps, uint64_t near, uint64_t bytes)
{
	uint64_t before = USER_LOWEST, best = 0;

	LIST_EACH(*maps, const struct map, map) {
		if (map->from >= USER_END)
			break;
		if (strcmp(map->name, "[stack]") != 0)
			consider(before, map->from, near, bytes, &best);
		before = map->to;
	}
	consider(before, USER_END, near, bytes, &best);
	return best;
}
