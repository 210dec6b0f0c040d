/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_ARENA_H
#define BACKBURN_LANE_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "contract/fail.h"
#include "injector/lane/lane.h"

/*
 * Where packets wait: chunks of one size, chained, mapped once and never given back, so that a
 * process that may not map memory any more can go on. Pages cost nothing before they are used,
 * and what was freed last is used first.
 *
 * A packet is read right into chunks: `spare` always holds enough of them for the largest one. A
 * packet that would leave less than that behind is not kept.
 */
enum {
	ARENA_CHUNK_BYTES = 2048, /* one of MTU 1500 with its headers */
	ARENA_BYTES = 256 * 1024 * 1024,
	ARENA_CHUNKS = ARENA_BYTES / ARENA_CHUNK_BYTES,
	ARENA_SPARE = (LANE_FRAME_MAX + ARENA_CHUNK_BYTES - 1) / ARENA_CHUNK_BYTES,
	ARENA_NONE = -1
};

struct arena {
	uint8_t *bytes; /* ARENA_BYTES, then ARENA_CHUNKS links */
	int32_t *next;  /* the chunk after this one: of a packet, or among the free ones */
	int32_t free;   /* first free one that was used before */
	int32_t fresh;  /* from here on none was ever used */
	int32_t used;
	int32_t spare[ARENA_SPARE];
	struct iovec room[ARENA_SPARE]; /* the spare ones, as readv() wants them */
};

int arena_init(struct arena *arena, struct fail *fail);
void arena_deinit(struct arena *arena);

/* The beginning of what was read into `room`; ARENA_CHUNK_BYTES of it lie in one piece. */
static inline const uint8_t *arena_head(const struct arena *arena)
{
	return arena->room[0].iov_base;
}

/* Keeps the `length` bytes (at least 1) that were read into `room`: the packet; or ARENA_NONE. */
int32_t arena_keep(struct arena *arena, size_t length);

/* The packet's pieces, ARENA_SPARE at most; returns how many. `length` is what it was kept with. */
int arena_pieces(const struct arena *arena, int32_t packet, size_t length, struct iovec *pieces);

void arena_drop(struct arena *arena, int32_t packet);

#endif
