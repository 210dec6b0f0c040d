/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"

static void durations_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"0s", 0},
		{"1ns", 1},
		{"500ns", 500},
		{"10us", 10000},
		{"0.5us", 500},
		{"250ms", 250 * NS_PER_MS},
		{"1.5s", 1500 * NS_PER_MS},
		{"1.000000001s", NS_PER_SEC + 1},
		{"2m", 120 * NS_PER_SEC},
		{"0.1m", 6 * NS_PER_SEC},
		{"12h", 43200 * NS_PER_SEC},
		{"30d", INT64_C(2592000) * NS_PER_SEC},
		{"0.999999999d", INT64_C(86399999913600)},
		{"3650d", DURATION_MAX_NS},
		{"007s", 7 * NS_PER_SEC},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ns = -1;

		if (duration_parse(good[i].text, &ns) < 0)
			fail_msg("%s was refused", good[i].text);
		assert_true(ns == good[i].ns);
	}
}

static void bad_durations_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "s", "1", "1 s", " 1s", "1s ", "-1s", "+1s", "1e3s",
		"1.s", ".5s", "1..5s", "1.5.5s", "1S", "1sec", "1ms2", "0x1s", "1,5s",
		/* less than a nanosecond, more than ten years, more than 63 bits */
		"0.5ns", "1.5ns", "1.0000000001s", "0.0000000001d", "3650.1d", "3651d", "87601h",
		"315360000.000000001s", "9223372036854775807ns", "9999999999999999s"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t ns = 77;

		if (duration_parse(bad[i], &ns) == 0)
			fail_msg("\"%s\" was taken as %lld ns", bad[i], (long long)ns);
		assert_int_equal(ns, 77);
	}
}

static void durations_go_round(void **state)
{
	(void)state;
	uint64_t seed = 1;
	char text[DURATION_TEXT_MAX];

	for (int i = 0; i < 200000; i++) {
		int64_t ns, back;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		/* All magnitudes, and round numbers among them. */
		ns = (int64_t)(seed % (uint64_t)DURATION_MAX_NS) >> (seed >> 58);
		if (i % 3 == 0)
			ns -= ns % NS_PER_MS;
		assert_int_equal(duration_parse(duration_format(ns, text), &back), 0);
		assert_true(back == ns);
		assert_true(strlen(text) < DURATION_TEXT_MAX);
	}
}

static void durations_are_spelled_short(void **state)
{
	(void)state;
	char text[DURATION_TEXT_MAX];

	assert_string_equal(duration_format(0, text), "0s");
	assert_string_equal(duration_format(90 * NS_PER_SEC, text), "90s");
	assert_string_equal(duration_format(60 * NS_PER_SEC, text), "60s");
	assert_string_equal(duration_format(240 * NS_PER_SEC, text), "4m");
	assert_string_equal(duration_format(86400 * NS_PER_SEC, text), "24h");
	assert_string_equal(duration_format(30 * 86400 * NS_PER_SEC, text), "30d");
	assert_string_equal(duration_format(1500 * NS_PER_MS, text), "1.5s");
	assert_string_equal(duration_format(1050 * NS_PER_MS, text), "1.05s");
	assert_string_equal(duration_format(250 * NS_PER_MS, text), "250ms");
	assert_string_equal(duration_format(1500, text), "1500ns");
	assert_string_equal(duration_format(NS_PER_SEC + 1, text), "1000000001ns");
}

static void people_read_three_digits(void **state)
{
	(void)state;
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {{0, "0ns"}, {999, "999ns"}, {1370 * NS_PER_MS, "1.37s"},
		{12100 * NS_PER_US, "12.1ms"}, {1234567, "1.23ms"}, {99949999, "99.9ms"},
		{9994 * NS_PER_US, "9.99ms"}, {9996 * NS_PER_US, "10.0ms"},
		{123 * NS_PER_SEC, "123s"}, {-1500 * NS_PER_MS, "-1.50s"},
		{599400 * NS_PER_MS, "599s"}, {599600 * NS_PER_MS, "10m00s"},
		{(3600 + 83) * NS_PER_SEC, "61m23s"}, {79200 * NS_PER_SEC, "22h00m"},
		{INT64_MAX, "2562047h47m"}};
	char text[DURATION_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(duration_human(cases[i].ns, text), cases[i].text);
}

static void small_shares_are_words(void **state)
{
	(void)state;
	static const struct {
		double ratio;
		const char *text;
	} cases[] = {{0, "0 %"}, {7.72e-7, "under 0.001 %"}, {0.0000099, "under 0.001 %"},
		{0.0000101, "0.00101 %"}, {0.000123, "0.0123 %"}, {0.125, "12.5 %"}, {1, "100 %"},
		{2.5, "250 %"}};
	char text[PERCENT_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(percent_human(cases[i].ratio, text), cases[i].text);
}

static void sizes(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "64", "KiB", "64KB", "64kib", "1.5MiB", "-1B",
		"8589934592GiB", "9999999999999999B", "1 B"};
	int64_t bytes = 0;

	assert_int_equal(size_parse("512B", &bytes), 0);
	assert_int_equal(bytes, 512);
	assert_int_equal(size_parse("64KiB", &bytes), 0);
	assert_int_equal(bytes, 65536);
	assert_int_equal(size_parse("8589934591GiB", &bytes), 0);
	assert_true(bytes == INT64_C(8589934591) << 30);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(size_parse(bad[i], &bytes), -1);
}

static void bandwidths(void **state)
{
	static const struct {
		const char *text;
		int64_t bits;
	} good[] = {
		{"1bit", 1},
		{"300bit", 300},
		{"512kbit", 512000},
		{"1.5Mbit", 1500000},
		{"10Gbit", INT64_C(10000000000)},
		{"0.000000001Gbit", 1},
		{"9000000000Gbit", INT64_C(9000000000) * 1000000000},
	};
	static const char *const bad[] = {"", "10", "Mbit", "10 Mbit", "10mbit", "10Mbps", "10MiB",
		"-1bit", "0bit", "0.0Mbit", "1.5bit", "0.0001kbit", "1.Mbit", "10000000000Gbit",
		"1e3bit"};
	char text[UNIT_TEXT_MAX];
	int64_t bits;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(bandwidth_parse(good[i].text, &bits), 0);
		assert_true(bits == good[i].bits);
		assert_int_equal(bandwidth_parse(bandwidth_format(bits, text), &bits), 0);
		assert_true(bits == good[i].bits);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bandwidth_parse(bad[i], &bits), -1);
	assert_string_equal(bandwidth_format(1500000, text), "1500kbit");
	assert_string_equal(bandwidth_format(INT64_C(2000000000), text), "2Gbit");
	assert_string_equal(bandwidth_format(1001, text), "1001bit");
}

static void sizes_are_spelled_short(void **state)
{
	char text[UNIT_TEXT_MAX];

	(void)state;
	assert_string_equal(size_format(0, text), "0B");
	assert_string_equal(size_format(1025, text), "1025B");
	assert_string_equal(size_format(65536, text), "64KiB");
	assert_string_equal(size_format(INT64_C(3) << 30, text), "3GiB");
}

static void unsigned_integers(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "0x10", "1.0", "18446744073709551616"};
	uint64_t value = 5;

	assert_int_equal(u64_parse("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(u64_parse("0", &value), 0);
	assert_int_equal(value, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(u64_parse(bad[i], &value), -1);
	assert_int_equal(value, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(bad_durations_are_refused),
		cmocka_unit_test(durations_go_round),
		cmocka_unit_test(durations_are_spelled_short),
		cmocka_unit_test(people_read_three_digits),
		cmocka_unit_test(small_shares_are_words),
		cmocka_unit_test(sizes),
		cmocka_unit_test(bandwidths),
		cmocka_unit_test(sizes_are_spelled_short),
		cmocka_unit_test(unsigned_integers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
