/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json_arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "contract/memory.h"

enum {
	BLOCK_BYTES = 256 * 1024
};

struct json_block {
	struct json_block *before;
	size_t room;
	alignas(max_align_t) char bytes[];
};

/* What cJSON takes memory from on this thread; NULL: from the heap. */
static _Thread_local struct json_arena *parsing;

static void *take(struct json_arena *arena, size_t size)
{
	const size_t step = alignof(max_align_t);
	struct json_block *block = arena->blocks;
	void *place;

	if (size > SIZE_MAX - step)
		return NULL;
	size = (size + step - 1) / step * step;
	if (!block || size > block->room - arena->used) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct json_block){.before = arena->blocks, .room = room};
		arena->blocks = block;
		arena->used = 0;
	}
	place = block->bytes + arena->used;
	arena->used += size;
	return place;
}

static void *hook_allocate(size_t size)
{
	return parsing ? take(parsing, size) : malloc(size);
}

/* While a tree is parsed into an arena, cJSON has nothing else in its hands. */
static void hook_free(void *place)
{
	if (!parsing)
		free(place);
}

static void hook_once(void)
{
	static bool hooked;

	if (hooked)
		return;
	hooked = true;
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = hook_allocate, .free_fn = hook_free});
}

/* All but the first block, which most trees fit into. */
static void empty(struct json_arena *arena)
{
	while (arena->blocks && arena->blocks->before) {
		struct json_block *block = arena->blocks;

		arena->blocks = block->before;
		free(block);
	}
	arena->used = 0;
}

const cJSON *json_arena_parse(
	struct json_arena *arena, const char *text, size_t length, struct fail *fail)
{
	const cJSON *value;

	hook_once();
	empty(arena);
	parsing = arena;
	value = json_parse(text, length, fail);
	parsing = NULL;
	return value;
}

void json_arena_deinit(struct json_arena *arena)
{
	empty(arena);
	free(arena->blocks);
	*arena = (struct json_arena){0};
}
