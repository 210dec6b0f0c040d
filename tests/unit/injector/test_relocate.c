/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "injector/clock/maps.h"
#include "injector/clock/relocate.h"
#include "injector/lists.h"

/* Prologues that are moved, byte by byte, and where room for them is found. */

#define HERE UINT64_C(0x7f0000001000)

static int move(const uint8_t *bytes, size_t length, uint64_t to, uint8_t *out, size_t *out_length)
{
	struct code code = {.bytes = bytes, .length = length, .address = HERE};
	struct fail fail = FAIL_INIT;

	return relocate_prologue(&code, to, out, out_length, &fail) < 0 ? (int)fail.kind : 0;
}

static int32_t distance_at(const uint8_t *field)
{
	int32_t distance;

	memcpy(&distance, field, sizeof(distance));
	return distance;
}

static void whole_instructions_are_moved(void **state)
{
	/* push rbp; mov rbp, rsp; push r15; ret */
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0xc3};
	uint8_t out[RELOCATED_MAX];
	size_t length;

	(void)state;
	assert_int_equal(move(code, sizeof(code), HERE - 0x2000, out, &length), 0);
	assert_int_equal(length, 6 + JUMP_BYTES);
	assert_memory_equal(out, code, 6);
	assert_int_equal(out[6], 0xe9);
	/* Behind the jump lies HERE - 0x2000 + 11, and what it leads to is HERE + 6. */
	assert_int_equal(distance_at(out + 7), 0x2000 + 6 - 11);
}

static void what_counts_from_its_place_still_means_the_same(void **state)
{
	/* push rbp; lea r10, [rip - 0x6818]; ret */
	static const uint8_t code[] = {0x55, 0x4c, 0x8d, 0x15, 0xe8, 0x97, 0xff, 0xff, 0xc3};
	uint8_t out[RELOCATED_MAX];
	size_t length;

	(void)state;
	assert_int_equal(move(code, sizeof(code), HERE + 0x3000, out, &length), 0);
	assert_int_equal(length, 8 + JUMP_BYTES);
	assert_memory_equal(out, code, 4);
	assert_int_equal(distance_at(out + 4), -0x6818 - 0x3000);
	assert_int_equal(
		move(code, sizeof(code), HERE + (UINT64_C(3) << 30), out, &length), FAIL_REFUSED);
}

static void what_can_not_be_moved_is_refused(void **state)
{
	static const uint8_t jump[] = {0xeb, 0x10, 0x90, 0x90, 0x90, 0xc3};
	static const uint8_t call[] = {0xe8, 0x10, 0x00, 0x00, 0x00, 0xc3};
	static const uint8_t nonsense[] = {0x06, 0x06, 0x06, 0x06, 0x06, 0xc3};
	static const uint8_t cut[] = {0x55, 0x48};
	/* four nops and a push, and behind them a jump to the second byte */
	static const uint8_t loop[] = {0x90, 0x90, 0x90, 0x90, 0x55, 0xeb, 0xfa};
	static const uint8_t again[] = {0x90, 0x90, 0x90, 0x90, 0x55, 0xeb, 0xf9};
	uint8_t out[RELOCATED_MAX];
	size_t length;

	(void)state;
	assert_int_equal(move(jump, sizeof(jump), HERE - 4096, out, &length), FAIL_REFUSED);
	assert_int_equal(move(call, sizeof(call), HERE - 4096, out, &length), FAIL_REFUSED);
	assert_int_equal(move(nonsense, sizeof(nonsense), HERE - 4096, out, &length), FAIL_REFUSED);
	assert_int_equal(move(cut, sizeof(cut), HERE - 4096, out, &length), FAIL_REFUSED);
	assert_int_equal(move(loop, sizeof(loop), HERE - 4096, out, &length), FAIL_REFUSED);
	/* To its first byte is fine: there the jump is. */
	assert_int_equal(move(again, sizeof(again), HERE - 4096, out, &length), 0);
}

static const char text[] =
	"55d000000000-55d000001000 r-xp 00000000 fe:00 42                         /usr/bin/db\n"
	"nonsense\n"
	"7f0000000000-7f0000001000 rw-s 00001000 00:01 77                         /dev/zero "
	"(deleted)\n"
	"7f0000000800-7f0000002000 rw-p 00000000 00:00 0 \n"
	"7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0                          [stack]\n"
	"7ffe00100000-7ffe00104000 r--p 00000000 00:00 0                          [vvar]\n"
	"7ffe00104000-7ffe00106000 r-xp 00000000 00:00 0                          [vdso]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static void maps_are_read(void **state)
{
	struct list maps;
	const struct map *map;

	(void)state;
	maps_parse(text, &maps);
	/* What overlaps, and what is no line, is left out. */
	assert_int_equal(maps.count, 6);
	map = maps_named(&maps, "[vdso]");
	assert_non_null(map);
	assert_true(map->from == 0x7ffe00104000 && map->to == 0x7ffe00106000);
	map = maps_named(&maps, "/dev/zero (deleted)");
	assert_non_null(map);
	assert_int_equal(map->inode, 77);
	assert_int_equal(map->offset, 0x1000);
	assert_string_equal(map->rights, "rw-s");
	assert_null(maps_named(&maps, "[heap]"));
	assert_non_null(maps_at(&maps, 0x55d000000000));
	list_free(&maps);
	maps_parse("", &maps);
	assert_int_equal(maps.count, 0);
}

static void room_is_near_and_not_where_a_stack_grows(void **state)
{
	struct list maps;
	uint64_t at;

	(void)state;
	maps_parse(text, &maps);
	at = maps_room(&maps, 0x7ffe00104000, 3 * 4096);
	assert_true(at == 0x7ffe00107000 || at == 0x7ffe00100000 - 4 * 4096);
	assert_int_equal(maps_room(&maps, 0x7ffe00104000, UINT64_C(1) << 40), 0);
	list_free(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_instructions_are_moved),
		cmocka_unit_test(what_counts_from_its_place_still_means_the_same),
		cmocka_unit_test(what_can_not_be_moved_is_refused),
		cmocka_unit_test(maps_are_read),
		cmocka_unit_test(room_is_near_and_not_where_a_stack_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
