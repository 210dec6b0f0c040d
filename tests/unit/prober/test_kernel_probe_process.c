/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "harness.h"

/* Probes that read what the kernel of this machine counts. */

static double last_value(const struct harness *harness)
{
	double last = -1;

	for (size_t i = 0; i < harness->note_count; i++) {
		const char *values = json_string(harness->notes[i].body, "values", "");
		const char *blank = strrchr(values, ' ');

		if (*values)
			last = strtod(blank ? blank + 1 : values, NULL);
	}
	return last;
}

/* A connection to a port of our own that nobody listens on: begun, and failed at once. */
static void knock_in_vain(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(held, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(held, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), -1);
	close(fd);
	close(held);
}

static int value_grew(const struct harness *harness, const void *context)
{
	return last_value(harness) >= *(const double *)context;
}

static void failed_connects_are_counted(void **state)
{
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	double wanted;

	(void)state;
	harness_probe(harness, 20, "20s",
		"\"targets\":[{}],\"kernel\":{\"metric\":\"tcp_connect_failures\"},"
		"\"value\":{\"format\":\"kernel\"}");
	harness_await_events(harness, 1);
	wanted = last_value(harness) + 5;
	assert_true(wanted >= 5);
	for (int i = 0; i < 5; i++)
		knock_in_vain();
	harness_await(harness, value_grew, &wanted);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(harness_end(harness), 0);
}

/* Of what we begin here all fail; others on this machine may succeed meanwhile. */
static void growth_is_divided_by_growth(void **state)
{
	struct harness *harness = harness_new(0);
	static const double some = 1e-9;
	struct probe_sum sum;

	(void)state;
	harness_probe(harness, 5, "20s",
		"\"targets\":[{}],\"kernel\":{\"metric\":\"tcp_connect_failures\",\"per\":"
		"\"tcp_connects\"},\"value\":{\"format\":\"kernel\"}");
	/* The first has nothing to be compared with. */
	harness_await_events(harness, 1);
	assert_int_equal(json_string(harness->notes[0].body, "values", "x")[0], '-');
	while (!value_grew(harness, &some)) {
		knock_in_vain();
		assert_int_equal(harness_pump(harness, NULL), 0);
	}
	assert_true(last_value(harness) > 0 && last_value(harness) < 1.5);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(harness_end(harness), 0);
}

static void what_is_not_there_is_told_before(void **state)
{
	static const struct {
		const char *kernel, *error;
	} cases[] = {
		{"\"metric\":\"processes\"",
			"probe p: processes is of a cgroup, and the node has none: say which, as "
			"\"cgroup\" of the node or of \"read\""},
		{"\"metric\":\"processes\",\"cgroup\":\"/a/../b\"",
			"probe p: \"/a/../b\" is no path of a cgroup"},
		{"\"metric\":\"processes\",\"cgroup\":\"a\"",
			"probe p: \"a\" is no path of a cgroup"},
	};
	struct harness *harness = harness_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_message reply = harness_call(harness, "probe",
			"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\","
			"\"window\":\"100ms\",\"targets\":[{}],\"kernel\":{%s},\"value\":{"
			"\"format\":\"kernel\"}}",
			(long long)harness_now_ns(), cases[i].kernel);

		assert_int_equal(reply.kind, WIRE_ERROR);
		assert_string_equal(reply.error.text, cases[i].error);
		wire_message_deinit(&reply);
	}
	assert_int_equal(harness_end(harness), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_connects_are_counted),
		cmocka_unit_test(growth_is_divided_by_growth),
		cmocka_unit_test(what_is_not_there_is_told_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
