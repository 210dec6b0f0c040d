/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "injector/lane/arena.h"
#include "injector/lane/queue.h"

/* Where packets wait: the chunks that hold them, and the order in which they are due. */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* As readv() would: `length` bytes that tell which packet they are of. */
static void read_into(struct arena *arena, size_t length, uint32_t mark)
{
	for (size_t i = 0, at = 0; at < length; i++) {
		uint8_t *bytes = arena->room[i].iov_base;

		for (size_t j = 0; j < arena->room[i].iov_len && at < length; j++, at++)
			bytes[j] = (uint8_t)(mark + at % 251);
	}
}

static void assert_kept(const struct arena *arena, int32_t packet, size_t length, uint32_t mark)
{
	struct iovec pieces[ARENA_SPARE];
	int count = arena_pieces(arena, packet, length, pieces);
	size_t at = 0;

	for (int i = 0; i < count; i++) {
		const uint8_t *bytes = pieces[i].iov_base;

		for (size_t j = 0; j < pieces[i].iov_len; j++, at++)
			if (bytes[j] != (uint8_t)(mark + at % 251))
				fail_msg("byte %zu of %zu", at, length);
	}
	assert_int_equal(at, length);
}

enum {
	AT_ONE_TIME = 100
};

static void packets_keep_their_bytes(void **state)
{
	struct {
		int32_t packet;
		uint32_t mark;
		size_t length;
	} held[AT_ONE_TIME];
	struct fail fail = FAIL_INIT;
	struct arena arena;
	uint64_t seed = 1;

	(void)state;
	assert_int_equal(arena_init(&arena, &fail), 0);
	for (uint32_t i = 0; i < 2000; i++) {
		size_t slot = next_random(&seed) % AT_ONE_TIME;

		if (i < AT_ONE_TIME) {
			slot = i;
		} else {
			assert_kept(&arena, held[slot].packet, held[slot].length, held[slot].mark);
			arena_drop(&arena, held[slot].packet);
		}
		held[slot].length = next_random(&seed) % 3
			? 1 + next_random(&seed) % 2100
			: 1 + next_random(&seed) % LANE_FRAME_MAX;
		held[slot].mark = i;
		read_into(&arena, held[slot].length, i);
		held[slot].packet = arena_keep(&arena, held[slot].length);
		assert_true(held[slot].packet >= 0);
	}
	for (size_t i = 0; i < AT_ONE_TIME; i++)
		arena_drop(&arena, held[i].packet);
	assert_int_equal(arena.used, ARENA_SPARE);
	/* What was freed is used again: memory grows with what waits, not with what came. */
	assert_true(arena.fresh < 2 * AT_ONE_TIME * ARENA_SPARE);
	arena_deinit(&arena);
}

static void a_full_arena_keeps_nothing_and_recovers(void **state)
{
	struct fail fail = FAIL_INIT;
	struct arena arena;
	int32_t packet, last = ARENA_NONE;
	int count = 0;

	(void)state;
	assert_int_equal(arena_init(&arena, &fail), 0);
	while ((packet = arena_keep(&arena, 1)) != ARENA_NONE) {
		last = packet;
		count++;
	}
	assert_int_equal(count, ARENA_CHUNKS - ARENA_SPARE);
	arena_drop(&arena, last);
	assert_int_equal(arena_keep(&arena, ARENA_CHUNK_BYTES + 1), ARENA_NONE);
	assert_true(arena_keep(&arena, ARENA_CHUNK_BYTES) != ARENA_NONE);
	assert_int_equal(arena_keep(&arena, 1), ARENA_NONE);
	arena_deinit(&arena);
}

static void the_first_due_leaves_first(void **state)
{
	struct fail fail = FAIL_INIT;
	struct waiting last = {.due_ns = INT64_MIN};
	struct queue queue;
	uint64_t seed = 7;

	(void)state;
	assert_int_equal(queue_init(&queue, 10000, &fail), 0);
	assert_null(queue_first(&queue));
	/* Few different instants, so that many are equal. */
	for (int32_t i = 0; i < 10000; i++)
		queue_push(&queue, (int64_t)(next_random(&seed) % 50), i, i % 3);
	for (int i = 0; i < 10000; i++) {
		struct waiting each = queue_pop(&queue);

		assert_true(each.due_ns > last.due_ns ||
			(each.due_ns == last.due_ns && each.place > last.place));
		last = each;
	}
	assert_null(queue_first(&queue));
	queue_deinit(&queue);
}

static void one_path_is_hurried_as_it_came(void **state)
{
	struct fail fail = FAIL_INIT;
	struct queue queue;
	uint64_t seed = 9;
	int64_t last_ns = 0;
	int32_t last = -1;

	(void)state;
	assert_int_equal(queue_init(&queue, 3000, &fail), 0);
	for (int32_t i = 0; i < 3000; i++)
		queue_push(&queue, 1 + (int64_t)(next_random(&seed) % 1000), i, i % 3);
	queue_hurry(&queue, 1);
	for (int i = 0; i < 1000; i++) {
		struct waiting each = queue_pop(&queue);

		assert_int_equal(each.path, 1);
		assert_true(each.packet > last);
		last = each.packet;
	}
	/* The others keep their times. */
	for (int i = 0; i < 1000; i++) {
		struct waiting each = queue_pop(&queue);

		assert_true(each.due_ns >= last_ns && each.due_ns >= 1);
		last_ns = each.due_ns;
	}
	queue_hurry(&queue, QUEUE_ALL);
	for (last = -1; queue_first(&queue); last = queue_pop(&queue).packet)
		assert_true(queue_first(&queue)->packet > last);
	queue_deinit(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_keep_their_bytes),
		cmocka_unit_test(a_full_arena_keeps_nothing_and_recovers),
		cmocka_unit_test(the_first_due_leaves_first),
		cmocka_unit_test(one_path_is_hurried_as_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
