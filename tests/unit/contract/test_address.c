/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/address.h"

static struct prefix parse(const char *text)
{
	struct prefix prefix;
	struct fail fail = FAIL_INIT;

	if (prefix_parse(text, &prefix, &fail) < 0)
		fail_msg("%s: %s", text, fail.text);
	return prefix;
}

static void prefixes_go_round(void **state)
{
	(void)state;
	static const struct {
		const char *text, *printed;
		int length;
	} cases[] = {
		{"10.0.0.5", "10.0.0.5", 128},
		{"10.0.0.5/32", "10.0.0.5", 128},
		{"10.0.0.0/8", "10.0.0.0/8", 104},
		{"0.0.0.0/0", "0.0.0.0/0", 96},
		{"128.0.0.0/1", "128.0.0.0/1", 97},
		{"fd00::1", "fd00::1", 128},
		{"FD00:0:0::/64", "fd00::/64", 64},
		{"::/0", "::/0", 0},
		{"fe80::/10", "fe80::/10", 10},
		{"::ffff:10.0.0.0/104", "10.0.0.0/8", 104},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix prefix = parse(cases[i].text);
		char text[PREFIX_TEXT_MAX];

		assert_int_equal(prefix.length, cases[i].length);
		assert_string_equal(prefix_format(&prefix, text), cases[i].printed);
		assert_int_equal(prefix_is_address(&prefix), prefix.length == 128);
	}
}

static void ipv4_is_kept_mapped(void **state)
{
	(void)state;
	static const uint8_t expected[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 5};
	struct prefix prefix = parse("10.0.0.5");

	assert_true(prefix.ipv4);
	assert_memory_equal(prefix.address, expected, sizeof(expected));
	/* The mapped spelling is the same address, so it is the same value. */
	prefix = parse("::ffff:10.0.0.5");
	assert_true(prefix.ipv4);
	assert_memory_equal(prefix.address, expected, sizeof(expected));
}

static void bad_prefixes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "10.0.0", "10.0.0.256", "10.0.0.1/", "10.0.0.1/33",
		"10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0.0/0008", "10.0.0.1/8",
		"10.0.0.128/24", "fd00::1/64", "fd00::/129", "fd00::g", "localhost", "10.0.0.1:80",
		"[::1]", "fe80::1%eth0", " 10.0.0.1",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fail fail = FAIL_INIT;
		struct prefix prefix = {.length = 9};

		if (prefix_parse(bad[i], &prefix, &fail) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(fail.kind, FAIL_BAD_FILE);
		assert_int_equal(prefix.length, 9);
	}
}

static void what_is_wrong_with_a_prefix_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa",
			"\"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa\" is not an address "
			"or "
			"prefix"},
		{"localhost",
			"\"localhost\" is not an address or prefix (like 10.0.0.5, 10.0.0.0/8, "
			"fd00::1)"},
		{"10.0.0.1/33", "\"10.0.0.1/33\": the prefix length must be 0..32"},
		{"fd00::/129", "\"fd00::/129\": the prefix length must be 0..128"},
		{"10.0.0.1/8", "\"10.0.0.1/8\" has bits set behind its prefix length"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fail fail = FAIL_INIT;
		struct prefix prefix;

		assert_int_equal(prefix_parse(cases[i].text, &prefix, &fail), -1);
		assert_string_equal(fail.text, cases[i].says);
	}
}

static bool contains(const char *outer, const char *inner)
{
	struct prefix a = parse(outer), b = parse(inner);

	return prefix_contains(&a, &b);
}

static void containment(void **state)
{
	(void)state;
	assert_true(contains("10.0.0.0/8", "10.255.0.1"));
	assert_true(contains("10.0.0.0/8", "10.0.0.0/8"));
	assert_true(contains("10.0.0.0/8", "10.1.0.0/16"));
	assert_false(contains("10.1.0.0/16", "10.0.0.0/8"));
	assert_false(contains("10.0.0.0/8", "11.0.0.0"));
	assert_true(contains("10.0.0.128/25", "10.0.0.255"));
	assert_false(contains("10.0.0.128/25", "10.0.0.127"));
	assert_true(contains("0.0.0.0/0", "1.2.3.4"));
	assert_true(contains("fd00::/9", "fd7f::"));
	assert_false(contains("fd00::/9", "fd80::"));
	/* One family never lies in the other, whatever the bits say. */
	assert_false(contains("::/0", "1.2.3.4"));
	assert_false(contains("0.0.0.0/0", "::1"));
}

static void ports(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "0", "65536", "-1", "80-", "-80", "90-80", "80-65536",
		"8080x", "80 ", "http", "123456", "1-2-3"};
	struct port_set set = {0};
	struct fail fail = FAIL_INIT;

	assert_false(port_set_has(&set, 80));
	assert_int_equal(port_set_add(&set, "80", &fail), 0);
	assert_int_equal(port_set_add(&set, "8000-8080", &fail), 0);
	assert_int_equal(port_set_add(&set, "1-1", &fail), 0);
	assert_int_equal(port_set_add(&set, "65535", &fail), 0);
	assert_true(port_set_has(&set, 80) && port_set_has(&set, 8000) &&
		port_set_has(&set, 8080) && port_set_has(&set, 1) && port_set_has(&set, 65535));
	assert_false(port_set_has(&set, 81) || port_set_has(&set, 7999) ||
		port_set_has(&set, 8081) || port_set_has(&set, 2) || port_set_has(&set, 65534));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (port_set_add(&set, bad[i], &fail) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(set.count, 4);
	assert_int_equal(port_set_add(&set, "90-80", &fail), -1);
	assert_string_equal(fail.text, "the port range \"90-80\" runs backwards");
	assert_int_equal(port_set_add(&set, "http", &fail), -1);
	assert_string_equal(
		fail.text, "\"http\" is not a port (1..65535) or a range like \"8000-8080\"");
	while (set.count < PORT_RANGES_MAX)
		assert_int_equal(port_set_add(&set, "7", &fail), 0);
	assert_int_equal(port_set_add(&set, "7", &fail), -1);
	assert_string_equal(fail.text, "more than 8 ports and port ranges");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_go_round),
		cmocka_unit_test(ipv4_is_kept_mapped),
		cmocka_unit_test(bad_prefixes_are_refused),
		cmocka_unit_test(what_is_wrong_with_a_prefix_is_said),
		cmocka_unit_test(containment),
		cmocka_unit_test(ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
