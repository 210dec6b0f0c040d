/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "harness.h"
#include "http_server.h"

static const char *one_target(const struct http_server *server)
{
	static char text[128];

	snprintf(text, sizeof(text),
		"\"targets\":[{\"node\":\"n1\"}],\"http\":{\"url\":\"http://127.0.0.1:%u/\"}",
		server->port);
	return text;
}

static void rate_is_constant_and_connections_are_reused(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	int64_t start_ns = harness_probe(harness, 100, "5s", one_target(server));
	struct probe_sum sum;
	double expected;

	harness_await_events(harness, 150);
	sum = harness_stop(harness);
	/* As many events as the schedule has up to the stop, however late timers were. */
	expected = (double)(sum.end_ns - start_ns) / 1e9 * 100;
	assert_int_equal(sum.start_ns, start_ns);
	assert_in_range(sum.events, (int64_t)expected, (int64_t)expected + 1);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(sum.good[0], sum.events);
	assert_int_equal(server->requests, sum.events);
	/* A slow moment of this machine may open a few more; one each would be no reuse. */
	assert_true(server->accepted <= sum.events / 4);
	assert_string_equal(sum.target, "n1");
	assert_string_equal(sum.last_error, "");
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

/*
 * The heart of the open loop: a stall of one second at 100 a second is not one slow event but a
 * hundred, each timed from the instant at which it should have been sent.
 */
static void a_stall_costs_rate_times_stall_events(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	int64_t stall_began_ns, stall_ns;

	harness_probe(harness, 100, "10s", one_target(server));
	harness_await_events(harness, 30);
	stall_began_ns = harness_now_ns();
	http_server_set(server, SERVER_HOLDS, 200);
	poll(NULL, 0, 1000);
	stall_ns = harness_now_ns() - stall_began_ns;
	http_server_set(server, SERVER_ANSWERS, 200);
	harness_await_events(harness, harness_sum(harness, "p").events + 30);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_true(sum.latency_max_ns > stall_ns - 50 * NS_PER_MS);
	/* Those due in the last 200 ms of the stall are still fast: 80 of 100 are not. */
	assert_true(sum.bad[1] >= 70);
	assert_int_equal(sum.bad[0], 0);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static void no_answer_is_a_timeout(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	/* On a connection that stands already, and then on new ones. */
	harness_probe(harness, 50, "1s", one_target(server));
	harness_await_events(harness, 5);
	http_server_set(server, SERVER_HOLDS, 200);
	harness_await_events(harness, 40);
	assert_string_equal(harness_sum(harness, "p").last_error, "n1: no answer in time");
	/* An answer that comes too late is none. */
	http_server_set(server, SERVER_ANSWERS, 200);
	sum = harness_stop(harness);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 20);
	assert_int_equal(sum.outcomes[OUTCOME_TIMEOUT] + sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(sum.bad[0], sum.outcomes[OUTCOME_TIMEOUT]);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static void a_refused_connection_is_told_apart(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char targets[128];

	snprintf(targets, sizeof(targets),
		"\"targets\":[{}],\"http\":{\"url\":\"http://127.0.0.1:%u/\"}", unused_port());
	harness_probe(harness, 50, "5s", targets);
	harness_await_events(harness, 20);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_CONNECT], sum.events);
	assert_int_equal(sum.bad[0], sum.events);
	assert_string_equal(sum.last_error, "Connection refused");
	assert_string_equal(sum.target, "");
	assert_int_equal(harness_end(harness), 0);
}

static void a_broken_connection_is_told_apart(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	http_server_set(server, SERVER_BREAKS, 200);
	harness_probe(harness, 50, "5s", one_target(server));
	harness_await_events(harness, 20);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], sum.events);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static void the_status_decides(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char rest[256];

	http_server_set(server, SERVER_ANSWERS, 503);
	harness_probe(harness, 50, "5s", one_target(server));
	harness_await_events(harness, 20);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_STATUS], sum.events);
	assert_string_equal(sum.last_error, "n1: HTTP 503");
	assert_int_equal(harness_end(harness), 0);

	harness = harness_new(0);
	snprintf(rest, sizeof(rest),
		"\"targets\":[{}],\"http\":{\"url\":\"http://127.0.0.1:%u/\","
		"\"expect_status\":[200,503]}",
		server->port);
	harness_probe(harness, 50, "5s", rest);
	harness_await_events(harness, 20);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(harness_end(harness), 0);

	/* A redirect is an answer like any other, and is not followed. */
	harness = harness_new(0);
	http_server_set(server, SERVER_ANSWERS, 302);
	harness_probe(harness, 50, "5s", one_target(server));
	harness_await_events(harness, 10);
	assert_int_equal(harness_stop(harness).bad[0], 0);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static const char *three_targets(struct http_server *const servers[3], const char *policy)
{
	static char text[512];

	snprintf(text, sizeof(text),
		"\"policy\":\"%s\",\"targets\":[{\"node\":\"n1\",\"addr\":\"127.0.0.1:%u\"},"
		"{\"node\":\"n2\",\"addr\":\"127.0.0.1:%u\"},"
		"{\"node\":\"n3\",\"addr\":\"127.0.0.1:%u\"}],"
		"\"http\":{\"url\":\"http://{node.addr}/\"}",
		policy, servers[0]->port, servers[1]->port, servers[2]->port);
	return text;
}

/* Some 100 requests are under way when the first of them fails; the probe moves on once. */
static void first_answer_moves_on_once(void **state)
{
	(void)state;
	struct http_server *servers[3];
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	for (size_t i = 0; i < 3; i++)
		servers[i] = http_server_new(false);
	http_server_set(servers[0], SERVER_HOLDS, 200);
	harness_probe(harness, 100, "1s", three_targets(servers, "first_answer"));
	harness_await_events(harness, 200);
	sum = harness_stop(harness);
	assert_string_equal(sum.target, "n2");
	assert_true(servers[0]->requests >= 20);
	assert_true(servers[1]->requests >= 20);
	assert_int_equal(servers[2]->requests, 0);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 20);
	assert_int_equal(harness_end(harness), 0);

	/* And again when that one fails, too. */
	harness = harness_new(0);
	http_server_set(servers[0], SERVER_ANSWERS, 200);
	http_server_set(servers[1], SERVER_ANSWERS, 200);
	http_server_set(servers[2], SERVER_ANSWERS, 200);
	harness_probe(harness, 50, "5s", three_targets(servers, "first_answer"));
	harness_await_events(harness, 10);
	http_server_set(servers[0], SERVER_ANSWERS, 500);
	http_server_set(servers[1], SERVER_ANSWERS, 500);
	harness_await_events(harness, 40);
	sum = harness_stop(harness);
	assert_string_equal(sum.target, "n3");
	assert_true(sum.outcomes[OUTCOME_STATUS] >= 2);
	assert_int_equal(harness_end(harness), 0);
	for (size_t i = 0; i < 3; i++)
		http_server_free(servers[i]);
}

static void any_goes_round_robin(void **state)
{
	(void)state;
	struct http_server *servers[3];
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	for (size_t i = 0; i < 3; i++)
		servers[i] = http_server_new(false);
	harness_probe(harness, 60, "5s", three_targets(servers, "any"));
	harness_await_events(harness, 60);
	sum = harness_stop(harness);
	for (size_t i = 0; i < 3; i++) {
		assert_in_range(servers[i]->requests, sum.events / 3, sum.events / 3 + 1);
		http_server_free(servers[i]);
	}
	assert_string_equal(sum.target, "");
	assert_int_equal(harness_end(harness), 0);
}

/* Three open loops of one name: each member gets every event, and is reported apart. */
static void members_are_probed_side_by_side(void **state)
{
	(void)state;
	struct http_server *servers[3];
	struct harness *harness = harness_new(0);
	const char *const names[] = {"n1", "n2", "n3"};
	int64_t events[3] = {0}, bad[3] = {0};

	for (size_t i = 0; i < 3; i++)
		servers[i] = http_server_new(false);
	http_server_set(servers[1], SERVER_ANSWERS, 503);
	for (size_t i = 0; i < 3; i++) {
		char rest[256];

		snprintf(rest, sizeof(rest),
			"\"policy\":\"each\",\"targets\":[{\"node\":\"%s\",\"addr\":"
			"\"127.0.0.1:%u\"}],\"http\":{\"url\":\"http://{node.addr}/\"}",
			names[i], servers[i]->port);
		harness_probe(harness, 50, "5s", rest);
	}
	while (servers[2]->requests < 25)
		harness_pump(harness, NULL);
	cJSON_Delete(harness_ask(harness, "stop", "{}"));
	for (size_t i = 0; i < harness->note_count; i++) {
		struct probe_window window;
		struct fail fail = FAIL_INIT;

		assert_int_equal(shape_decode(&probe_window_shape, harness->notes[i].body, "",
					 &window, &fail),
			0);
		for (size_t j = 0; j < 3; j++) {
			if (strcmp(window.to, names[j]) != 0)
				continue;
			assert_int_equal(window.first_index, events[j]);
			events[j] += window.count;
			bad[j] += *LIST_AT(window.outcomes, int64_t, OUTCOME_STATUS);
		}
		shape_free(&probe_window_shape, &window);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_true(events[i] >= 20);
		assert_int_equal(servers[i]->requests, events[i]);
		assert_int_equal(bad[i], i == 1 ? events[i] : 0);
		http_server_free(servers[i]);
	}
	assert_int_equal(harness_end(harness), 0);
}

/* With 128 descriptors the prober has 32 connections: what finds none is dropped, and bad. */
static void saturation_is_reported_as_dropped(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(128);
	struct probe_sum sum;

	http_server_set(server, SERVER_HOLDS, 200);
	harness_probe(harness, 200, "1s", one_target(server));
	harness_await_events(harness, 150);
	sum = harness_stop(harness);
	assert_true(sum.outcomes[OUTCOME_DROPPED] >= 50);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 16);
	assert_int_equal(sum.outcomes[OUTCOME_DROPPED] + sum.outcomes[OUTCOME_TIMEOUT], sum.events);
	assert_int_equal(sum.bad[0], sum.events);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

/* Stopped for 400 ms: what was due then is sent late, and by more than a tenth of the timeout. */
static void a_prober_that_stood_still_marks_what_it_sent_late(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	harness_probe(harness, 100, "2s", one_target(server));
	harness_await_events(harness, 10);
	assert_int_equal(kill(harness->pid, SIGSTOP), 0);
	poll(NULL, 0, 400);
	assert_int_equal(kill(harness->pid, SIGCONT), 0);
	harness_await_events(harness, 80);
	sum = harness_stop(harness);
	assert_true(sum.late >= 15);
	assert_true(sum.lag_max_ns >= 200 * NS_PER_MS);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static void requests_carry_what_was_ordered(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(true);
	struct harness *harness = harness_new(0);
	char rest[512];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\",\"addr\":\"[::1]\"}],\"secrets\":[{\"name\":\"t\","
		"\"value\":\"{n} {odd}\"}],\"http\":{\"url\":\"http://{node.addr}:%u/v3/{n}\","
		"\"method\":\"POST\",\"headers\":[\"X-Event: {n}\",\"X-Node: {node.name}\","
		"\"X-Token: {secret.t}\"],\"body_json\":{\"key\":\"foobar\",\"at\":\"{uuid}\","
		"\"pw\":\"{secret.t}\"},\"base64_at\":[\"/key\"]}",
		server->port);
	harness_probe(harness, 10, "5s", rest);
	harness_await_events(harness, 1);
	assert_int_equal(harness_stop(harness).bad[0], 0);
	pthread_mutex_lock(&server->lock);
	assert_int_equal(strncmp(server->last_request, "POST /v3/", 9), 0);
	assert_non_null(strstr(server->last_request, "\r\nX-Event: "));
	assert_non_null(strstr(server->last_request, "\r\nX-Node: n1\r\n"));
	/* What a secret holds is no placeholder. */
	assert_non_null(strstr(server->last_request, "\r\nX-Token: {n} {odd}\r\n"));
	assert_non_null(strstr(server->last_request, "\"pw\":\"{n} {odd}\"}"));
	assert_non_null(strstr(server->last_request, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(server->last_request, "\r\n\r\n{\"key\":\"Zm9vYmFy\",\"at\":\""));
	assert_null(strstr(server->last_request, "{uuid}"));
	assert_null(strstr(server->last_request, "Expect:"));
	pthread_mutex_unlock(&server->lock);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

static void events_before_the_first_turn_are_sent_all(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;

	/* Ordered half a second after its start: fifty are due at once. */
	cJSON_Delete(harness_ask(harness, "probe",
		"{\"id\":\"p\",\"rate\":100,\"timeout\":\"10s\",\"start_ns\":\"%lld\","
		"\"window\":\"1s\",\"classes\":[{\"slo\":\"all\"},{\"slo\":\"fast\","
		"\"latency_lt\":\"200ms\"}],%s}",
		(long long)harness_now_ns() - 500 * NS_PER_MS, one_target(server)));
	harness_await_events(harness, 60);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_true(sum.bad[1] >= 25);
	assert_true(sum.latency_max_ns >= 500 * NS_PER_MS);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

/* --- the conversation ------------------------------------------------------------------ */

static enum fail_kind refusal(struct harness *harness, const char *method, const char *params)
{
	struct wire_message reply = harness_call(harness, method, "%s", params);
	enum fail_kind kind = reply.kind == WIRE_ERROR ? reply.error.kind : FAIL_NONE;

	wire_message_deinit(&reply);
	return kind;
}

static void wrong_orders_are_refused(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	char old[256], each[256];

	snprintf(old, sizeof(old),
		"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
		"\"1s\","
		"\"targets\":[{}],\"http\":{\"url\":\"http://[::1]:1/\"}}",
		(long long)harness_now_ns() - 60 * NS_PER_SEC);
	snprintf(each, sizeof(each),
		"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
		"\"1s\","
		"\"policy\":\"each\",\"targets\":[{}],\"http\":{\"url\":\"http://[::1]:1/\"}}",
		(long long)harness_now_ns());
	assert_int_equal(refusal(harness, "dance", "{}"), FAIL_UNSUPPORTED);
	assert_int_equal(refusal(harness, "hello", "{\"version\":99}"), FAIL_UNSUPPORTED);
	assert_int_equal(refusal(harness, "probe", "{\"id\":\"p\"}"), FAIL_BAD_FILE);
	assert_int_equal(refusal(harness, "probe", old), FAIL_USAGE);
	assert_int_equal(refusal(harness, "probe", each), FAIL_USAGE);
	assert_int_equal(refusal(harness, "ping", "{}"), FAIL_NONE);
	assert_int_equal(refusal(harness, "stop", "{}"), FAIL_NONE);
	assert_int_equal(refusal(harness, "stop", "{}"), FAIL_REFUSED);
	assert_int_equal(refusal(harness, "probe", each), FAIL_REFUSED);
	assert_int_equal(harness_end(harness), 0);
}

static void a_name_is_taken_once(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	char text[256];

	snprintf(text, sizeof(text),
		"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\",\"window\":"
		"\"1s\","
		"\"targets\":[{}],\"http\":{\"url\":\"http://[::1]:1/\"}}",
		(long long)harness_now_ns() + 60 * NS_PER_SEC);
	assert_int_equal(refusal(harness, "probe", text), FAIL_NONE);
	assert_int_equal(refusal(harness, "probe", text), FAIL_USAGE);
	/* Stopped before its start: nothing to report, and no waiting for it. */
	assert_int_equal(harness_stop(harness).windows, 0);
	assert_int_equal(harness_end(harness), 0);
}

static void nonsense_ends_the_prober(void **state)
{
	(void)state;
	static const char nonsense[] = "{\"jsonrpc\":\n";
	struct harness *harness = harness_new(0);
	struct wire_message reply;

	assert_int_equal(write(harness->to, nonsense, sizeof(nonsense) - 1), sizeof(nonsense) - 1);
	assert_int_equal(harness_pump(harness, &reply), 1);
	assert_int_equal(reply.kind, WIRE_ERROR);
	wire_message_deinit(&reply);
	assert_int_equal(harness_end(harness), 1);
}

static void an_endless_line_ends_the_prober(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	char *line = malloc(WIRE_LINE_TO_INJECTOR_MAX + 65536);
	size_t length = WIRE_LINE_TO_INJECTOR_MAX + 65536;

	assert_non_null(line);
	memset(line, ' ', length);
	/* It may stop reading before all is written. */
	for (size_t sent = 0; sent < length;) {
		ssize_t count = write(harness->to, line + sent, length - sent);

		if (count <= 0)
			break;
		sent += (size_t)count;
	}
	free(line);
	assert_int_equal(harness_end(harness), 1);
}

static void sigterm_ends_the_prober(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	int status;

	kill(harness->pid, SIGINT); /* not for the prober: it must live on */
	cJSON_Delete(harness_ask(harness, "ping", "{}"));
	kill(harness->pid, SIGTERM);
	status = harness_wait(harness);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	harness_end(harness);
}

static void privileges_are_gone(void **state)
{
	(void)state;
	struct harness *harness = harness_new(0);
	char path[64], line[256];
	int seen = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)harness->pid);
	status = fopen(path, "r");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status)) {
		unsigned long long value[4] = {1, 1, 1, 1};

		if (sscanf(line, "Uid: %llu %llu %llu %llu", &value[0], &value[1], &value[2],
			    &value[3]) == 4) {
			assert_true(value[0] && value[1] && value[2] && value[3]);
			seen++;
		} else if (sscanf(line, "CapPrm: %llx", &value[0]) == 1 ||
			sscanf(line, "CapEff: %llx", &value[0]) == 1 ||
			sscanf(line, "CapAmb: %llx", &value[0]) == 1) {
			assert_true(value[0] == 0);
			seen++;
		} else if (sscanf(line, "NoNewPrivs: %llu", &value[0]) == 1) {
			assert_true(value[0] == 1);
			seen++;
		}
	}
	fclose(status);
	assert_int_equal(seen, 5);
	assert_int_equal(harness_end(harness), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_is_constant_and_connections_are_reused),
		cmocka_unit_test(a_stall_costs_rate_times_stall_events),
		cmocka_unit_test(no_answer_is_a_timeout),
		cmocka_unit_test(a_refused_connection_is_told_apart),
		cmocka_unit_test(a_broken_connection_is_told_apart),
		cmocka_unit_test(the_status_decides),
		cmocka_unit_test(first_answer_moves_on_once),
		cmocka_unit_test(any_goes_round_robin),
		cmocka_unit_test(saturation_is_reported_as_dropped),
		cmocka_unit_test(a_prober_that_stood_still_marks_what_it_sent_late),
		cmocka_unit_test(requests_carry_what_was_ordered),
		cmocka_unit_test(members_are_probed_side_by_side),
		cmocka_unit_test(events_before_the_first_turn_are_sent_all),
		cmocka_unit_test(wrong_orders_are_refused),
		cmocka_unit_test(a_name_is_taken_once),
		cmocka_unit_test(nonsense_ends_the_prober),
		cmocka_unit_test(an_endless_line_ends_the_prober),
		cmocka_unit_test(sigterm_ends_the_prober),
		cmocka_unit_test(privileges_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
