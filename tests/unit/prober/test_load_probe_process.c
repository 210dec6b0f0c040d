/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bounded_server.h"
#include "contract/json.h"
#include "harness.h"
#include "http_server.h"

/* A load: requests arrive step by step, and what does not end well is tried again. */

/* Begins the load "p" on a port, at that node "n1" alone; `load` are the members of its order. */
static struct harness *load_at(uint16_t port, double rate, const char *timeout, const char *load)
{
	struct harness *harness = harness_new(0);
	char rest[1024];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\"}],\"http\":{\"url\":\"http://127.0.0.1:%u/\","
		"\"connection\":\"fresh\"},\"load\":{%s}",
		port, load);
	harness_probe(harness, rate, timeout, rest);
	return harness;
}

static struct probe_sum end_of(struct harness *harness)
{
	struct probe_sum sum = harness_stop(harness);

	assert_int_equal(harness_end(harness), 0);
	return sum;
}

/* The prober says nothing of requests that are still tried. */
static void await_requests(const struct http_server *server, long count)
{
	int64_t deadline_ns = harness_now_ns() + HARNESS_DEADLINE_MS * NS_PER_MS;

	while (server->requests < count) {
		assert_true(harness_now_ns() < deadline_ns);
		poll(NULL, 0, 1);
	}
}

/* --- arrivals -------------------------------------------------------------------------- */

/* 20 a second for a second, a ramp to 100 within the next: 20 and 60 requests. */
static void requests_arrive_step_by_step(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = load_at(server->port, 100, "20s",
		"\"arrivals\":[{\"rate\":20,\"for\":\"1s\"},{\"rate\":20,\"to\":100,\"for\":\"1s\"}"
		"]");
	struct probe_sum sum;

	harness_await_events(harness, 90);
	sum = end_of(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(sum.attempts, sum.events);
	assert_int_equal(server->requests, sum.events);
	http_server_free(server);
}

/* Windows of 100 ms hold what the schedule says: each first event, and no event twice. */
static void windows_hold_what_the_steps_say(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = load_at(server->port, 200, "20s",
		"\"arrivals\":[{\"rate\":20,\"for\":\"500ms\"},{\"rate\":200}]");

	harness_await_events(harness, 110);
	for (size_t i = 0; i < 10; i++) {
		struct probe_window window;
		struct fail fail = FAIL_INIT;

		assert_int_equal(shape_decode(&probe_window_shape, harness->notes[i].body, "",
					 &window, &fail),
			0);
		assert_int_equal(window.count, i < 5 ? 2 : 20);
		shape_free(&probe_window_shape, &window);
	}
	end_of(harness);
	http_server_free(server);
}

/* --- retries --------------------------------------------------------------------------- */

static void a_request_is_tried_again_until_it_ends_well(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness;
	struct probe_sum sum;

	http_server_set(server, SERVER_ANSWERS, 503);
	/* So many attempts that the answer is sure to change before the last. */
	harness = load_at(server->port, 50, "20s",
		"\"arrivals\":[{\"rate\":50}],\"retry\":{\"attempts\":20,\"backoff\":\"100ms\","
		"\"factor\":1}");
	await_requests(server, 100);
	http_server_set(server, SERVER_ANSWERS, 200);
	harness_await_events(harness, 100);
	sum = end_of(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_true(sum.attempts >= sum.events + 50);
	assert_int_equal(server->requests, sum.attempts);
	/* Latency counts from the intended arrival to the end of the last attempt. */
	assert_true(sum.latency_max_ns > 100 * NS_PER_MS);
	assert_true(sum.bad[1] > 0);
	http_server_free(server);
}

static void attempts_are_bounded_and_the_last_one_counts(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness;
	struct probe_sum sum;

	http_server_set(server, SERVER_ANSWERS, 503);
	harness = load_at(server->port, 50, "20s",
		"\"arrivals\":[{\"rate\":50}],\"retry\":{\"attempts\":3,\"backoff\":\"1ms\"}");
	harness_await_events(harness, 50);
	sum = end_of(harness);
	assert_int_equal(sum.outcomes[OUTCOME_STATUS], sum.events);
	assert_int_equal(sum.attempts, 3 * sum.events);
	assert_int_equal(server->requests, 3 * sum.events);
	assert_string_equal(sum.last_error, "n1: HTTP 503");
	http_server_free(server);
}

/* What is not in `on` is final; a broken connection is tried again where it is. */
static void only_what_is_named_is_tried_again(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	static const char load[] =
		"\"arrivals\":[{\"rate\":50}],\"retry\":{\"attempts\":2,\"backoff\":\"0s\","
		"\"on\":[\"broken\"]}";
	struct harness *harness;
	struct probe_sum sum;

	http_server_set(server, SERVER_ANSWERS, 503);
	harness = load_at(server->port, 50, "20s", load);
	harness_await_events(harness, 20);
	sum = end_of(harness);
	assert_int_equal(sum.attempts, sum.events);
	http_server_set(server, SERVER_BREAKS, 200);
	harness = load_at(server->port, 50, "20s", load);
	harness_await_events(harness, 20);
	sum = end_of(harness);
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], sum.events);
	assert_int_equal(sum.attempts, 2 * sum.events);
	http_server_free(server);
}

/* A retry goes to another target than the attempt before: half of the first ones fail, no other. */
static void a_retry_goes_to_the_next_target(void **state)
{
	(void)state;
	struct http_server *well = http_server_new(false), *ill = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char rest[512];

	http_server_set(ill, SERVER_ANSWERS, 500);
	snprintf(rest, sizeof(rest),
		"\"policy\":\"any\",\"targets\":[{\"node\":\"n1\",\"addr\":\"127.0.0.1:%u\"},"
		"{\"node\":\"n2\",\"addr\":\"127.0.0.1:%u\"}],"
		"\"http\":{\"url\":\"http://{node.addr}/\"},\"load\":{\"arrivals\":"
		"[{\"rate\":50}],\"retry\":{\"attempts\":3,\"backoff\":\"1ms\"}}",
		well->port, ill->port);
	harness_probe(harness, 50, "20s", rest);
	harness_await_events(harness, 40);
	sum = end_of(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(sum.shares[0].attempts, sum.events);
	assert_int_equal(sum.shares[0].failed, 0);
	assert_in_range(sum.shares[1].attempts, sum.events / 2, (sum.events + 1) / 2);
	assert_int_equal(sum.shares[1].failed, sum.shares[1].attempts);
	assert_int_equal(sum.attempts, sum.shares[0].attempts + sum.shares[1].attempts);
	http_server_free(well);
	http_server_free(ill);
}

static void a_budget_withholds_retries(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness;
	struct probe_sum sum;

	http_server_set(server, SERVER_ANSWERS, 503);
	harness = load_at(server->port, 200, "20s",
		"\"arrivals\":[{\"rate\":200}],\"retry\":{\"attempts\":4,\"backoff\":\"0s\","
		"\"budget\":0.1}");
	harness_await_events(harness, 400);
	sum = end_of(harness);
	/* A tenth of the requests, and what the budget begins with. */
	assert_in_range(sum.attempts - sum.events, sum.events / 10, sum.events / 10 + 11);
	assert_true(sum.withheld > sum.events / 2);
	http_server_free(server);
}

/* A retry that the prober has no connection for is a request that it dropped itself. */
static void what_cannot_be_begun_is_dropped(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	/* Most of 100 descriptors are reserved: 4 connections for 100 requests a second. */
	struct harness *harness = harness_new(100);
	struct probe_sum sum;
	char rest[512];

	http_server_set(server, SERVER_HOLDS, 200);
	snprintf(rest, sizeof(rest),
		"\"targets\":[{}],\"http\":{\"url\":\"http://127.0.0.1:%u/\"},\"load\":{"
		"\"arrivals\":[{\"rate\":100}],\"retry\":{\"attempts\":2,\"backoff\":\"0s\"}}",
		server->port);
	harness_probe(harness, 100, "500ms", rest);
	harness_await_events(harness, 100);
	sum = end_of(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], 0);
	assert_true(sum.outcomes[OUTCOME_DROPPED] > sum.events / 2);
	assert_true(sum.attempts < sum.events);
	http_server_free(server);
}

/* The last requests before a stop get the attempts that are due to them. */
static void a_stop_lets_requests_finish(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness;
	struct probe_sum sum;

	http_server_set(server, SERVER_ANSWERS, 503);
	harness = load_at(server->port, 50, "20s",
		"\"arrivals\":[{\"rate\":50}],\"retry\":{\"attempts\":3,\"backoff\":\"300ms\","
		"\"factor\":1}");
	await_requests(server, 30);
	sum = end_of(harness);
	assert_int_equal(sum.attempts, 3 * sum.events);
	http_server_free(server);
}

/* --- metastable ------------------------------------------------------------------------ */

enum {
	SERVICE_MS = 10, /* so it does 100 a second */
	ARRIVALS = 60,
	QUEUE = 100, /* a second's work, more than three times what a client waits for */
};

static int has_failed(const struct harness *harness, const void *count)
{
	return harness_sum(harness, "p").bad_end >= *(const int64_t *)count;
}

static int has_come_back(const struct harness *harness, const void *count)
{
	return harness_sum(harness, "p").good_end >= *(const int64_t *)count;
}

/* A load on a server that does well until it stalls; the queue is full when it is let go. */
static struct harness *after_a_stall(struct bounded_server *server, const char *retry)
{
	static const int64_t well = ARRIVALS, ill = 3 * ARRIVALS;
	struct harness *harness;
	char load[256];

	snprintf(load, sizeof(load), "\"arrivals\":[{\"rate\":%d}],\"retry\":%s", ARRIVALS, retry);
	harness = load_at(bounded_server_port(server), ARRIVALS, "300ms", load);
	harness_await(harness, has_come_back, &well);
	bounded_server_stall(server, true);
	harness_await(harness, has_failed, &ill);
	bounded_server_stall(server, false);
	return harness;
}

/*
 * With five attempts each 60 requests a second are 300, three times what the server can do: it
 * stays busy with what nobody waits for any more, long after the stall is over.
 */
static void retries_can_keep_a_server_down(void **state)
{
	(void)state;
	struct bounded_server *server = bounded_server_new(SERVICE_MS * NS_PER_MS, QUEUE);
	struct harness *harness = after_a_stall(server, "{\"attempts\":5,\"backoff\":\"0s\"}");
	int64_t healed = harness_sum(harness, "p").events;
	struct probe_sum sum;

	harness_await_events(harness, healed + 4 * ARRIVALS);
	sum = end_of(harness);
	print_message("%lld events after the heal, the last %lld of them bad\n",
		(long long)(sum.events - healed), (long long)sum.bad_end);
	assert_true(sum.bad_end >= 2 * ARRIVALS);
	assert_true(sum.attempts > 2 * sum.events);
	bounded_server_free(server);
}

/* With a budget of a tenth 66 a second are left, and the server works its queue off. */
static void a_budget_lets_it_come_back(void **state)
{
	(void)state;
	struct bounded_server *server = bounded_server_new(SERVICE_MS * NS_PER_MS, QUEUE);
	struct harness *harness =
		after_a_stall(server, "{\"attempts\":5,\"backoff\":\"0s\",\"budget\":0.1}");
	static const int64_t long_enough = 2 * ARRIVALS;
	struct probe_sum sum;

	harness_await(harness, has_come_back, &long_enough);
	sum = end_of(harness);
	assert_true(sum.withheld > 0);
	bounded_server_free(server);
}

/* --- orders that make no sense --------------------------------------------------------- */

static void impossible_loads_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *rest, *text;
	} cases[] = {
		{"\"tcp\":{\"address\":\"127.0.0.1:1\"},\"load\":{\"arrivals\":[{\"rate\":1}]}",
			"probe p: a load is of \"http\" only, and reads no value"},
		{"\"http\":{\"url\":\"http://127.0.0.1:1/\"},\"load\":{\"arrivals\":[{\"rate\":1},"
		 "{\"rate\":2}]}",
			"probe p: load: arrivals[0]: a step without \"for\" never ends: only the "
			"last "
			"may go without"},
		{"\"http\":{\"url\":\"http://127.0.0.1:1/\"},\"load\":{\"arrivals\":[{\"rate\":11}]"
		 "}",
			"probe p: load: more arrivals than \"rate\" says"},
	};
	struct harness *harness = harness_new(0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_message reply = harness_call(harness, "probe",
			"{\"id\":\"p\",\"rate\":10,\"timeout\":\"1s\",\"start_ns\":\"%lld\","
			"\"window\":\"100ms\",\"targets\":[{}],%s}",
			(long long)harness_now_ns(), cases[i].rest);

		assert_int_equal(reply.kind, WIRE_ERROR);
		assert_string_equal(reply.error.text, cases[i].text);
		wire_message_deinit(&reply);
	}
	assert_int_equal(harness_end(harness), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_arrive_step_by_step),
		cmocka_unit_test(windows_hold_what_the_steps_say),
		cmocka_unit_test(a_request_is_tried_again_until_it_ends_well),
		cmocka_unit_test(attempts_are_bounded_and_the_last_one_counts),
		cmocka_unit_test(only_what_is_named_is_tried_again),
		cmocka_unit_test(a_retry_goes_to_the_next_target),
		cmocka_unit_test(a_budget_withholds_retries),
		cmocka_unit_test(what_cannot_be_begun_is_dropped),
		cmocka_unit_test(a_stop_lets_requests_finish),
		cmocka_unit_test(retries_can_keep_a_server_down),
		cmocka_unit_test(a_budget_lets_it_come_back),
		cmocka_unit_test(impossible_loads_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
