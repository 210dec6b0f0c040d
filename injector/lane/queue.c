/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/queue.h"

#include <assert.h>
#include <stddef.h>

#include "injector/lane/mapped.h"

int queue_init(struct queue *queue, uint32_t capacity, struct fail *fail)
{
	void *memory = mapped_new(capacity * sizeof(struct waiting), fail);

	if (!memory)
		return -1;
	*queue = (struct queue){.heap = memory, .capacity = capacity};
	return 0;
}

void queue_deinit(struct queue *queue)
{
	mapped_free(queue->heap, queue->capacity * sizeof(struct waiting));
	*queue = (struct queue){.heap = NULL};
}

static bool before(const struct waiting *a, const struct waiting *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->place < b->place;
}

static void sift_up(struct queue *queue, uint32_t at)
{
	struct waiting moved = queue->heap[at];

	while (at > 0 && before(&moved, &queue->heap[(at - 1) / 2])) {
		queue->heap[at] = queue->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	queue->heap[at] = moved;
}

static void sift_down(struct queue *queue, uint32_t at)
{
	struct waiting moved = queue->heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= queue->count)
			break;
		if (child + 1 < queue->count &&
			before(&queue->heap[child + 1], &queue->heap[child]))
			child++;
		if (!before(&queue->heap[child], &moved))
			break;
		queue->heap[at] = queue->heap[child];
		at = child;
	}
	queue->heap[at] = moved;
}

void queue_push(struct queue *queue, int64_t due_ns, int32_t packet, int32_t path)
{
	assert(queue->count < queue->capacity);
	queue->heap[queue->count] = (struct waiting){
		.due_ns = due_ns,
		.place = queue->came++,
		.packet = packet,
		.path = path,
	};
	sift_up(queue, queue->count++);
}

const struct waiting *queue_first(const struct queue *queue)
{
	return queue->count ? &queue->heap[0] : NULL;
}

struct waiting queue_pop(struct queue *queue)
{
	struct waiting first = queue->heap[0];

	assert(queue->count > 0);
	queue->heap[0] = queue->heap[--queue->count];
	if (queue->count)
		sift_down(queue, 0);
	return first;
}

void queue_hurry(struct queue *queue, int32_t path)
{
	for (uint32_t i = 0; i < queue->count; i++)
		if (path == QUEUE_ALL || queue->heap[i].path == path)
			queue->heap[i].due_ns = QUEUE_AT_ONCE;
	for (uint32_t i = queue->count / 2; i-- > 0;)
		sift_down(queue, i);
}
