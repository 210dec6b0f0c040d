/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
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
#include "contract/units.h"
#include "harness.h"
#include "http_server.h"

/* TCP probes, against a server that misbehaves on demand and against ports that don't answer. */

static void dial(struct harness *harness, double rate, const char *timeout, const char *address,
	const char *more)
{
	char rest[512];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\",\"addr\":\"127.0.0.1\"}],\"tcp\":{\"address\":\"%"
		"s\"%s}",
		address, more);
	harness_probe(harness, rate, timeout, rest);
}

static struct probe_sum results_of(const char *host, uint16_t port, const char *more)
{
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char address[128];

	snprintf(address, sizeof(address), "%s:%u", host, port);
	dial(harness, 50, "20s", address, more);
	harness_await_events(harness, 10);
	sum = harness_stop(harness);
	assert_int_equal(harness_end(harness), 0);
	return sum;
}

static void a_connection_is_enough(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct probe_sum sum = results_of("{node.addr}", server->port, "");

	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_string_equal(sum.target, "n1");
	http_server_free(server);
	server = http_server_new(true);
	sum = results_of("[::1]", server->port, "");
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	http_server_free(server);
}

/* localhost may mean ::1 first, where nobody listens: one refusal is not the last word. */
static void a_name_may_have_several_addresses(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct probe_sum sum = results_of("localhost", server->port, "");

	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	http_server_free(server);
}

static void a_refused_port_is_told_apart(void **state)
{
	(void)state;
	struct probe_sum sum = results_of("127.0.0.1", unused_port(), "");

	assert_int_equal(sum.outcomes[OUTCOME_CONNECT], sum.events);
	assert_string_equal(sum.last_error, "n1: Connection refused");
	sum = results_of("no-such-host.invalid", 80, "");
	assert_int_equal(sum.outcomes[OUTCOME_OK], 0);
	assert_int_equal(sum.bad[0], sum.events);
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

static bool is_connected(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	return poll(&poll_fd, 1, 300) == 1;
}

/* A full backlog: the kernel drops what comes, as a firewall or a cut would. */
static void a_port_that_drops_is_a_timeout(void **state)
{
	(void)state;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fillers[16];
	size_t count = 0;
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char text[64];

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	do {
		assert_true(count < 16);
		fillers[count] = connect_to(&address);
	} while (is_connected(fillers[count++]));
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	dial(harness, 50, "200ms", text, "");
	harness_await_events(harness, 20);
	sum = harness_stop(harness);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 1);
	assert_int_equal(sum.outcomes[OUTCOME_TIMEOUT] + sum.outcomes[OUTCOME_DROPPED], sum.events);
	assert_string_equal(sum.last_error, "n1: no connection in time");
	assert_int_equal(harness_end(harness), 0);
	while (count > 0)
		close(fillers[--count]);
	close(listener);
}

#define ASK ",\"send\":\"GET / HTTP/1.1\\r\\nX: {node.name}\\r\\n\\r\\n\""

static void the_answer_decides(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct probe_sum sum;

	server->body = "hello there";
	sum = results_of("127.0.0.1", server->port,
		ASK ",\"expect_answer\":{\"starts_with\":\"HTTP/1.1 200\"}");
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_non_null(strstr(server->last_request, "\r\nX: n1\r\n"));
	sum = results_of(
		"127.0.0.1", server->port, ASK ",\"expect_answer\":{\"contains\":\"hello\"}");
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	/* Decided before the server closes, or says more. */
	sum = results_of(
		"127.0.0.1", server->port, ASK ",\"expect_answer\":{\"starts_with\":\"SSH-2.0\"}");
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
	assert_non_null(strstr(sum.last_error, "does not begin with \"SSH-2.0\": HTTP/1.1 200"));
	http_server_set(server, SERVER_BREAKS, 200);
	sum = results_of(
		"127.0.0.1", server->port, ASK ",\"expect_answer\":{\"contains\":\"hello\"}");
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], sum.events);
	http_server_free(server);
}

static void silence_is_a_timeout(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char address[64];

	http_server_set(server, SERVER_HOLDS, 200);
	snprintf(address, sizeof(address), "127.0.0.1:%u", server->port);
	dial(harness, 50, "300ms", address, ASK ",\"expect_answer\":{\"contains\":\"hello\"}");
	harness_await_events(harness, 20);
	sum = harness_stop(harness);
	assert_true(sum.outcomes[OUTCOME_TIMEOUT] >= 1);
	assert_int_equal(sum.outcomes[OUTCOME_TIMEOUT] + sum.outcomes[OUTCOME_DROPPED], sum.events);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

/* An answer without an end and without what was expected is given up at 64 KiB. */
static void an_endless_answer_is_given_up(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	char *large = calloc(1, 200 * 1000);
	struct probe_sum sum;

	assert_non_null(large);
	memset(large, 'x', 200 * 1000 - 1);
	server->body = large;
	sum = results_of(
		"127.0.0.1", server->port, ASK ",\"expect_answer\":{\"contains\":\"hello\"}");
	assert_int_equal(sum.outcomes[OUTCOME_CONTENT], sum.events);
	http_server_free(server);
	free(large);
}

/* Thousands a second for minutes are possible only when no port stays in TIME_WAIT. */
static void no_ports_are_left_behind(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char address[64];

	snprintf(address, sizeof(address), "127.0.0.1:%u", server->port);
	dial(harness, 500, "20s", address, "");
	harness_await_events(harness, 500);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(ports_in_time_wait(server->port), 0);
	assert_int_equal(harness_end(harness), 0);
	http_server_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_enough),
		cmocka_unit_test(a_name_may_have_several_addresses),
		cmocka_unit_test(a_refused_port_is_told_apart),
		cmocka_unit_test(a_port_that_drops_is_a_timeout),
		cmocka_unit_test(the_answer_decides),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(an_endless_answer_is_given_up),
		cmocka_unit_test(no_ports_are_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
