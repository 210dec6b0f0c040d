/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract/address.h"

static struct prefix parsed(const char *text)
{
	struct fail fail = FAIL_INIT;
	struct prefix prefix;

	if (prefix_parse(text, &prefix, &fail) < 0)
		fail_msg("%s: %s", text, fail.text);
	return prefix;
}

static void test_text_and_back(void **state)
{
	static const char *const texts[] = {"10.0.0.5", "10.0.0.0/8", "0.0.0.0/0", "::/0",
		"fd00::1", "fd00::/64", "255.255.255.255", "192.168.1.128/25", "2001:db8::/33"};
	char buffer[PREFIX_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct prefix prefix = parsed(texts[i]);

		assert_string_equal(prefix_format(&prefix, buffer), texts[i]);
	}
}

static void test_lengths_count_in_the_mapped_form(void **state)
{
	struct prefix ten = parsed("10.0.0.0/8"), one = parsed("10.0.0.5"),
		      six = parsed("fd00::/64");

	(void)state;
	assert_int_equal(ten.length, 104);
	assert_true(ten.ipv4);
	assert_int_equal(one.length, 128);
	assert_true(prefix_is_address(&one));
	assert_false(prefix_is_address(&ten));
	assert_int_equal(six.length, 64);
	assert_false(six.ipv4);
	assert_int_equal(one.address[10], 0xff);
	assert_int_equal(one.address[15], 5);
}

static void test_bad_text_is_refused(void **state)
{
	static const char *const bad[] = {"", "10.0.0", "10.0.0.256", "10.0.0.5/8", "10.0.0.0/33",
		"10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8 ", "fd00::1/64", "fd00::/129", "fd00:::1",
		"host", "10.0.0.0/08x", "[fd00::1]", "fd00::1%eth0",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fail fail = FAIL_INIT;
		struct prefix prefix;

		if (prefix_parse(bad[i], &prefix, &fail) == 0)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
	}
}

static void test_containment(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool contains;
	} cases[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.0.0.0/8", "0.0.0.0/0", false},
		{"0.0.0.0/0", "1.2.3.4", true},
		{"::/0", "fd00::1", true},
		{"::/0", "1.2.3.4", false},
		{"0.0.0.0/0", "fd00::1", false},
		{"192.168.1.128/25", "192.168.1.127", false},
		{"192.168.1.128/25", "192.168.1.129", true},
		{"fd00::/65", "fd00:0:0:0:8000::", false},
		{"10.0.0.5", "10.0.0.5", true},
		{"10.0.0.5", "10.0.0.4", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix outer = parsed(cases[i].outer), inner = parsed(cases[i].inner);

		if (prefix_contains(&outer, &inner) != cases[i].contains)
			fail_msg("%s, %s", cases[i].outer, cases[i].inner);
	}
}

static void test_port_sets(void **state)
{
	static const char *const bad[] = {
		"", "0", "65536", "-1", "80-", "-80", "90-80", "80-90-100", "http", "1 ", "100000"};
	struct port_set set = {0};
	struct fail fail = FAIL_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(port_set_add(&set, bad[i], &fail), -1);
		assert_int_equal(set.count, 0);
	}
	assert_int_equal(port_set_add(&set, "2379", &fail), 0);
	assert_int_equal(port_set_add(&set, "8000-8080", &fail), 0);
	assert_true(port_set_has(&set, 2379));
	assert_true(port_set_has(&set, 8000));
	assert_true(port_set_has(&set, 8080));
	assert_false(port_set_has(&set, 7999));
	assert_false(port_set_has(&set, 8081));
	while (set.count < PORT_RANGES_MAX)
		assert_int_equal(port_set_add(&set, "1", &fail), 0);
	assert_int_equal(port_set_add(&set, "2", &fail), -1);
	assert_non_null(strstr(fail.text, "more than 8"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_back),
		cmocka_unit_test(test_lengths_count_in_the_mapped_form),
		cmocka_unit_test(test_bad_text_is_refused),
		cmocka_unit_test(test_containment),
		cmocka_unit_test(test_port_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
