/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_QUEUE_H
#define BACKBURN_LANE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"

/*
 * All packets that wait, by the instant at which they are due; those of one instant in the order
 * in which they came. A binary heap in memory that is mapped once.
 */
#define QUEUE_AT_ONCE INT64_MIN /* due before anything else */
#define QUEUE_ALL (-1)

struct waiting {
	int64_t due_ns;
	uint64_t place; /* the how-manieth it is that came */
	int32_t packet; /* of the arena */
	int32_t path;   /* whose it is: any number ≥ 0 */
};

struct queue {
	struct waiting *heap;
	uint32_t count, capacity;
	uint64_t came;
};

int queue_init(struct queue *queue, uint32_t capacity, struct fail *fail);
void queue_deinit(struct queue *queue);

/* There must be room: count < capacity. */
void queue_push(struct queue *queue, int64_t due_ns, int32_t packet, int32_t path);

/* The one that is due first; NULL when none waits. */
const struct waiting *queue_first(const struct queue *queue);

/* Takes it out; there must be one. */
struct waiting queue_pop(struct queue *queue);

/* All of a path (or QUEUE_ALL) are due at once, in the order in which they came. */
void queue_hurry(struct queue *queue, int32_t path);

#endif
