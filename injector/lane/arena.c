/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/arena.h"

#include <assert.h>

#include "injector/lane/mapped.h"

static const size_t mapped = ARENA_BYTES + ARENA_CHUNKS * sizeof(int32_t);

static int32_t take(struct arena *arena)
{
	int32_t chunk = arena->free;

	arena->used++;
	if (chunk == ARENA_NONE)
		return arena->fresh++;
	arena->free = arena->next[chunk];
	return chunk;
}

static void give_back(struct arena *arena, int32_t chunk)
{
	arena->next[chunk] = arena->free;
	arena->free = chunk;
	arena->used--;
}

static void fill_spare(struct arena *arena, size_t index)
{
	int32_t chunk = take(arena);

	arena->spare[index] = chunk;
	arena->room[index] = (struct iovec){
		.iov_base = arena->bytes + (size_t)chunk * ARENA_CHUNK_BYTES,
		.iov_len = ARENA_CHUNK_BYTES,
	};
}

int arena_init(struct arena *arena, struct fail *fail)
{
	void *memory = mapped_new(mapped, fail);

	if (!memory)
		return -1;
	*arena = (struct arena){
		.bytes = memory,
		.next = (int32_t *)((uint8_t *)memory + ARENA_BYTES),
		.free = ARENA_NONE,
	};
	for (size_t i = 0; i < ARENA_SPARE; i++)
		fill_spare(arena, i);
	return 0;
}

void arena_deinit(struct arena *arena)
{
	mapped_free(arena->bytes, mapped);
	*arena = (struct arena){.bytes = NULL};
}

static size_t chunks_of(size_t length)
{
	return (length + ARENA_CHUNK_BYTES - 1) / ARENA_CHUNK_BYTES;
}

int32_t arena_keep(struct arena *arena, size_t length)
{
	size_t count = chunks_of(length);
	int32_t packet = arena->spare[0];

	assert(count > 0 && count <= ARENA_SPARE);
	if (arena->used + (int32_t)count > ARENA_CHUNKS)
		return ARENA_NONE;
	for (size_t i = 0; i < count; i++)
		arena->next[arena->spare[i]] = i + 1 < count ? arena->spare[i + 1] : ARENA_NONE;
	for (size_t i = 0; i < count; i++)
		fill_spare(arena, i);
	return packet;
}

int arena_pieces(const struct arena *arena, int32_t packet, size_t length, struct iovec *pieces)
{
	int count = 0;

	for (int32_t chunk = packet; chunk != ARENA_NONE; chunk = arena->next[chunk]) {
		size_t size = length < ARENA_CHUNK_BYTES ? length : ARENA_CHUNK_BYTES;

		pieces[count++] = (struct iovec){
			.iov_base = arena->bytes + (size_t)chunk * ARENA_CHUNK_BYTES,
			.iov_len = size,
		};
		length -= size;
	}
	return count;
}

void arena_drop(struct arena *arena, int32_t packet)
{
	while (packet != ARENA_NONE) {
		int32_t next = arena->next[packet];

		give_back(arena, packet);
		packet = next;
	}
}
