/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "contract/units.h"

static void test_durations_are_exact(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"0s", 0},
		{"500ns", 500},
		{"10us", 10 * NS_PER_US},
		{"250ms", 250 * NS_PER_MS},
		{"1.5s", 1500 * NS_PER_MS},
		{"0.000000001s", 1},
		{"2m", 120 * NS_PER_SEC},
		{"12h", INT64_C(43200) * NS_PER_SEC},
		{"30d", INT64_C(2592000) * NS_PER_SEC},
		{"0.123456789d", INT64_C(10666666569600)},
		{"3650d", DURATION_MAX_NS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ns = -1;

		if (duration_parse(good[i].text, &ns) < 0)
			fail_msg("\"%s\" is refused", good[i].text);
		if (ns != good[i].ns)
			fail_msg("\"%s\" is %lld ns", good[i].text, (long long)ns);
	}
}

static void test_bad_durations_are_refused(void **state)
{
	static const char *const bad[] = {"", "s", "5", "-1s", "+1s", " 1s", "1s ", "1 s", "1.s",
		".5s", "1..5s", "1e3s", "1.5ns", "0.0000000001s", "3651d", "99999999999999999999s",
		"1x", "1S", "0x1s", "1,5s", "inf", "nan"};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (duration_parse(bad[i], &ns) == 0)
			fail_msg("\"%s\" is taken as %lld ns", bad[i], (long long)ns);
}

static void test_format_is_read_back(void **state)
{
	static const int64_t values[] = {0, 1, 999, NS_PER_US, 1500, 250 * NS_PER_MS, NS_PER_SEC,
		1500 * NS_PER_MS, 1001 * NS_PER_MS, 90 * NS_PER_SEC, NS_PER_SEC + 1,
		DURATION_MAX_NS};
	char text[DURATION_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int64_t ns = -1;

		assert_int_equal(duration_parse(duration_format(values[i], text), &ns), 0);
		assert_true(ns == values[i]);
	}
	assert_string_equal(duration_format(1500 * NS_PER_MS, text), "1.5s");
	assert_string_equal(duration_format(90 * NS_PER_SEC, text), "90s");
	assert_string_equal(duration_format(250 * NS_PER_MS, text), "250ms");
}

static void test_human_form_has_three_digits(void **state)
{
	char text[DURATION_TEXT_MAX];

	(void)state;
	assert_string_equal(duration_human(1372 * NS_PER_MS, text), "1.37s");
	assert_string_equal(duration_human(12149 * NS_PER_US, text), "12.1ms");
	assert_string_equal(duration_human(123 * NS_PER_MS, text), "123ms");
	assert_string_equal(duration_human(9999 * NS_PER_MS, text), "10.0s");
	assert_string_equal(duration_human(100 * NS_PER_SEC, text), "100s");
	assert_string_equal(duration_human(0, text), "0ns");
	assert_string_equal(duration_human(-1500 * NS_PER_MS, text), "-1.50s");
}

static void test_sizes(void **state)
{
	static const char *const bad[] = {"", "64", "64kB", "1.5MiB", "-1B", "9999999999GiB", "B"};
	int64_t bytes = 0;

	(void)state;
	assert_int_equal(size_parse("64KiB", &bytes), 0);
	assert_true(bytes == 65536);
	assert_int_equal(size_parse("0B", &bytes), 0);
	assert_true(bytes == 0);
	assert_int_equal(size_parse("2GiB", &bytes), 0);
	assert_true(bytes == INT64_C(2147483648));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(size_parse(bad[i], &bytes), -1);
}

static void test_u64(void **state)
{
	static const char *const bad[] = {"", "-1", "18446744073709551616", "1x", " 1", "0x10"};
	uint64_t value = 0;

	(void)state;
	assert_int_equal(u64_parse("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(u64_parse(bad[i], &value), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_are_exact),
		cmocka_unit_test(test_bad_durations_are_refused),
		cmocka_unit_test(test_format_is_read_back),
		cmocka_unit_test(test_human_form_has_three_digits),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_u64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
