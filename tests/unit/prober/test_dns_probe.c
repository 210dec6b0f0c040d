/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/prober/dns_answer.h"
#include "harness.h"
#include "http_server.h"

/* DNS probes, against a server on loopback whose answers are written out below. */
enum {
	MESSAGE_MAX = 512,
	HEADER = 12,
	PORTS_MAX = 4096
};

/* What the name begins with decides; the rest of it is free. */
static const struct zone {
	const char *label;
	int rcode; /* -1: no reply; -2: bytes that are none */
	int records;
	const char *bytes; /* of the records, each with its name, type, class, TTL and length */
	size_t length;
} zones[] = {
#define RECORD(type, size) "\xc0\x0c\x00" type "\x00\x01\x00\x00\x00\x3c\x00" size
#define BYTES(text) text, sizeof(text) - 1
	{"two", 0, 2,
		BYTES(RECORD("\x01", "\x04") "\x0a\x01\x02\x04" RECORD(
			"\x01", "\x04") "\x0a\x01\x02\x03")},
	{"six", 0, 1, BYTES(RECORD("\x1c", "\x10") "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05")},
	{"mail", 0, 1, BYTES(RECORD("\x0f", "\x05") "\x00\x0a\x01m\x00")},
	{"srv", 0, 1,
		BYTES(RECORD("\x21", "\x0a") "\x00\x01\x00\x02\x01\x85\x02"
					     "db\x00")},
	{"text", 0, 1,
		BYTES(RECORD("\x10", "\x0a") "\x04v=sp\x04"
					     "f1 -")},
	{"zone", 0, 1, BYTES(RECORD("\x02", "\x04") "\x02ns\x00")},
	{"none", 0, 0, "", 0},
	{"gone", 3, 0, "", 0},
	{"sick", 2, 0, "", 0},
	{"closed", 5, 0, "", 0},
	{"strange", 9, 0, "", 0},
	{"broken", 0, 3, BYTES(RECORD("\x01", "\x04") "\x0a")},
	{"silent", -1, 0, "", 0},
	{NULL, 0, 0, NULL, 0},
};

struct dns_server {
	uint16_t port;
	int socket;
	pthread_t thread;
	_Atomic bool ends;
	_Atomic long asked;
	uint16_t ports[PORTS_MAX]; /* that questions came from */
};

static const struct zone *zone_of(const uint8_t *question)
{
	for (const struct zone *zone = zones; zone->label; zone++)
		if (question[0] == strlen(zone->label) &&
			memcmp(question + 1, zone->label, question[0]) == 0)
			return zone;
	return NULL;
}

/* The question again, with the zone's records behind it. */
static size_t answer(uint8_t *message, size_t length, const struct zone *zone)
{
	message[2] |= 0x80;
	message[3] = (uint8_t)(0x80 | zone->rcode);
	message[7] = (uint8_t)zone->records;
	memcpy(message + length, zone->bytes, zone->length);
	return length + zone->length;
}

static void *serve(void *context)
{
	struct dns_server *server = context;
	uint8_t message[2 * MESSAGE_MAX] = {0};
	struct sockaddr_in from = {0};
	struct pollfd poll_fd = {.fd = server->socket, .events = POLLIN};

	while (!server->ends) {
		socklen_t size = sizeof(from);
		const struct zone *zone;
		ssize_t length;
		long number;

		if (poll(&poll_fd, 1, 20) <= 0)
			continue;
		length = recvfrom(
			server->socket, message, MESSAGE_MAX, 0, (struct sockaddr *)&from, &size);
		if (length <= HEADER)
			continue;
		number = server->asked++;
		if (number < PORTS_MAX)
			server->ports[number] = from.sin_port;
		zone = zone_of(message + HEADER);
		if (!zone || zone->rcode < 0)
			continue;
		sendto(server->socket, message, answer(message, (size_t)length, zone), 0,
			(struct sockaddr *)&from, size);
	}
	return NULL;
}

static struct dns_server *server_new(void)
{
	struct dns_server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);

	assert_non_null(server);
	server->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->socket, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(server->socket, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	return server;
}

static void server_free(struct dns_server *server)
{
	server->ends = true;
	pthread_join(server->thread, NULL);
	close(server->socket);
	free(server);
}

/* What ten events and more come to; `more` are further members of the order's "dns". */
static struct probe_sum ask(uint16_t port, const char *timeout, const char *name, const char *more)
{
	struct harness *harness = harness_new(0);
	struct probe_sum sum;
	char rest[512];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{\"node\":\"n1\",\"addr\":\"127.0.0.1\"}],\"dns\":{\"server\":"
		"\"{node.addr}:%u\",\"name\":\"%s\"%s}",
		port, name, more);
	harness_probe(harness, 100, timeout, rest);
	harness_await_events(harness, 10);
	sum = harness_stop(harness);
	assert_int_equal(harness_end(harness), 0);
	return sum;
}

static void an_address_is_enough_and_each_event_has_a_port(void **state)
{
	struct dns_server *server = server_new();
	struct probe_sum sum = ask(server->port, "20s", "two.{n}.{uuid}.example", "");
	size_t same = 0;

	(void)state;
	assert_int_equal(sum.outcomes[OUTCOME_OK], sum.events);
	assert_int_equal(server->asked, sum.events);
	for (long i = 1; i < server->asked && i < PORTS_MAX; i++)
		same += server->ports[i] == server->ports[i - 1];
	/* The kernel draws them: that two are the same twice in a row is no accident. */
	assert_true(same <= 1);
	server_free(server);
}

static void the_answer_decides(void **state)
{
	static const struct {
		const char *name, *more, *error; /* "" : it is good */
		enum probe_outcome outcome;
	} cases[] = {
		{"two.x", ",\"expect_answer\":{\"equals\":\"10.1.2.3\\n10.1.2.4\"}", "",
			OUTCOME_OK},
		{"two.x", ",\"expect_answer\":{\"contains\":\"10.9\"}",
			"n1: the answer does not contain \"10.9\": 10.1.2.3?10.1.2.4",
			OUTCOME_CONTENT},
		{"six.x", ",\"record\":\"AAAA\",\"expect_answer\":{\"equals\":\"fd00::5\"}", "",
			OUTCOME_OK},
		{"mail.x", ",\"record\":\"MX\",\"expect_answer\":{\"equals\":\"10 m\"}", "",
			OUTCOME_OK},
		{"srv.x", ",\"record\":\"SRV\",\"expect_answer\":{\"equals\":\"1 2 389 db\"}", "",
			OUTCOME_OK},
		{"text.x", ",\"record\":\"TXT\",\"expect_answer\":{\"equals\":\"v=spf1 -\"}", "",
			OUTCOME_OK},
		{"zone.x", ",\"record\":\"NS\",\"expect_answer\":{\"equals\":\"ns\"}", "",
			OUTCOME_OK},
		{"none.x", "", "n1: NODATA: the name has no record of this type", OUTCOME_STATUS},
		{"none.x", ",\"expect_rcode\":\"NODATA\"", "", OUTCOME_OK},
		{"gone.x", "", "n1: NXDOMAIN: there is no such name", OUTCOME_STATUS},
		{"gone.x", ",\"expect_rcode\":\"NXDOMAIN\"", "", OUTCOME_OK},
		{"two.x", ",\"expect_rcode\":\"NXDOMAIN\"", "n1: NOERROR: there is such a record",
			OUTCOME_STATUS},
		{"sick.x", "", "n1: SERVFAIL: the server failed", OUTCOME_STATUS},
		{"closed.x", "", "n1: REFUSED: the server refuses", OUTCOME_STATUS},
		{"strange.x", "", "n1: response code 9", OUTCOME_STATUS},
		{"broken.x", "", "n1: the reply can't be read", OUTCOME_BROKEN},
	};
	struct dns_server *server = server_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe_sum sum = ask(server->port, "20s", cases[i].name, cases[i].more);

		assert_string_equal(sum.last_error, cases[i].error);
		assert_int_equal(sum.outcomes[cases[i].outcome], sum.events);
	}
	server_free(server);
}

static void silence_and_a_closed_port_are_told_apart(void **state)
{
	struct dns_server *server = server_new();
	struct probe_sum sum = ask(server->port, "150ms", "silent.x", "");

	(void)state;
	assert_int_equal(sum.outcomes[OUTCOME_TIMEOUT], sum.events);
	assert_string_equal(sum.last_error, "n1: no answer in time");
	/* Each was asked once: a second try would hide the loss of the first. */
	assert_int_equal(server->asked, sum.events);
	server_free(server);
	sum = ask(unused_port(), "20s", "two.x", "");
	assert_int_equal(sum.outcomes[OUTCOME_CONNECT], sum.events);
	assert_string_equal(sum.last_error, "n1: Connection refused");
}

static void an_order_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *dns, *error;
	} cases[] = {
		{"{\"server\":\"ns.example:53\",\"name\":\"x\"}",
			"probe p: server: \"ns.example:53\" is not of the form ADDRESS:PORT; a "
			"name would need a server itself"},
		{"{\"name\":\"x\",\"expect_rcode\":\"NODATA\",\"expect_answer\":{\"equals\":\"1\"}"
		 "}",
			"probe p: expect_answer: only NOERROR has an answer"},
	};
	struct harness *harness = harness_new(0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_message reply = harness_call(harness, "probe",
			"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\","
			"\"window\":\"100ms\",\"targets\":[{}],\"dns\":%s}",
			(long long)harness_now_ns(), cases[i].dns);

		assert_int_equal(reply.kind, WIRE_ERROR);
		assert_string_equal(reply.error.text, cases[i].error);
		wire_message_deinit(&reply);
	}
	assert_int_equal(harness_end(harness), 0);
}

static void a_short_reply_is_none(void **state)
{
	static const unsigned char reply[HEADER] = {0};
	char *text;
	int rcode;

	(void)state;
	assert_int_equal(dns_answer_read(reply, HEADER - 1, DNS_A, &rcode, &text), -1);
	assert_int_equal(dns_answer_read(reply, 70000, DNS_A, &rcode, &text), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_enough_and_each_event_has_a_port),
		cmocka_unit_test(the_answer_decides),
		cmocka_unit_test(silence_and_a_closed_port_are_told_apart),
		cmocka_unit_test(an_order_that_makes_no_sense_is_refused),
		cmocka_unit_test(a_short_reply_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
