/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/prober/answers.h"
#include "controller/prober/orders.h"
#include "controller/prober/ranges.h"
#include "controller/prober/text.h"
#include "tests/pace.h"

/* "1-3 7-7" */
static const char *spell(const struct ranges *ranges)
{
	static char text[512];
	size_t used = 0;

	text[0] = '\0';
	LIST_EACH(ranges->list, const struct id_range, range) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%lld-%lld",
			used ? " " : "", (long long)range->first, (long long)range->last);
	}
	return text;
}

/* The other way round. */
static struct ranges read_ranges(const char *text)
{
	struct ranges ranges = {0};
	long long first, last;
	int length;

	for (; sscanf(text, "%lld-%lld%n", &first, &last, &length) == 2; text += length)
		ranges_add_run(&ranges, first, last);
	return ranges;
}

/* --- ranges ---------------------------------------------------------------------------- */

static void ranges_merge(void **state)
{
	(void)state;
	static const int64_t ids[] = {5, 6, 7, 1, 2, 10, 4, 3};
	struct ranges ranges = {0};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		ranges_add(&ranges, ids[i]);
	assert_int_equal(ranges_tidy(&ranges), 0);
	assert_string_equal(spell(&ranges), "1-7 10-10");
	ranges_deinit(&ranges);
	assert_int_equal(ranges_tidy(&ranges), 0);
}

static void ids_that_are_missing_and_common(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b, *without, *common;
	} cases[] = {
		{"1-9", "", "1-9", ""},
		{"", "1-9", "", ""},
		{"1-9", "1-9", "", "1-9"},
		{"3-5", "1-9", "", "3-5"},
		{"1-9", "3-5", "1-2 6-9", "3-5"},
		{"1-9", "1-2 9-12", "3-8", "1-2 9-9"},
		{"1-3 5-7 10-12", "3-5 7-10", "1-2 6-6 11-12", "3-3 5-5 7-7 10-10"},
		{"1-3 5-7", "2-6", "1-1 7-7", "2-3 5-6"},
		{"4-4", "1-1 3-3 5-5", "4-4", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ranges a = read_ranges(cases[i].a), b = read_ranges(cases[i].b);
		struct ranges without = {0}, common = {0};

		ranges_without(&a, &b, &without);
		assert_string_equal(spell(&without), cases[i].without);
		ranges_common(&a, &b, &common);
		assert_string_equal(spell(&common), cases[i].common);
		assert_int_equal(ranges_count(&without) + ranges_count(&common), ranges_count(&a));
		ranges_deinit(&a);
		ranges_deinit(&b);
		ranges_deinit(&without);
		ranges_deinit(&common);
	}
}

static void order_costs_one_range(void **state)
{
	(void)state;
	struct ranges ranges = {0};

	for (int64_t id = 1; id <= 1000000 / pace(); id++)
		ranges_add(&ranges, id);
	assert_int_equal(ranges.list.count, 1);
	ranges_deinit(&ranges);
}

/* Against a plain table, with every id mentioned zero to three times in random order. */
static void duplicates_are_counted_once_each(void **state)
{
	(void)state;
	uint64_t seed = 11;

	for (int round = 0; round < 300; round++) {
		int mentions[40] = {0}, expected = 0;
		struct ranges ranges = {0};

		for (int i = 0; i < 60; i++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			int id = (int)(seed >> 40) % 40;

			mentions[id]++;
			ranges_add(&ranges, id);
		}
		for (int id = 0; id < 40; id++)
			expected += mentions[id] > 1;
		assert_int_equal(ranges_tidy(&ranges), expected);
		for (int id = 0; id < 40; id++) {
			bool present = false;

			LIST_EACH(ranges.list, const struct id_range, range) {
				present |= range->first <= id && id <= range->last;
			}
			assert_int_equal(present, mentions[id] > 0);
		}
		for (size_t i = 1; i < ranges.list.count; i++)
			assert_true(LIST_AT(ranges.list, struct id_range, i)->first >
				LIST_AT(ranges.list, struct id_range, i - 1)->last + 1);
		ranges_deinit(&ranges);
	}
}

/* --- answers to add -------------------------------------------------------------------- */

static void answers_are_read(void **state)
{
	(void)state;
	struct answer answer;

	assert_int_equal(answer_parse("ok 17", &answer), 0);
	assert_int_equal(answer.kind, ANSWER_OK);
	assert_int_equal(answer.id, 17);
	assert_int_equal(answer_parse("fail 3 no space left", &answer), 0);
	assert_int_equal(answer.kind, ANSWER_FAIL);
	assert_string_equal(answer.reason, "no space left");
	assert_int_equal(answer_parse("unknown 999999999999999", &answer), 0);
	assert_int_equal(answer.kind, ANSWER_UNKNOWN);
	assert_true(answer.id == INT64_C(999999999999999));
	assert_string_equal(answer.reason, "");
}

static void odd_answers_are_refused(void **state)
{
	(void)state;
	static const char *const odd[] = {"", "ok", "ok ", "ok x", "ok 0", "ok -1", "ok 01",
		"ok 1x", "ok 1 2", "OK 1", "okay 1", "fail", "fail x y", "unknown",
		"ok 1234567890123456", "done 1"};
	struct answer answer;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(answer_parse(odd[i], &answer), -1);
}

/* --- answers to read ------------------------------------------------------------------- */

static void read_answers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum read_state ending;
		const char *expected; /* the ranges, or the reason */
	} cases[] = {
		{"ok 1 2 3 7\n", READ_OK, "1-3 7-7"},
		{"ok\n", READ_OK, ""},
		{"ok \n", READ_OK, ""},
		{"ok 1  2\n", READ_OK, "1-2"},
		{"fail no leader\n", READ_FAILED, "no leader"},
		{"fail\n", READ_FAILED, "no reason given"},
		{"fail a\tb\n", READ_FAILED, "a?b"},
		{"warming up, please wait\n\nok 4\n", READ_OK, "4-4"},
		{"okay\nok 4\n", READ_OK, "4-4"},
		{"ok 1 two\n", READ_FAILED, "the client's answer holds something that is no id"},
		{"ok 0\n", READ_FAILED, "an id in the client's answer is out of range"},
		{"ok 9999999999999999999999\n", READ_FAILED,
			"an id in the client's answer is out of range"},
		{"ok 1 2", READ_IDS, NULL},
		{"ok 1\nok 2\n", READ_OK, "1-1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = strlen(cases[i].text);

		/* However the bytes are cut into pieces. */
		for (size_t piece = 1; piece <= length; piece++) {
			struct read_parser parser = {0};

			for (size_t at = 0; at < length; at += piece)
				read_parser_feed(&parser, cases[i].text + at,
					length - at < piece ? length - at : piece);
			assert_int_equal(parser.state, cases[i].ending);
			if (parser.state == READ_OK) {
				ranges_tidy(&parser.present);
				assert_string_equal(spell(&parser.present), cases[i].expected);
			} else if (parser.state == READ_FAILED) {
				assert_string_equal(parser.reason, cases[i].expected);
			}
			read_parser_deinit(&parser);
		}
	}
}

static void endless_read_answers_are_given_up(void **state)
{
	(void)state;
	struct read_parser parser = {0};
	char *noise = malloc(1 << 20);
	int fed = 0;

	assert_non_null(noise);
	memset(noise, 'x', 1 << 20);
	while (!read_parser_feed(&parser, noise, 1 << 20))
		assert_true(++fed <= 65);
	assert_int_equal(parser.state, READ_FAILED);
	free(noise);
	read_parser_deinit(&parser);
}

/* --- text ------------------------------------------------------------------------------ */

static void text_is_cut_between_characters(void **state)
{
	(void)state;
	char out[6];

	text_clean(out, sizeof(out), "abc");
	assert_string_equal(out, "abc");
	text_clean(out, sizeof(out), "abcd\xc3\xa4x"); /* ä would end behind the room */
	assert_string_equal(out, "abcd");
	text_clean(out, sizeof(out), "abc\xc3\xa4"); /* and here it fits */
	assert_string_equal(out, "abc\xc3\xa4");
	text_clean(out, sizeof(out), "a\x7f\x1b");
	assert_string_equal(out, "a??");
}

struct seen_lines {
	char text[256];
};

static void see(void *context, const char *line, bool cut_off)
{
	struct seen_lines *seen = context;

	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s", line, cut_off ? "…|" : "|");
}

static void lines_are_bounded(void **state)
{
	(void)state;
	static const char text[] = "one\n\n123456789012345\nab";

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct seen_lines seen = {""};
		struct line_cutter cutter;

		line_cutter_init(&cutter, 10);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece)
			line_cutter_feed(&cutter, text + at,
				sizeof(text) - 1 - at < piece ? sizeof(text) - 1 - at : piece, see,
				&seen);
		assert_string_equal(seen.text, "one||1234567890…|");
		line_cutter_feed(&cutter, "c\n", 2, see, &seen);
		assert_string_equal(seen.text, "one||1234567890…|abc|");
		line_cutter_deinit(&cutter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_merge),
		cmocka_unit_test(ids_that_are_missing_and_common),
		cmocka_unit_test(order_costs_one_range),
		cmocka_unit_test(duplicates_are_counted_once_each),
		cmocka_unit_test(answers_are_read),
		cmocka_unit_test(odd_answers_are_refused),
		cmocka_unit_test(read_answers),
		cmocka_unit_test(endless_read_answers_are_given_up),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(lines_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
