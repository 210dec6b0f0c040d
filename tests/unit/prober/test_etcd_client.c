/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_server.h"
#include "scenarios/clients/etcd_api.h"
#include "set_client.h"

#define HEADER "{\"header\":{\"cluster_id\":\"1\",\"revision\":\"7\"}"

/* --- what etcd's answers mean ---------------------------------------------------------- */

static void puts_are_judged_by_what_they_prove(void **state)
{
	(void)state;
	static const struct {
		long status;
		const char *answer;
		enum etcd_meaning meaning;
		const char *reason;
	} cases[] = {
		{200, HEADER "}", ETCD_DONE, ""},
		{200, "{}", ETCD_UNKNOWN, "HTTP 200"},
		{200, "<html>", ETCD_UNKNOWN, "HTTP 200"},
		{503, "{\"error\":\"etcdserver: no leader\",\"message\":\"etcdserver: no leader\"}",
			ETCD_UNKNOWN, "HTTP 503: etcdserver: no leader"},
		{408, "{\"error\":\"etcdserver: request timed out\"}", ETCD_UNKNOWN,
			"HTTP 408: etcdserver: request timed out"},
		{504, "", ETCD_UNKNOWN, "HTTP 504"},
		{500, HEADER "}", ETCD_UNKNOWN, "HTTP 500"},
		{400, "{\"message\":\"bad\\nkey\"}", ETCD_NOT_DONE, "HTTP 400: bad key"},
		{404, "", ETCD_NOT_DONE, "HTTP 404"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[ETCD_REASON_SIZE] = "";

		assert_int_equal(etcd_put_meaning(cases[i].status, cases[i].answer, reason),
			cases[i].meaning);
		assert_string_equal(reason, cases[i].reason);
	}
}

static void bodies_are_what_etcd_reads(void **state)
{
	(void)state;
	char *body = etcd_put_body("s/", 42);

	/* s/000000000042 and 42 */
	assert_string_equal(body, "{\"key\":\"cy8wMDAwMDAwMDAwNDI=\",\"value\":\"NDI=\"}");
	free(body);
	body = etcd_range_body("s/", 41);
	assert_string_equal(body,
		"{\"key\":\"cy8wMDAwMDAwMDAwNDI=\",\"range_end\":\"cy86\","
		"\"limit\":1000,\"serializable\":true,\"keys_only\":true}");
	free(body);
}

static void pages_give_their_ids(void **state)
{
	(void)state;
	struct etcd_page page;

	/* s/000000000042, a key of somebody else, s/000000000043 */
	assert_int_equal(etcd_page_take(&page, 200,
				 HEADER ",\"kvs\":[{\"key\":\"cy8wMDAwMDAwMDAwNDI=\"},"
					"{\"key\":\"cy9vdGhlcg==\"},"
					"{\"key\":\"cy8wMDAwMDAwMDAwNDM=\"}],\"more\":true}",
				 "s/"),
		0);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.ids[0], 42);
	assert_int_equal(page.ids[1], 43);
	assert_true(page.more);
	assert_int_equal(etcd_page_take(&page, 200, HEADER "}", "s/"), 0);
	assert_int_equal(page.count, 0);
	assert_false(page.more);
	assert_int_equal(etcd_page_take(&page, 503, HEADER "}", "s/"), -1);
	assert_int_equal(etcd_page_take(&page, 200, "{\"error\":\"x\"}", "s/"), -1);
	assert_string_equal(page.reason, "HTTP 200: x");
}

/* --- the client ------------------------------------------------------------------------ */

static const char *run(uint16_t port, const char *members, const char *input)
{
	char port_text[8];

	snprintf(port_text, sizeof(port_text), "%u", port);
	return set_client_run((const char *[]){ETCD_SET_CLIENT, "--port", port_text, "--timeout",
				      "500ms", members, NULL},
		input);
}

static void a_refused_put_has_failed(void **state)
{
	(void)state;

	assert_string_equal(run(unused_port(), "127.0.0.1,127.0.0.2", "add 1\n"),
		"fail 1 127.0.0.2: Couldn't connect to server\n");
}

static void a_refused_put_goes_to_the_next_member(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);

	server->body = HEADER "}";
	assert_string_equal(run(server->port, "127.0.0.2,127.0.0.1", "add 1\n"), "ok 1\n");
	assert_non_null(strstr(server->last_request, "YmFja2J1cm4vc2V0LzAwMDAwMDAwMDAwMQ=="));
	assert_int_equal(server->requests, 1);
	http_server_free(server);
}

static void trouble_leaves_a_put_unknown(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);

	http_server_set(server, SERVER_ANSWERS, 503);
	server->body = "{\"message\":\"no leader\"}";
	assert_string_equal(run(server->port, "127.0.0.1", "add 1\n"),
		"unknown 1 127.0.0.1: HTTP 503: no leader\n");
	http_server_set(server, SERVER_BREAKS, 200);
	assert_int_equal(strncmp(run(server->port, "127.0.0.1", "add 2\n"), "unknown 2 ", 10), 0);
	http_server_set(server, SERVER_HOLDS, 200);
	assert_int_equal(strncmp(run(server->port, "127.0.0.1", "add 3\n"), "unknown 3 ", 10), 0);
	http_server_free(server);
}

static void many_puts_are_under_way_at_once(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(false);
	char input[4096] = "";
	const char *output;
	int unknown = 0;

	/* One after the other these would take a hundred times 500 ms. */
	http_server_set(server, SERVER_HOLDS, 200);
	for (int i = 1; i <= 100; i++)
		snprintf(input + strlen(input), sizeof(input) - strlen(input), "add %d\n", i);
	output = run(server->port, "127.0.0.1", input);
	for (const char *at = output; (at = strstr(at, "unknown ")); at++)
		unknown++;
	assert_int_equal(unknown, 100);
	assert_int_equal(server->requests, 100);
	http_server_free(server);
}

static void reads_come_from_the_first_that_answers(void **state)
{
	(void)state;
	struct http_server *server = http_server_new(true);

	/* backburn/set/000000000002 */
	server->body = HEADER ",\"kvs\":[{\"key\":\"YmFja2J1cm4vc2V0LzAwMDAwMDAwMDAwMg==\"}]}";
	assert_string_equal(run(server->port, "127.0.0.2,::1", "read\n"), "ok 2\n");
	server->body = HEADER "}";
	assert_string_equal(run(server->port, "::1", "read\n"), "ok\n");
	http_server_set(server, SERVER_ANSWERS, 503);
	assert_string_equal(run(server->port, "::1", "read\n"), "fail ::1: HTTP 503\n");
	http_server_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_are_judged_by_what_they_prove),
		cmocka_unit_test(bodies_are_what_etcd_reads),
		cmocka_unit_test(pages_give_their_ids),
		cmocka_unit_test(a_refused_put_has_failed),
		cmocka_unit_test(a_refused_put_goes_to_the_next_member),
		cmocka_unit_test(trouble_leaves_a_put_unknown),
		cmocka_unit_test(many_puts_are_under_way_at_once),
		cmocka_unit_test(reads_come_from_the_first_that_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
