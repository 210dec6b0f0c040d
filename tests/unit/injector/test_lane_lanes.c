/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "injector/lane/lanes.h"

/* All lanes of a keeper, at any speed: orders, packets in, packets out, counts. */

enum {
	START_MS = 1000,
	LENGTH = 100
};

struct bench {
	struct lane_memory *memory;
	struct lanes *lanes;
	int64_t now_ns;
};

static int set_up(void **state)
{
	struct bench *bench = must_alloc(sizeof(*bench));
	struct fail fail = FAIL_INIT;

	bench->memory = must_alloc(sizeof(*bench->memory));
	bench->memory->until_ns = 3600 * NS_PER_SEC;
	bench->lanes = lanes_new(bench->memory, &fail);
	assert_non_null(bench->lanes);
	bench->now_ns = START_MS * NS_PER_MS;
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	lanes_free(bench->lanes);
	free(bench->memory);
	free(bench);
	return 0;
}

/* As the injector gives an order; the caller fills in the spec, then calls order_done(). */
static struct lane_spec *order(struct bench *bench, size_t lane)
{
	struct lane *shared = &bench->memory->lanes[lane];
	struct lane_spec *spec = &shared->spec[!shared->current];

	memset(spec, 0, sizeof(*spec));
	spec->limit_bytes = LANE_BYTES_MAX;
	return spec;
}

static void order_done(struct bench *bench, size_t lane)
{
	struct lane *shared = &bench->memory->lanes[lane];

	shared->current = !shared->current;
	shared->active = 1;
	shared->version++;
}

static void order_delay(struct bench *bench, size_t lane, int64_t delay_ms)
{
	order(bench, lane)->delay_ns = delay_ms * NS_PER_MS;
	order_done(bench, lane);
}

static void come(struct bench *bench, size_t lane, int direction, uint32_t mark)
{
	unsigned int label =
		BB_LABEL((unsigned int)(BB_LANE_FIRST + lane), (unsigned int)direction, 3);
	int count;
	uint8_t *bytes = lanes_room(bench->lanes, &count)[0].iov_base;

	memset(bytes, 0, LENGTH);
	bytes[LANE_HEADER_BYTES + 12] = 0x81;
	bytes[LANE_HEADER_BYTES + 14] = (uint8_t)(label >> 8);
	bytes[LANE_HEADER_BYTES + 15] = (uint8_t)label;
	memcpy(bytes + LENGTH - sizeof(mark), &mark, sizeof(mark));
	lanes_take(bench->lanes, LENGTH, bench->now_ns);
}

/* The mark of the packet that leaves now; −1 when none is due. */
static int64_t leave_as(struct bench *bench, bool written)
{
	struct leaving leaving;
	uint32_t mark;

	if (!lanes_let_go(bench->lanes, bench->now_ns, &leaving))
		return -1;
	assert_int_equal(leaving.count, 1);
	assert_int_equal(leaving.pieces[0].iov_len, LENGTH);
	memcpy(&mark, (uint8_t *)leaving.pieces[0].iov_base + LENGTH - sizeof(mark), sizeof(mark));
	lanes_left(bench->lanes, &leaving, written, bench->now_ns);
	return mark;
}

static int64_t leaves(struct bench *bench)
{
	return leave_as(bench, true);
}

static const struct lane_counts *counts(const struct bench *bench, size_t lane, int direction)
{
	const struct lane *shared = &bench->memory->lanes[lane];

	return &shared->counts[shared->current][direction];
}

static void at_ms(struct bench *bench, int64_t ms)
{
	bench->now_ns = (START_MS + ms) * NS_PER_MS;
}

static void packets_leave_when_they_are_due(void **state)
{
	struct bench *bench = *state;

	order_delay(bench, 0, 10);
	order_delay(bench, BB_LANES - 1, 3);
	come(bench, 0, BB_INGRESS, 1);
	come(bench, BB_LANES - 1, BB_EGRESS, 2);
	assert_int_equal(lanes_due_ns(bench->lanes), (START_MS + 3) * NS_PER_MS);
	bench->now_ns = (START_MS + 3) * NS_PER_MS - 1;
	assert_int_equal(leaves(bench), -1);
	at_ms(bench, 3);
	assert_int_equal(leaves(bench), 2);
	assert_int_equal(leaves(bench), -1);
	assert_int_equal(lanes_due_ns(bench->lanes), (START_MS + 10) * NS_PER_MS);
	at_ms(bench, 12);
	assert_int_equal(leaves(bench), 1);
	assert_int_equal(lanes_due_ns(bench->lanes), INT64_MAX);

	assert_int_equal(counts(bench, 0, BB_INGRESS)->came, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->left, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->bytes, LENGTH - 14);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->first_ns, START_MS * NS_PER_MS);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->last_ns, (START_MS + 12) * NS_PER_MS);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->delay.max_ns, 12 * NS_PER_MS);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->late.max_ns, 2 * NS_PER_MS);
	assert_int_equal(counts(bench, 0, BB_EGRESS)->came, 0);
	assert_int_equal(counts(bench, BB_LANES - 1, BB_EGRESS)->delay.max_ns, 3 * NS_PER_MS);
	assert_int_equal(bench->memory->lanes[0].taken, 1);
}

static void a_lane_without_order_holds_nothing(void **state)
{
	struct bench *bench = *state;

	come(bench, 5, BB_INGRESS, 1);
	come(bench, 5, BB_INGRESS, 2);
	assert_int_equal(leaves(bench), 1);
	assert_int_equal(leaves(bench), 2);
	assert_int_equal(counts(bench, 5, BB_INGRESS)->came, 0);
	assert_int_equal(bench->memory->stray, 0);
}

/* What a healed fault held back leaves as it came, and what comes later is not overtaken by it. */
static void the_end_of_an_order_lets_go(void **state)
{
	struct bench *bench = *state;
	struct lane_spec *spec = order(bench, 2);

	spec->spread = SPREAD_UNIFORM;
	spec->delay_ns = spec->jitter_ns = 50 * NS_PER_MS;
	order_done(bench, 2);
	order_delay(bench, 3, 10);
	come(bench, 3, BB_INGRESS, 1000);
	for (uint32_t i = 0; i < 100; i++)
		come(bench, 2, (int)(i % 2), i);
	bench->memory->lanes[2].active = 0;
	assert_false(lanes_look(bench->lanes, bench->now_ns));
	come(bench, 2, BB_INGRESS, 100);
	/* Of each direction as they came. */
	for (uint32_t i = 0; i < 101; i++)
		assert_int_equal(leaves(bench), i);
	assert_int_equal(leaves(bench), -1);
	assert_int_equal(counts(bench, 2, BB_INGRESS)->came, 50);
	assert_int_equal(counts(bench, 2, BB_INGRESS)->early, 50);
	assert_int_equal(counts(bench, 2, BB_INGRESS)->left, 50);
	assert_int_equal(counts(bench, 2, BB_INGRESS)->waiting, 0);
	assert_int_equal(counts(bench, 2, BB_INGRESS)->delay.count, 0);
	/* The other lane's packet waits on. */
	at_ms(bench, 10);
	assert_int_equal(leaves(bench), 1000);
}

static const struct lane_counts *counts_before(
	const struct bench *bench, size_t lane, int direction)
{
	const struct lane *shared = &bench->memory->lanes[lane];

	return &shared->counts[!shared->current][direction];
}

/* What waits keeps its time, and is counted where it came; what comes from then on is not held. */
static void a_new_order_counts_anew(void **state)
{
	struct bench *bench = *state;

	order_delay(bench, 0, 100);
	come(bench, 0, BB_INGRESS, 1);
	at_ms(bench, 10);
	come(bench, 0, BB_INGRESS, 2);
	order_delay(bench, 0, 20);
	come(bench, 0, BB_INGRESS, 3); /* no look in between: a packet finds its order by itself */
	assert_int_equal(bench->memory->lanes[0].taken, 2);
	assert_int_equal(leaves(bench), -1);
	at_ms(bench, 30);
	assert_int_equal(leaves(bench), 3);
	assert_int_equal(leaves(bench), -1);
	at_ms(bench, 100);
	assert_int_equal(leaves(bench), 1);
	assert_int_equal(counts_before(bench, 0, BB_INGRESS)->came, 2);
	assert_int_equal(counts_before(bench, 0, BB_INGRESS)->left, 1);
	assert_int_equal(counts_before(bench, 0, BB_INGRESS)->waiting, 1);
	assert_int_equal(counts_before(bench, 0, BB_INGRESS)->early, 0);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->came, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->left, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->waiting, 0);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->delay.max_ns, 20 * NS_PER_MS);
	/* The copy of the first is the third's: what still waits is counted nowhere. */
	order_delay(bench, 0, 30);
	at_ms(bench, 120);
	come(bench, 0, BB_INGRESS, 4);
	assert_int_equal(leaves(bench), 2);
	at_ms(bench, 150);
	assert_int_equal(leaves(bench), 4);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->came, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->left, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->delay.max_ns, 30 * NS_PER_MS);
}

/* A slow link that gets another speed is as busy as it was. */
static void what_queued_for_a_rate_goes_first(void **state)
{
	struct bench *bench = *state;
	const uint64_t bytes = LENGTH - 14;

	for (int faster = 0; faster < 2; faster++) {
		struct lane_spec *spec = order(bench, 0);

		spec->rate_bytes = bytes * (faster ? 1000 : 10); /* 1 or 100 ms for one packet */
		spec->limit_bytes = 1 << 20;
		order_done(bench, 0);
		come(bench, 0, BB_EGRESS, 1 + (uint32_t)faster);
	}
	at_ms(bench, 100);
	assert_int_equal(leaves(bench), 1);
	assert_int_equal(leaves(bench), -1);
	at_ms(bench, 102);
	assert_int_equal(leaves(bench), 2);
}

/* A pause keeps the order: the same numbers go on. */
static void an_order_can_rest(void **state)
{
	struct bench *bench = *state;

	order_delay(bench, 0, 10);
	come(bench, 0, BB_INGRESS, 1);
	bench->memory->lanes[0].active = 0;
	lanes_look(bench->lanes, bench->now_ns);
	assert_int_equal(leaves(bench), 1);
	bench->memory->lanes[0].active = 1;
	come(bench, 0, BB_INGRESS, 2);
	assert_int_equal(leaves(bench), -1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->came, 2);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->early, 1);
}

static void at_the_end_all_leave_as_they_came(void **state)
{
	struct bench *bench = *state;

	order_delay(bench, 0, 1000);
	order_delay(bench, 1, 10);
	for (uint32_t i = 0; i < 1000; i++)
		come(bench, i % 2, BB_EGRESS, i);
	bench->memory->until_ns = bench->now_ns;
	assert_true(lanes_look(bench->lanes, bench->now_ns));
	lanes_end(bench->lanes);
	come(bench, 0, BB_EGRESS, 1000);
	for (uint32_t i = 0; i <= 1000; i++)
		assert_int_equal(leaves(bench), i);
	assert_int_equal(leaves(bench), -1);
}

static void what_the_lane_loses_is_counted(void **state)
{
	struct bench *bench = *state;
	struct lane_spec *spec = order(bench, 0);

	spec->delay_ns = 10 * NS_PER_MS;
	spec->limit_bytes = 2 * (LENGTH - 14);
	order_done(bench, 0);
	for (uint32_t i = 0; i < 5; i++)
		come(bench, 0, BB_INGRESS, i);
	come(bench, 0, BB_EGRESS, 5); /* the other direction has room of its own */
	assert_int_equal(counts(bench, 0, BB_INGRESS)->lost, 3);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->lost_segments, 3);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->waiting, 2);
	assert_int_equal(counts(bench, 0, BB_EGRESS)->lost, 0);
	at_ms(bench, 10);
	assert_int_equal(leaves(bench), 0);
	assert_int_equal(leave_as(bench, false), 1); /* the TAP did not take it */
	assert_int_equal(leaves(bench), 5);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->came, 5);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->lost, 4);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->left, 1);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->waiting, 0);
	/* There is room again. */
	come(bench, 0, BB_INGRESS, 6);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->lost, 4);
}

static void more_than_fits_into_memory_is_lost(void **state)
{
	struct bench *bench = *state;
	const uint64_t most = ARENA_CHUNKS - ARENA_SPARE;

	order_delay(bench, 0, 10);
	for (uint32_t i = 0; i < most + 1000; i++)
		come(bench, 0, BB_INGRESS, i);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->lost, 1000);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->waiting, most);
	at_ms(bench, 10);
	for (uint32_t i = 0; i < most; i++)
		assert_int_equal(leaves(bench), i);
	assert_int_equal(leaves(bench), -1);
}

static void a_rate_counts_what_is_on_the_wire(void **state)
{
	struct bench *bench = *state;
	struct lane_spec *spec = order(bench, 0);

	spec->rate_bytes = 100000;
	spec->overhead_bytes = 14; /* 100 bytes in all: a millisecond each */
	order_done(bench, 0);
	for (uint32_t i = 0; i < 10; i++)
		come(bench, 0, BB_INGRESS, i);
	for (uint32_t i = 0; i < 10; i++) {
		at_ms(bench, i);
		assert_int_equal(leaves(bench), -1);
		at_ms(bench, i + 1);
		assert_int_equal(leaves(bench), i);
	}
	assert_int_equal(counts(bench, 0, BB_INGRESS)->left_bytes, 1000);
	assert_int_equal(counts(bench, 0, BB_INGRESS)->bytes, 860);
}

static void strays_are_dropped_and_counted(void **state)
{
	struct bench *bench = *state;
	int count;

	memset(lanes_room(bench->lanes, &count)[0].iov_base, 0, LENGTH);
	lanes_take(bench->lanes, LENGTH, bench->now_ns);
	lanes_take(bench->lanes, 1, bench->now_ns);
	assert_int_equal(bench->memory->stray, 2);
	assert_int_equal(leaves(bench), -1);
}

static void an_order_out_of_bounds_holds_nothing(void **state)
{
	struct bench *bench = *state;
	struct lane_spec *spec = order(bench, 0);

	spec->spread = SPREAD_TABLE;
	spec->table_count = 1000000;
	order_done(bench, 0);
	come(bench, 0, BB_INGRESS, 1);
	assert_int_equal(leaves(bench), 1);
	assert_int_equal(bench->memory->refused, 1);
	assert_int_equal(bench->memory->lanes[0].taken, 1);
	lanes_look(bench->lanes, bench->now_ns);
	assert_int_equal(bench->memory->refused, 1); /* once an order */
	order_delay(bench, 0, 10);
	come(bench, 0, BB_INGRESS, 2);
	assert_int_equal(leaves(bench), -1);
}

/* The order in which packets leave is a function of seed and order of coming. */
static void the_same_seed_gives_the_same_order(void **state)
{
	struct bench *bench = *state;
	static int64_t left[2][500];

	for (int round = 0; round < 2; round++) {
		struct lane_spec *spec = order(bench, 0);

		spec->seed = 99;
		spec->spread = SPREAD_UNIFORM;
		spec->delay_ns = spec->jitter_ns = 50 * NS_PER_MS;
		spec->reorder = 0.1;
		order_done(bench, 0);
		at_ms(bench, round * 5000);
		for (uint32_t i = 0; i < 500; i++)
			come(bench, 0, BB_INGRESS, i);
		for (size_t i = 0; i < 500; i++) {
			bench->now_ns = lanes_due_ns(bench->lanes);
			left[round][i] = leaves(bench);
		}
		assert_int_equal(counts(bench, 0, BB_INGRESS)->late.max_ns, 0);
	}
	assert_memory_equal(left[0], left[1], sizeof(left[0]));
	assert_int_not_equal(left[0][0] + 1, left[0][1]);
}

int main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_BENCH(packets_leave_when_they_are_due),
		WITH_BENCH(a_lane_without_order_holds_nothing),
		WITH_BENCH(the_end_of_an_order_lets_go),
		WITH_BENCH(a_new_order_counts_anew),
		WITH_BENCH(what_queued_for_a_rate_goes_first),
		WITH_BENCH(an_order_can_rest),
		WITH_BENCH(at_the_end_all_leave_as_they_came),
		WITH_BENCH(what_the_lane_loses_is_counted),
		WITH_BENCH(more_than_fits_into_memory_is_lost),
		WITH_BENCH(a_rate_counts_what_is_on_the_wire),
		WITH_BENCH(strays_are_dropped_and_counted),
		WITH_BENCH(an_order_out_of_bounds_holds_nothing),
		WITH_BENCH(the_same_seed_gives_the_same_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
